// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with the text as such, and with its YAML. */
import type { Table } from './table.js';

export interface TextFacts {
  'text-too-long': { most: string };
  'not-utf8': object;
  'nul-byte': object;
  'carriage-return': object;
  'byte-order-mark': object;
  'control-character': { code: string };
  'empty-file': object;
  'yaml-syntax': { detail: string };
  'tab-indent': object;
  'several-documents': object;
  directive: object;
  anchor: { name: string };
  alias: { name: string };
  tag: { tag: string };
  'merge-key': object;
  'several-lines': { block: string };
  'unquoted-sign': { sign: string; value: string };
  'key-not-text': object;
  'duplicate-key': { key: string; line: number };
  'nested-too-deep': { most: number };
}

export const TEXT_MESSAGES: Table<TextFacts> = {
  'text-too-long': {
    message: ({ most }) => `the file is longer than ${most}`,
    remedy: () => 'split it into groups, or name folders with `**` instead of single files',
  },
  'not-utf8': {
    message: () => 'the file is not valid UTF-8 here',
    remedy: () => 'write a byte that is no UTF-8 as \\xHH, in single quotes',
  },
  'nul-byte': { message: () => 'a NUL byte', remedy: () => 'remove it; in a pattern write \\x00' },
  'carriage-return': {
    message: () => 'a carriage return: the lines end in CR LF',
    remedy: () => "end lines in LF alone (sed -i 's/\\r$//' FILE)",
  },
  'byte-order-mark': {
    message: () => 'the file begins with a byte order mark',
    remedy: () => "remove it (sed -i '1s/^\\xef\\xbb\\xbf//' FILE)",
  },
  'control-character': {
    message: ({ code }) => `the character ${code}, which cannot be seen`,
    remedy: () => 'remove it; in a pattern write each of its bytes as \\xHH',
  },
  'empty-file': {
    message: () => 'the file holds no policy',
    remedy: () => 'begin with `version: 1` and `program:`, or let `callgate learn` write it',
  },
  'yaml-syntax': { message: ({ detail }) => `not YAML: ${detail}`, remedy: () => 'mend the line, or quote the value' },
  'tab-indent': { message: () => 'a tab as indentation', remedy: () => 'indent with spaces' },
  'several-documents': {
    message: () => 'a second document begins here',
    remedy: () => 'write one policy a file',
  },
  directive: { message: () => 'a YAML directive', remedy: () => 'remove the line; if it is a value, quote it' },
  anchor: {
    message: ({ name }) => `the anchor &${name}`,
    remedy: () => 'write the value out where it is needed; if the & belongs to a value, quote it',
  },
  alias: {
    message: ({ name }) => `the alias *${name}`,
    remedy: ({ name }) => `if a pattern is meant, quote it: "*${name}"; otherwise write the value out`,
  },
  tag: {
    message: ({ tag }) => `the tag ${tag}`,
    remedy: () => 'remove it; if the ! belongs to a value, quote it',
  },
  'several-lines': {
    message: ({ block }) => `a value over several lines${block === '' ? '' : ` (${block})`}: YAML joins them to one`,
    remedy: () => 'one object a line: write a list, or the value in quotes on one line',
  },
  'merge-key': { message: () => 'a merge key', remedy: () => 'write the keys out' },
  'unquoted-sign': {
    message: ({ sign, value }) => `an unquoted ${sign} in ${value}: YAML takes it for its own`,
    remedy: ({ value }) => `quote it: "${value}"`,
  },
  'key-not-text': { message: () => 'a key that is no word', remedy: () => 'write one of the known keys' },
  'duplicate-key': {
    message: ({ key, line }) => `the key ${key} stands here a second time, first in line ${line}`,
    remedy: () => 'keep one of the two',
  },
  'nested-too-deep': {
    message: ({ most }) => `lists and maps nested more than ${most} deep`,
    remedy: () => 'no policy needs that; write the value out, and quote patterns that hold [ or {',
  },
};
