// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a policy permits, asked many times. The reference reads all rules each time; here it is shown only those that can
 * have a say, so that thousands of paths learned from thousands do not take the square of the time.
 */
import { decide } from '../decide/decide.js';
import type { Access, ObjectPattern, Policy, Rule } from '../policy/model.js';
import type { Observation } from './observation.js';

type Named = Extract<ObjectPattern, { type: 'path' | 'unix' }>;

export class Permitted {
  /** By place of the rule: its objects that are no literal paths. */
  readonly #wide: readonly (readonly [number, Rule])[];
  /** Literal paths, by their text: the rules that name them, each with the pattern. */
  readonly #literal = new Map<string, [number, Named][]>();
  /** Folders above literal paths: rules that grant a look at them, each with one path below. */
  readonly #above = new Map<string, [number, Named][]>();

  constructor(private readonly policy: Policy) {
    const wide: [number, Rule][] = [];
    policy.rules.forEach((rule, place) => {
      const others = rule.objects.filter((object) => {
        const path = literalPath(object);
        if (path !== null) this.#put(place, object as Named, path);
        return path === null;
      });
      if (others.length > 0)
        wide.push([place, others.length === rule.objects.length ? rule : { ...rule, objects: others }]);
    });
    this.#wide = wide;
  }

  /** Does the policy permit the operation to everyone who did it? */
  has({ operation, object, uids, owners }: Observation): boolean {
    const isPath = object.type === 'path' || object.type === 'unix';
    const policy = isPath ? { ...this.policy, rules: this.#rulesFor(object.path, operation === 'stat') } : this.policy;
    const asked = owners.size === 0 ? [undefined] : owners;
    for (const uid of uids)
      for (const owner of asked) {
        const whose = owner === undefined ? {} : { owner };
        const access: Access = { operations: [operation], object, uid, gid: uid, ...whose };
        if (decide(policy, access).verdict !== 'permit') return false;
      }
    return true;
  }

  /** In their order, each once for each of its objects: that decides as one rule with all of them. */
  #rulesFor(path: string, looks: boolean): Rule[] {
    const named = [...(this.#literal.get(path) ?? []), ...(looks ? (this.#above.get(path) ?? []) : [])];
    const literal = named.map(([place, object]): readonly [number, Rule] => [
      place,
      { ...(this.policy.rules[place] as Rule), objects: [object] },
    ]);
    const all = literal.length === 0 ? this.#wide : [...this.#wide, ...literal].sort(([one], [other]) => one - other);
    return all.map(([, rule]) => rule);
  }

  #put(place: number, object: Named, path: string): void {
    put(this.#literal, path, place, object);
    if (object.type !== 'path' || path === '/') return;
    // Where one folder has the rule already, so have those above it.
    for (let end = path.lastIndexOf('/'); end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1))
      if (!put(this.#above, end === 0 ? '/' : path.slice(0, end), place, object)) return;
  }
}

/** False: the rule is there already. Rules come in their order, so it would be the last. */
function put(map: Map<string, [number, Named][]>, path: string, place: number, object: Named): boolean {
  const known = map.get(path);
  if (known === undefined) map.set(path, [[place, object]]);
  else if (known.at(-1)?.[0] === place) return false;
  else known.push([place, object]);
  return true;
}

/** The one path that the pattern matches; null: it may match others too, or is no path. */
function literalPath(object: ObjectPattern): string | null {
  if ((object.type !== 'path' && object.type !== 'unix') || object.pattern.self) return null;
  const names: string[] = [];
  for (const component of object.pattern.components) {
    if (component.kind !== 'literal') return null;
    names.push(component.name);
  }
  return `/${names.join('/')}`;
}
