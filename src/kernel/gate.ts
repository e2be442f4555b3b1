// SPDX-License-Identifier: GPL-2.0-only

import { fstatSync } from 'node:fs';
import { NUMBERS } from '../abi/abi.gen.js';
import { readBig, readNumber } from '../abi/struct.js';
import type { Addon, NativeGate, NativeRing } from './addon.js';
import {
  decodeWaiting,
  encodeAttendance,
  encodeReply,
  encodeReplyKey,
  type Reply,
  type ReplyKey,
  type Waiting,
} from './asking.js';
import { type Called, type Calls, decodeCalled, encodeCalls, NO_CALLS } from './calls.js';
import {
  decodeSurvey,
  type Entrant,
  type EntryFile,
  encodeEntrant,
  encodeEntryFile,
  encodeGroup,
  FATES,
  type Fate,
  type Group,
  type SurveyTask,
} from './entry.js';
import {
  decodeLife,
  decodeSession,
  decodeSlot,
  decodeTasks,
  decodeVersion,
  decodeWhole,
  encodeInode,
  encodeProgram,
  encodeSession,
  encodeSlot,
  encodeVersion,
  type Inode,
  MARK_WORDS,
  markOf,
  POLICIES_MAX,
  type ProtectedInode,
  renewedWhole,
  SESSIONS_MAX,
  type SessionCounters,
  type SessionLife,
  type Slot,
  type SubjectTask,
  u32,
  u64,
  type Whole,
} from './records.js';

/** Programs behind each of which stands another that does what it was skipped for (bpf/syscalls.bpf.c). */
const DOUBLED: readonly string[] = ['call_left', 'call_entered'];

export class Gate {
  readonly native: NativeGate;
  /** Are its hooks on, as far as this process knows? */
  attached: boolean;

