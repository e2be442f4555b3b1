// SPDX-License-Identifier: GPL-2.0-only
/** Comparison of some fields, and exact in each: what `t.match` is not, which takes surplus elements and parts of texts. */
import type { Test } from 'tap';

/** Of `value` what `wanted` names: of an object those fields, of an array every element, and anything else as it is. */
export function fieldsOf(value: unknown, wanted: unknown): unknown {
  if (wanted instanceof RegExp) return typeof value === 'string' && wanted.test(value) ? wanted : value;
  if (typeof wanted !== 'object' || wanted === null || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(wanted))
    return Array.isArray(value) ? value.map((element, index) => fieldsOf(element, wanted[index])) : value;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(wanted).map(([name, field]) => [name, fieldsOf((value as Record<string, unknown>)[name], field)]),
  );
}

/**
 * Asserts that `value` has these fields with exactly these values: an array has as many elements, a text is the whole
 * text (a regular expression in its place says what it looks like). Fields that are not named are not looked at.
 */
export function hasFields(t: Pick<Test, 'strictSame'>, value: unknown, wanted: unknown, name?: string): void {
  t.strictSame(fieldsOf(value, wanted), wanted, ...(name === undefined ? [] : [name]));
}
