// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a policy of callgate grants, and which classic calls ask for it. Calls of one right are one to callgate: a rule of any
 * of them speaks for it. Whether a name is a file, a folder or a link tells most of them apart anyway.
 */
import type { Bytes } from '../policy/bytes.js';
import type { Operation } from '../policy/operations.js';
import type { Alias } from './calls.js';
import { comparing } from './compare.js';
import { type Inet, inetSpace } from './inet.js';
import { pathReach } from './path-reach.js';
import { EVERYTHING, type Pattern } from './pattern.js';
import type { Reach } from './reach.js';
import { type Points, pathSpace, pointSpace, type Space } from './space.js';
import type { Comparison } from './syntax.js';

/** A call that asks for a right, and which of its names is the object. */
export interface Way {
  readonly call: string;
  readonly name: number;
}

/** What each call's arguments were called, where a rule could test them; `filename` twice where there are two. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  open: ['filename', 'oflags'],
  openat: ['filename', 'oflags'],
  creat: ['filename'],
  stat: ['filename'],
  lstat: ['filename'],
  fstatat: ['filename'],
  access: ['filename'],
  faccessat: ['filename'],
  readlink: ['filename'],
  readlinkat: ['filename'],
  truncate: ['filename'],
  unlink: ['filename'],
  unlinkat: ['filename'],
  rmdir: ['filename'],
  mkdir: ['filename'],
  mkdirat: ['filename'],
  mkfifo: ['filename', 'mode'],
  mkfifoat: ['filename', 'mode'],
  mknod: ['filename', 'mode'],
  mknodat: ['filename', 'mode'],
  symlink: ['string', 'filename'],
  symlinkat: ['string', 'filename'],
  link: ['filename', 'filename'],
  linkat: ['filename', 'filename'],
  rename: ['filename', 'filename'],
  renameat: ['filename', 'filename'],
  chmod: ['filename', 'mode'],
  chmodat: ['filename', 'mode'],
  chown: ['filename', 'uid', 'gid'],
  lchown: ['filename', 'uid', 'gid'],
  chownat: ['filename', 'uid', 'gid'],
  execve: ['filename', 'argv'],
  socket: ['sockdom', 'socktype'],
  bind: ['sockaddr'],
  connect: ['sockaddr'],
  sendto: ['sockaddr'],
  sendmsg: ['sockaddr'],
  sendmmsg: ['sockaddr'],
  mmap: ['prot'],
};

/** The aliases have the first name alone. */
const ALIAS_ARGUMENTS: readonly string[] = ['filename'];

export interface PathRight {
  readonly operation: Operation;
  /** Whose rules count for its calls too. */
  readonly alias: Alias | null;
  readonly ways: readonly Way[];
  /** Printed flags of an open that asks for it. O_NONBLOCK and O_APPEND grant nothing and are not looked at. */
  readonly flags: readonly string[];
}

const ways = (...calls: readonly string[]): Way[] => calls.map((call) => ({ call, name: 0 }));

/** Rights on paths. `load` is asked by opens too, where the policy lets files be mapped as code. */
export const PATH_RIGHTS: readonly PathRight[] = [
  { operation: 'read', alias: 'fsread', ways: ways('open', 'openat'), flags: ['ro'] },
  { operation: 'list', alias: 'fsread', ways: ways('open', 'openat'), flags: ['ro'] },
  { operation: 'load', alias: 'fsread', ways: ways('open', 'openat'), flags: ['ro'] },
  { operation: 'stat', alias: 'fsread', ways: ways('stat', 'lstat', 'fstatat'), flags: [] },
  { operation: 'write', alias: 'fswrite', ways: ways('open', 'openat', 'creat'), flags: ['wo', 'rw', 'wot', 'rwt'] },
  {
    operation: 'create',
    alias: 'fswrite',
    ways: ways('open', 'openat', 'creat'),
    flags: ['woc', 'rwc', 'woct', 'rwct'],
  },
  { operation: 'delete', alias: 'fswrite', ways: ways('unlink', 'unlinkat'), flags: [] },
  { operation: 'link', alias: null, ways: ways('link', 'linkat'), flags: [] },
  { operation: 'mknod', alias: null, ways: ways('mknod', 'mknodat'), flags: [] },
  { operation: 'chmod', alias: null, ways: ways('chmod', 'chmodat'), flags: [] },
  { operation: 'chown', alias: null, ways: ways('chown', 'lchown', 'chownat'), flags: [] },
  { operation: 'exec', alias: null, ways: ways('execve'), flags: [] },
  { operation: 'receive', alias: null, ways: ways('recvmsg', 'recvmmsg'), flags: [] },
];

/**
 * Calls that ask for a right which grants more than they do: who may make a folder might make a file by it, who may rename
 * might delete. A line of theirs alone does not grant it, unless --widen is asked for.
 */
export const LESSER: readonly { readonly operation: Operation; readonly way: Way }[] = [
  ...['readlink', 'readlinkat'].map((call) => ({ operation: 'read' as const, way: { call, name: 0 } })),
  { operation: 'delete', way: { call: 'rmdir', name: 0 } },
  ...['mkdir', 'mkdirat', 'mkfifo', 'mkfifoat', 'symlink', 'symlinkat'].map((call) => ({
    operation: 'create' as const,
    way: { call, name: 0 },
  })),
  ...['link', 'linkat'].map((call) => ({ operation: 'create' as const, way: { call, name: 1 } })),
  ...['rename', 'renameat'].flatMap((call) => [
    { operation: 'delete' as const, way: { call, name: 0 } },
    { operation: 'create' as const, way: { call, name: 1 } },
    { operation: 'delete' as const, way: { call, name: 1 } },
  ]),
  { operation: 'create', way: { call: 'bind', name: 0 } },
];

