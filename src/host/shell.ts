// SPDX-License-Identifier: GPL-2.0-only
/** Words as a shell reads them. */

/** A word as a shell wants it: typed so, it is these bytes. */
export function shellWord(word: Buffer | string): string {
  const bytes = Buffer.from(word);
  const text = bytes.toString('utf8');
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (Buffer.from(text).equals(bytes) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text))
    return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `$'${escaped.join('')}'`;
}

/** This very command line, as root. */
export function asRoot(words: readonly string[] = process.argv.slice(2)): string {
  return ['sudo callgate', ...words.map(shellWord)].join(' ');
}
