// SPDX-License-Identifier: GPL-2.0-only
/** System calls in the words of test/vm/programs/act.c. */

export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  ACCESS: 3,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  PATH: 0o10000000,
  TMPFILE: 0o20200000,
} as const;
export const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;

const call =
  (number: number) =>
  (...args: readonly (string | number)[]): string =>
    ['call', number, ...args].join(',');
const text = (value: string): string => `s:${value}`;

/** Keeps the result of an act as #`slot`. */
export const keep = (slot: number, act: string): string => `${slot}=${act}`;

export const open = (path: string, flags: number = O.RDONLY): string => call(2)(text(path), flags, 0o644);
export const openat = (fd: string | number, path: string, flags: number = O.RDONLY): string =>
  call(257)(fd, text(path), flags, 0o644);
/** How: flags, mode, resolve. */
export const openat2 = (fd: string | number, path: string, flags: number, resolve: number): string =>
  call(437)(fd, text(path), `w:${flags}:0:${resolve}`, 24);
export const creat = (path: string): string => call(85)(text(path), 0o644);
export const truncate = (path: string): string => call(76)(text(path), 0);
export const ftruncate = (fd: string): string => call(77)(fd, 0);
export const mkdir = (path: string): string => call(83)(text(path), 0o755);
export const rmdir = (path: string): string => call(84)(text(path));
export const unlink = (path: string): string => call(87)(text(path));
export const symlink = (target: string, path: string): string => call(88)(text(target), text(path));
export const readlink = (path: string): string => call(89)(text(path), 'b:4096', 4096);
export const link = (from: string, to: string): string => call(86)(text(from), text(to));
export const linkFd = (fd: string, to: string): string => call(265)(fd, text(''), AT_FDCWD, text(to), AT_EMPTY_PATH);
export const rename = (from: string, to: string): string => call(82)(text(from), text(to));
export const renameat2 = (from: string, to: string, flags: number): string =>
  call(316)(AT_FDCWD, text(from), AT_FDCWD, text(to), flags);
export const mknod = (path: string, mode: number, device = 0): string => call(133)(text(path), mode, device);
export const chmod = (path: string): string => call(90)(text(path), 0o600);
export const fchmod = (fd: string): string => call(91)(fd, 0o600);
export const chown = (path: string): string => call(92)(text(path), 0, 0);
export const stat = (path: string): string => call(4)(text(path), 'b:256');
export const fstat = (fd: string): string => call(5)(fd, 'b:256');
export const chdir = (path: string): string => call(80)(text(path));
export const fchdir = (fd: string): string => call(81)(fd);
export const chroot = (path: string): string => call(161)(text(path));
export const memfd = (name: string): string => call(319)(text(name), 0);
export const mmap = (fd: string, protection: number): string => call(9)(0, 4096, protection, 2, fd, 0);
export const mprotect = (address: string, protection: number): string => call(10)(address, 4096, protection);
export const close = (fd: string): string => call(3)(fd);
export const lseek = (fd: string, offset: number): string => call(8)(fd, offset, 0);
export const write = (fd: string, value: string): string => call(1)(fd, text(value), value.length);
export const dup = (fd: string): string => call(32)(fd);
export const unshare = (flags: number): string => call(272)(flags);
export const mount = (source: string, target: string, type: string, flags = 0, data = ''): string =>
  call(165)(text(source), text(target), text(type), flags, text(data));
export const umount = (target: string, flags = 0): string => call(166)(text(target), flags);
export const socket = (family: number, type: number, protocol = 0): string => call(41)(family, type, protocol);
export const listen = (fd: string): string => call(50)(fd, 100);
export const accept = (fd: string): string => call(43)(fd, 0, 0);
export const mqOpen = (name: string, flags: number): string => call(240)(text(name), flags, 0o644, 0);
export const mqUnlink = (name: string): string => call(241)(text(name));
/** `value` is an argument of act's: its words or bytes. */
export const setxattr = (path: string, name: string, value: string, size: number): string =>
  call(188)(text(path), text(name), value, size, 0);
export const removexattr = (path: string, name: string): string => call(197)(text(path), text(name));
export const setuid = (uid: number): string => call(105)(uid);
export const setgid = (gid: number): string => call(106)(gid);
/** -1 leaves one as it is. */
export const setresuid = (real: number, effective: number, saved: number): string => call(117)(real, effective, saved);
export const setfsuid = (uid: number): string => call(122)(uid);
/** At most two. */
export const setgroups = (...gids: readonly number[]): string =>
  call(116)(gids.length, `w:${(BigInt(gids[1] ?? 0) << 32n) | BigInt(gids[0] ?? 0)}`);
export { call };
