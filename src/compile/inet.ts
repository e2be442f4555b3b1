// SPDX-License-Identifier: GPL-2.0-only
/**
 * Addresses and socket families as patterns of bytes, so that one kind of automaton serves them all. The bytes are those
 * of struct cg_inet and struct cg_family in bpf/abi/object.h.
 */
import type { Bytes } from '../policy/bytes.js';
import type { FamilyPattern, InetPattern, Protocol, Token } from '../policy/model.js';

/** One component of an address automaton. */
export type Alternative =
  | { readonly kind: 'literal'; readonly name: Bytes }
  | { readonly kind: 'glob'; readonly tokens: readonly Token[] };

const ANY: Token = { kind: 'any' };

/** A token for the bytes `first` to `last`. */
function span(first: number, last: number): Token {
  if (first === last) return { kind: 'byte', value: first };
  if (first === 0 && last === 255) return ANY;
  return { kind: 'set', members: Array.from({ length: 256 }, (_, byte) => byte >= first && byte <= last) };
}

/**
 * Tokens that are single bytes throughout are a name. Bytes at the end that do not matter become one star: these
 * components have a fixed length, so it says the same and needs no state for each byte.
 */
export function simplest(tokens: readonly Token[]): Alternative {
  let end = tokens.length;
  while (end > 0 && tokens[end - 1]?.kind === 'any') end--;
  if (end < tokens.length) return { kind: 'glob', tokens: [...tokens.slice(0, end), { kind: 'star' }] };
  let name = '';
  for (const token of tokens) {
    if (token.kind !== 'byte') return { kind: 'glob', tokens };
    name += String.fromCharCode(token.value);
  }
  return { kind: 'literal', name: name as Bytes };
}

/** The 16 bytes of an address; null: any. */
export function addressAlternative(host: InetPattern['host']): Alternative {
  const prefix = host?.prefix ?? 0;
  const tokens = Array.from({ length: 16 }, (_, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    const wild = 0xff >> bits;
    const first = (host?.address.charCodeAt(index) ?? 0) & ~wild;
    return span(first, first | wild);
  });
  return simplest(tokens);
}

/** The two bytes of a port: at most three rectangles of high and low byte make up a range. */
export function portAlternative({ first, last }: InetPattern['ports']): Alternative {
  const [low, high] = [first >> 8, last >> 8];
  if (low === high) return simplest([span(low, low), span(first & 0xff, last & 0xff)]);
  const branches: Token[][] = [];
  const whole = { from: (first & 0xff) === 0 ? low : low + 1, to: (last & 0xff) === 0xff ? high : high - 1 };
  if (whole.from !== low) branches.push([span(low, low), span(first & 0xff, 0xff)]);
  if (whole.from <= whole.to) branches.push([span(whole.from, whole.to), ANY]);
  if (whole.to !== high) branches.push([span(high, high), span(0, last & 0xff)]);
  return branches.length === 1
    ? simplest(branches[0] as Token[])
    : { kind: 'glob', tokens: [{ kind: 'either', branches }] };
}

/** The big endian bytes of a number. */
export function bigEndian(value: number, bytes: number): Bytes {
  let text = '';
  for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text += String.fromCharCode((value >>> shift) & 0xff);
  return text as Bytes;
}

/** The big endian bytes of the numbers `first` to `last`, as few rectangles of bytes as make them up. */
export function numberTokens(first: number, last: number, bytes: number): Token[][] {
  if (bytes === 0) return [[]];
  const shift = (bytes - 1) * 8;
  const [low, high] = [first >>> shift, last >>> shift];
  const rest = 2 ** shift - 1;
  const [from, to] = [first % (rest + 1), last % (rest + 1)];
  const below = (one: number, other: number): Token[][] => numberTokens(one, other, bytes - 1);
  if (low === high) return below(from, to).map((tokens) => [span(low, low), ...tokens]);
  const branches: Token[][] = [];
  const whole = { from: from === 0 ? low : low + 1, to: to === rest ? high : high - 1 };
  if (whole.from !== low) branches.push(...below(from, rest).map((tokens) => [span(low, low), ...tokens]));
  if (whole.from <= whole.to)
    branches.push([span(whole.from, whole.to), ...Array.from({ length: bytes - 1 }, () => ANY)]);
  if (whole.to !== high) branches.push(...below(0, to).map((tokens) => [span(high, high), ...tokens]));
  return branches;
}

/** The big endian bytes of a number; null: any. */
function number(value: number | null, bytes: number): Token[] {
  return Array.from({ length: bytes }, (_, index) =>
    value === null ? ANY : { kind: 'byte', value: (value >>> ((bytes - 1 - index) * 8)) & 0xff },
  );
}

/** The eight bytes of struct cg_family. */
export function familyAlternative({ family, kind, protocol }: Omit<FamilyPattern, 'type' | 'text'>): Alternative {
  return simplest([...number(family, 2), ...number(kind, 2), ...number(protocol, 4)]);
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const [STREAM, DGRAM, RAW, SEQPACKET] = [1, 2, 3, 5] as const;
/** 0 asks socket(2) for the kind's usual protocol; 262 is multipath TCP, 136 UDP-Lite, 58 ICMPv6. */
const SOCKETS: Readonly<Record<Protocol, { kinds: readonly number[]; protocols: readonly (number | null)[] }>> = {
  tcp: { kinds: [STREAM], protocols: [0, 6, 262] },
  udp: { kinds: [DGRAM], protocols: [0, 17, 136] },
  sctp: { kinds: [STREAM, SEQPACKET], protocols: [132] },
  icmp: { kinds: [DGRAM], protocols: [1, 58] },
  raw: { kinds: [RAW], protocols: [null] },
};

/** The sockets that an address of this protocol needs, whatever its host and port. */
export function socketAlternatives(protocol: Protocol | 'unix'): Alternative[] {
  if (protocol === 'unix') return [familyAlternative({ family: AF_UNIX, kind: null, protocol: null })];
  const { kinds, protocols } = SOCKETS[protocol];
  return [AF_INET, AF_INET6].flatMap((family) =>
    kinds.flatMap((kind) => protocols.map((number) => familyAlternative({ family, kind, protocol: number }))),
  );
}
