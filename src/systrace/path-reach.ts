// SPDX-License-Identifier: GPL-2.0-only
/** What a comparison with a path reaches: the patterns it says in the target language, or the nearest below and above. */
import type { Bytes } from '../policy/bytes.js';
import { readFnmatch } from './fnmatch.js';
import { ANY_NAME, DEEP, EVERYTHING, literalPattern, nameOf, type Part, type Pattern, type Sign } from './pattern.js';
import { exactly, type Reach, reaching } from './reach.js';
import { parseRegex } from './regex.js';
import { patternsOf } from './regex-paths.js';
import { hasVariable, withVariables } from './variables.js';

const MISSING = '<non-existent filename>';
const nothing = (remark: 'never' | 'no-object'): Reach<Pattern> => ({ under: [], over: [], remark });
const unknown = (under: readonly Pattern[] = []): Reach<Pattern> => ({ under, over: [EVERYTHING], remark: 'pattern' });

/** What of all absolute, normal paths a comparison holds for. */
export const pathReach = reaching<Pattern>({ equal, matching, holding, above, regular });

function equal(value: Bytes): Reach<Pattern> {
  if (value === '' || value.includes(MISSING)) return nothing('no-object');
  if (hasVariable(value)) {
    const pattern = spelled(value);
    return pattern === null ? nothing('never') : { under: [pattern], over: [anyCase(pattern)], remark: 'case' };
  }
  if (!isNormal(value)) return nothing('never');
  const pattern = literalPattern(value);
  const folded = anyCase(pattern);
  return /[A-Za-z]/.test(value) ? { under: [pattern], over: [folded], remark: 'case' } : exactly([pattern]);
}

/** Could a path be printed so: absolute, without `.`, `..`, doubled slashes or one at the end? */
export function isNormal(path: string): boolean {
  return path === '/' || /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/.test(path);
}

/** A text with variables as a pattern; null where it can be no path. */
function spelled(value: string): Pattern | null {
  const names: Sign[][] = [[]];
  for (let at = 0; at < value.length; ) {
    const variable = withVariables(value, at);
    if (variable !== null) names.at(-1)?.push({ kind: 'variable', name: variable.name });
    else if (value[at] === '/') names.push([]);
    else names.at(-1)?.push({ kind: 'byte', value: value.charCodeAt(at) });
    at = variable?.end ?? at + 1;
  }
  return patternOfNames(names, false);
}

/** Names as they stood between slashes, the one before the first slash too. */
function patternOfNames(names: readonly (readonly Sign[])[], below: boolean): Pattern | null {
  const [first = [], ...rest] = names;
  const [variable] = first;
  const rooted = variable?.kind === 'variable' && variable.name !== 'USER';
  if (first.length > 0 && !rooted) return null;
  const all = rooted ? names : rest;
  if (all.some((signs) => signs.length === 0 || isDots(signs))) return null;
  return { parts: all.map((signs): Part => ({ kind: 'name', signs })), below };
}

function isDots(signs: readonly Sign[]): boolean {
  return signs.length <= 2 && signs.every((sign) => sign.kind === 'byte' && sign.value === 0x2e);
}

/** What was written, of the patterns of all spellings. */
const WRITTEN = new WeakMap<Pattern, Pattern>();

/** The one spelling that was written, of a pattern of all of them; null: it is no such pattern. */
export function asWritten(pattern: Pattern): Pattern | null {
  return WRITTEN.get(pattern) ?? null;
}

function anyCase(pattern: Pattern): Pattern {
  const { parts, below } = pattern;
  const either = (sign: Sign): Sign => {
    if (sign.kind !== 'byte') return sign;
    const text = String.fromCharCode(sign.value);
    if (!/[A-Za-z]/.test(text)) return sign;
    const members = Array<boolean>(256).fill(false);
    members[text.toLowerCase().charCodeAt(0)] = members[text.toUpperCase().charCodeAt(0)] = true;
    return { kind: 'set', members };
  };
  const fold = (part: Part): Part => (part.kind === 'deep' ? part : { kind: 'name', signs: part.signs.map(either) });
  const folded = { parts: parts.map(fold), below };
  WRITTEN.set(folded, pattern);
  return folded;
}

