// SPDX-License-Identifier: GPL-2.0-only
/** Texts on a screen: what a terminal would obey is told in its place, and nothing is wider than it may be. */
import { plain } from '../../host/plain.js';

/**
 * The text on one line, without what a terminal would obey or what changes the look of its neighbours. Names of processes, their
 * command lines and files may hold anything.
 */
export function safe(text: string): string {
  return plain(text).replace(/[\n\t]|\p{Variation_Selector}/gu, (sign) =>
    Array.from(Buffer.from(sign), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** What takes two columns (Unicode's EastAsianWidth W and F, in ranges); emoji are told by their own property. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f200}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns of a text that is `safe`. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const sign of text) width += widthOfSign(sign);
  return width;
}

function widthOfSign(sign: string): number {
  if (/\p{M}/u.test(sign)) return 0;
  return WIDE.test(sign) ? 2 : 1;
}

/** As much of the text's beginning as has room. */
function head(text: string, width: number): string {
  let room = width;
  let taken = '';
  for (const sign of text) {
    room -= widthOfSign(sign);
    if (room < 0) break;
    taken += sign;
  }
  return taken;
}

/** As much of the text's end as has room. */
export function tail(text: string, width: number): string {
  let room = width;
  let taken = '';
  for (const sign of Array.from(text).reverse()) {
    room -= widthOfSign(sign);
    if (room < 0) break;
    taken = sign + taken;
  }
  // A mark belongs to the sign before it, which is not there.
  return taken.replace(/^\p{M}+/u, '');
}

/** The text, or its beginning and `...`. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width <= 3 ? head(text, width) : `${head(text, width - 3)}...`;
}

/** The text, or its beginning, `...` and its end: a path's last name tells more than its middle. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 5) return head(text, width);
  const end = tail(text, Math.ceil((width - 3) * 0.6));
  return `${head(text, width - 3 - widthOf(end))}...${end}`;
}

/** Filled up with spaces. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Filled up with spaces before it. */
export function padBefore(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Two texts at the two ends of a line; where there is no room for both, the first is cut. */
export function ends(left: string, right: string, width: number): string {
  const room = width - widthOf(right) - 1;
  if (right === '' || room < 1) return cut(left, width);
  return `${pad(cut(left, room), room)} ${right}`;
}

/** In lines, broken anywhere: a name whole, with every one of its spaces. One line at least. */
export function chunks(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > width) {
    const line = head(rest, Math.max(2, width));
    lines.push(line);
    rest = rest.slice(line.length);
  }
  return [...lines, rest];
}

/** In lines, broken at spaces where there are any. One line at least. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > width) {
    const line = head(rest, Math.max(2, width));
    const space = rest[line.length] === ' ' ? line.length : line.lastIndexOf(' ');
    const end = space > 0 ? space : line.length;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^ /, '');
  }
  return [...lines, rest];
}
