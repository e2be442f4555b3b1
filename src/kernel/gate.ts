// SPDX-License-Identifier: GPL-2.0-only

import { readBig } from '../abi/struct.js';
import type { Addon, NativeGate, NativeRing } from './addon.js';
import { type Called, type Calls, decodeCalled, encodeCalls, NO_CALLS } from './calls.js';
import { Entering } from './entering.js';
import { FATES, type Fate } from './entry.js';
import { Protection } from './protection.js';
import { GateQuestions } from './questions.js';
import {
  decodeLife,
  decodeSession,
  decodeSlot,
  decodeTasks,
  decodeVersion,
  decodeWhole,
  encodeProgram,
  encodeSession,
  encodeSlot,
  encodeVersion,
  MARK_WORDS,
  POLICIES_MAX,
  renewedWhole,
  SESSIONS_MAX,
  type SessionCounters,
  type SessionLife,
  type Slot,
  type SubjectTask,
  u32,
  type Whole,
} from './records.js';

/** Programs behind each of which stands another that does what it was skipped for (bpf/syscalls.bpf.c). */
const DOUBLED: readonly string[] = ['call_left', 'call_entered'];

export class Gate {
  readonly native: NativeGate;
  /** Are its hooks on, as far as this process knows? */
  attached: boolean;
  readonly questions: GateQuestions;
  readonly entering: Entering;
  readonly protection: Protection;

  constructor(native: NativeGate) {
    this.native = native;
    this.attached = native.attached;
    this.questions = new GateQuestions(native);
    this.entering = new Entering(native);
    this.protection = new Protection(native);
  }

  /** Names this gate among those that came before and after it on this host. */
  get identity(): number {
    return this.native.describeMap('sessions').id;
  }

  /** Is it of the same build as this callgate? */
  get same(): boolean {
    return this.native.same;
  }

  /**
   * Makes it what a gate is that was just loaded. Call while its hooks are off and nobody is a subject; what belongs to sessions
   * went with them, and `folders`, `calls` and `called` are told by the cookies of sessions that nobody has any more.
   */
  renew(): void {
    this.native.update('gate', u32(0), renewedWhole(this.native.lookup('gate', u32(0)) as Buffer));
    this.native.update('policies', u32(0), encodeVersion(1));
    for (const map of ['owners', 'owning']) for (const key of this.native.keys(map)) this.native.remove(map, key);
    const clear = Buffer.alloc(8);
    for (let word = 0; word < MARK_WORDS; word++)
      if (this.native.lookup('protection_marks', u32(word))?.equals(clear) === false)
        this.native.update('protection_marks', u32(word), clear);
  }

  /** Runs of hooks that the kernel skipped, over all programs. Anything but 0 means accesses that nobody judged. */
  skipped(): number {
    return this.native
      .programs()
      .filter(({ name }) => !DOUBLED.includes(name))
      .reduce((sum, program) => sum + program.recursionMisses, 0);
  }

  /** Null where the number is free. */
  session(number: number): SessionCounters | null {
    const value = this.native.lookup('sessions', u32(number));
    return value === null ? null : decodeSession(value);
  }

  /** Makes the number the session's that shows this cookie, with all counters 0; null frees it. */
  setSession(number: number, cookie: bigint | null): void {
    this.native.update('sessions', u32(number), encodeSession(cookie));
  }

  /** How many subjects the session has; null where the number is free. */
  life(number: number): SessionLife | null {
    const value = this.native.lookup('sessions', u32(number));
    return value === null ? null : decodeLife(value);
  }

  /** The same of all sessions, those that are over too. */
  whole(): Whole {
    return decodeWhole(this.native.lookup('gate', u32(0)) as Buffer);
  }

  /** What becomes of the session's subjects. False where that session is over. */
  setEnding(number: number, cookie: bigint, ending: Fate): boolean {
    return this.native.endSession(number, cookie, FATES.indexOf(ending));
  }

  /** Says to all who hold it that the gate was taken off, with subjects in it. */
  setOff(): void {
    this.native.endSession(0, 0n, 1);
  }

  /** Numbers of the sessions in use. */
  sessions(): number[] {
    const numbers: number[] = [];
    for (let number = 1; number < SESSIONS_MAX; number++) if (this.session(number) !== null) numbers.push(number);
    return numbers;
  }

