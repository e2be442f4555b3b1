// SPDX-License-Identifier: GPL-2.0-only
/** A line that is typed. */
import type { Key } from './keys.js';
import type { Line } from './state.js';
import { safe } from './text.js';

/** Characters of a line, at most: a path has 4096. */
const MOST = 8192;

/** With its cursor at its end. */
export function lineOf(text: string): Line {
  return { text, at: text.length };
}

/** The line after a key; null: the key does nothing to a line. */
export function type(line: Line, key: Key): Line | null {
  const { text, at } = line;
  const before = text.slice(0, at);
  const behind = text.slice(at);
  switch (key.name) {
    case 'sign':
      return insert(line, key.sign);
    case 'paste':
      // A line feed at the end of what was copied means nothing.
      return insert(line, safe(key.text.trim()));
    case 'backspace': {
      const left = before.slice(0, before.length - last(before).length);
      return { text: left + behind, at: left.length };
    }
    case 'delete':
      return { text: before + behind.slice(first(behind).length), at };
    case 'left':
      return { text, at: at - last(before).length };
    case 'right':
      return { text, at: at + first(behind).length };
    case 'home':
      return { text, at: 0 };
    case 'end':
      return { text, at: text.length };
    case 'kill-line':
      return { text: behind, at: 0 };
    default:
      return null;
  }
}

function insert({ text, at }: Line, added: string): Line {
  if (text.length + added.length > MOST) return { text, at };
  return { text: text.slice(0, at) + added + text.slice(at), at: at + added.length };
}

function first(text: string): string {
  const point = text.codePointAt(0);
  return point === undefined ? '' : String.fromCodePoint(point);
}

function last(text: string): string {
  return Array.from(text.slice(-2)).at(-1) ?? '';
}
