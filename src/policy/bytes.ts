// SPDX-License-Identifier: GPL-2.0-only
/**
 * Byte strings. The kernel knows names as bytes, not as text, so everything that is matched is held as a string with
 * one character (0 to 255) for each byte. Such a string is a good map key and compares as bytes do.
 */
export type Bytes = string & { readonly __bytes: unique symbol };

/** The bytes of a text's UTF-8 form. */
export function bytesOf(text: string): Bytes {
  return Buffer.from(text, 'utf8').toString('latin1') as Bytes;
}

/** The bytes of a buffer. */
export function bytesFrom(buffer: Uint8Array): Bytes {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString('latin1') as Bytes;
}

/** A buffer of the bytes. */
export function bufferOf(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/**
 * The bytes as a person reads them: UTF-8 where they are valid UTF-8 and printable, `\xHH` for every byte that is not.
 * A backslash is doubled, so the text is unambiguous.
 */
export function textOf(bytes: Bytes): string {
  const buffer = bufferOf(bytes);
  const decoded = buffer.toString('utf8');
  const escaped = (character: string): string =>
    Array.from(Buffer.from(character, 'utf8'), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  if (Buffer.from(decoded, 'utf8').equals(buffer))
    return decoded.replaceAll('\\', '\\\\').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
  return Array.from(buffer, (byte) =>
    byte === 0x5c
      ? '\\\\'
      : byte >= 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

/** The bytes that textOf() wrote as this text. */
export function readText(text: string): Bytes {
  return bytesOf(text).replace(/\\(?:x([0-9a-fA-F]{2})|\\)/g, (_, hex?: string) =>
    hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16)),
  ) as Bytes;
}
