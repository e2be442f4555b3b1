// SPDX-License-Identifier: GPL-2.0-only
/** Patterns of fnmatch(3) with FNM_PATHNAME and FNM_LEADING_DIR, as `match` compared: to signs, name by name. */
import type { Sign } from './pattern.js';
import { withVariables } from './variables.js';

const SLASH = 0x2f;

/**
 * The names of a pattern, split at its slashes; null where it holds what C libraries read differently (a slash in a set, a
 * character class, an open bracket).
 */
export function readFnmatch(text: string): Sign[][] | null {
  const names: Sign[][] = [[]];
  for (let at = 0; at < text.length; ) {
    const name = names.at(-1) as Sign[];
    const sign = text[at] as string;
    const variable = withVariables(text, at);
    if (variable !== null) {
      name.push({ kind: 'variable', name: variable.name });
      at = variable.end;
    } else if (sign === '/') {
      names.push([]);
      at++;
    } else if (sign === '*') {
      if (name.at(-1)?.kind !== 'star') name.push({ kind: 'star' });
      at++;
    } else if (sign === '?') {
      name.push({ kind: 'any' });
      at++;
    } else if (sign === '[') {
      const set = readSet(text, at);
      if (set === null) return null;
      name.push(set.sign);
      at = set.end;
    } else {
      const escaped = sign === '\\' && at + 1 < text.length;
      if (escaped && text[at + 1] === '/') return null;
      name.push({ kind: 'byte', value: text.charCodeAt(escaped ? at + 1 : at) });
      at += escaped ? 2 : 1;
    }
  }
  return names;
}

function readSet(text: string, open: number): { sign: Sign; end: number } | null {
  let at = open + 1;
  const negated = text[at] === '!' || text[at] === '^';
  if (negated) at++;
  const members = Array<boolean>(256).fill(negated);
  for (let first = true; ; first = false) {
    if (at >= text.length) return null;
    if (text[at] === ']' && !first) break;
    if (text[at] === '[' && /[:.=]/.test(text[at + 1] ?? '')) return null;
    const low = memberAt(text, at);
    if (low === null) return null;
    at = low.end;
    let last = low.byte;
    if (text[at] === '-' && at + 1 < text.length && text[at + 1] !== ']') {
      const high = memberAt(text, at + 1);
      if (high === null || high.byte < low.byte) return null;
      last = high.byte;
      at = high.end;
    }
    members.fill(!negated, low.byte, last + 1);
  }
  members[0] = members[SLASH] = false;
  return members.includes(true) ? { sign: { kind: 'set', members }, end: at + 1 } : null;
}

function memberAt(text: string, at: number): { byte: number; end: number } | null {
  const from = text[at] === '\\' ? at + 1 : at;
  if (from >= text.length || text[from] === '/') return null;
  return { byte: text.charCodeAt(from), end: from + 1 };
}
