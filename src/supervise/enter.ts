// SPDX-License-Identifier: GPL-2.0-only
/** Subjects that ran before: programs, and members of cgroups, that are taken into a session as they run, and may be let go of again. */
import { type Cgroup, cgroupGone, membersOf } from '../host/cgroup2.js';
import { messageOf, Refusal } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { livingStart } from '../host/proc-stat.js';
import type { EntryFile, SurveyTask } from '../kernel/entry.js';
import type { Gate } from '../kernel/gate.js';
import { bufferOf, readText } from '../policy/bytes.js';
import { locked } from '../session/acquire.js';
import { type Entered, gather, gatherLate, letGo, type Neighbour, takeIn } from '../session/enter.js';
import type { Session } from '../session/session.js';
import type { SessionState } from '../session/state.js';
import { choose, identityOf, letFall, type Named, nameProcesses, type OwnProcesses } from './enterable.js';
import type { Ended } from './foreground.js';
import type { Origin } from './supervisor.js';

/** How a session gets programs that run already. */
export interface Entry {
  readonly named: readonly Named[];
  /** As the policy has it: what is told of it. */
  readonly program: string;
  /** Number in the gate of the policy they enter under. */
  readonly policy: number;
  /** A hangup (the end of a terminal) lets them go, too. */
  readonly hangup: boolean;
  readonly talk: (line: string) => void;
}

/**
 * Running processes as the session's origin. How they end is told to their parents alone, by the kernel: of it we know only that they
 * have, and that is no failure of ours.
 */
export function entering({ named, program, policy, hangup, talk }: Entry): Origin<Ended> {
  let left: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  return {
    name: program.split('/').at(-1) ?? program,
    ran: { hangup, left },
    enter: async (session) => {
      const { host, gate, state } = session;
      // The process that was held to be a program has ended: there is none.
      host.addon.reapOrphans();
      const entered = await locked(host, async () => {
        const chosen = named.map((one) => choose(gate, one, state));
        try {
          return await takeIn(session, chosen, policy, (threads) => talk(waitingText(threads)));
        } catch (error) {
          await letGo(gate, session.number, session.cookie);
          throw error;
        }
      });
      for (const line of enteredText(state.name, named, entered)) talk(line);
      const waits = named.map(({ pidfd }) => host.addon.waitPidfd(pidfd));
      const over = Promise.race([Promise.all(waits.map(({ done }) => done)), gone]).finally(() => {
        // Who was let go runs on, and is waited for no more.
        for (const { cancel } of waits) cancel();
        letFall(host.addon, named);
      });
      return { ended: over.then(() => ({ code: 0, signal: null })) };
    },
  };
}

/** A cgroup whose members a session takes in. */
export interface Gathering extends Pick<Entry, 'hangup' | 'talk'> {
  readonly cgroup: Cgroup;
  readonly own: OwnProcesses;
  /** Who runs what has no policy may be in it: a learner's. */
  readonly anyone: boolean;
}

/**
 * Everybody in a cgroup as the session's origin: those that are there, and those that come. It ends when they are let go, or the cgroup is
 * removed.
 */
export function gathering({ cgroup, own, anyone, hangup, talk }: Gathering): Origin<Ended> {
  let left: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  const { path, group } = cgroup;
  return {
    name: path.split('/').at(-1) ?? path,
    ran: { hangup, left },
    enter: async (session) => {
      const { host, gate, state } = session;
      host.addon.reapOrphans();
      const otherwise = state.policies.find(({ index }) => index === 0)?.number ?? 0;
      const entered = await locked(host, async () => {
        const files = entryFiles(gate, state);
        requireMembers(host, gate, membersOf(path), own, anyone ? null : files, state);
        try {
          return await gather(session, { group, otherwise, files }, (threads) => talk(waitingText(threads)));
        } catch (error) {
          await letGo(gate, session.number, session.cookie);
          throw error;
        }
      });
      const { members, threads, late: before } = entered;
      const who = members.length === 0 ? 'nobody yet' : `${neighbours(members)}, ${threads} threads`;
      talk(`${state.name}: ${path} is under a policy: ${who}; whoever comes is, too; Ctrl-C lets go`);
      for (const line of beforeText(entered)) talk(line);
      const removed = cgroupGone(path);
      const late = lookForLate(session, before, talk);
      const ended = Promise.race([removed.done, gone]).finally(() => {
        removed.cancel();
        late.stop();
      });
      return { ended: ended.then(() => ({ code: 0, signal: null })) };
    },
  };
}

