// SPDX-License-Identifier: GPL-2.0-only
/** The YAML that a policy may be written in: one document of maps, lists and plain values, nothing that refers or resolves. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLParseError,
} from 'yaml';
import type { Source } from './source.js';

const TEXT_MAX = 16 * 1024 * 1024;
/** A policy is a map of a list of maps of lists; the rest is room for what is then told to be wrong. */
const DEPTH_MAX = 12;
/** Brackets open at once on one line, those in quotes too: bounds the parser's recursion before it begins. */
const BRACKETS_MAX = 200;
/** Behind a colon or a dash, or in a list: where a value begins. */
const VALUE_START = /^(?:[^"'#]*?(?:: |- |, |\[))?\s*$/;

/**
 * The text's one document; null where there is nothing to go on with. What is wrong stands in the source's problems.
 */
export function readYaml(source: Source): ParsedNode | null {
  const { text } = source;
  if (text.length > TEXT_MAX) {
    source.report('text-too-long', { most: '16 MiB' }, 0);
    return null;
  }
  if (!signs(source)) return null;
  if (text.replace(/^\s*(#.*)?$/gm, '').trim() === '') {
    source.report('empty-file', {}, 0);
    return null;
  }
  if (brackets(text) > BRACKETS_MAX) {
    source.report('nested-too-deep', { most: DEPTH_MAX }, 0);
    return null;
  }
  const documents = parseAllDocuments<ParsedNode>(text, { uniqueKeys: false, prettyErrors: false });
  if (!Array.isArray(documents)) {
    source.report('empty-file', {}, 0);
    return null;
  }
  const [first, second] = documents;
  if (second !== undefined) source.report('several-documents', {}, second.range?.[0] ?? text.length);
  const directive = /^%.*$/m.exec(text.split(/^---/m)[0] ?? '');
  if (directive !== null && text.startsWith('---', text.indexOf('\n', directive.index) + 1))
    source.report('directive', {}, directive.index);
  if (first === undefined) return null;
  for (const error of first.errors) syntax(source, error);
  if (first.errors.length === 0) references(source, first);
  return source.problems.length === 0 ? (first.contents ?? null) : null;
}

/** Characters that stand in no policy. */
function signs(source: Source): boolean {
  const { text } = source;
  if (text.startsWith('\ufeff')) {
    source.report('byte-order-mark', {}, 0);
    return false;
  }
  const bad = /[\0\r\ufffd]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
  for (const { 0: sign, index } of text.matchAll(bad)) {
    if (sign === '\n' || sign === '\t') continue;
    if (sign === '\0') source.report('nul-byte', {}, index);
    else if (sign === '\r') source.report('carriage-return', {}, index);
    else if (sign === '\ufffd') source.report('not-utf8', {}, index);
    else
      source.report(
        'control-character',
        { code: `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}` },
        index,
      );
    return false;
  }
  return true;
}

/** Most brackets open at once on one line, or dashes one behind the other. */
function brackets(text: string): number {
  let most = 0;
  for (const line of text.split('\n')) {
    let open = 0;
    let indents = 0;
    for (const sign of line) {
      if (sign === '[' || sign === '{') most = Math.max(most, ++open);
      else if (sign === ']' || sign === '}') open--;
      else if (sign === '-' && indents >= 0) indents++;
      else if (sign !== ' ') indents = -1e9;
    }
    most = Math.max(most, indents);
  }
  return most;
}

function syntax(source: Source, { code, message, pos }: YAMLParseError): void {
  const { text } = source;
  const at = pos[0];
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const line = text.slice(start, end < 0 ? text.length : end);
  if (code === 'TAB_AS_INDENT') {
    source.report('tab-indent', {}, at);
    return;
  }
  const value = /^(\s*(?:- )*(?:[\w-]+: +)?(?:\[ *)?)([[{*&!%@`|>][^\n]*?)\s*(?: #.*)?$/.exec(line);
  const colon = /^(\s*(?:- )*[\w-]+: +)((?:unix|tcp|udp|sctp|icmp|raw):)\s*$/.exec(line);
  const found = value !== null && /[/.*?[\]{}]/.test(value[2] as string) ? value : colon;
  if (found === null) {
    source.report('yaml-syntax', { detail: message.charAt(0).toLowerCase() + message.slice(1) }, at);
    return;
  }
  const [, before = '', written = ''] = found;
  const sign = found === colon ? ':' : (written[0] as string);
  source.report('unquoted-sign', { sign, value: written }, start + before.length);
}

/** Anchors, aliases, tags, merge keys, keys that stand twice, depth. */
function references(source: Source, document: Document.Parsed<ParsedNode>): void {
  visit(document, {
    Node(_key, node, path) {
      const at = (node as Node).range?.[0] ?? 0;
      if (isAlias(node)) {
        const globlike = VALUE_START.test(lineBefore(source, at)) && /[./*?[]/.test(node.source);
        if (globlike) source.report('unquoted-sign', { sign: '*', value: `*${node.source}` }, at);
        else source.report('alias', { name: node.source }, at);
        return;
      }
      if (node.anchor !== undefined) source.report('anchor', { name: node.anchor }, before(source, at, '&'));
      if (node.tag !== undefined) source.report('tag', { tag: node.tag }, before(source, at, '!'));
      if (isCollection(node) && path.filter(isCollection).length >= DEPTH_MAX)
        source.report('nested-too-deep', { most: DEPTH_MAX }, at);
      if (isMap(node)) keys(source, node.items);
      if (isScalar(node)) oneLine(source, node, at);
    },
  });
}

/** Lines that are folded or kept make one value, which names nothing that was meant. */
function oneLine(source: Source, { type, range }: Scalar, at: number): void {
  const block = type === 'BLOCK_LITERAL' ? '|' : type === 'BLOCK_FOLDED' ? '>' : '';
  const written = source.text.slice(at, range?.[1] ?? at);
  if (block !== '' || written.trimEnd().includes('\n')) source.report('several-lines', { block }, at);
}

function keys(source: Source, items: readonly unknown[]): void {
  const lines = new Map<string, number>();
  for (const item of items) {
    if (!isPair(item)) continue;
    const key = item.key;
    const at = (key as Node | null)?.range?.[0] ?? 0;
    if (!isScalar(key) || typeof key.value !== 'string') {
      if (!isAlias(key)) source.report('key-not-text', {}, at);
      continue;
    }
    if (key.value === '<<') source.report('merge-key', {}, at);
    const line = lines.get(key.value);
    if (line !== undefined) source.report('duplicate-key', { key: key.value, line }, at);
    else lines.set(key.value, source.place(at).line);
  }
}

function lineBefore({ text }: Source, at: number): string {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
}

/** Where the sign in front of a node stands, in its line. */
function before({ text }: Source, at: number, sign: string): number {
  const found = text.lastIndexOf(sign, at);
  if (found < 0) return at;
  // A tag may begin with two.
  return text[found - 1] === sign ? found - 1 : found;
}
