// SPDX-License-Identifier: GPL-2.0-only
/**
 * Socket families that have no address in the language: `FAMILY[:KIND][:PROTOCOL]`, such as `netlink:route`, `packet`,
 * `vsock:stream`, `45:dgram:3`. Names are those of socket(2) in small letters without AF_, SOCK_ and NETLINK_.
 */
import { Fault } from './errors.js';
import type { AccessObject, FamilyPattern } from './model.js';
import { nearest } from './suggest.js';

/** AF_* of linux/socket.h. */
const FAMILIES: Readonly<Record<string, number>> = {
  unix: 1,
  inet: 2,
  ax25: 3,
  ipx: 4,
  appletalk: 5,
  netrom: 6,
  x25: 9,
  inet6: 10,
  rose: 11,
  key: 15,
  netlink: 16,
  packet: 17,
  rds: 21,
  pppox: 24,
  llc: 26,
  ib: 27,
  mpls: 28,
  can: 29,
  tipc: 30,
  bluetooth: 31,
  iucv: 32,
  rxrpc: 33,
  phonet: 35,
  ieee802154: 36,
  caif: 37,
  alg: 38,
  nfc: 39,
  vsock: 40,
  kcm: 41,
  qipcrtr: 42,
  smc: 43,
  xdp: 44,
  mctp: 45,
};

/** SOCK_* of linux/net.h. */
const KINDS: Readonly<Record<string, number>> = {
  stream: 1,
  dgram: 2,
  raw: 3,
  rdm: 4,
  seqpacket: 5,
  dccp: 6,
  packet: 10,
};

/** NETLINK_* of linux/netlink.h. */
const NETLINK: Readonly<Record<string, number>> = {
  route: 0,
  usersock: 2,
  firewall: 3,
  sock_diag: 4,
  nflog: 5,
  xfrm: 6,
  selinux: 7,
  iscsi: 8,
  audit: 9,
  fib_lookup: 10,
  connector: 11,
  netfilter: 12,
  ip6_fw: 13,
  dnrtmsg: 14,
  kobject_uevent: 15,
  generic: 16,
  scsitransport: 18,
  ecryptfs: 19,
  rdma: 20,
  crypto: 21,
  smc: 22,
};

const FAMILY_MAX = 0xffff;
const KIND_MAX = 15;
const PROTOCOL_MAX = 0xffffffff;
/** IP protocols by name: as a family they would miss `socket(AF_INET, SOCK_STREAM, 0)`, so an address names them. */
const BY_ADDRESS: readonly string[] = ['tcp', 'udp', 'sctp', 'icmp'];

/**
 * Reads a family.
 *
 * @throws Fault with the index of the word that is wrong
 */
export function parseFamily(text: string): FamilyPattern {
  const [name = '', ...rest] = text.split(':');
  const family = numberOf(name, FAMILIES, FAMILY_MAX);
  if (family === null) {
    if (BY_ADDRESS.includes(name)) throw new Fault('family-protocol', { instead: `${name}:*` });
    throw new Fault('unknown-family', { name, hint: nearest(name, Object.keys(FAMILIES)) });
  }
  let [kind, protocol]: [number | null, number | null] = [null, null];
  let at = name.length + 1;
  rest.forEach((word, index) => {
    const asKind = Object.hasOwn(KINDS, word) ? (KINDS[word] as number) : null;
    // `3:raw:7`: a number is a kind only where a protocol follows it and no word has told the kind.
    if (index === 0 && rest.length === 2 && /^\d+$/.test(word) && Number(word) <= KIND_MAX) kind = Number(word);
    else if (index === 0 && asKind !== null) kind = asKind;
    else if (index === rest.length - 1 && index < 2 && (index === 0 || kind !== null))
      protocol = protocolOf(word, name, family, at);
    else throw unknown(word, name, family, at);
    at += word.length + 1;
  });
  return { type: 'family', text, family, kind, protocol };
}

function protocolOf(word: string, name: string, family: number, at: number): number {
  const number = numberOf(word, family === FAMILIES.netlink ? NETLINK : {}, PROTOCOL_MAX);
  if (number !== null) return number;
  if ((name === 'inet' || name === 'inet6') && BY_ADDRESS.includes(word))
    throw new Fault('family-protocol', { instead: `${word}:*` }, at);
  throw unknown(word, name, family, at);
}

function unknown(word: string, name: string, family: number, at: number): Fault {
  const words = [...Object.keys(KINDS), ...(family === FAMILIES.netlink ? Object.keys(NETLINK) : [])];
  return new Fault('unknown-socket-protocol', { family: name, name: word, hint: nearest(word, words) }, at);
}

function numberOf(word: string, names: Readonly<Record<string, number>>, most: number): number | null {
  if (Object.hasOwn(names, word)) return names[word] as number;
  return /^(?:0|[1-9][0-9]{0,9})$/.test(word) && Number(word) <= most ? Number(word) : null;
}

/** Is it the name of a family that a policy names as such? Unix sockets have addresses. */
export function isFamily(name: string): boolean {
  return Object.hasOwn(FAMILIES, name) && name !== 'unix';
}

/** One socket by the words that a policy has for it, `netlink:raw:route`; undefined for other words, and where they mean several. */
export function readSocket(word: string): Extract<AccessObject, { type: 'family' }> | undefined {
  const [name = '', ...rest] = word.split(':');
  if (rest.length !== 2 || !isFamily(name)) return undefined;
  try {
    const { family, kind, protocol } = parseFamily(word);
    return kind === null || protocol === null ? undefined : { type: 'family', family, kind, protocol };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** A family as text that is read back as the same pattern. */
export function familyText({ family, kind, protocol }: Pick<FamilyPattern, 'family' | 'kind' | 'protocol'>): string {
  const words = [nameOf(family, FAMILIES)];
  if (kind !== null) words.push(nameOf(kind, KINDS));
  // A kind without a word of its own is told as one by the protocol behind it; kinds of socket(2) all have a word.
  if (protocol !== null) words.push(nameOf(protocol, family === FAMILIES.netlink ? NETLINK : {}));
  return words.join(':');
}

function nameOf(number: number, names: Readonly<Record<string, number>>): string {
  return Object.keys(names).find((name) => names[name] === number) ?? String(number);
}
