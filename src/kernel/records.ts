// SPDX-License-Identifier: GPL-2.0-only
/** The structs that the control plane writes and reads, as values. Where a field is, the generated contract says. */
import { NUMBERS } from '../abi/abi.gen.js';
import { fieldBytes, fieldOf, readBig, readNumber, readNumbers, structBytes, writeNumber } from '../abi/struct.js';
import { type Word, wordsOf } from '../abi/words.js';
import { FATES, type Fate } from './entry.js';

export const { SUBJECT_ARMED, SUBJECT_FREE, SUBJECT_DEAD, MARK_WORDS } = NUMBERS;

/** Numbers in the maps of the gate; 0 is never used for a policy or a session. */
export const { POLICIES_MAX, SESSIONS_MAX } = NUMBERS;

/** Places in the outer map of each image class. */
export const IMAGE_PLACES: readonly number[] = Array.from(
  { length: NUMBERS.IMAGE_CLASS_COUNT },
  (_, imageClass) => NUMBERS[`IMAGES${imageClass}` as 'IMAGES0'],
);

export const SLOT_MODES = wordsOf('mode');
export type SlotMode = Word<'mode'>;

/** A policy's place: which image, which mode, whose. */
export interface Slot {
  /** Null: no policy there; all is denied and counted. */
  readonly image: { readonly class: number; readonly place: number } | null;
  readonly mode: SlotMode;
  readonly session: number;
  /** Its session's: a subject that shows another is of a session that is over. */
  readonly cookie: bigint;
  /** Number in the application, from 1; 0: none of its policies. */
  readonly program: number;
}

/** The four bytes of a number, as keys of the gate's maps are. */
export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

/** The eight bytes of a number. */
export function u64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer;
}

/** What stands at number 0 of the policies: the highest version of the language that a policy of the gate is in. */
export function encodeVersion(version: number): Buffer {
  const buffer = Buffer.alloc(structBytes('slot'));
  writeNumber(buffer, 'slot', 'program', version);
  return buffer;
}

/** The version that encodeVersion() wrote; 0: none yet. */
export function decodeVersion(buffer: Buffer): number {
  return readNumber(buffer, 'slot', 'program');
}

/** struct cg_slot; null writes a free one. */
export function encodeSlot(slot: Slot | null): Buffer {
  const buffer = Buffer.alloc(structBytes('slot'));
  if (slot === null) return buffer;
  // The class in the highest byte, the place from 1 in the others: 0 is none.
  if (slot.image !== null)
    writeNumber(buffer, 'slot', 'location', ((slot.image.class << 24) | (slot.image.place + 1)) >>> 0);
  writeNumber(buffer, 'slot', 'mode', SLOT_MODES.indexOf(slot.mode));
  writeNumber(buffer, 'slot', 'session', slot.session);
  writeNumber(buffer, 'slot', 'program', slot.program);
  writeNumber(buffer, 'slot', 'cookie', slot.cookie);
  return buffer;
}

/** Null for a slot that is free. */
export function decodeSlot(buffer: Buffer): Slot | null {
  const location = readNumber(buffer, 'slot', 'location');
  const session = readNumber(buffer, 'slot', 'session');
  if (location === 0 && session === 0) return null;
  return {
    image: location === 0 ? null : { class: location >>> 24, place: (location & 0xffffff) - 1 },
    mode: SLOT_MODES[readNumber(buffer, 'slot', 'mode')] ?? 'enforce',
    session,
    cookie: readBig(buffer, 'slot', 'cookie'),
    program: readNumber(buffer, 'slot', 'program'),
  };
}

/** struct cg_program, the key of `programs`. */
export function encodeProgram(session: number, program: number): Buffer {
  const buffer = Buffer.alloc(structBytes('program'));
  writeNumber(buffer, 'program', 'session', session);
  writeNumber(buffer, 'program', 'program', program);
  return buffer;
}

/** A file as the kernel knows it. */
export interface Inode {
  /** The kernel's dev_t: major << 20 | minor. */
  readonly device: number;
  readonly inode: bigint;
}