function matching(value: Bytes): Reach<Pattern> {
  if (value.includes(MISSING)) return nothing('no-object');
  const names = readFnmatch(value);
  if (names === null) return unknown();
  // What is used up at a slash of the path has matched a leading folder of it.
  const [first = [], ...rest] = names;
  const onlyStar = first.length === 1 && first[0]?.kind === 'star';
  if (rest.length === 0 && (first.length === 0 || onlyStar)) return exactly([EVERYTHING]);
  const relevant = onlyStar ? [[], ...rest] : names;
  // The slash alone is the root; a slash at the end was never printed.
  if (rest.length === 1 && rest[0]?.length === 0 && (first.length === 0 || onlyStar))
    return exactly([literalPattern('/' as Bytes)]);
  const star = rest.length === 1 && rest[0]?.length === 1 && rest[0][0]?.kind === 'star';
  if (star && relevant[0]?.length === 0) return exactly([EVERYTHING]);
  const pattern = patternOfNames(relevant, true);
  return pattern === null ? nothing('never') : exactly([pattern]);
}

function holding(value: Bytes): Reach<Pattern> {
  if (value.includes(MISSING)) return nothing('no-object');
  if (value === '' || value === '/') return exactly([EVERYTHING]);
  if (hasVariable(value)) {
    const pattern = spelled(value);
    const last = pattern?.parts.at(-1);
    if (pattern === null || last?.kind !== 'name') return unknown();
    const open: Part = { kind: 'name', signs: [...last.signs, { kind: 'star' }] };
    return unknown([{ parts: [...pattern.parts.slice(0, -1), open], below: true }]);
  }
  const names = value.split('/');
  const middle = names.slice(1, -1);
  if (middle.some((name) => name === '' || name === '.' || name === '..')) return nothing('never');
  const [head = '', tail = ''] = [names[0], names.at(-1)];
  const star: Sign = { kind: 'star' };
  const around = (before: boolean, name: string, after: boolean): Part => {
    const signs = (nameOf(name) as Extract<Part, { kind: 'name' }>).signs;
    return { kind: 'name', signs: [...(before ? [star] : []), ...signs, ...(after ? [star] : [])] };
  };
  if (names.length === 1) return exactly([{ parts: [DEEP, around(true, head, true)], below: true }]);
  const parts = [DEEP, ...(head === '' ? [] : [around(true, head, false)]), ...middle.map((name) => nameOf(name))];
  parts.push(tail === '' ? ANY_NAME : around(false, tail, true));
  return exactly([{ parts, below: true }]);
}

/** The path itself and every folder above it: `inpath` holds for what leads to its text. */
function above(value: Bytes): Reach<Pattern> {
  if (hasVariable(value)) {
    const pattern = spelled(value);
    return pattern === null ? nothing('never') : unknown([pattern, { parts: [], below: false }]);
  }
  if (!value.startsWith('/')) return nothing('never');
  const names = value.split('/').slice(1);
  const usable = names.findIndex((name) => name === '' || name === '.' || name === '..');
  const leading = usable < 0 ? names : names.slice(0, usable);
  return exactly(
    Array.from({ length: leading.length + 1 }, (_, length) =>
      literalPattern(`/${leading.slice(0, length).join('/')}` as Bytes),
    ),
  );
}

function regular(value: Bytes): Reach<Pattern> {
  if (value.includes(MISSING)) return nothing('no-object');
  const regex = hasVariable(value) ? null : parseRegex(value);
  const found = regex === null ? null : patternsOf(regex);
  if (found === null) return unknown();
  return found.exact ? exactly(found.patterns) : unknown(found.patterns);
}
