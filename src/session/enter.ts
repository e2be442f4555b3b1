// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs that run already: taken into a session, and let go of again. bpf/entry.bpf.c says why nobody is missed; this is the half
 * of it that walks, counts and, where something cannot be told, gives up and leaves everybody as he was.
 */
import { setTimeout } from 'node:timers/promises';
import { codeOf, Failure, Refusal } from '../host/failure.js';
import type { EntryFile, SurveyTask } from '../kernel/entry.js';
import type { Gate } from '../kernel/gate.js';
import { nativeFailure } from './acquire.js';
import type { Session } from './session.js';

/** A process that is to be taken in, as it was when it was chosen. */
export interface Entering {
  /** Thread group, in the initial pid namespace. */
  readonly pid: number;
  /** In ns since boot. */
  readonly start: bigint;
  readonly comm: string;
  /** The file it runs, as the kernel knows it. */
  readonly exe: { readonly device: number; readonly inode: bigint };
}

/** What the last look found. */
export interface Entered {
  /** Threads that are subjects now. */
  readonly threads: number;
  /** Processes outside that share the memory of one inside. */
  readonly sharing: readonly Neighbour[];
  /** Children of theirs that ran before, and stay outside. */
  readonly children: readonly Neighbour[];
}

export interface Neighbour {
  readonly pid: number;
  readonly comm: string;
}

/** Walks that find nobody new, one after the other: one may miss who moves (an exec by a thread that is not the first). */
const QUIET = 2;
/** How long a fork may last that began before its caller was a subject. */
const FORK_MS = 30_000;
const LEAVE_MS = 20_000;
const STEP_MS = 5;

/**
 * Makes each thread of the processes a subject under the policy, and what they fork from the moment of the call on. Call under the lock.
 * Where it throws, some may be in: letGo() is the caller's.
 *
 * @param policy its number in the gate
 * @param waiting called once, where a fork that began before keeps it waiting
 * @throws Refusal where one of them is another session's, became another program, or the kernel did not tell of a fork
 */
export async function takeIn(
  session: Session,
  processes: readonly Entering[],
  policy: number,
  waiting: (threads: readonly SurveyTask[]) => void = () => undefined,
): Promise<Entered> {
  const { gate, cookie, number } = session;
  const watch = orFailure(() => gate.native.watchForks(), 'forks cannot be watched');
  try {
    for (const { pid, start } of processes) gate.entering.setEntrant(pid, { start, cookie, session: number, policy });
    await walkIn(gate, cookie, waiting);
    const missed = watch.missed() + gate.entering.entrants(cookie).reduce((sum, { failed }) => sum + failed, 0);
    if (missed > 0)
      throw new Refusal(
        `${missed} forks happened that the kernel did not tell of: whether all are in cannot be told`,
        AGAIN,
      );
    return verified(gate, cookie, processes, policy);
  } finally {
    watch.close();
    gate.entering.forgetEntrants(cookie);
  }
}

/** A cgroup whose members are taken in, those that come later too. */
export interface Gathered {
  /** As its directory's inode has it. */
  readonly group: bigint;
  /** Number in the gate of the policy of those whose program has none. */
  readonly otherwise: number;
  readonly files: readonly EntryFile[];
}

/**
 * Makes everybody in the cgroup a subject, and whoever comes from the moment of the call on, by a fork or by being moved; each under the policy of
 * the file it runs. Call under the lock. Where it throws, some may be in: letGo() is the caller's.
 *
 * @returns besides, who is in, and how many could not be marked on the spot until then, as gatherLate() takes it
 * @throws Refusal as takeIn() does; or where this kernel cannot mark all threads of a process that is moved
 */
export async function gather(
  session: Session,
  { group, otherwise, files }: Gathered,
  waiting: (threads: readonly SurveyTask[]) => void = () => undefined,
): Promise<Entered & { readonly members: readonly Neighbour[]; readonly late: number }> {
  const { gate, cookie, number } = session;
  orFailure(
    () => gate.entering.setGroup(group, { cookie, session: number, otherwise }, files),
    'the cgroup cannot be watched',
    BEFORE_6_7,
  );
  // Before the walks, which meet whoever could not be marked by then.
  const late = lateOf(gate, cookie);
  await walkIn(gate, cookie, waiting);
  const living = gate.entering.survey().filter(({ dead, kernel }) => !dead && !kernel);
  const own = living.filter(({ member }) => member === cookie);
  for (const task of own) {
    if (task.subject?.cookie !== cookie)
      throw new Refusal(`${name(task)}: its thread ${task.tid} is under no policy, all the same`, AGAIN);
    if (task.rings) throw ringsRefused(task);
  }
  return { ...around(living, own, cookie), late, members: own.filter(({ pid, tid }) => pid === tid).map(neighbour) };
}

/** How many came into the session's cgroups who could not be marked on the spot. */
function lateOf(gate: Gate, cookie: bigint): number {
  return gate.entering.groups(cookie).reduce((sum, { failed }) => sum + failed, 0);
}

/**
 * Takes in those that came into the session's cgroups and could not be marked on the spot: a storage cannot be made where the kernel
 * is at work on another one on that processor (kernel/bpf/bpf_task_storage.c: bpf_task_storage_trylock).
 *
 * @param known how many there have been that were taken in
 * @returns how many there have been
 */
export async function gatherLate(session: Session, known: number): Promise<number> {
  const { gate, cookie } = session;
  const late = lateOf(gate, cookie);
  if (late > known) await walkIn(gate, cookie, () => undefined);
  return late;
}

const BEFORE_6_7 =
  'this kernel cannot mark all threads at once of a process that is moved into a cgroup (Linux 6.7 or later can)';

const AGAIN = 'try again';