/** What is done by a descriptor, or by a path that was not translated: callgate judges it by the path, as the call beside it. */
export const BY_OTHERS: readonly string[] = ['fchmod', 'fchown', 'truncate'];

/** Rights on addresses. */
export const SOCKET_RIGHTS: readonly { readonly operation: Operation; readonly ways: readonly Way[] }[] = [
  { operation: 'bind', ways: ways('bind', 'socketcall') },
  { operation: 'listen', ways: ways('listen', 'socketcall') },
  { operation: 'accept', ways: ways('accept', 'socketcall') },
  { operation: 'connect', ways: ways('connect', 'socketcall') },
  { operation: 'send', ways: ways('sendto', 'sendmsg', 'sendmmsg', 'socketcall') },
];

/** Calls that ask for a socket. */
export const SOCKET_WAYS: readonly Way[] = ways('socket', 'socketcall');

/** Is the call one that a right is about, by itself or as a part of others? */
export function isGoverned(call: string): boolean {
  return GOVERNED.has(call);
}

const GOVERNED: ReadonlySet<string> = new Set([
  ...PATH_RIGHTS.flatMap((right) => right.ways.map(({ call }) => call)),
  ...SOCKET_RIGHTS.flatMap((right) => right.ways.map(({ call }) => call)),
  ...SOCKET_WAYS.map(({ call }) => call),
  ...LESSER.map(({ way }) => way.call),
  ...BY_OTHERS,
  'socketpair',
]);

const CONSTANT = <P>(holds: boolean | null, everything: P): Reach<P> => ({
  under: holds === true ? [everything] : [],
  over: holds === false ? [] : [everything],
  remark: holds === null ? 'argument' : null,
});

/** Has the call an argument of this name and number? */
function hasArgument({ name, index }: Comparison, names: readonly string[]): boolean {
  return names.filter((one) => one === name).length > (index ?? 0);
}

/**
 * How a rule of this call speaks of paths.
 *
 * @param flags printed flags of the opens that are meant
 * @param alias the rule is one of `fsread` or `fswrite`
 */
export function pathsOf(way: Way, flags: readonly string[], alias: boolean): Space<Pattern> {
  const names = alias ? ALIAS_ARGUMENTS : (ARGUMENTS[way.call] ?? []);
  return pathSpace((test) => {
    // The path that a unix socket is bound to is a file as well.
    if (way.call === 'bind') return socketPath(way, test);
    if (!hasArgument(test, names)) return null;
    if (test.name === 'filename' && (test.index ?? 0) === way.name) return pathReach(test);
    if (test.name !== 'oflags' || flags.length === 0) return CONSTANT(null, EVERYTHING);
    const holds = comparing(test);
    const answers = new Set(flags.map(holds));
    return CONSTANT(answers.size === 1 ? ([...answers][0] as boolean | null) : null, EVERYTHING);
  });
}

/** How a rule of this call speaks of unix sockets with a path. */
export function unixOf(way: Way): Space<Pattern> {
  return pathSpace((test) => socketPath(way, test));
}

function socketPath({ call }: Way, test: Comparison): Reach<Pattern> | null {
  if (!hasArgument(test, ARGUMENTS[call] ?? [])) return null;
  const reach = pathReach(test);
  if (!isOfInet(test)) return reach;
  // No path begins with it.
  if (test.operator === 're' && /^\^inet-[^|]*$/.test(test.value)) return { under: [], over: [], remark: 'never' };
  // `sub ":515"` finds itself in paths too, which nobody meant to permit.
  return { ...reach, over: overOf(test, reach), under: [], unmeant: true };
}

/** Of an expression that says `inet-` no other paths are meant than those that hold it. */
function overOf({ operator, value }: Comparison, { over, remark }: Reach<Pattern>): readonly Pattern[] {
  const says = operator === 're' && remark !== null && /^inet-(?![*?{])[^|]*$/.test(value);
  return says ? pathReach(INET).over : over;
}

const INET: Comparison = { kind: 'test', name: 'sockaddr', index: null, operator: 'sub', value: 'inet-' as Bytes };

function isOfInet({ operator, value }: Comparison): boolean {
  return (operator === 'sub' || operator === 're') && /inet-|^:\d|\]:/.test(value);
}

/** How a rule of this call speaks of internet addresses. */
export function inetOf({ call }: Way): Space<Inet> {
  return { ...inetSpace, reach: (test) => (hasArgument(test, ARGUMENTS[call] ?? []) ? inetSpace.reach(test) : null) };
}

/** How a rule of this call speaks of things whose printed arguments are counted. */
export function pointsOf({ call }: Way, printed: readonly Readonly<Record<string, string>>[]): Space<Points> {
  return pointSpace(printed.length, (test) => {
    if (!hasArgument(test, ARGUMENTS[call] ?? [])) return null;
    const holds = comparing(test);
    return (point) => {
      const value = printed[point]?.[test.name];
      return value === undefined ? null : holds(value as Bytes);
    };
  });
}
