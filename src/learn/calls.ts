// SPDX-License-Identifier: GPL-2.0-only
/** From the system calls that programs made to the lists of their policies. */
import { NAMED_GROUPS, withFamilies } from '../policy/call-groups.js';
import { ARCHITECTURES, type Architecture, callNumber, inTableOrder } from '../policy/calls.js';
import type { Policy } from '../policy/model.js';

/** What a program called, by whose numbers. */
export type CalledAs = Readonly<Partial<Record<Architecture, readonly string[]>>>;

/** The same by program. */
export type Called = Readonly<Record<string, CalledAs>>;

/** What several runs, or several notes of one, say together. */
export function togetherCalled(all: readonly (Called | undefined)[]): Called {
  const called: Record<string, Partial<Record<Architecture, readonly string[]>>> = {};
  for (const one of all)
    for (const [program, made] of Object.entries(one ?? {})) {
      const old = called[program] ?? {};
      called[program] = { ...old };
      for (const architecture of ARCHITECTURES) {
        const calls = [...new Set([...(old[architecture] ?? []), ...(made[architecture] ?? [])])];
        if (calls.length > 0) (called[program] as Record<string, readonly string[]>)[architecture] = calls.sort();
      }
    }
  return called;
}

/** What becomes of a policy's `syscalls:`. */
export interface LearntCalls {
  /** The list; `none`: the learner's is taken out; null: nothing is changed. */
  readonly list: readonly string[] | 'none' | null;
  /** What is not learned of the calls, and why, a sentence each. */
  readonly unlearnt: readonly string[];
}

const UNSEEN: LearntCalls = { list: null, unlearnt: [] };

/** What the group says already is not written out. */
const BASIC = 'basic';

/**
 * The list of one program. What its C library may call instead is in it (the group and the families), so that a run like the ones that
 * were seen holds.
 *
 * @param runs what each run saw, those that did not look included
 * @param least only what so many of the runs that looked showed
 * @param existing the policy that is there; null: none
 * @param own the list that the learner wrote last; undefined: none
 */
export function callsFor(
  program: string,
  runs: readonly (Called | undefined)[],
  least: number,
  existing: Pick<Policy, 'syscalls'> | null,
  own: readonly string[] | undefined,
): LearntCalls {
  const seen = runs.flatMap((run) => run?.[program] ?? []);
  if (seen.length === 0) return UNSEEN;
  const shown = (architecture: Architecture): string[] => {
    const counts = new Map<string, number>();
    for (const one of seen) for (const call of one[architecture] ?? []) counts.set(call, (counts.get(call) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= least).map(([call]) => call);
  };
  const there = existing?.syscalls;
  const isOwn = there !== undefined && there.refused === undefined && sameList(there.permit, own);
  const foreign = [...shown('i386').map((call) => `${call} (i386)`), ...shown('x32').map((call) => `${call} (x32)`)];
  if (foreign.length > 0) {
    const why = 'where syscalls: stands calls of another architecture are refused, so there is no list';
    return { list: isOwn ? 'none' : null, unlearnt: [`system calls ${foreign.sort().join(', ')}: ${why}`] };
  }
  const calls = shown('x86_64');
  const nameless = calls.filter((call) => callNumber(call) === undefined).sort();
  const unlearnt =
    nameless.length === 0
      ? []
      : [
          `system calls ${nameless.join(', ')}: this callgate has no names for them, for they are newer, or there are none`,
        ];
  const basic = NAMED_GROUPS.get(BASIC) ?? [];
  const named = withFamilies(calls.filter((call) => callNumber(call) !== undefined));
  const list = [`@${BASIC}`, ...inTableOrder(named.filter((call) => !basic.includes(call)))];
  if (there === undefined || isOwn) return { list, unlearnt };
  const written = new Set(
    there.permit.flatMap((word) => (word.startsWith('@') ? (NAMED_GROUPS.get(word.slice(1)) ?? []) : [word])),
  );
  const missing = inTableOrder(
    calls.filter((call) => callNumber(call) !== undefined && !written.has(call) && !basic.includes(call)),
  );
  const kept = missing.length === 0 ? [] : [`system calls ${missing.join(', ')}: its syscalls: is a person's`];
  return { list: null, unlearnt: [...unlearnt, ...kept] };
}

function sameList(one: readonly string[], other: readonly string[] | undefined): boolean {
  return other !== undefined && one.length === other.length && one.every((word, index) => word === other[index]);
}