async function walkIn(gate: Gate, cookie: bigint, waiting: (threads: readonly SurveyTask[]) => void): Promise<void> {
  const end = performance.now() + FORK_MS;
  let told = false;
  for (let quiet = 0; ; ) {
    const met = orFailure(() => gate.entering.enterTasks(), 'threads cannot be made subjects');
    const other = met.find(({ subject }) => subject !== null && subject.cookie !== cookie);
    if (other !== undefined)
      throw new Refusal(`${name(other)} is under a policy of another session`, 'callgate status');
    quiet = met.some(({ fresh, untold }) => fresh || untold) ? 0 : quiet + 1;
    const forking = met.filter(({ forks }) => forks);
    if (quiet >= QUIET && forking.length === 0) return;
    if (performance.now() > end) throw unfinished(met, forking);
    if (quiet >= QUIET && !told) {
      told = true;
      waiting(forking);
    }
    // The ring is read meanwhile.
    await setTimeout(quiet >= QUIET ? STEP_MS : 0);
  }
}

function unfinished(met: readonly SurveyTask[], forking: readonly SurveyTask[]): Refusal {
  const [first] = forking;
  if (first !== undefined)
    return new Refusal(
      `${name(first)}: its thread ${first.tid} is held in a fork that began before: the child would come under no policy`,
      `see where it hangs: cat /proc/${first.pid}/task/${first.tid}/stack`,
    );
  const untold = met.find((task) => task.untold);
  const who = untold === undefined ? 'threads' : `thread ${untold.tid} of ${name(untold)}`;
  return new Refusal(`${who} could not be made subjects within ${FORK_MS / 1000} s`, AGAIN);
}

/** Another look, at everybody, that believes nothing of the walks before. */
function verified(gate: Gate, cookie: bigint, processes: readonly Entering[], policy: number): Entered {
  const all = gate.entering.survey();
  const living = all.filter(({ dead, kernel }) => !dead && !kernel);
  const own = living.filter((task) => processes.some(({ pid, start }) => pid === task.pid && start === task.start));
  for (const task of own) {
    const { subject, exe } = task;
    if (subject?.cookie !== cookie)
      throw new Refusal(`${name(task)}: its thread ${task.tid} is under no policy, all the same`, AGAIN);
    if (task.rings) throw ringsRefused(task);
    // An exec that began before is judged by nobody; one that was judged changed the policy, or is told (cg_subject.exe).
    const before = processes.find(({ pid }) => pid === task.pid)?.exe;
    const changed = before?.inode !== exe.inode || before.device !== exe.device;
    if (changed && subject.policy === policy && subject.exe === 0n)
      throw new Refusal(`${name(task)} became another program while it was taken in`, AGAIN);
  }
  if (own.length === 0) throw new Refusal('nobody is left of what was to be taken in: it has ended', 'ps ax');
  return around(living, own, cookie);
}

/** What is told of those that are in. */
function around(living: readonly SurveyTask[], own: readonly SurveyTask[], cookie: bigint): Entered {
  const inside = (task: SurveyTask): boolean => task.subject?.cookie === cookie;
  const memories = new Set(own.map(({ memory }) => memory));
  const pids = new Set(own.map(({ pid }) => pid));
  const outside = living.filter((task) => !inside(task) && task.pid === task.tid);
  return {
    threads: own.length,
    sharing: outside.filter(({ memory }) => memory !== 0n && memories.has(memory)).map(neighbour),
    children: outside.filter(({ ppid }) => pids.has(ppid)).map(neighbour),
  };
}

/** Nobody judges what was asked of a ring, or by whom. */
export function ringsRefused(task: Neighbour): Refusal {
  return new Refusal(
    `${name(task)} has an io_uring: what it does through it would be judged by nobody`,
    'start it under its policy: callgate run',
  );
}

/**
 * Lets every subject of the session go: it runs on, under no policy, and nothing of the gate is left in it. Children that are being born
 * meanwhile are none. Call under the lock.
 *
 * @returns the processes that were let go
 * @throws Failure where somebody is left after all
 */
export async function letGo(gate: Gate, number: number, cookie: bigint): Promise<Neighbour[]> {
  gate.setEnding(number, cookie, 'left');
  gate.entering.forgetEntrants(cookie);
  gate.entering.forgetGroups(cookie);
  const left = new Map<number, Neighbour>();
  const end = performance.now() + LEAVE_MS;
  for (let quiet = 0; ; ) {
    const met = orFailure(() => gate.entering.leaveTasks(), 'subjects cannot be let go');
    for (const task of met) if (!task.dead) left.set(task.pid, neighbour(task));
    const living = gate.life(number)?.living ?? 0;
    quiet = met.length === 0 && living === 0 ? quiet + 1 : 0;
    // The second takes what a hook of the last has left in its storage.
    if (quiet >= QUIET) return [...left.values()];
    if (performance.now() > end)
      throw new Failure(`${living} subjects could not be let go within ${LEAVE_MS / 1000} s`, 'callgate unload --all');
    await setTimeout(quiet > 0 ? 0 : STEP_MS);
  }
}

function neighbour({ pid, comm }: SurveyTask): Neighbour {
  return { pid, comm };
}

function name({ pid, comm }: Neighbour): string {
  return `${comm} (${pid})`;
}

/** A gate that is in use may be of a build that has no such program. */
function orFailure<T>(act: () => T, what: string, absent?: string): T {
  try {
    return act();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && absent !== undefined)
      throw new Refusal(`${what}: ${absent}`, 'name processes: --pid', error);
    if (codeOf(error) === 'ENOENT')
      throw new Refusal(
        `${what}: the gate that is in use is of another build of callgate`,
        'end its sessions with the callgate that made it (callgate status), or take it off: callgate unload --all',
        error,
      );
    throw nativeFailure(error, what);
  }
}
