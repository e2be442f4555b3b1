// SPDX-License-Identifier: GPL-2.0-only
/** What a process does to make an attempt of the corpus: the acts before it, and the one act that is judged. */
import { renameSync, writeFileSync } from 'node:fs';
import { bufferOf } from '../../src/policy/bytes.js';
import type { Access, AccessObject } from '../../src/policy/model.js';
import { OPERATIONS, type Operation } from '../../src/policy/operations.js';
import { accept, call, close, keep, listen, memfd, mmap, O, socket, unlink } from './calls.js';
import { PROGRAM, type Tree } from './tree.js';

/** A folder of each attempt's own. */
export const SCRATCH = '.scratch';
/** What is made after an exec, to see by which policy it is judged. */
export const PROBE = `${SCRATCH}/probe`;

const READ_RUN = 5;
const NONBLOCK = 0x800;
const INET = 2;
const INET6 = 10;
const UNIX = 1;
const NETLINK = 16;
const PACKET = 17;
const STREAM = 1;
const DGRAM = 2;
const RAW = 3;
const EPHEMERAL_OWNER = 0xffffffff;

/** An attempt as a process makes it. */
export interface Attempt {
  /** Makes what must be there; called before each try. */
  readonly arrange: () => void;
  readonly before: readonly string[];
  readonly act: string;
  /** Done by others between the two. */
  readonly meanwhile?: () => void;
  /** Done by others when all is over. */
  readonly end?: () => void;
}

/** Why no process makes it. */
export interface Impossible {
  readonly reason: string;
}

/** Bytes as the subject's words hold them. */
export const hex = (bytes: Buffer): string => `x:${bytes.toString('hex')}`;

/** What others do in the subject's mount namespace. */
export interface Mounts {
  /** A new tmpfs that everybody may write to, where nothing else is said. */
  mount(at: string | Buffer, type?: string, source?: string, flags?: number, data?: string): void;
  bind(folder: string, at: string): void;
  /** Of what is mounted there, if anything. */
  unmount(at: string | Buffer): void;
}

export class Place {
  readonly #tree: Tree;
  readonly #outsider: number;
  readonly #mounts: Mounts;

  /** `tree`: the subject's root folder; `outsider`: a process of another mount namespace. */
  constructor(tree: Tree, outsider: number, mounts: Mounts) {
    this.#tree = tree;
    this.#outsider = outsider;
    this.#mounts = mounts;
  }

  /** The acts for one access, or why there are none. */
  attemptOf(access: Access): Attempt | Impossible {
    const { object, uid, gid } = access;
    if (uid === EPHEMERAL_OWNER || gid === EPHEMERAL_OWNER) return { reason: 'no process has the id -1' };
    const reason = object.type === 'path' ? ofTheKernel(object.path, access.operations, uid) : null;
    if (reason !== null) return { reason };
    const made = this.#attempt(object, [...access.operations], access.owner ?? 0);
    if ('reason' in made) return made;
    const become = [call(116)(0, 0), call(119)(gid, gid, gid), call(117)(uid, uid, uid)];
    return {
      ...made,
      arrange: () => {
        this.#tree.folder(SCRATCH);
        this.#tree.nothing(PROBE);
        made.arrange();
      },
      before: uid === 0 && gid === 0 ? made.before : [...made.before, ...become],
    };
  }

