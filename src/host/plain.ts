// SPDX-License-Identifier: GPL-2.0-only
/**
 * The text without what a terminal would obey: names of files and processes may hold anything, and messages name them.
 * Line feeds and tabs stay.
 */
export function plain(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) =>
    Array.from(Buffer.from(sign), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