  /**
   * Policies of this version of the language are in the gate from now on; bpf/abi/slot.h. Before one is in force, the hooks that only such
   * policies need are put on, and told to look.
   */
  raiseVersion(version: number): void {
    if (version > 1) this.native.attachLater();
    const told = this.native.lookup('policies', u32(0)) as Buffer;
    if (decodeVersion(told) < version) this.native.update('policies', u32(0), encodeVersion(version));
  }

  slot(policy: number): Slot | null {
    const value = this.native.lookup('policies', u32(policy));
    return value === null ? null : decodeSlot(value);
  }

  /** Writes a policy's place and mode with one update; null frees it. */
  setSlot(policy: number, slot: Slot | null): void {
    this.native.update('policies', u32(policy), encodeSlot(slot));
  }

  /** All policies in use, by number. 4096 look-ups: for recovery and tests, not for a command's ordinary way. */
  slots(): Map<number, Slot> {
    const slots = new Map<number, Slot>();
    for (let policy = 1; policy < POLICIES_MAX; policy++) {
      const slot = this.slot(policy);
      if (slot !== null) slots.set(policy, slot);
    }
    return slots;
  }

  /** Which policy a program of the application runs under; null removes the entry. */
  setProgram(session: number, program: number, policy: number | null): void {
    const key = encodeProgram(session, program);
    if (policy === null) this.native.remove('programs', key);
    else this.native.update('programs', key, u32(policy));
  }

  /** Removes every entry of the session. */
  removePrograms(session: number): void {
    for (const key of this.native.keys('programs'))
      if (key.readUInt32LE(0) === session) this.native.remove('programs', key);
  }

  /** Is there an image at this place? */
  hasImage(imageClass: number, place: number): boolean {
    return this.native.getImage(imageClass, place) !== null;
  }

  /**
   * Threads under a policy as one walk over all tasks met them, the dead too; of the session that has the number now, or of
   * all (0), those whose session is over too. A walk may miss who moves: the count tells (src/session/living.ts).
   */
  subjects(session: number): SubjectTask[] {
    const tasks = decodeTasks(this.native.subjects(session));
    if (session === 0) return tasks;
    const cookie = this.life(session)?.cookie;
    return tasks.filter((task) => task.cookie === cookie);
  }

  /** Those of the process that has the pidfd's number. */
  subjectsOf(pidfd: number): SubjectTask[] {
    return decodeTasks(this.native.subjectsOf(pidfd));
  }

  /**
   * System calls of the session's subjects are told as this says, from now on. Call before there is one.
   *
   * @param calls null: nothing is told any more
   */
  setCalls(session: number, calls: Calls | null): void {
    if (calls !== null) this.native.update('calls', u32(session), encodeCalls(calls));
    else if (this.#watches(session)) this.native.update('calls', u32(session), encodeCalls(NO_CALLS));
    else return;
    if (calls !== null) this.native.watchCalls(calls.watch === 'refused' ? 'refused' : 'entered');
    else if (this.sessions().every((number) => !this.#watches(number))) this.native.unwatchCalls();
  }

  /** The system calls that the programs of a session made which is learned. */
  called(cookie: bigint): Called[] {
    return this.native.keys('called').flatMap((key) => {
      const value = readBig(key, 'called_key', 'cookie') === cookie ? this.native.lookup('called', key) : null;
      return value === null ? [] : [decodeCalled(key, value)];
    });
  }

  #watches(session: number): boolean {
    const value = this.native.lookup('calls', u32(session));
    return value !== null && readBig(value, 'calls', 'cookie') !== 0n;
  }

  openRing(session: number, deliver: (batch: Buffer, records: number) => void): NativeRing {
    return this.native.openRing(session, deliver);
  }

  /** Forgets all that was asked and answered in a session. */
  forgetSession(session: number, cookie: bigint): void {
    this.questions.forgetSession(session, cookie);
    this.entering.forgetEntrants(cookie);
    this.entering.forgetGroups(cookie);
    this.setCalls(session, null);
    for (const key of this.native.keys('called'))
      if (readBig(key, 'called_key', 'cookie') === cookie) this.native.remove('called', key);
  }

  close(): void {
    this.native.close();
  }
}

/** Opens the pinned gate; null where there is none. Other failures are the addon's (see Addon.adopt). */
export function adoptGate(addon: Addon, directory: string): Gate | null {
  try {
    return new Gate(addon.adopt(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
