/**
 * The layout of an image, as bpf/abi/image.h lays it down: sizes, places of fields, size classes and limits. A test
 * compiles that header and compares every number here with it.
 */
import type { Kind } from '../policy/model.js';

export const IMAGE_MAGIC = 0x43474d31;
export const ABI_VERSION = 2;

/** Longest name the exact table holds; longer ones are found by the byte automata. */
export const LITERAL_BYTES = 24;
/** Consecutive slots the matcher looks at for a name. */
export const PROBES = 4;
/** Decisions the matcher tries one after another, the last of a chain included. */
export const CHAIN_MAX = 32;
/** Ranges looked at for one list of ids. */
export const RANGES_MAX = 64;
export const OPERATION_SLOTS = 20;
export const KIND_SLOTS = 16;

export type ImageClass = 0 | 1 | 2 | 3;
export const IMAGE_CLASSES: readonly ImageClass[] = [0, 1, 2, 3];

/** The tables of an image, in the order they stand behind the header and the byte classes. */
export const TABLES = ['states', 'literals', 'cells', 'answers', 'decisions', 'conditions', 'ranges'] as const;
export type Table = (typeof TABLES)[number];

export const ENTRY_BYTES: Readonly<Record<Table, number>> = {
  states: 24,
  literals: 40,
  cells: 4,
  answers: 88,
  decisions: 24,
  conditions: 24,
  ranges: 8,
};

/** Entries of each table by size class; every number is a power of two. */
export const CAPACITY: Readonly<Record<ImageClass, Readonly<Record<Table, number>>>> = {
  0: { states: 256, literals: 256, cells: 4096, answers: 256, decisions: 256, conditions: 32, ranges: 64 },
  1: { states: 4096, literals: 4096, cells: 65536, answers: 4096, decisions: 4096, conditions: 256, ranges: 1024 },
  2: {
    states: 32768,
    literals: 32768,
    cells: 524288,
    answers: 32768,
    decisions: 32768,
    conditions: 1024,
    ranges: 8192,
  },
  3: {
    states: 131072,
    literals: 131072,
    cells: 2097152,
    answers: 131072,
    decisions: 131072,
    conditions: 4096,
    ranges: 32768,
  },
};

/** Places of the header's fields. */
export const HEADER = {
  magic: 0,
  abi: 4,
  classCount: 8,
  startPath: 12,
  startInet: 16,
  startAbstract: 20,
  startFamily: 24,
  unnamed: 28,
  seed: 32,
  generation: 40,
  kinds: 48,
  digest: 112,
  /** The used entries of each table, in the order of TABLES. */
  used: 144,
  bytes: 176,
} as const;

export const DIGEST_BYTES = 32;

export const STATE = { firstMask: 0, lengthMask: 8, fallback: 12, dfa: 16, answer: 20 } as const;
export const LITERAL = { words: 0, state: 24, length: 28, to: 32 } as const;
export const ANSWER = { decision: 0, program: 80 } as const;
export const DECISION = {
  verdict: 0,
  transition: 1,
  errnum: 2,
  flags: 4,
  rule: 8,
  onlyIf: 12,
  unless: 16,
  otherwise: 20,
} as const;
export const CONDITION = { flags: 0, uidFirst: 4, uidCount: 8, gidFirst: 12, gidCount: 16 } as const;
export const RANGE = { first: 0, last: 4 } as const;

export const DECISION_LOG = 1;
export const DECISION_DEFAULT = 2;
export const CONDITION_OWNER_SELF = 1;

/** `enum cg_verdict` and `enum cg_transition`: the position is the number. */
export const VERDICTS = ['permit', 'deny', 'ask'] as const;
export const TRANSITIONS = ['own', 'inherit', 'unconfined'] as const;

/** `enum cg_kind`. */
export const KIND_NUMBER: Readonly<Record<Kind, number>> = {
  memfd: 0,
  deleted: 1,
  tmpfile: 2,
  shm: 3,
  pipe: 4,
  socket: 5,
  anon: 6,
  detached: 7,
  foreign: 8,
  unreachable: 9,
};

/** Where each table of a class begins, and how many bytes the image has. */
export interface Offsets extends Readonly<Record<Table, number>> {
  readonly classes: number;
  readonly bytes: number;
}

/** The places of the tables in an image of this class. */
export function offsetsOf(imageClass: ImageClass): Offsets {
  const places: Partial<Record<Table, number>> = {};
  let at: number = HEADER.bytes + 256;
  for (const table of TABLES) {
    places[table] = at;
    at += CAPACITY[imageClass][table] * ENTRY_BYTES[table];
  }
  return { ...(places as Record<Table, number>), classes: HEADER.bytes, bytes: at };
}

/** The class whose images have this size; undefined: none has. */
export function classOfSize(bytes: number): ImageClass | undefined {
  return IMAGE_CLASSES.find((imageClass) => offsetsOf(imageClass).bytes === bytes);
}

/** Can the exact table hold the name? Others are found by the byte automata. */
export function fitsExactTable(name: string): boolean {
  return name.length >= 1 && name.length <= LITERAL_BYTES;
}

/** `CG_LITERAL_BYTES` bytes of a name as six 32-bit halves of its three little endian words, low half first. */
export function literalHalves(name: string): Uint32Array {
  const halves = new Uint32Array(LITERAL_BYTES / 4);
  for (let at = 0; at < name.length; at++)
    halves[at >> 2] = (halves[at >> 2] as number) | (name.charCodeAt(at) << ((at & 3) * 8));
  return halves;
}
