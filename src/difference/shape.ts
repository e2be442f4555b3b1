// SPDX-License-Identifier: GPL-2.0-only
/**
 * Which names an object can have at all. The automata answer for others too, at random: a difference that only such a name
 * shows is none.
 */
import { headOf, targetHead } from '../compile/heads.js';
import { KIND_NUMBER } from '../compile/layout.js';
import { processesOf, whichNumbers } from '../policy/acts.js';
import type { Bytes } from '../policy/bytes.js';
import { UNDECIDED } from '../policy/commands.js';
import { addressBytes } from '../policy/ip.js';
import { type Act, CLOSED_KINDS, KINDS, type NumberTable, PROTOCOL_BYTE, type Process } from '../policy/model.js';
import { CAPABILITIES, CLOSED_SURFACES, IPC_KINDS, NAMESPACES, RULING, SURFACES } from '../policy/numbers.js';
import { NAME_BYTES_MAX } from '../policy/path.js';

/** Names of one component. */
export interface Shape {
  readonly least: number;
  readonly most: number;
  /** The bytes that may stand at a place of the name, those that read well first. */
  readonly bytesAt: (place: number) => readonly number[];
  /** Names that never occur. */
  readonly never: readonly Bytes[];
  /** Names that are tried first, because a person knows them. */
  readonly known: readonly Bytes[];
  /** Each with one of these names only: nothing else occurs. */
  readonly closed?: true;
}

const every = Array.from({ length: 256 }, (_, byte) => byte);
const within = (low: string, high: string): number[] => every.slice(low.charCodeAt(0), high.charCodeAt(0) + 1);
const WELL = [
  ...within('a', 'z'),
  ...within('0', '9'),
  ...within('A', 'Z'),
  ...['_', '-', '.'].map((sign) => sign.charCodeAt(0)),
];
const READABLE = [...WELL, ...every.slice(0x20, 0x7f).filter((byte) => !WELL.includes(byte))];
const ANY_BYTE = [...READABLE, ...every.filter((byte) => !READABLE.includes(byte))];
const NAME_BYTE = ANY_BYTE.filter((byte) => byte !== 0 && byte !== 0x2f);

const text = (bytes: readonly number[]): Bytes => String.fromCharCode(...bytes) as Bytes;
const number = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, index) => (value >>> ((bytes - 1 - index) * 8)) & 0xff);

/** A name in a folder. */
export const NAME: Shape = {
  least: 1,
  most: NAME_BYTES_MAX,
  bytesAt: () => NAME_BYTE,
  never: ['.', '..'] as Bytes[],
  known: [],
};

/** Bytes of sun_path behind the NUL that makes it abstract. */
const ABSTRACT_BYTES_MAX = 107;
export const ABSTRACT: Shape = {
  least: 1,
  most: ABSTRACT_BYTES_MAX,
  bytesAt: () => ANY_BYTE,
  never: [],
  known: [],
};

const PROTOCOL: Shape = {
  least: 1,
  most: 1,
  bytesAt: () => every,
  never: [],
  known: Object.values(PROTOCOL_BYTE).map((byte) => text([byte])),
  closed: true,
};

/** What stands for any address of this machine: as a destination it is none. */
export const UNSPECIFIED = ['0.0.0.0', '::'].map((host) => addressBytes(host) as Bytes);
/** Addresses of documentation (RFC 5737, RFC 3849) first. */
const HOSTS = ['192.0.2.1', '2001:db8::1', '127.0.0.1', '::1', '10.0.0.1', '192.168.0.1', '198.51.100.1'];
const HOST: Shape = {
  least: 16,
  most: 16,
  bytesAt: () => every,
  never: [],
  known: HOSTS.map((host) => addressBytes(host) as Bytes),
};

const PORT: Shape = {
  least: 2,
  most: 2,
  bytesAt: () => every,
  never: [],
  known: [80, 443, 8080, 22, 1024, 65535].map((port) => text(number(port, 2))),
};

