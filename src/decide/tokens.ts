// SPDX-License-Identifier: GPL-2.0-only
/** Patterns of bytes: one component of a path, or the whole name of an abstract socket. */
import type { Bytes } from '../policy/bytes.js';
import type { Token } from '../policy/model.js';

/** `places[i]`: the first i bytes can have been used up. One longer than the name. */
type Places = readonly boolean[];

/** Do the tokens match all of these bytes, none left over? Takes time in the product of their lengths. */
export function bytesMatch(tokens: readonly Token[], bytes: Bytes): boolean {
  const start = Array.from({ length: bytes.length + 1 }, (_, place) => place === 0);
  return advance(tokens, bytes, start)[bytes.length] === true;
}

function advance(tokens: readonly Token[], bytes: Bytes, from: Places): Places {
  let places = from;
  for (const token of tokens) places = step(token, bytes, places);
  return places;
}

function step(token: Token, bytes: Bytes, from: Places): Places {
  switch (token.kind) {
    case 'byte':
      return one(bytes, from, (byte) => byte === token.value);
    case 'any':
      return one(bytes, from, () => true);
    case 'set':
      return one(bytes, from, (byte) => token.members[byte] === true);
    case 'star': {
      const first = from.indexOf(true);
      return from.map((_, place) => first >= 0 && place >= first);
    }
    case 'either': {
      const ends = token.branches.map((branch) => advance(branch, bytes, from));
      return from.map((_, place) => ends.some((places) => places[place] === true));
    }
  }
}

/** The places after exactly one byte that is wanted. */
function one(bytes: Bytes, from: Places, wanted: (byte: number) => boolean): Places {
  return from.map((_, place) => place > 0 && from[place - 1] === true && wanted(bytes.charCodeAt(place - 1)));
}
