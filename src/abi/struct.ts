// SPDX-License-Identifier: GPL-2.0-only
/**
 * Fields of the structs of bpf/abi by name, at the places that the generated table gives. For code that has a struct in a
 * buffer and wants one field of it.
 */
import { STRUCTS } from './abi.gen.js';

export type StructName = keyof typeof STRUCTS;
export type FieldName<S extends StructName> = keyof (typeof STRUCTS)[S]['fields'] & string;

interface Field {
  readonly offset: number;
  readonly bytes: number;
  readonly type: string;
  readonly count?: number;
}

/** Length in bytes. */
export function structBytes(struct: StructName): number {
  return STRUCTS[struct].bytes;
}

/** Where the field is and what it holds. */
export function fieldOf<S extends StructName>(struct: S, name: FieldName<S>): Field {
  return (STRUCTS[struct].fields as Readonly<Record<string, Field>>)[name] as Field;
}

/**
 * A number: the field's, or element `index` of an array of numbers. 64-bit ones are read exactly up to 2^53.
 * Throws a RangeError for a field of bytes, a struct, or an index behind its end.
 */
export function readNumber<S extends StructName>(buffer: Buffer, struct: S, name: FieldName<S>, index = 0): number {
  const { at, width, signed } = place(struct, name, index);
  if (width === 8) return Number(signed ? buffer.readBigInt64LE(at) : buffer.readBigUInt64LE(at));
  return signed ? buffer.readIntLE(at, width) : buffer.readUIntLE(at, width);
}

/** Writes what readNumber reads; 64-bit values may be bigints. Throws a RangeError for one that does not fit. */
export function writeNumber<S extends StructName>(
  buffer: Buffer,
  struct: S,
  name: FieldName<S>,
  value: number | bigint,
  index = 0,
): void {
  const { at, width, signed } = place(struct, name, index);
  if (width === 8) {
    if (signed) buffer.writeBigInt64LE(BigInt(value), at);
    else buffer.writeBigUInt64LE(BigInt(value), at);
  } else if (signed) buffer.writeIntLE(Number(value), at, width);
  else buffer.writeUIntLE(Number(value), at, width);
}

/** All numbers of an array. */
export function readNumbers<S extends StructName>(buffer: Buffer, struct: S, name: FieldName<S>): number[] {
  return Array.from({ length: fieldOf(struct, name).count ?? 1 }, (_, index) =>
    readNumber(buffer, struct, name, index),
  );
}

/** An unsigned 64-bit number, exactly. */
export function readBig<S extends StructName>(buffer: Buffer, struct: S, name: FieldName<S>): bigint {
  return buffer.readBigUInt64LE(place(struct, name, 0).at);
}

/** The bytes of a field, in the same memory. */
export function fieldBytes<S extends StructName>(buffer: Buffer, struct: S, name: FieldName<S>): Buffer {
  const field = fieldOf(struct, name);
  return buffer.subarray(field.offset, field.offset + field.bytes);
}

function place<S extends StructName>(
  struct: S,
  name: FieldName<S>,
  index: number,
): { at: number; width: number; signed: boolean } {
  const field = fieldOf(struct, name);
  const scalar = /^([us])(8|16|32|64)$/.exec(field.type);
  if (scalar === null) throw new RangeError(`${struct}.${name} is no number but ${field.type}`);
  if (index < 0 || index >= (field.count ?? 1)) throw new RangeError(`${struct}.${name} has no element ${index}`);
  const width = Number(scalar[2]) / 8;
  return { at: field.offset + index * width, width, signed: scalar[1] === 's' };
}
