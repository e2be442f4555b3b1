// SPDX-License-Identifier: GPL-2.0-only
/** What a terminal sends, as keys. */

export type NamedKey =
  | ('up' | 'down' | 'left' | 'right' | 'home' | 'end' | 'page-up' | 'page-down')
  | ('tab' | 'enter' | 'escape' | 'backspace' | 'delete' | 'interrupt' | 'redraw' | 'kill-line');

export type Key =
  | { readonly name: NamedKey }
  /** One character. */
  | { readonly name: 'sign'; readonly sign: string }
  /** A text that was pasted: never keys. */
  | { readonly name: 'paste'; readonly text: string };

/** What was read: keys, and a beginning whose end has not come yet. */
export interface Read {
  readonly keys: readonly Key[];
  readonly rest: string;
}

const ESCAPE = '\u001b';
const PASTE = `${ESCAPE}[200~`;
const PASTED = `${ESCAPE}[201~`;
/** Characters of a paste and of a sequence that is none, at most. */
const PASTE_MOST = 65_536;
const SEQUENCE_MOST = 32;

/** ECMA-48 sequences by what stands behind `ESC [` or `ESC O`. */
const SEQUENCES: Readonly<Record<string, NamedKey>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '3~': 'delete',
  '4~': 'end',
  '5~': 'page-up',
  '6~': 'page-down',
  '7~': 'home',
  '8~': 'end',
};

const CONTROLS: Readonly<Record<string, NamedKey>> = {
  '\u0001': 'home',
  '\u0003': 'interrupt',
  '\u0004': 'delete',
  '\u0005': 'end',
  '\b': 'backspace',
  '\t': 'tab',
  '\n': 'enter',
  '\u000c': 'redraw',
  '\r': 'enter',
  '\u0015': 'kill-line',
  '\u007f': 'backspace',
};

/**
 * Reads keys. A sequence that is not whole stays in `rest`: what comes next goes behind it, so that no end of a sequence
 * is ever taken for a letter.
 */
export function readKeys(text: string): Read {
  const keys: Key[] = [];
  let rest = text;
  while (rest !== '') {
    if (rest.startsWith(PASTE)) {
      const end = rest.indexOf(PASTED);
      if (end < 0 && rest.length <= PASTE_MOST) break;
      keys.push({ name: 'paste', text: rest.slice(PASTE.length, end < 0 ? undefined : end) });
      rest = end < 0 ? '' : rest.slice(end + PASTED.length);
      continue;
    }
    if (rest.startsWith(ESCAPE)) {
      const after = rest.slice(1);
      // CSI: parameters, then one final byte. SS3: one byte. Alt with a key: nothing of ours.
      const sequence = /^(?:\[[0-?]*[ -/]*[@-~]|O[0-9;]*[A-Za-z~])/.exec(after)?.[0];
      if (sequence !== undefined) {
        const name = SEQUENCES[sequence.slice(1)];
        if (name !== undefined) keys.push({ name });
        rest = after.slice(sequence.length);
        continue;
      }
      if (/^(?:\[[0-?]*[ -/]*|O[0-9;]*)?$/.test(after) && after.length <= SEQUENCE_MOST) break;
      if (after.startsWith(ESCAPE)) keys.push({ name: 'escape' });
      // Behind ESC: one character, which is dropped with it.
      rest = after.startsWith(ESCAPE) ? after : after.slice(firstOf(after).length);
      continue;
    }
    const sign = firstOf(rest);
    rest = rest.slice(sign.length);
    const control = CONTROLS[sign];
    if (control !== undefined) keys.push({ name: control });
    else if (!/\p{Cc}/u.test(sign)) keys.push({ name: 'sign', sign });
  }
  return { keys, rest };
}

/**
 * What a rest is when nothing came behind it for a while: the escape key, or a sequence that was cut short. Null: a paste,
 * whose end is waited for, since what is left of it would be keys.
 */
export function restKeys(rest: string): readonly Key[] | null {
  if (rest.startsWith(PASTE)) return null;
  return rest === ESCAPE ? [{ name: 'escape' }] : [];
}

function firstOf(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}
