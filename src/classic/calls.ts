// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a record is called in a classic line. The kernel half tells operations on objects, not calls: each operation is told by the
 * call that stands for it, with that call's number on x86-64 Linux (arch/x86/entry/syscalls/syscall_64.tbl).
 */

import { hostText } from '../decide/text.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import { type Bytes, bytesOf, readText } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** A call as a line names it. */
export interface ClassicCall {
  /** `fsread`, or with real names `open`. */
  readonly name: string;
  /** The number of the call itself. */
  readonly code: number;
  /** Arguments that were translated, in their order; null: the call had none. */
  readonly arguments: readonly (readonly [name: string, value: Bytes])[] | null;
}

/** What of a record, or of a question, says what it is called. */
export type CalledRecord = Pick<EventRecord, 'type' | 'operation' | 'decided' | 'object' | 'from' | 'reason'>;

interface Stands {
  readonly call: string;
  readonly code: number;
  readonly alias?: 'fsread' | 'fswrite';
}

const STANDS: Readonly<Record<Operation, Stands>> = {
  read: { call: 'open', code: 2, alias: 'fsread' },
  list: { call: 'open', code: 2, alias: 'fsread' },
  write: { call: 'open', code: 2, alias: 'fswrite' },
  create: { call: 'open', code: 2, alias: 'fswrite' },
  delete: { call: 'unlink', code: 87, alias: 'fswrite' },
  link: { call: 'link', code: 86 },
  mknod: { call: 'mknod', code: 133 },
  chmod: { call: 'chmod', code: 90 },
  chown: { call: 'chown', code: 92 },
  stat: { call: 'stat', code: 4, alias: 'fsread' },
  exec: { call: 'execve', code: 59 },
  load: { call: 'mmap', code: 9 },
  receive: { call: 'recvmsg', code: 47 },
  socket: { call: 'socket', code: 41 },
  bind: { call: 'bind', code: 49 },
  listen: { call: 'listen', code: 50 },
  accept: { call: 'accept', code: 43 },
  connect: { call: 'connect', code: 42 },
  send: { call: 'sendto', code: 44 },
  chroot: { call: 'chroot', code: 161 },
  // No one call: many ask for one.
  capable: { call: 'capable', code: -1 },
  setuid: { call: 'setuid', code: 105 },
  setgid: { call: 'setgid', code: 106 },
  signal: { call: 'kill', code: 62 },
  limit: { call: 'prlimit64', code: 302 },
  priority: { call: 'setpriority', code: 141 },
  ptrace: { call: 'ptrace', code: 101 },
  namespace: { call: 'unshare', code: 272 },
  // No one call, as of capabilities.
  kernel: { call: 'kernel', code: -1 },
  ipc: { call: 'ipc', code: -1 },
  mount: { call: 'mount', code: 165 },
  unmount: { call: 'umount2', code: 166 },
  attribute: { call: 'utimensat', code: 280 },
  ioctl: { call: 'ioctl', code: 16 },
};

/** Where several operations are one attempt, it is told by the first of these. */
const FIRST: readonly Operation[] = [
  'exec',
  'connect',
  'bind',
  'send',
  'link',
  'mknod',
  'load',
  'write',
  'create',
  'delete',
];

/** By what the floor refused: calls of which no rule decides. */
const FLOOR_CALLS: Readonly<Record<string, Stands>> = {
  mount: { call: 'mount', code: 165 },
  umount: { call: 'umount2', code: 166 },
  move_mount: { call: 'move_mount', code: 429 },
  pivot_root: { call: 'pivot_root', code: 155 },
  chroot: { call: 'chroot', code: 161 },
  namespace: { call: 'unshare', code: 272 },
  ptrace: { call: 'ptrace', code: 101 },
  bpf: { call: 'bpf', code: 321 },
  module: { call: 'init_module', code: 175 },
  io_uring: { call: 'io_uring_setup', code: 425 },
  signal: { call: 'kill', code: 62 },
  fork: { call: 'clone', code: 56 },
  ending: { call: 'clone', code: 56 },
  terminal: { call: 'ioctl', code: 16 },
  kernel_log: { call: 'syslog', code: 103 },
};

