// SPDX-License-Identifier: GPL-2.0-only
/**
 * Processes of which a thread waits for an answer: known by a pidfd that is opened while it waits, so that no signal reaches who
 * has the number later; noticed when they end; continued when they are answered.
 */
import { constants } from 'node:os';
import { codeOf } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';
import type { SubjectTask } from '../kernel/records.js';

/**
 * A process of which another thread goes on waiting is continued this seldom: each SIGCONT has that one ask again, and the kernel
 * half denies who asks 64 times within two seconds (bpf/ask.bpf.c: AGAIN_MOST, WINDOW_NS).
 */
const AGAIN_MS = 50;
/**
 * Who is told to go on before the kernel has stopped it is stopped behind that. So it is looked after, this late at first, twice as
 * late each time, and so often.
 */
const LOOK_MS = 20;
const LOOKS = 7;

export interface Process {
  readonly pid: number;
  /** Start of its first thread, CLOCK_BOOTTIME in ns: what an answer for the process is keyed by. */
  readonly start: bigint;
}

/** A thread that was let go on, as it stood in the kernel half's list. */
export interface Released {
  readonly tid: number;
  readonly pid: number;
  readonly start: bigint;
  /** Of its last question. */
  readonly sequence: number;
}

interface Held extends Process {
  readonly pidfd: number;
  readonly cancel: () => void;
  /** How many wait, or rely on it otherwise. */
  uses: number;
  continued: number;
  timer: NodeJS.Timeout | null;
}

export class StoppedProcesses {
  readonly #addon: Addon;
  readonly #gate: Gate;
  readonly #cookie: bigint;
  readonly #ended: (pid: number) => void;
  readonly #held = new Map<number, Held>();
  readonly #looks = new Set<NodeJS.Timeout>();
  #closed = false;

  /** @param ended called when a process that is held has ended */
  constructor(addon: Addon, gate: Gate, cookie: bigint, ended: (pid: number) => void) {
    this.#addon = addon;
    this.#gate = gate;
    this.#cookie = cookie;
    this.#ended = ended;
  }

  /** Takes hold of the process that the thread belongs to; null: it is gone, or is none of this session. To be let go as often. */
  hold(pid: number, tid: number): Process | null {
    const known = this.#held.get(pid);
    if (known !== undefined) {
      const tasks = this.#tasksOf(known.pidfd).filter(({ start }) => start === known.start);
      if (tasks.some((one) => one.tid === tid)) {
        known.uses++;
        return known;
      }
      if (tasks.length > 0) return null;
      // It has ended, and somebody else has its number: that is told before its pidfd tells of the end.
      this.#end(known);
    }
    let pidfd: number;
    try {
      pidfd = this.#addon.openPidfd(pid);
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return null;
      throw error;
    }
    // Whoever has the number now, and is of this session with this very thread, is the one that asked: a thread that waits keeps it.
    const task = this.#tasksOf(pidfd).find((one) => one.tid === tid);
    if (task === undefined) {
      this.#addon.closeFd(pidfd);
      return null;
    }
    const { done, cancel } = this.#addon.waitPidfd(pidfd);
    const held: Held = { pid, start: task.start, pidfd, cancel, uses: 1, continued: 0, timer: null };
    this.#held.set(pid, held);
    done.then(
      () => this.#end(held),
      () => undefined,
    );
    return held;
  }

  get(pid: number): Process | undefined {
    return this.#held.get(pid);
  }

  letGo(pid: number): void {
    const held = this.#held.get(pid);
    if (held === undefined || --held.uses > 0) return;
    this.#drop(held);
  }

  /**
   * Lets threads go on. They must be held, and are to be let go afterwards.
   *
   * @param waits says whether another thread of the process goes on waiting
   */
  release(threads: readonly Released[], waits: (pid: number) => boolean): void {
    const pids = new Set(threads.map(({ pid }) => pid));
    for (const pid of pids) {
      const held = this.#held.get(pid);
      if (held !== undefined) this.#continue(held, waits(pid));
    }
    for (const thread of threads) this.#lookAfter(thread, 0);
  }

  /** Continues processes of which threads go on waiting. */
  wake(pids: ReadonlySet<number>): void {
    for (const pid of pids) {
      const held = this.#held.get(pid);
      if (held !== undefined) this.#continue(held, true);
    }
  }

  /** Ends a process. False: it has ended. */
  kill(pid: number): boolean {
    const held = this.#held.get(pid);
    return held !== undefined && this.#signal(held, constants.signals.SIGKILL);
  }

  /** Looks after nobody any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#looks) clearTimeout(timer);
    for (const held of [...this.#held.values()]) this.#drop(held);
  }

  /** The threads of whoever has the process's number, as far as they live and are of this session. */
  #tasksOf(pidfd: number): SubjectTask[] {
    return this.#gate.subjectsOf(pidfd).filter((one) => one.cookie === this.#cookie && !one.dead);
  }

  #continue(held: Held, slowly: boolean): void {
    const wait = slowly ? held.continued + AGAIN_MS - performance.now() : 0;
    if (wait <= 0) {
      held.continued = performance.now();
      this.#signal(held, constants.signals.SIGCONT);
      return;
    }
    held.timer ??= setTimeout(() => {
      held.timer = null;
      held.continued = performance.now();
      this.#signal(held, constants.signals.SIGCONT);
    }, wait).unref();
  }

  /** Until it has gone on, as the kernel half's list says; who stands still there is told once more. */
  #lookAfter(thread: Released, looks: number): void {
    const held = this.#held.get(thread.pid);
    if (held === undefined || this.#closed) return;
    held.uses++;
    const timer = setTimeout(() => {
      this.#looks.delete(timer);
      const waiting = this.#gate.questions.question(thread.tid);
      const same = waiting !== null && waiting.start === thread.start && waiting.sequence === thread.sequence;
      if (this.#held.get(thread.pid) !== held) {
        // It has ended, and its pidfd is closed.
        if (same) this.#gate.questions.forget(thread.tid);
        return;
      }
      if (same && looks + 1 < LOOKS) {
        if (this.#isStopped(held, thread.tid)) this.#continue(held, false);
        this.#lookAfter(thread, looks + 1);
      } else if (same) this.#gate.questions.forget(thread.tid);
      this.letGo(thread.pid);
    }, LOOK_MS << looks).unref();
    this.#looks.add(timer);
  }

  #isStopped({ pidfd }: Held, tid: number): boolean {
    return this.#gate.subjectsOf(pidfd).some((task) => task.tid === tid && task.stopped);
  }

  #signal({ pidfd }: Held, signal: number): boolean {
    try {
      this.#addon.sendSignal(pidfd, signal);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
      return false;
    }
  }

  #end(held: Held): void {
    if (this.#held.get(held.pid) !== held) return;
    this.#drop(held);
    this.#ended(held.pid);
  }

  #drop(held: Held): void {
    this.#held.delete(held.pid);
    if (held.timer !== null) {
      clearTimeout(held.timer);
      // What was promised is kept: nobody looks after it any more.
      this.#signal(held, constants.signals.SIGCONT);
    }
    held.cancel();
    this.#addon.closeFd(held.pidfd);
  }
}
