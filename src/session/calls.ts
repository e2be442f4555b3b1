// SPDX-License-Identifier: GPL-2.0-only
/** What becomes of `syscalls:` in a session: a filter at the start of its program, or a look at what one would refuse, or nothing, and why. */
import type { Application } from '../application/application.js';
import { callsOf, unfilteredNote } from '../application/calls.js';
import { Refusal } from '../host/failure.js';
import type { CallFilter } from '../kernel/addon.js';
import { CALL_WORDS, type Calls } from '../kernel/calls.js';
import { callNumber } from '../policy/calls.js';
import { errnoNumber } from '../policy/errno.js';
import { type CallUnion, callBits, KILL } from '../policy/syscalls.js';
import type { ModeChoice } from './images.js';

/** How a session's program is held to its list. */
export interface CallHold {
  readonly union: CallUnion;
  /** Null: nothing is refused, and what would be is told. */
  readonly filter: CallFilter | null;
}

/** How the session's first subjects come. */
export type Arrival = 'started' | 'running' | 'cgroup';

/** What to do, and what a person is to be told of it. */
export interface CallPlan {
  readonly hold: CallHold | null;
  readonly note: string | null;
}

/**
 * What is to be done about the system calls of a program and all that it comes to run.
 *
 * @param program whose policy it starts under
 * @throws Refusal where its policy has a list that nothing would hold it to, for it runs already
 */
export function planCalls(
  { policies }: Pick<Application, 'policies'>,
  program: string,
  mode: ModeChoice,
  arrival: Arrival,
): CallPlan {
  const all = policies.map(({ policy }) => policy);
  const listing = policies.find(({ policy }) =>
    arrival === 'cgroup' ? policy.syscalls !== undefined : policy.program === program,
  );
  if (listing?.policy.syscalls === undefined) return { hold: null, note: null };
  const union = arrival === 'cgroup' ? null : callsOf(listing.policy, all);
  const complains = mode === 'complain' || union?.unfiltered?.why === 'complain';
  if (arrival !== 'started' && !complains)
    throw new Refusal(
      `${listing.file}: syscalls: holds a program from its start, and this one runs already: a filter is put on by whom it is for`,
      `start it by \`callgate run\`, take the list out, or see with --complain what it would refuse${arrival === 'cgroup' ? ' of all else' : ''}`,
    );
  if (union === null)
    return { hold: null, note: `${listing.file}: system calls of a cgroup's members are not looked at` };
  if (union.unfiltered !== undefined && !complains)
    return { hold: null, note: unfilteredNote(listing.policy, all) ?? null };
  const open = union.unfiltered !== undefined && union.unfiltered.why !== 'complain';
  if (open) return { hold: null, note: unfilteredNote(listing.policy, all) ?? null };
  const note = mode === 'complain' ? null : (unfilteredNote(listing.policy, all) ?? null);
  return { hold: { union, filter: complains ? null : filterOf(union) }, note };
}

const EPERM = 1;

function filterOf({ calls, refused }: CallUnion): CallFilter {
  const permit = calls.flatMap((call) => callNumber(call) ?? []);
  return { permit, refused: refusedNumber(refused) };
}

function refusedNumber(refused: string): number {
  // A policy names no other error than one that has a number.
  return refused === KILL ? 0 : (errnoNumber(refused) ?? EPERM);
}

/** What the kernel half is told. */
export function callsToTell({ union, filter }: CallHold, cookie: bigint): Calls {
  return {
    cookie,
    watch: filter === null ? 'foreign' : 'refused',
    errno: refusedNumber(union.refused),
    permit: callBits(union.calls, CALL_WORDS),
  };
}

/** The same of a session that learns them. */
export function learnedCalls(cookie: bigint): Calls {
  return { cookie, watch: 'learned', errno: 0, permit: [] };
}

/**
 * What changed policies say of system calls that the program which runs is not held to, for its filter stays what it is.
 *
 * @param held what it was started with
 * @returns null where nothing changed
 */
export function callChange(
  held: CallHold | null,
  { policies }: Pick<Application, 'policies'>,
  program: string,
): string | null {
  const all = policies.map(({ policy }) => policy);
  const start = all.find((policy) => policy.program === program);
  const union = start === undefined ? null : callsOf(start, all);
  const before = held?.union ?? null;
  const [now, then] = [limited(union), limited(before)];
  if (now === null && then === null) return null;
  const until = `what it was started with holds until ${program} is started anew`;
  if (then === null) return `the changed policies narrow its system calls: ${until}`;
  if (now === null) return `the changed policies permit every system call: ${until}`;
  const more = now.calls.filter((call) => !then.calls.includes(call));
  const fewer = then.calls.filter((call) => !now.calls.includes(call));
  const parts = [
    ...(more.length === 0 ? [] : [`permit ${more.join(', ')} besides`]),
    ...(fewer.length === 0 ? [] : [`permit ${fewer.join(', ')} no more`]),
    ...(now.refused === then.refused ? [] : [`give ${now.refused} to what is refused`]),
  ];
  return parts.length === 0 ? null : `the changed policies ${parts.join(', and ')}: ${until}`;
}

/** Null where a union permits everything. */
function limited(union: CallUnion | null): CallUnion | null {
  return union === null || (union.unfiltered !== undefined && union.unfiltered.why !== 'complain') ? null : union;
}
