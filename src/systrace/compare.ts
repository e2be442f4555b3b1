// SPDX-License-Identifier: GPL-2.0-only
/** Does a comparison hold for a text? What systrace itself did (filter.c), for arguments whose values can be counted. */
import { bytesMatch } from '../decide/tokens.js';
import type { Bytes } from '../policy/bytes.js';
import type { Token } from '../policy/model.js';
import { readFnmatch } from './fnmatch.js';
import { parseRegex, toJavaScript } from './regex.js';
import type { Comparison } from './syntax.js';

/** A text without slashes; null where it cannot be told. */
export type Holds = (text: string) => boolean | null;

/** The comparison as a function of short texts without a slash, made once. */
export function comparing({ operator, value }: Comparison): Holds {
  switch (operator) {
    case 'eq':
      return (text) => sameLetters(text, value);
    case 'neq':
      return (text) => !sameLetters(text, value);
    case 'sub':
      return (text) => text.includes(value);
    case 'nsub':
      return (text) => !text.includes(value);
    case 'inpath':
      return (text) => value === text || value.startsWith(`${text}/`);
    case 'match': {
      const names = readFnmatch(value);
      const [name] = names ?? [];
      if (name === undefined) return () => null;
      if (name.some(({ kind }) => kind === 'variable')) return () => null;
      return (text) => names?.length === 1 && bytesMatch(name as Token[], text as Bytes);
    }
    case 're': {
      const regex = parseRegex(value);
      if (regex === null) return () => null;
      const expression = toJavaScript(regex);
      return (text) => expression.test(text);
    }
  }
}

/** strcasecmp(3) in the C locale. */
export function sameLetters(one: string, other: string): boolean {
  const fold = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return fold(one) === fold(other);
}
