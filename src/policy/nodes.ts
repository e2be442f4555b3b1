// SPDX-License-Identifier: GPL-2.0-only
/** Reading typed values from YAML nodes: each returns undefined where the value is wrong, having reported why. */
import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode, type Scalar } from 'yaml';
import { Fault, quoted } from './errors.js';
import type { Source } from './source.js';
import { nearest } from './suggest.js';

/** A key, its offset, and its value (null: nothing stands behind the key). */
export interface Entry {
  readonly key: string;
  readonly at: number;
  readonly value: ParsedNode | null;
}

/** A plain value and where it stands. */
export interface Word {
  readonly value: string;
  readonly node: Scalar;
}

/** The entries of a map, in their order; undefined where the node is none. */
export function entriesOf(source: Source, node: ParsedNode | null, what: string): Entry[] | undefined {
  if (!isMap(node)) {
    source.report('not-a-map', { what, got: kindOf(node) }, startOf(node));
    return undefined;
  }
  return (node.items as Pair<ParsedNode, ParsedNode | null>[]).map(({ key, value }) => ({
    key: String((key as Scalar).value),
    at: startOf(key),
    value,
  }));
}

/** Reports every entry whose key is not among the known. */
export function refuseUnknown(
  source: Source,
  entries: readonly Entry[],
  known: readonly string[],
  where: string,
): void {
  for (const { key, at } of entries)
    if (!known.includes(key)) source.report('unknown-key', { key: quoted(key), where, hint: nearest(key, known) }, at);
}

/** A text. */
export function textValue(source: Source, { key, at, value }: Entry): Word | undefined {
  return word(source, value, key, 'a text', at);
}

/** One of a few words. */
export function choice<W extends string>(source: Source, entry: Entry, words: readonly W[]): W | undefined {
  const found = word(source, entry.value, entry.key, list(words), entry.at);
  if (found === undefined) return undefined;
  const { value, node } = found;
  if ((words as readonly string[]).includes(value)) return value as W;
  const facts = { key: entry.key, got: quoted(value), words: list(words), hint: nearest(value, words) };
  source.report('wrong-word', facts, startOf(node as ParsedNode));
  return undefined;
}

/** true or false. */
export function flag(source: Source, { key, at, value }: Entry): boolean | undefined {
  if (isScalar(value) && typeof value.value === 'boolean') return value.value;
  source.report(
    'wrong-type',
    { key, expected: 'true or false', got: kindOf(value) },
    value === null ? at : startOf(value),
  );
  return undefined;
}

/** A text or a list of them; an empty list is an error, a wrong element is left out after it is reported. */
export function words(source: Source, { key, at, value }: Entry): Word[] {
  const expected = 'a text or a list of texts';
  if (!isSeq(value)) {
    const only = word(source, value, key, expected, at);
    return only === undefined ? [] : [only];
  }
  if (value.items.length === 0) source.report('empty-list', { key }, startOf(value));
  return (value.items as (ParsedNode | null)[]).flatMap((item) => {
    const found = word(source, item, key, 'a list of texts', startOf(value));
    return found === undefined ? [] : [found];
  });
}

/** A number or text, or a list of them. */
export function ids(source: Source, { key, at, value }: Entry): { value: string | number; node: Scalar }[] {
  const items = isSeq(value) ? (value.items as (ParsedNode | null)[]) : [value];
  if (items.length === 0) source.report('empty-list', { key }, startOf(value));
  return items.flatMap((item) => {
    if (isScalar(item) && (typeof item.value === 'string' || typeof item.value === 'number'))
      return [{ value: item.value, node: item as Scalar }];
    source.report(
      'wrong-type',
      { key, expected: 'a number, a range or a list of them', got: kindOf(item) },
      item === null ? at : startOf(item),
    );
    return [];
  });
}

/**
 * Calls `read` with the word's text; a Fault becomes a problem at the sign it names.
 *
 * @returns undefined where there was a Fault
 */
export function faulting<T>(
  source: Source,
  { value, node }: { value: unknown; node: Scalar },
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // In quotes one sign may be written as several: then the value as a whole is pointed at.
    const start = startOf(node as ParsedNode);
    const written = source.text.slice(start, node.range?.[1] ?? start);
    const offset = written === value ? error.index : written.slice(1, -1) === value ? error.index + 1 : 0;
    source.report(error.code, error.facts, start + offset);
    return undefined;
  }
}

export function startOf(node: ParsedNode | null): number {
  return node?.range[0] ?? 0;
}

function word(source: Source, node: ParsedNode | null, key: string, expected: string, at: number): Word | undefined {
  if (isScalar(node) && typeof node.value === 'string') return { value: node.value, node: node as Scalar };
  const start = node === null ? at : startOf(node);
  const written = node === null ? '' : source.text.slice(start, node.range[1]);
  const pattern = (isMap(node) || isSeq(node)) && node.flow === true && !/[:\n]\s/.test(written);
  const address = isMap(node) && node.flow !== true && /^(unix|tcp|udp|sctp|icmp|raw):\s*$/.test(written);
  if (pattern && /^\{|^\[(?!\s)[^"', ]*\]$/.test(written))
    source.report('unquoted-sign', { sign: written[0] as string, value: written }, start);
  else if (address) source.report('unquoted-sign', { sign: ':', value: written.trim() }, start);
  else {
    // As it is written: 0x10 is another text than 16.
    const plain = isScalar(node) && node.value !== null && written !== '';
    source.report(
      'wrong-type',
      { key, expected, got: kindOf(node), ...(plain ? { instead: `it in quotes: "${written.trim()}"` } : {}) },
      start,
    );
  }
  return undefined;
}

/** What a node is, in words. */
export function kindOf(node: ParsedNode | null): string {
  if (node === null || isAlias(node)) return 'nothing';
  if (isMap(node)) return 'keys with values';
  if (isSeq(node)) return 'a list';
  const { value } = node;
  if (value === null) return 'nothing';
  return typeof value === 'string' ? 'a text' : `the ${typeof value} ${String(value)} (in quotes it is a text)`;
}

/** `a, b or c`. */
function list(options: readonly string[]): string {
  return options.length < 2 ? options.join('') : `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;
}
