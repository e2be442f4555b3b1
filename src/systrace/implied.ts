// SPDX-License-Identifier: GPL-2.0-only
/**
 * The sockets that come with a permit of connect or bind, where an import would not bring them back: it leaves out a line that
 * decides nothing, because others stand before it, and the sockets with it. They get lines of their own there.
 */
import { socketMatches } from '../decide/match.js';
import type { ObjectPattern } from '../policy/model.js';
import { familyCondition } from './export-sockets.js';
import { importPolicy } from './import.js';
import type { ImportOptions } from './options.js';
import type { ClassicPolicy, ClassicRule, Expression } from './syntax.js';

const KINDS = [1, 2, 3, 4, 5];
/** AF_UNIX, AF_INET, AF_INET6. */
const FAMILIES = [1, 2, 10];
/** One that each kind is made with: the usual one, IPPROTO_ICMP, IPPROTO_SCTP. */
const PROTOCOLS = [0, 1, 132];
/** Ids are exported as numbers, and nothing is widened. */
const PLAINLY: ImportOptions = {
  accounts: { user: () => null, group: () => null },
  widen: false,
  detached: new Set(),
  unread: new Set(),
};

/** The rules with the lines that are missing, each behind the one that it came with. `objects` are those that a permit of connect or bind is for. */
export function withImplied(
  policy: ClassicPolicy,
  objects: ReadonlyMap<ClassicRule, readonly ObjectPattern[]>,
): ClassicRule[] {
  if (objects.size === 0) return [...policy.rules];
  const numbered = policy.rules.map((rule, index) => ({ ...rule, place: { ...rule.place, line: index + 1 } }));
  const { lines } = importPolicy({ ...policy, rules: numbered }, PLAINLY);
  const said = new Set<string>();
  return policy.rules.flatMap((rule, index) => {
    const fresh = (objects.get(rule) ?? []).flatMap(socketsOf).filter((condition) => {
      const key = JSON.stringify([condition, rule.action.predicate]);
      return !said.has(key) && said.add(key);
    });
    if (lines[index]?.imported === true) return [rule];
    return [rule, ...fresh.map((condition) => ({ ...rule, call: 'socket', condition }))];
  });
}

/** What `socket` is asked for where the object is connected or bound to, as conditions. A protocol is not among what systrace saw. */
function socketsOf(object: ObjectPattern): Expression[] {
  const families = object.type === 'family' ? [object.family] : FAMILIES;
  return families.flatMap((family) => {
    const matching = KINDS.filter((kind) =>
      PROTOCOLS.some((protocol) => socketMatches(object, { type: 'family', family, kind, protocol })),
    );
    const kinds: readonly (number | null)[] = matching.length === KINDS.length ? [null] : matching;
    return kinds.flatMap((kind) => familyCondition({ family, kind, protocol: null }) ?? []);
  });
}