/** By component: protocol, host, port. */
export const INET: readonly Shape[] = [PROTOCOL, HOST, PORT];

/** SOCK_TYPE_MASK of linux/net.h. */
const KINDS_END = 16;
/** Family, kind and protocol in the bytes of struct cg_family. */
export const FAMILY: Shape = {
  least: 8,
  most: 8,
  bytesAt: (place) => (place === 2 ? [0] : place === 3 ? every.slice(0, KINDS_END) : every),
  never: [],
  known: [1, 2, 10, 16, 17].flatMap((family) =>
    [1, 2, 3, 5].map((kind) => text([...number(family, 2), ...number(kind, 2), ...number(0, 4)])),
  ),
};

const heads = (table: NumberTable | 'kind', values: readonly number[]): Bytes[] =>
  values.map((value) => headOf(table, value));
const idShape = (table: 'uid' | 'gid'): Shape => ({
  least: 5,
  most: 5,
  bytesAt: (place) => (place === 0 ? [headOf(table, 0).charCodeAt(0)] : every),
  never: heads(table, [0xffffffff]),
  // Root, the first user of a machine, the first of a daemon's, nobody.
  known: heads(table, [0, 1000, 33, 65534]),
});
const closedShape = (known: readonly Bytes[]): Shape => ({
  ...{ least: 5, most: 5, bytesAt: () => every, never: [], known, closed: true },
});

/** Objects of version 2 that are no paths: struct cg_head, by its table. */
export const HEADS: Readonly<Record<NumberTable | 'kind', Shape>> = {
  kind: closedShape(KINDS.map((kind) => headOf('kind', KIND_NUMBER[kind]))),
  capability: closedShape(CAPABILITIES.map((_, number) => headOf('capability', number))),
  uid: idShape('uid'),
  gid: idShape('gid'),
  namespace: closedShape(NAMESPACES.map((_, number) => headOf('namespace', number))),
  kernel: closedShape(SURFACES.map((_, number) => headOf('kernel', number))),
  ipc: closedShape(IPC_KINDS.map((_, number) => headOf('ipc', number))),
};
/** Those that no default opens, where it opens others of the table. */
export const CLOSED_HEADS: Readonly<Record<'capability' | 'kernel', readonly Bytes[]>> = {
  capability: heads(
    'capability',
    RULING.map((name) => CAPABILITIES.indexOf(name)),
  ),
  kernel: heads(
    'kernel',
    CLOSED_SURFACES.map((name) => SURFACES.indexOf(name)),
  ),
};

const targets = (act: Act, who: Process | 'path' | 'kind'): Bytes[] =>
  whichNumbers(act).map((which) => targetHead(act, which, who));
/** Of kinds those that no default opens. */
export const CLOSED_KIND_HEADS: readonly Bytes[] = CLOSED_KINDS.map((kind) => headOf('kind', KIND_NUMBER[kind]));

const targetShapes = new Map<string, Shape>();
/** Heads of what is done to somebody, or to a file, by how it is told. */
export function targetShape(act: Act, who: 'process' | 'path' | 'kind'): Shape {
  const key = `${act}-${who}`;
  const shape = targetShapes.get(key) ?? shapeOfTarget(act, who);
  targetShapes.set(key, shape);
  return shape;
}

function shapeOfTarget(act: Act, who: 'process' | 'path' | 'kind'): Shape {
  const known = who === 'process' ? processesOf(act).flatMap((one) => targets(act, one)) : targets(act, who);
  if (act !== 'ioctl' || who === 'process') return closedShape(known);
  // A request may be any number but those of which no rule decides; known ones have names.
  const never = UNDECIDED.map((which) => targetHead(act, which, who));
  const table = never[0]?.charCodeAt(0) ?? 0;
  return { least: 5, most: 5, bytesAt: (place) => (place === 0 ? [table] : every), never, known };
}
