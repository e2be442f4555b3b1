/**
 * The structs of bpf/abi/gate.h that the control plane writes and reads, as values. Offsets are asserted against the
 * header's sizes there and against BTF in test/kernel/records.test.ts.
 */
export const SUBJECT_ARMED = 1;
export const SUBJECT_FREE = 2;
export const SUBJECT_DEAD = 4;

/** Numbers in the maps of the gate; 0 is never used for a policy or a session. */
export const POLICIES_MAX = 4096;
export const SESSIONS_MAX = 256;
/** Places in the outer map of each image class. */
export const IMAGE_PLACES: readonly number[] = [1024, 256, 32, 8];

export const SLOT_MODES = ['enforce', 'complain', 'learn'] as const;
export type SlotMode = (typeof SLOT_MODES)[number];

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

/** struct cg_slot; null writes a free one. */
export function encodeSlot(slot: Slot | null): Buffer {
  const buffer = Buffer.alloc(24);
  if (slot === null) return buffer;
  buffer.writeUInt32LE(slot.image === null ? 0 : ((slot.image.class << 24) | (slot.image.place + 1)) >>> 0, 0);
  buffer.writeUInt32LE(SLOT_MODES.indexOf(slot.mode), 4);
  buffer.writeUInt32LE(slot.session, 8);
  buffer.writeUInt32LE(slot.program, 12);
  buffer.writeBigUInt64LE(slot.cookie, 16);
  return buffer;
}

/** Null for a slot that is free. */
export function decodeSlot(buffer: Buffer): Slot | null {
  const location = buffer.readUInt32LE(0);
  const session = buffer.readUInt32LE(8);
  if (location === 0 && session === 0) return null;
  return {
    image: location === 0 ? null : { class: location >>> 24, place: (location & 0xffffff) - 1 },
    mode: SLOT_MODES[buffer.readUInt32LE(4)] ?? 'enforce',
    session,
    program: buffer.readUInt32LE(12),
    cookie: buffer.readBigUInt64LE(16),
  };
}

/** struct cg_program, the key of `programs`. */
export function encodeProgram(session: number, program: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeUInt32LE(session, 0);
  buffer.writeUInt32LE(program, 4);
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
  const buffer = Buffer.alloc(88);
  buffer.writeUInt32LE(policy, 0);
  buffer.writeUInt32LE(session, 4);
  buffer.writeUInt32LE(SUBJECT_ARMED, 8);
  buffer.writeBigUInt64LE(inode, 48);
  buffer.writeUInt32LE(device >>> 0, 56);
  buffer.writeBigUInt64LE(cookie, 64);
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

const TASK_RECORD_BYTES = 72;

/** struct cg_task_record, one after the other. */
export function decodeTasks(buffer: Buffer): SubjectTask[] {
  const tasks: SubjectTask[] = [];
  for (let at = 0; at + TASK_RECORD_BYTES <= buffer.length; at += TASK_RECORD_BYTES) {
    tasks.push({
      pid: buffer.readUInt32LE(at),
      tid: buffer.readUInt32LE(at + 4),
      policy: buffer.readUInt32LE(at + 8),
      session: buffer.readUInt32LE(at + 12),
      start: buffer.readBigUInt64LE(at + 16),
      flags: buffer.readUInt32LE(at + 24),
      dead: (buffer.readUInt32LE(at + 24) & SUBJECT_DEAD) !== 0,
      ppid: buffer.readUInt32LE(at + 28),
      stopped: buffer.readUInt32LE(at + 32) !== 0,
      uid: buffer.readUInt32LE(at + 36),
      comm: cString(buffer.subarray(at + 40, at + 56)),
      cookie: buffer.readBigUInt64LE(at + 56),
      serial: buffer.readBigUInt64LE(at + 64),
    });
  }
  return tasks;
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
  /** By enum cg_floor. */
  readonly floor: readonly number[];
  /** By enum cg_unresolved. */
  readonly unresolved: readonly number[];
  /** By operation. */
  readonly deniedBy: readonly number[];
}

const SESSION_WORDS = 9 + 16 + 16 + 20;
const SESSION_BYTES = 8 * (SESSION_WORDS + 4);

/** struct cg_session as it is before the first event; null: a free one. */
export function encodeSession(cookie: bigint | null): Buffer {
  const buffer = Buffer.alloc(SESSION_BYTES);
  if (cookie === null) return buffer;
  buffer.writeBigUInt64LE(1n, 0);
  buffer.writeBigUInt64LE(cookie, 8 * SESSION_WORDS);
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
  /** They may not fork any more. */
  readonly ending: boolean;
}

/** Of struct cg_session; null where the number is free. */
export function decodeLife(buffer: Buffer): SessionLife | null {
  const word = (index: number): bigint => buffer.readBigUInt64LE(8 * (SESSION_WORDS + index));
  if (buffer.readBigUInt64LE(0) === 0n) return null;
  return { cookie: word(0), living: Number(word(1)), born: Number(word(2)), ending: word(3) !== 0n };
}

/** What belongs to no session. */
export interface Whole extends Living {
  /** It is being taken off, or is: nobody is counted any more. */
  readonly off: boolean;
  /** Attempts refused because the subject's session is over. */
  readonly strays: number;
  /** Who made the last of them; null: nobody did. */
  readonly stray: { readonly pid: number; readonly comm: string } | null;
}

/** struct cg_gate. */
export function decodeWhole(buffer: Buffer): Whole {
  const word = (index: number): number => Number(buffer.readBigUInt64LE(8 * index));
  const strays = word(3);
  const stray = strays === 0 ? null : { pid: buffer.readUInt32LE(40), comm: cString(buffer.subarray(48, 64)) };
  return { living: word(0), born: word(1), off: word(2) !== 0, strays, stray };
}

/** struct cg_session; null where the number is free. */
export function decodeSession(buffer: Buffer): SessionCounters | null {
  const read = (index: number): number => Number(buffer.readBigUInt64LE(8 * index));
  const list = (first: number, length: number): number[] => Array.from({ length }, (_, index) => read(first + index));
  if (read(0) === 0) return null;
  return {
    sequence: read(1),
    events: read(2),
    dropped: read(3),
    repeats: read(4),
    denied: read(5),
    complained: read(6),
    learnt: read(7),
    silent: read(8),
    floor: list(9, 16),
    unresolved: list(25, 16),
    deniedBy: list(41, 20),
  };
}
