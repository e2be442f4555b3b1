// SPDX-License-Identifier: GPL-2.0-only
/** Words as a shell reads them. */

/** A word as a shell wants it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** This very command line, as root. */
export function asRoot(words: readonly string[] = process.argv.slice(2)): string {
  return ['sudo callgate', ...words.map(quoted)].join(' ');
}
