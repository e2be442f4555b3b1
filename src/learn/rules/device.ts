// SPDX-License-Identifier: GPL-2.0-only
import type { NameRule } from './name.js';

/** Devices of which any one may be given to the program: terminals. Disks and memory are nobody's pattern. */
const KINDS: readonly (readonly [path: RegExp, index: number, text: string])[] = [
  [/^dev\/pts\/\d+$/, 2, '[0-9]{1-5}'],
  [/^dev\/tty\d+$/, 1, 'tty[0-9]{1-2}'],
  [/^dev\/ttyS\d+$/, 1, 'ttyS[0-9]{1-2}'],
];

/** Device nodes by kind: which terminal it is given differs from login to login. */
export const deviceRule: NameRule = {
  name: 'device',
  reason: 'which terminal a program is given differs from login to login',
  apply: ({ names }) => {
    const path = names.join('/');
    const kind = KINDS.find(([pattern]) => pattern.test(path));
    return new Map(kind === undefined ? [] : [[kind[1], kind[2]]]);
  },
};
