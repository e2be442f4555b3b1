// SPDX-License-Identifier: GPL-2.0-only
/**
 * The layout of an image, as bpf/abi/image.h lays it down: everything is taken from the generated contract, under the names
 * that the compiler uses. A fifth size class is a line there.
 */
import { ENUMS, NUMBERS, STRUCTS } from '../abi/abi.gen.js';
import { wordsOf } from '../abi/words.js';
import { KINDS, type Kind } from '../policy/model.js';

export const { IMAGE_MAGIC, ABI_VERSION } = NUMBERS;
export const {
  /** Longest name the exact table holds; longer ones are found by the byte automata. */
  LITERAL_BYTES,
  /** Consecutive slots the matcher looks at for a name. */
  PROBES,
  /** Decisions the matcher tries one after another, the last of a chain included. */
  CHAIN_MAX,
  /** Ranges looked at for one list of ids. */
  RANGES_MAX,
  DECISION_LOG,
  DECISION_DEFAULT,
  CONDITION_OWNER_SELF,
} = NUMBERS;
export const { OPERATION_SLOTS } = ENUMS.operation;

/** The place in an answer of an operation's bit: those of version 2 have answers of their own, in which they begin at 0. */
export function slotOf(bit: number): number {
  return bit < ENUMS.operation.OPERATION_COUNT ? bit : bit - ENUMS.operation.OPERATION_COUNT;
}
export const { KIND_SLOTS } = ENUMS.kind;

type ImageName = Extract<keyof typeof STRUCTS, `image${number}`>;
type Digits<Name extends string> = Name extends `image${infer Class extends number}` ? Class : never;
/** A size class: 0 is the smallest. */
export type ImageClass = Digits<ImageName>;
export const IMAGE_CLASSES: readonly ImageClass[] = Array.from(
  { length: NUMBERS.IMAGE_CLASS_COUNT },
  (_, imageClass) => imageClass as ImageClass,
);

/** The tables of an image, in the order they stand behind the header and the byte classes. */
export const TABLES = ['states', 'literals', 'cells', 'answers', 'decisions', 'conditions', 'ranges', 'moves'] as const;
export type Table = (typeof TABLES)[number];

const image = (imageClass: ImageClass): (typeof STRUCTS)[ImageName] => STRUCTS[`image${imageClass}`];

function byTable<Value>(value: (table: Table) => Value): Readonly<Record<Table, Value>> {
  return Object.fromEntries(TABLES.map((table) => [table, value(table)])) as Record<Table, Value>;
}

/** Bytes of an entry of each table but `cells`, whose entries are larger in the largest class: cellBytes(). */
export const ENTRY_BYTES: Readonly<Record<Exclude<Table, 'cells'>, number>> = byTable((table) => {
  const { bytes, count } = image(0).fields[table];
  return bytes / count;
});

/** Entries of each table by size class; every number is a power of two. */
export const CAPACITY = Object.fromEntries(
  IMAGE_CLASSES.map((imageClass) => [imageClass, byTable((table) => image(imageClass).fields[table].count)]),
) as unknown as Readonly<Record<ImageClass, Readonly<Record<Table, number>>>>;

type Places<Fields> = { readonly [Name in keyof Fields]: number };

/** Where the fields of a struct are. */
function placesOf<Name extends keyof typeof STRUCTS>(name: Name): Places<(typeof STRUCTS)[Name]['fields']> {
  return Object.fromEntries(
    Object.entries(STRUCTS[name].fields).map(([field, { offset }]) => [field, offset]),
  ) as unknown as Places<(typeof STRUCTS)[Name]['fields']>;
}

/** Places of the header's fields; the used entries of each table stand under the table's name. */
export const HEADER = placesOf('image_header');
export const HEADER_BYTES = STRUCTS.image_header.bytes;
export const DIGEST_BYTES = STRUCTS.image_header.fields.digest.bytes;
export const STATE = placesOf('state');
export const LITERAL = placesOf('literal');
export const ANSWER = placesOf('answer');
export const DECISION = placesOf('decision');
export const CONDITION = placesOf('condition');
export const RANGE = placesOf('range');

/** `enum cg_verdict` and `enum cg_transition`: the position is the number. */
export const VERDICTS = wordsOf('verdict');
export const TRANSITIONS = wordsOf('transition');

/** `enum cg_kind`. */
export const KIND_NUMBER = Object.fromEntries(KINDS.map((kind) => [kind, wordsOf('kind').indexOf(kind)])) as Readonly<
  Record<Kind, number>
>;

/** Where each table of a class begins, and how many bytes the image has. */
export interface Offsets extends Readonly<Record<Table, number>> {
  readonly classes: number;
  readonly bytes: number;
}

/** The places of the tables in an image of this class. */
export function offsetsOf(imageClass: ImageClass): Offsets {
  const { bytes, fields } = image(imageClass);
  return { ...byTable((table) => fields[table].offset), classes: fields.classes.offset, bytes };
}

/** Bytes of a cell: the lower half is what follows, the upper one whose cell it is. */
export function cellBytes(imageClass: ImageClass): number {
  const { bytes, count } = image(imageClass).fields.cells;
  return bytes / count;
}

/** The class whose images have this size; undefined: none has. */
export function classOfSize(bytes: number): ImageClass | undefined {
  return IMAGE_CLASSES.find((imageClass) => offsetsOf(imageClass).bytes === bytes);
}

/** Can the exact table hold the name? Others are found by the byte automata. */
export function fitsExactTable(name: string): boolean {
  return name.length >= 1 && name.length <= LITERAL_BYTES;
}

/** `CG_LITERAL_KEY`: the state a name leaves, and its bytes. */
export function literalKey(state: number, length: number): number {
  return ((state << 8) | length) >>> 0;
}

/** `CG_LITERAL_BYTES` bytes of a name as six 32-bit halves of its three little endian words, low half first. */
export function literalHalves(name: string): Uint32Array {
  const halves = new Uint32Array(LITERAL_BYTES / 4);
  for (let at = 0; at < name.length; at++)
    halves[at >> 2] = (halves[at >> 2] as number) | (name.charCodeAt(at) << ((at & 3) * 8));
  return halves;
}