/** How often it is looked whether somebody came who could not be marked on the spot. */
const LATE_MS = 100;

/** Marks those, and tells of them: they were judged by nobody until then. */
function lookForLate(session: Session, before: number, talk: (line: string) => void): { stop(): void } {
  let known = before;
  let busy = false;
  const look = async (): Promise<void> => {
    const now = await gatherLate(session, known);
    if (now > known)
      talk(
        `${now - known} that came into the cgroup could not be marked at once, and did up to ${LATE_MS} ms what nobody judged`,
      );
    known = now;
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    look()
      .catch((error) => talk(messageOf(error)))
      .finally(() => {
        busy = false;
      });
  }, LATE_MS);
  return { stop: () => clearInterval(timer) };
}

/** The programs of the session's policies, as the kernel knows their files. One that is not there is nobody's. */
export function entryFiles(gate: Gate, { policies }: Pick<SessionState, 'policies'>): EntryFile[] {
  return policies.flatMap(({ index, program, number }) => {
    if (index === 0) return [];
    const file = identityOf(gate, bufferOf(readText(program)));
    return file === null ? [] : [{ ...file, policy: number }];
  });
}

/** Throws a Refusal that names the first member that cannot be taken in. */
function requireMembers(
  host: Host,
  gate: Gate,
  pids: readonly number[],
  own: OwnProcesses,
  files: readonly EntryFile[] | null,
  state: SessionState,
): void {
  const without = new Set<string>();
  for (const pid of pids) {
    let named: readonly Named[];
    try {
      named = nameProcesses(host, [pid], own);
    } catch (error) {
      // It ended meanwhile.
      if (!isThere(pid)) continue;
      throw error;
    }
    try {
      const [one] = named;
      if (one === undefined) continue;
      const { exe } = choose(gate, one, state);
      if (files?.some(({ inode, device }) => inode === exe.inode && device === exe.device) === false)
        without.add(one.exe);
    } catch (error) {
      if (isThere(pid)) throw error;
    } finally {
      letFall(host.addon, named);
    }
  }
  if (without.size > 0)
    throw new Refusal(
      `no policy in ${state.folder} is for ${[...without].sort().join(', ')}, and would be permitted nothing`,
      `callgate learn --policies ${state.folder} --cgroup ${state.command[0] ?? ''}`,
    );
}

function isThere(pid: number): boolean {
  return livingStart(pid) !== null;
}

function waitingText(threads: readonly SurveyTask[]): string {
  const pids = [...new Set(threads.map(({ pid }) => pid))];
  return `waiting for ${threads.length} fork${threads.length === 1 ? '' : 's'} of ${pids.join(', ')} that began before`;
}

/** What a person has to know of programs that were taken in as they ran. */
function enteredText(session: string, named: readonly Named[], entered: Entered): string[] {
  const { threads } = entered;
  const pids = named.map(({ pid }) => pid).join(', ');
  const verb = named.length === 1 ? 'is' : 'are';
  return [
    `${session}: ${pids} ${verb} under a policy, ${threads} thread${threads === 1 ? '' : 's'}; Ctrl-C lets go`,
    ...beforeText(entered),
  ];
}

function beforeText({ sharing, children }: Entered): string[] {
  return [
    'what was there before is not judged anew: open descriptors, mappings, the working folder, and calls under way',
    ...(children.length === 0 ? [] : [`children from before stay outside: ${neighbours(children)}`]),
    ...(sharing.length === 0 ? [] : [`UNDER NO POLICY, and sharing its memory: ${neighbours(sharing)}`]),
  ];
}

const SHOWN = 8;

function neighbours(all: readonly Neighbour[]): string {
  const shown = all.slice(0, SHOWN).map(({ pid, comm }) => `${comm} (${pid})`);
  return [...shown, ...(all.length > SHOWN ? [`and ${all.length - SHOWN} more`] : [])].join(', ');
}