  #attempt(object: AccessObject, operations: readonly Operation[], owner: number): Attempt | Impossible {
    const which = OPERATIONS.filter((operation) => operations.includes(operation)).join('+');
    switch (object.type) {
      case 'path':
        return this.#path(bufferOf(object.path).subarray(1), which, owner);
      case 'kind':
        return this.#kind(object.kind, which, owner);
      case 'inet':
        return inet(object, which);
      case 'unix':
        return this.#unix(`un,${hex(bufferOf(object.path).subarray(1))}`, which, bufferOf(object.path).subarray(1));
      case 'abstract':
        return this.#unix(`abs,${hex(bufferOf(object.name))}`, which, null);
      case 'unnamed':
        return unnamed(which);
      case 'family':
        return family(object.family, object.kind, object.protocol, which);
      case 'number':
      case 'target':
        throw new RangeError('what version 2 has besides is attempted by later-attempts.ts');
    }
  }

  #path(path: Buffer, which: string, owner: number): Attempt | Impossible {
    const name = path.length === 0 ? 's:.' : hex(path);
    const there = (act: string, before: readonly string[] = []): Attempt => ({
      arrange: () => this.#tree.file(path, owner),
      before,
      act,
    });
    const absent = (act: string): Attempt => ({ arrange: () => this.#tree.nothing(path), before: [], act });
    const folder = path.length === 0 || path.toString('latin1') === 'proc' || path.toString('latin1') === 'proc/self';
    if (folder && /read|write/.test(which)) return { reason: 'a folder is not opened for reading or writing' };
    if (path.subarray(0, 15).toString('latin1') === 'proc/self/task/')
      return { reason: 'the number of a thread is the kernel’s to give' };
    switch (which) {
      case 'read':
        return there(call(2)(name, O.RDONLY));
      case 'write':
        return there(call(2)(name, O.WRONLY));
      case 'read+write':
        return there(call(2)(name, O.RDWR));
      case 'list':
        return {
          arrange: () => this.#tree.folder(path, owner),
          before: [],
          act: call(2)(name, O.RDONLY | O.DIRECTORY),
        };
      case 'create':
        return absent(call(83)(name, 0o755));
      case 'delete':
        return there(call(87)(name));
      case 'create+delete':
        return {
          arrange: () => {
            this.#tree.file(path, owner);
            this.#tree.file(`${SCRATCH}/old`, owner);
          },
          before: [],
          act: call(82)(`s:${SCRATCH}/old`, name),
        };
      case 'link':
        return {
          arrange: () => {
            this.#tree.file(path, owner);
            this.#tree.nothing(`${SCRATCH}/new`);
          },
          before: [],
          act: call(86)(name, `s:${SCRATCH}/new`),
        };
      case 'mknod':
        return absent(call(133)(name, 0o20600, 0x103));
      case 'chmod':
        return there(call(90)(name, 0o666));
      case 'chown':
        return there(call(92)(name, owner, 0));
      case 'stat':
        return { arrange: () => this.#tree.something(path, owner), before: [], act: call(4)(name, 'b:256') };
      case 'exec':
        return { ...there(`exec,${hex(path)}`), arrange: () => this.#tree.file(path, owner, true) };
      case 'load':
        return there(mmap('#1', READ_RUN), [keep(1, call(2)(name, O.RDONLY))]);
      case 'receive':
        return there('recvfd,4', ['socketpair', keep(1, call(2)(name, O.RDONLY)), 'sendfd,3,#1']);
      default:
        return { reason: `no system call attempts ${which} of one path at once` };
    }
  }

  #kind(kind: string, which: string, owner: number): Attempt | Impossible {
    const again: Record<string, number> = { read: O.RDONLY, write: O.WRONLY };
    const reopened = call(2)('s:proc/self/fd/#1', again[which] ?? 0);
    const gone = `${SCRATCH}/gone`;
    const simply = (before: readonly string[], act: string, arrange = (): void => undefined): Attempt => ({
      ...{ arrange, before, act },
    });
    const filled = [
      keep(1, memfd('m')),
      keep(2, call(2)(`s:${PROGRAM}`, O.RDONLY)),
      call(40)('#1', '#2', 0, 0x7ffff000),
      close('#2'),
      keep(3, call(2)('s:proc/self/fd/#1', O.RDONLY)),
      close('#1'),
    ];
    switch (`${kind} ${which}`) {
      case 'memfd read':
      case 'memfd write':
        return simply([keep(1, memfd('m'))], reopened);
      case 'memfd exec':
        return simply(filled, 'fexec,#3');
      case 'memfd load':
        return simply([keep(1, memfd('m')), call(77)('#1', 4096)], mmap('#1', READ_RUN));
      case 'deleted read':
      case 'deleted write':
        return simply([keep(1, call(2)(`s:${SCRATCH}/gone`, O.RDWR)), unlink(`${SCRATCH}/gone`)], reopened, () =>
          this.#tree.file(gone, owner),
        );
      case 'deleted exec':
        return simply([keep(1, call(2)(`s:${SCRATCH}/gone`, O.RDONLY)), unlink(`${SCRATCH}/gone`)], 'fexec,#1', () =>
          this.#tree.file(gone, owner, true),
        );
      case 'tmpfile write':
        return simply([], call(2)(`s:${SCRATCH}`, O.TMPFILE | O.WRONLY, 0o666));
      case 'tmpfile read':
        return simply([keep(1, call(2)(`s:${SCRATCH}`, O.TMPFILE | O.RDWR, 0o666))], reopened);
      case 'shm load':
        return simply([keep(1, call(29)(0, 4096, 0o1777))], call(30)('#1', 0, 0o100000));
      case 'pipe receive':
        return simply(['socketpair', call(22)('b:8'), 'sendfd,3,5'], 'recvfd,4');
      case 'socket receive':
        return simply(['socketpair', keep(1, socket(INET, DGRAM)), 'sendfd,3,#1'], 'recvfd,4');
      case 'anon receive':
        return simply(['socketpair', keep(1, call(290)(0, 0)), 'sendfd,3,#1'], 'recvfd,4');
      case 'anon stat':
        return { reason: 'what a process holds it may look at' };
      case 'detached read':
      case 'detached write':
        return {
          ...detached(this.#tree, this.#mounts, owner),
          before: [keep(1, call(2)('s:.mount', O.PATH))],
          act: call(257)('#1', 's:file', again[which] ?? 0),
        };
      case 'foreign read':
      case 'foreign write':
        return simply([], call(2)(`s:proc/${this.#outsider}/root/tmp/foreign`, again[which] ?? 0), () =>
          writeFileSync(`/proc/${this.#outsider}/root/tmp/foreign`, 'text', { mode: 0o666 }),
        );
      case 'foreign exec':
        return simply([], `exec,proc/${this.#outsider}/root/tmp/vm/bin/act`);
      case 'unreachable read':
      case 'unreachable write':
        return {
          ...unreachable(this.#tree, this.#mounts, owner),
          before: [keep(1, call(2)('s:.window/room', O.PATH))],
          act: call(257)('#1', 's:file', again[which] ?? 0),
        };
      default:
        return { reason: `no way is known to attempt ${which} of ${kind}` };
    }
  }

  #unix(address: string, which: string, path: Buffer | null): Attempt | Impossible {
    if (path !== null && path.length > 107) return { reason: 'no socket has so long a name' };
    const arrange = (): void => {
      if (path !== null) this.#tree.nothing(path);
    };
    const server = (kind: number): string[] => [keep(1, socket(UNIX, kind)), `bind,#1,${address}`];
    const listening = [...server(STREAM), listen('#1')];
    const client = keep(2, socket(UNIX, STREAM));
    // So that another user may connect.
    const open = path === null ? [] : [call(90)(hex(path), 0o777)];
    switch (which) {
      case 'bind':
        return { arrange, before: [keep(1, socket(UNIX, STREAM))], act: `bind,#1,${address}` };
      case 'listen':
        return { arrange, before: server(STREAM), act: listen('#1') };
      case 'accept':
        return { arrange, before: [...listening, client, `connect,#2,${address}`], act: accept('#1') };
      case 'connect':
        return { arrange, before: [...listening, ...open, client], act: `connect,#2,${address}` };
      case 'send':
        return {
          arrange,
          before: [...server(DGRAM), ...open, keep(2, socket(UNIX, DGRAM))],
          act: `sendto,#2,${address}`,
        };
      default:
        return { reason: `no system call attempts ${which} of one socket at once` };
    }
  }
}

/** What others do for an attempt. */
export type Arranged = Pick<Attempt, 'arrange' | 'meanwhile' | 'end'>;

/** A place that loses its tree: `.mount`, with `file` in it. */
export function detached(tree: Tree, mounts: Mounts, owner: number): Arranged {
  return {
    arrange: () => {
      tree.folder('.mount');
      mounts.mount(`${tree.root}/.mount`);
      tree.file('.mount/file', owner);
    },
    meanwhile: () => mounts.unmount(`${tree.root}/.mount`),
  };
}

/** One that is moved out of the part of a file system that is mounted: `.window/room`, with `file` in it. */
export function unreachable(tree: Tree, mounts: Mounts, owner: number): Arranged {
  const [house, window] = [`${tree.root}/.house`, `${tree.root}/.window`];
  return {
    arrange: () => {
      tree.nothing(`${SCRATCH}/room`);
      tree.file('.house/room/file', owner);
      tree.folder('.window');
      mounts.bind(house, window);
    },
    meanwhile: () => renameSync(`${house}/room`, `${tree.root}/${SCRATCH}/room`),
    // What is at two places is judged at both.
    end: () => mounts.unmount(window),
  };
}

/** Why the kernel itself refuses this before it asks anybody; null: it does not. */
function ofTheKernel(path: string, operations: readonly Operation[], uid: number): string | null {
  if (!path.startsWith('/proc/')) return null;
  if (operations.some((one) => one === 'create' || one === 'link')) return 'the kernel makes its own files';
  if (!operations.includes('write')) return null;
  if (uid !== 0) return 'the kernel’s files are for root to write';
  return /ostype$|binfmt_misc/.test(path) ? 'a file of the kernel’s that is not there, or never written' : null;
}

function inet(
  { protocol, address, port }: Extract<AccessObject, { type: 'inet' }>,
  which: string,
): Attempt | Impossible {
  const bytes = bufferOf(address);
  const four = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  const host = four
    ? [...bytes.subarray(12)].join('.')
    : Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(':');
  const to = `${four ? 'in' : 'in6'},${host},${port}`;
  const kinds = {
    tcp: [STREAM, 6],
    udp: [DGRAM, 17],
    sctp: [STREAM, 132],
    icmp: [DGRAM, four ? 1 : 58],
    // Not 255: what such a socket sends names its own destination, so it is judged by its family.
    raw: [RAW, 253],
  };
  const [kind = 0, number = 0] = kinds[protocol];
  if (port !== 0 && (protocol === 'icmp' || protocol === 'raw'))
    return { reason: 'ICMP and raw sockets have no ports' };
  const make = socket(four ? INET : INET6, kind | NONBLOCK, number);
  // SO_REUSEADDR: a port that was accepted on stays in use for a while.
  const one = [keep(1, make), call(54)('#1', 1, 2, 'w:1', 4)];
  const bound = [...one, `bind,#1,${to}`];
  const everywhere = /^[0.:]+$/.test(host);
  const loopback = everywhere ? (four ? `in,127.0.0.1,${port}` : `in6,::1,${port}`) : to;
  const arrange = (): void => undefined;
  switch (which) {
    case 'bind':
      return { arrange, before: one, act: `bind,#1,${to}` };
    case 'listen':
      return { arrange, before: bound, act: listen('#1') };
    case 'accept':
      return {
        arrange,
        before: [...bound, listen('#1'), keep(2, socket(four ? INET : INET6, kind, number)), `connect,#2,${loopback}`],
        act: accept('#1'),
      };
    case 'connect':
      return { arrange, before: one, act: `connect,#1,${to}` };
    case 'send':
      if (protocol === 'tcp') return { reason: 'what is sent over TCP to an address is a connect (fast open)' };
      return { arrange, before: one, act: `sendto,#1,${to}` };
    default:
      return { reason: `no system call attempts ${which} of one address at once` };
  }
}

function unnamed(which: string): Attempt | Impossible {
  const arrange = (): void => undefined;
  if (which === 'bind') return { arrange, before: [keep(1, socket(UNIX, STREAM))], act: 'bind,#1,auto' };
  if (which === 'send') return { reason: 'what goes through a pair of sockets is not judged' };
  return { reason: 'a socket without a name is no place to connect to' };
}

function family(number: number, kind: number, protocol: number, which: string): Attempt | Impossible {
  const arrange = (): void => undefined;
  if (which === 'socket') return { arrange, before: [], act: socket(number, kind, protocol) };
  // packet(7): the socket keeps its protocol to itself once it is made; the hooks are told 0.
  if (number === PACKET) return { reason: 'a packet socket that is made does not tell its protocol' };
  const before = [keep(1, socket(number, kind, protocol))];
  const [name, length] = [`w:${NETLINK}:0`, 12];
  switch (which) {
    case 'bind':
      return { arrange, before, act: call(49)('#1', name, length) };
    case 'connect':
      return { arrange, before, act: call(42)('#1', name, length) };
    case 'send':
      return { arrange, before, act: call(44)('#1', 's:x', 1, 0, name, length) };
    default:
      return { reason: `no system call attempts ${which} of one family at once` };
  }
}