  constructor(native: NativeGate) {
    this.native = native;
    this.attached = native.attached;
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
    for (const key of this.native.keys('owners')) this.native.remove('owners', key);
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

  /** Policies of this version of the language are in the gate from now on; bpf/abi/slot.h. */
  raiseVersion(version: number): void {
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
   * The process becomes part of the session that has the cookie: `enterTasks` marks its threads, and `watchForks` what they fork.
   */
  setEntrant(pid: number, entrant: Entrant): void {
    this.native.update('entrants', u32(pid), encodeEntrant(entrant));
  }

  /** Those of the session that has the cookie. */
  entrants(cookie: bigint): { readonly pid: number; readonly failed: number }[] {
    return this.native.keys('entrants').flatMap((key) => {
      const value = this.native.lookup('entrants', key);
      if (value === null || readBig(value, 'entrant', 'cookie') !== cookie) return [];
      return [{ pid: key.readUInt32LE(0), failed: readNumber(value, 'entrant', 'failed') }];
    });
  }

  /** They are in, or stay outside: nobody is marked for being one of them any more. */
  forgetEntrants(cookie: bigint): void {
    for (const { pid } of this.entrants(cookie)) this.native.remove('entrants', u32(pid));
  }

  /**
   * Whoever is in the cgroup, or below it, belongs to the session: `enterTasks` marks those there are, and from now on each that comes is
   * marked, whoever lives.
   *
   * @param group number of the cgroup, as its directory's inode has it
   * @param files what runs one of these enters under its policy
   */
  setGroup(group: bigint, facts: Group, files: readonly EntryFile[]): void {
    this.setEntries(facts.cookie, files);
    this.native.update('groups', u64(group), encodeGroup(facts));
    this.native.watchGroups();
  }

  /** Which programs have policies of their own, for those that come from now on. */
  setEntries(cookie: bigint, files: readonly EntryFile[]): void {
    for (const file of files) this.native.update('entries', encodeEntryFile(cookie, file), u32(file.policy));
  }

  /** Those of the session that has the cookie. */
  groups(cookie: bigint): { readonly group: bigint; readonly failed: number }[] {
    return this.native.keys('groups').flatMap((key) => {
      const value = this.native.lookup('groups', key);
      if (value === null || readBig(value, 'group', 'cookie') !== cookie) return [];
      return [{ group: key.readBigUInt64LE(0), failed: readNumber(value, 'group', 'failed') }];
    });
  }

  /** Nobody enters the session for being in a cgroup any more. */
  forgetGroups(cookie: bigint): void {
    for (const { group } of this.groups(cookie)) this.native.remove('groups', u64(group));
    for (const key of this.native.keys('entries'))
      if (key.readBigUInt64LE(0) === cookie) this.native.remove('entries', key);
    if (this.native.keys('groups').length === 0) this.native.unwatchGroups();
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

  /** Every task there is, as one walk met them. */
  survey(): SurveyTask[] {
    return decodeSurvey(this.native.surveyTasks());
  }

  /** The threads of the process that has the pidfd's number. */
  surveyOf(pidfd: number): SurveyTask[] {
    return decodeSurvey(this.native.surveyOf(pidfd));
  }

  /** One walk that makes the threads of all entrants subjects; each that it met. */
  enterTasks(): SurveyTask[] {
    return decodeSurvey(this.native.enterTasks());
  }

  /** One walk that lets subjects go whose session is being left; each that was one. */
  leaveTasks(): SurveyTask[] {
    return decodeSurvey(this.native.leaveTasks());
  }

  openRing(session: number, deliver: (batch: Buffer, records: number) => void): NativeRing {
    return this.native.openRing(session, deliver);
  }

  /**
   * No subject may signal the process from now on. The start time stays 0, which means any: user space knows it in clock
   * ticks only, and a guard is removed with its session.
   */
  guard(pid: number): void {
    this.native.update('guards', u32(pid), Buffer.alloc(8));
  }

  unguard(pid: number): void {
    this.native.remove('guards', u32(pid));
  }

  /**
   * From now on no subject may change these files, in the ways that their CG_PROTECT_* flags say; those that are not named
   * any more it may. Never a moment in which one that stays is open.
   */
  protect(files: readonly (ProtectedInode & { readonly flags: number })[]): void {
    const wanted = new Map(files.map((file) => [encodeInode(file).toString('hex'), file.flags]));
    this.#mark(files);
    for (const [key, flags] of wanted) this.native.update('protections', Buffer.from(key, 'hex'), u32(flags));
    for (const key of this.native.keys('protections'))
      if (!wanted.has(key.toString('hex'))) this.native.remove('protections', key);
  }

  /** No subject may change the file of this descriptor of ours either, until `protect` is called without it. */
  seal(fd: number): void {
    const inode = this.native.identify(fd);
    const key = encodeInode({ ...inode, directory: fstatSync(fd).isDirectory() });
    this.#mark([inode]);
    const flags = this.native.lookup('protections', key)?.readUInt32LE(0) ?? 0;
    this.native.update('protections', key, u32(flags | NUMBERS.PROTECT_SEALED));
  }

  /** Questions of the session are answered until then (CLOCK_BOOTTIME in ns); from then on a rule that asks denies. */
  attend(session: number, cookie: bigint, until: bigint): void {
    this.native.update('attendance', u32(session), encodeAttendance(cookie, until));
  }

  /** Threads that wait for an answer, of all sessions; those that died meanwhile, too. */
  waiting(): Waiting[] {
    return this.native.keys('questions').flatMap((key) => {
      const value = this.native.lookup('questions', key);
      return value === null ? [] : [decodeWaiting(key.readUInt32LE(0), value)];
    });
  }

  /** What the thread waits for; null: nothing. */
  question(tid: number): Waiting | null {
    const value = this.native.lookup('questions', u32(tid));
    return value === null ? null : decodeWaiting(tid, value);
  }

  /** Forgets that a thread waits: it died, or goes on unanswered. */
  forget(tid: number): void {
    this.native.remove('questions', u32(tid));
  }

  /** Answers. The threads that wait for it are to be continued by SIGCONT. */
  reply(key: ReplyKey, reply: Reply): void {
    this.native.update('replies', encodeReplyKey(key), encodeReply(reply));
  }

  /** Is there such an answer, unused, and not over at that time (CLOCK_BOOTTIME in ns)? */
  isAnswered(key: ReplyKey, now: bigint): boolean {
    const value = this.native.lookup('replies', encodeReplyKey(key));
    if (value === null) return false;
    const expires = readBig(value, 'reply', 'expires');
    return expires === 0n || expires > now;
  }

  /** Takes an answer back; false where there is none, or it was used. */
  takeBack(key: ReplyKey): boolean {
    const encoded = encodeReplyKey(key);
    if (this.native.lookup('replies', encoded) === null) return false;
    this.native.remove('replies', encoded);
    return true;
  }

  /** Forgets all that was asked and answered in a session. */
  forgetSession(session: number, cookie: bigint): void {
    const of = (key: Buffer): boolean => key.readBigUInt64LE(0) === cookie;
    for (const key of this.native.keys('replies')) if (of(key)) this.native.remove('replies', key);
    for (const { tid, cookie: asked } of this.waiting()) if (asked === cookie) this.forget(tid);
    this.forgetEntrants(cookie);
    this.forgetGroups(cookie);
    this.setCalls(session, null);
    for (const key of this.native.keys('called'))
      if (readBig(key, 'called_key', 'cookie') === cookie) this.native.remove('called', key);
    // An array: its entries are never taken away.
    this.attend(session, 0n, 0n);
  }

  /** Sets the bits of their numbers, without which nothing is looked up. */
  #mark(inodes: readonly Inode[]): void {
    const words = new Map<number, bigint>();
    for (const { inode } of inodes) {
      const { word, bit } = markOf(inode);
      words.set(word, (words.get(word) ?? 0n) | bit);
    }
    for (const [word, bits] of words) {
      const held = this.native.lookup('protection_marks', u32(word))?.readBigUInt64LE(0) ?? 0n;
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(held | bits);
      if ((held | bits) !== held) this.native.update('protection_marks', u32(word), buffer);
    }
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