/** A file that is protected: its number alone may be another's of the other kind. */
export interface ProtectedInode extends Inode {
  readonly directory: boolean;
}

/** struct cg_inode, the key of `protections`. */
export function encodeInode({ device, inode, directory }: ProtectedInode): Buffer {
  const buffer = Buffer.alloc(structBytes('inode'));
  writeNumber(buffer, 'inode', 'inode', inode);
  writeNumber(buffer, 'inode', 'device', device >>> 0);
  writeNumber(buffer, 'inode', 'directory', directory ? 1 : 0);
  return buffer;
}

/** Which bit of which word of `protection_marks` stands for an inode number (CG_MARK_BIT, CG_MARK_WORD). */
export function markOf(inode: bigint): { word: number; bit: bigint } {
  return { word: Number((inode >> 6n) % BigInt(MARK_WORDS)), bit: 1n << (inode & 63n) };
}

/** struct cg_subject of a task that runs already, what its policy is about. */
export function encodeSubject(policy: number, session: number, cookie: bigint): Buffer {
  const buffer = Buffer.alloc(structBytes('subject'));
  writeNumber(buffer, 'subject', 'policy', policy);
  writeNumber(buffer, 'subject', 'session', session);
  writeNumber(buffer, 'subject', 'cookie', cookie);
  return buffer;
}

/** struct cg_subject of a task that waits for its one exec, of the file named by device (the kernel's dev_t) and inode. */
export function encodeArmedSubject(
  policy: number,
  session: number,
  cookie: bigint,
  device: number,
  inode: bigint,
): Buffer {
  const buffer = encodeSubject(policy, session, cookie);
  writeNumber(buffer, 'subject', 'flags', SUBJECT_ARMED);
  writeNumber(buffer, 'subject', 'armed_inode', inode);
  writeNumber(buffer, 'subject', 'armed_device', device >>> 0);
  return buffer;
}

/** One thread under a policy. */
export interface SubjectTask {
  /** Thread group and thread, in the initial pid namespace. */
  readonly pid: number;
  readonly tid: number;
  readonly policy: number;
  readonly session: number;
  readonly cookie: bigint;
  /** Its number among all subjects of this gate. */
  readonly serial: bigint;
  /** Start of the process since boot, in nanoseconds; with the pid it names a process for good. */
  readonly start: bigint;
  readonly flags: number;
  readonly ppid: number;
  readonly stopped: boolean;
  /** It has ended; its parent has not collected it, or the kernel has not freed it yet. */
  readonly dead: boolean;
  readonly uid: number;
  readonly comm: string;
}

/** struct cg_task_record, one after the other. */
export function decodeTasks(buffer: Buffer): SubjectTask[] {
  const bytes = structBytes('task_record');
  const tasks: SubjectTask[] = [];
  for (let at = 0; at + bytes <= buffer.length; at += bytes) tasks.push(decodeTask(buffer.subarray(at, at + bytes)));
  return tasks;
}

