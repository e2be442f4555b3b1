// SPDX-License-Identifier: GPL-2.0-only
/** Words of a command line as the paths that they may be. */
import { isAbsolute, resolve } from 'node:path';
import type { Bytes } from '../policy/bytes.js';

/** What stands in a word besides signs that join: `of=/srv/disk.img`, `/srv/a:/srv/b`. */
export function partsOf(word: string): string[] {
  return word.split(/[=,:]/);
}

/**
 * Words as absolute paths, as bytes. One may be no path at all: then nothing is done to it, and it says nothing.
 *
 * @param folder from which they are told; null: not known, and relative ones are left out
 */
export function pathsIn(words: readonly string[], folder: string | null): Bytes[] {
  const paths = words.flatMap((word) => {
    if (isAbsolute(word)) return [resolve(word)];
    // What is not there yet may be what the program will make.
    return folder === null || word === '' || word.startsWith('-') ? [] : [resolve(folder, word)];
  });
  return [...new Set(paths)].filter((path) => path !== '/') as Bytes[];
}