/** What a record of an access, or of the floor, is called. */
export function classicCall(record: CalledRecord, aliased: boolean): ClassicCall {
  if (record.type === 'floor') {
    const { call, code } = FLOOR_CALLS[record.reason ?? ''] ?? { call: record.reason ?? 'unknown', code: -1 };
    return { name: call, code, arguments: null };
  }
  const operations = record.decided ?? record.operation;
  const operation = FIRST.find((one) => operations.includes(one)) ?? (operations[0] as Operation);
  const { call, code, alias } = STANDS[operation];
  return { name: aliased ? (alias ?? call) : call, code, arguments: argumentsOf(record, operation, aliased) };
}

function argumentsOf(record: CalledRecord, operation: Operation, aliased: boolean): ClassicCall['arguments'] {
  const { object } = record;
  switch (operation) {
    case 'read':
    case 'list':
    case 'write':
    case 'create':
      return [['filename', nameOf(object)], ...(aliased ? [] : ([['oflags', flagsOf(record.operation)]] as const))];
    case 'delete':
    case 'mknod':
    case 'chmod':
    case 'chown':
    case 'stat':
    case 'exec':
    case 'chroot':
      return [['filename', nameOf(object)]];
    case 'link':
      return [
        ['filename', nameOf(record.from ?? object)],
        ['filename', nameOf(object)],
      ];
    case 'load':
      return [['prot', 'PROT_READ|PROT_EXEC' as Bytes]];
    case 'bind':
    case 'connect':
    case 'send':
      return [['sockaddr', addressOf(readObject(object), object)]];
    case 'socket':
      return socketOf(readObject(object));
    case 'capable':
    case 'setuid':
    case 'setgid':
    case 'signal':
    case 'limit':
    case 'priority':
    case 'ptrace':
    case 'namespace':
    case 'kernel':
    case 'ipc':
    case 'mount':
    case 'unmount':
    case 'attribute':
    case 'ioctl':
    case 'receive':
    case 'listen':
    case 'accept':
      return null;
  }
}

/** The bytes of it; whoever writes the line escapes what must be. */
function nameOf(object: string): Bytes {
  return readText(object);
}

/** `ro`, `wo` or `rw`, and `c` where a file is made: what of an open is known. */
function flagsOf(operations: readonly Operation[]): Bytes {
  const writes = operations.includes('write') || operations.includes('create');
  const mode = !writes ? 'ro' : operations.includes('read') ? 'rw' : 'wo';
  return `${mode}${operations.includes('create') ? 'c' : ''}` as Bytes;
}

function addressOf(object: AccessObject | undefined, text: string): Bytes {
  switch (object?.type) {
    case 'inet': {
      const host = hostText(object.address);
      return `inet-[${host.replace(/^\[|\]$/g, '')}]:${object.port}` as Bytes;
    }
    case 'unix':
      return object.path;
    case 'abstract':
    case 'unnamed':
      // A name that begins with a NUL was printed as nothing.
      return '' as Bytes;
    case 'family':
      return `family(${object.family})` as Bytes;
    default:
      return readText(text);
  }
}

const DOMAINS: Readonly<Record<number, string>> = { 1: 'AF_UNIX', 2: 'AF_INET', 4: 'AF_IPX', 10: 'AF_INET6' };
const TYPES: Readonly<Record<number, string>> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  4: 'SOCK_RDM',
  5: 'SOCK_SEQPACKET',
};
/** Protocols of internet sockets by the type that has them. */
const PROTOCOL_TYPES: Readonly<Record<string, string>> = { tcp: 'SOCK_STREAM', udp: 'SOCK_DGRAM', sctp: 'SOCK_STREAM' };
const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

const socket = (domain: string, type: string): ClassicCall['arguments'] => [
  ['sockdom', bytesOf(domain)],
  ['socktype', bytesOf(type)],
];

function socketOf(object: AccessObject | undefined): ClassicCall['arguments'] {
  switch (object?.type) {
    case 'family': {
      const { family, kind } = object;
      return socket(DOMAINS[family] ?? `AF_UNKNOWN(${family})`, TYPES[kind] ?? `SOCK_UNKNOWN(${kind})`);
    }
    case 'inet':
      return socket(
        object.address.startsWith(MAPPED) ? 'AF_INET' : 'AF_INET6',
        PROTOCOL_TYPES[object.protocol] ?? 'SOCK_RAW',
      );
    case 'unix':
    case 'abstract':
    case 'unnamed':
      return socket('AF_UNIX', 'SOCK_STREAM');
    default:
      return null;
  }
}