function decodeTask(record: Buffer): SubjectTask {
  const number = (name: Parameters<typeof readNumber<'task_record'>>[2]): number =>
    readNumber(record, 'task_record', name);
  return {
    pid: number('pid'),
    tid: number('tid'),
    policy: number('policy'),
    session: number('session'),
    cookie: readBig(record, 'task_record', 'cookie'),
    serial: readBig(record, 'task_record', 'serial'),
    start: readBig(record, 'task_record', 'start'),
    flags: number('flags'),
    dead: (number('flags') & SUBJECT_DEAD) !== 0,
    ppid: number('ppid'),
    stopped: number('stopped') !== 0,
    uid: number('uid'),
    comm: cString(fieldBytes(record, 'task_record', 'comm')),
  };
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Exact counters of a session; each only ever grows. */
export interface SessionCounters {
  /** Last sequence number given. */
  readonly sequence: number;
  /** Records that reached the ring buffer. */
  readonly events: number;
  /** Records that did not. */
  readonly dropped: number;
  /** Attempts that were like one reported before, and only counted. */
  readonly repeats: number;
  readonly denied: number;
  /** Attempts that would have been refused. */
  readonly complained: number;
  /** Attempts no rule decided, permitted for learning. */
  readonly learnt: number;
  /** Of `denied`, those whose rule says `log: false`. */
  readonly silent: number;
  /** Attempts that the fast path could not tell. */
  readonly walked: number;
  /** By enum cg_floor. */
  readonly floor: readonly number[];
  /** By enum cg_unresolved. */
  readonly unresolved: readonly number[];
  /** By operation. */
  readonly deniedBy: readonly number[];
}

/** struct cg_session as it is before the first event; null: a free one. */
export function encodeSession(cookie: bigint | null): Buffer {
  const buffer = Buffer.alloc(structBytes('session'));
  if (cookie === null) return buffer;
  writeNumber(buffer, 'session', 'active', 1);
  writeNumber(buffer, 'session', 'cookie', cookie);
  return buffer;
}

/** How many subjects there are; counted where they are born and freed, so that it holds whatever a walk over pids saw. */
export interface Living {
  /** Those there are: each that is left behind by a walk is one more to look for. */
  readonly living: number;
  /** Those there have been. Unchanged from one reading to the next: nobody was born in between. */
  readonly born: number;
}

/** What a session is to its subjects. */
export interface SessionLife extends Living {
  /** What they show; another session under the same number has another. */
  readonly cookie: bigint;
  /** What becomes of them. */
  readonly ending: Fate;
}

/** Of struct cg_session; null where the number is free. */
export function decodeLife(buffer: Buffer): SessionLife | null {
  const number = (name: Parameters<typeof readNumber<'session'>>[2]): number => readNumber(buffer, 'session', name);
  if (number('active') === 0) return null;
  const cookie = readBig(buffer, 'session', 'cookie');
  return { cookie, living: number('living'), born: number('born'), ending: FATES[number('ending')] ?? 'none' };
}

/** What belongs to no session. */
export interface Whole extends Living {
  /** It was taken off: nobody is counted any more. */
  readonly off: boolean;
  /** Attempts refused because the subject's session is over. */
  readonly strays: number;
  /** Who made the last of them; null: nobody did. */
  readonly stray: { readonly pid: number; readonly comm: string } | null;
}

/** struct cg_gate. */
export function decodeWhole(buffer: Buffer): Whole {
  const number = (name: Parameters<typeof readNumber<'gate'>>[2]): number => readNumber(buffer, 'gate', name);
  const strays = number('strays');
  const comm = cString(fieldBytes(buffer, 'gate', 'stray_comm'));
  return {
    living: number('living'),
    born: number('born'),
    off: number('off') !== 0,
    strays,
    stray: strays === 0 ? null : { pid: number('stray_pid'), comm },
  };
}

/**
 * struct cg_gate of a gate whose hooks were off for a while: nobody lives, nothing strayed. Serials go on, and the count of
 * removals too, by one for all that nobody saw meanwhile: what was kept of directories before is worth nothing (bpf/folders.inc.h).
 */
export function renewedWhole(buffer: Buffer): Buffer {
  const whole = Buffer.alloc(buffer.length);
  const copy = (name: 'born' | 'removals', more: bigint): void => {
    const { offset } = fieldOf('gate', name);
    whole.writeBigUInt64LE(buffer.readBigUInt64LE(offset) + more, offset);
  };
  copy('born', 0n);
  copy('removals', 1n);
  return whole;
}

/** struct cg_session; null where the number is free. */
export function decodeSession(buffer: Buffer): SessionCounters | null {
  const number = (name: Parameters<typeof readNumber<'session'>>[2]): number => readNumber(buffer, 'session', name);
  if (number('active') === 0) return null;
  return {
    sequence: number('sequence'),
    events: number('events'),
    dropped: number('dropped'),
    repeats: number('repeats'),
    denied: number('denied'),
    complained: number('complained'),
    learnt: number('learnt'),
    silent: number('silent'),
    walked: number('walked'),
    floor: readNumbers(buffer, 'session', 'floor'),
    unresolved: readNumbers(buffer, 'session', 'unresolved'),
    deniedBy: readNumbers(buffer, 'session', 'denied_by'),
  };
}
