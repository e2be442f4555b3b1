// SPDX-License-Identifier: GPL-2.0-only
/** How far lines reach: as the importer takes them, for by that the kernel half decides. */
import type { LoadedPolicy } from '../application/application.js';
import type { Question } from '../ask/question.js';
import { decide } from '../decide/decide.js';
import { readObject } from '../events/object.js';
import { readText } from '../policy/bytes.js';
import { parsePolicy } from '../policy/parse.js';
import type { Surroundings } from '../policy/surroundings.js';
import { isAlias } from '../systrace/calls.js';
import { mapsCode } from '../systrace/code.js';
import { importPolicy } from '../systrace/import.js';
import type { NewRule } from './write.js';

/** How lines are taken. */
export interface As {
  readonly around: Surroundings;
  /** `fsread` and `fswrite` stand for calls. */
  readonly aliased: boolean;
}

/** What of a question says what it is about. */
export type AskedFor = Pick<Question, 'operations' | 'object' | 'policy' | 'asker'>;

/** Is the line about what is asked? */
export function isAbout(rule: NewRule, asked: AskedFor, as: As): boolean {
  // Which files may be mapped is what the lines of `fsread` say.
  if (asked.operations.join() === 'load') return mapsCode(rule);
  return decidesAny([rule], asked, as);
}

/** Do the lines decide any of what is asked? An open for both is asked of both, one after the other. */
export function decidesAny(rules: readonly NewRule[], asked: AskedFor, { around, aliased }: As): boolean {
  const { operations, object, policy, asker } = asked;
  const place = { file: '', line: 1, column: 1 };
  const emulation = rules[0]?.emulation ?? 'native';
  const classic = { program: readText(policy.program), emulation, detached: false, place };
  const used = aliased ? rules : rules.filter(({ call }) => !isAlias(call));
  const made = importPolicy(
    { ...classic, rules: used.map((rule, index) => ({ ...rule, place: { ...place, line: index + 1 } })) },
    { accounts: { user: around.user, group: around.group }, widen: false, detached: new Set(), unread: new Set() },
  );
  const known = readObject(object);
  if (made.text === null || known === undefined) return false;
  const parsed = parsePolicy(made.text, '', around);
  const { decisions } = decide(parsed, { operations, object: known, uid: asker.uid, gid: asker.gid });
  return decisions.some(({ rule, verdict }) => rule !== null && verdict !== 'ask');
}

/**
 * The programs that these may come to run under policies of their own: what a rule permits them to run, and those in turn.
 *
 * @param from programs, whether they have a policy or not
 */
export function reachedFrom(from: readonly string[], policies: readonly LoadedPolicy[]): Set<string> {
  const reached = new Set(from);
  for (const program of reached) {
    const own = policies.find(({ policy }) => policy.program === program)?.policy;
    if (own === undefined) continue;
    // Whoever runs it.
    const policy = { ...own, rules: own.rules.map(({ if: _if, unless: _unless, ...rule }) => rule) };
    for (const other of policies) {
      if (reached.has(other.policy.program)) continue;
      const object = { type: 'path', path: readText(other.policy.program) } as const;
      const { rule, verdict } = decide(policy, { operations: ['exec'], object, uid: 0, gid: 0 }).deciding;
      if (rule !== null && rule.transition === undefined && verdict !== 'deny') reached.add(other.policy.program);
    }
  }
  return reached;
}
