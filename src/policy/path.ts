// SPDX-License-Identifier: GPL-2.0-only
/** Patterns of absolute paths: text to components, and back. */
import { type Bytes, textOf } from './bytes.js';
import { Fault } from './errors.js';
import { lengthsOf, literalOf, literalText, readName, tokensText } from './glob.js';
import type { Component, PathPattern, Token } from './model.js';
import { expandPattern, type Lookup } from './variables.js';

/** Bytes of the longest path a program can name at once (PATH_MAX without its NUL), and of the longest name. */
export const PATH_BYTES_MAX = 4095;
export const NAME_BYTES_MAX = 255;
/** How many names a glob may stand for when it is asked whether all of them are `.` and `..`. */
const NAMES_LOOKED_AT = 16;

/**
 * Reads a path pattern. Its `text` is the one given, with the variables written out.
 *
 * @throws Fault for what is no pattern, and for a pattern that can never match, with the index of the sign in `text`
 */
export function parsePath(text: string, lookup: Lookup): PathPattern {
  const { text: written, origin } = expandPattern(text, lookup);
  try {
    const pattern = readPath(written);
    return written === text ? pattern : { ...pattern, variable: true };
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, error.facts, origin(error.index));
    throw error;
  }
}

function readPath(text: string): PathPattern {
  if (!text.startsWith('/')) throw new Fault('pattern-relative', { pattern: text === '' ? 'an empty text' : text });
  if (text === '/') return { text, components: [], self: false };
  const components: Component[] = [];
  let self = false;
  let least = 0;
  // `at` stands on the slash before a component.
  for (let at = 0; at < text.length; ) {
    const start = at + 1;
    if (start === text.length) throw new Fault('trailing-slash', { instead: text.replace(/\/+$/, '') }, at);
    if (text[start] === '/') throw new Fault('pattern-slashes', { instead: text.replace(/\/{2,}/g, '/') }, start);
    const stars = /^\*{2,3}(?=\/|$)/.exec(text.slice(start, start + 4))?.[0];
    if (stars === '***') {
      if (start + 3 !== text.length) throw new Fault('self-inside', {}, start);
      self = true;
      break;
    }
    if (stars === '**') {
      components.push({ kind: 'deep' });
      at = start + 2;
      continue;
    }
    const { tokens, end } = readName(text, start, 'component');
    components.push(componentOf(tokens, text.slice(start, end), start));
    least += 1 + lengthsOf(tokens).least;
    at = end;
  }
  if (components.at(-1)?.kind === 'deep' && !self) least += 2;
  if (least > PATH_BYTES_MAX) throw new Fault('path-too-long', { least, most: PATH_BYTES_MAX });
  refuseThreadSelf(text, components);
  return { text, components, self };
}

function componentOf(tokens: Token[], text: string, index: number): Component {
  const { least, most } = lengthsOf(tokens);
  if (least > NAME_BYTES_MAX) throw new Fault('name-too-long', { least, most: NAME_BYTES_MAX, what: 'name' }, index);
  if (most === 0) throw new Fault('component-empty', { component: text }, index);
  const names = most <= 2 ? namesOf(tokens) : null;
  if (names?.every((name) => name === '' || name === '.' || name === '..'))
    throw new Fault('dot-component', { name: text }, index);
  const name = literalOf(tokens);
  return name === null ? { kind: 'glob', tokens } : { kind: 'literal', name };
}

/** The names that tokens stand for; null where they are many. */
function namesOf(tokens: readonly Token[]): string[] | null {
  let names = [''];
  for (const token of tokens) {
    const endings = endingsOf(token);
    if (endings === null || names.length * endings.length > NAMES_LOOKED_AT) return null;
    names = names.flatMap((name) => endings.map((ending) => name + ending));
  }
  return names;
}

function endingsOf(token: Token): string[] | null {
  switch (token.kind) {
    case 'byte':
      return [String.fromCharCode(token.value)];
    case 'set':
      return token.members.flatMap((member, byte) => (member ? [String.fromCharCode(byte)] : []));
    case 'either': {
      const branches = token.branches.map(namesOf);
      return branches.includes(null) ? null : branches.flatMap((names) => names ?? []);
    }
    case 'any':
    case 'star':
      return null;
  }
}

function refuseThreadSelf(text: string, components: readonly Component[]): void {
  const [proc, self] = components;
  if (proc?.kind !== 'literal' || self?.kind !== 'literal') return;
  if (proc.name !== 'proc' || self.name !== 'thread-self') return;
  const rest = text.split('/').slice(3);
  throw new Fault('thread-self', { instead: ['/proc/self/task/*', ...rest].join('/') }, text.indexOf('/', 1) + 1);
}

/** A pattern that matches this path and nothing else. */
export function patternOf(path: Bytes): PathPattern {
  const names = path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
  return { text: literalText(path), components: names.map((name) => ({ kind: 'literal', name })), self: false };
}

/** The text of a pattern, made from its components; read back, it gives the same ones. */
export function pathText({ components, self }: PathPattern): string {
  const parts = components.map((component) => {
    switch (component.kind) {
      case 'literal':
        return literalText(component.name);
      case 'deep':
        return '**';
      case 'glob':
        return tokensText(component.tokens, 'component');
    }
  });
  return `/${[...parts, ...(self ? ['***'] : [])].join('/')}`;
}

/**
 * The path a text names, where it is no pattern: what `program:` and `interpreter:` take. Signs must be escaped, as in a
 * pattern, so that a name such as `[` can be written.
 *
 * @returns the path as textOf() writes it, which is how events, states and messages name programs
 *
 * @throws Fault
 */
export function parseProgram(text: string): string {
  if (!text.startsWith('/')) throw new Fault('program-relative', { path: text === '' ? 'an empty text' : text });
  const sign = /(?:^|[^\\])(?:\\\\)*([*?[\]{}])/.exec(text);
  if (sign !== null) throw new Fault('program-glob', { sign: sign[1] as string }, sign.index + sign[0].length - 1);
  let pattern: PathPattern;
  try {
    pattern = readPath(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const wrong = error.code === 'trailing-slash' || error.code === 'pattern-slashes' || error.code === 'dot-component';
    if (!wrong) throw error;
    throw new Fault('program-path', { path: text, instead: normal(text) }, error.index);
  }
  if (pattern.components.length === 0) throw new Fault('program-path', { path: text, instead: '' });
  const bytes = pattern.components.map((part) => (part.kind === 'literal' ? `/${part.name}` : '')).join('');
  return textOf(bytes as Bytes);
}

/** The text with what the kernel would resolve taken out. */
function normal(text: string): string {
  const names: string[] = [];
  for (const name of text.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return names.length === 0 ? '' : `/${names.join('/')}`;
}
