/**
 * The gate as the sessions use it: the native gate's maps as values. One per host, pinned; who changes it holds the lock
 * (src/session/acquire.ts).
 */
import { readFileSync } from 'node:fs';
import type { Addon, NativeGate, NativeRing } from './addon.js';
import {
  decodeSession,
  decodeSlot,
  decodeTasks,
  encodeProgram,
  encodeSession,
  encodeSlot,
  POLICIES_MAX,
  SESSIONS_MAX,
  type SessionCounters,
  type Slot,
  type SubjectTask,
  u32,
} from './records.js';

export class Gate {
  readonly native: NativeGate;

  constructor(native: NativeGate) {
    this.native = native;
  }

  /** Names this gate among those that came before and after it on this host. */
  get identity(): number {
    return this.native.describeMap('sessions').id;
  }

  /** Runs of hooks that the kernel skipped, over all programs. Anything but 0 means accesses that nobody judged. */
  skipped(): number {
    return this.native.programs().reduce((sum, program) => sum + program.recursionMisses, 0);
  }

  /** Null where the number is free. */
  session(number: number): SessionCounters | null {
    const value = this.native.lookup('sessions', u32(number));
    return value === null ? null : decodeSession(value);
  }

  /** Makes the number a session's with all counters 0, or frees it. */
  setSession(number: number, active: boolean): void {
    this.native.update('sessions', u32(number), encodeSession(active));
  }

  /** Numbers of the sessions in use. */
  sessions(): number[] {
    const numbers: number[] = [];
    for (let number = 1; number < SESSIONS_MAX; number++) if (this.session(number) !== null) numbers.push(number);
    return numbers;
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

  /** Living threads under a policy; of one session, or of all (0). */
  subjects(session: number): SubjectTask[] {
    return decodeTasks(this.native.subjects(session));
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

  close(): void {
    this.native.close();
  }
}

/** Start of a process in clock ticks since boot (field 22 of /proc/PID/stat); null where there is no such process. */
export function processStart(pid: number): bigint | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return field === undefined ? null : BigInt(field);
  } catch {
    return null;
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
