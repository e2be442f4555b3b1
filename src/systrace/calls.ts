// SPDX-License-Identifier: GPL-2.0-only
/**
 * Names of system calls as the ports of systrace had them, and what each is to callgate. The arguments and aliases are those
 * of register-openbsd.c and register-linux.c of systrace 1.6g.
 */
import type { Emulation } from './syntax.js';

/** Old and new names of one call. */
const SAME: Readonly<Record<string, string>> = {
  creat64: 'creat',
  open64: 'open',
  openat2: 'openat',
  newfstatat: 'fstatat',
  fstatat64: 'fstatat',
  fstat64: 'fstat',
  statx: 'fstatat',
  stat64: 'stat',
  lstat64: 'lstat',
  oldstat: 'stat',
  oldlstat: 'lstat',
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  truncate64: 'truncate',
  ftruncate64: 'ftruncate',
  chown32: 'chown',
  lchown32: 'lchown',
  fchown32: 'fchown',
  fchownat: 'chownat',
  fchmodat: 'chmodat',
  fchmodat2: 'chmodat',
  renameat2: 'renameat',
  execveat: 'execve',
  fexecve: 'execve',
  accept4: 'accept',
  paccept: 'accept',
  old_mmap: 'mmap',
  mmap2: 'mmap',
  pkey_mprotect: 'mprotect',
  setuid32: 'setuid',
  setgid32: 'setgid',
};

/**
 * The name that the call has here: without what ports put around it (`compat_43_ostat`, `__lstat13`, `__posix_rename`,
 * `linux_exit_group`).
 */
export function plainName(call: string): string {
  const bare = call
    .toLowerCase()
    .replace(/^(?:linux_|netbsd_|freebsd_|sys_)/, '')
    .replace(/^compat_\d+_o?/, '')
    .replace(/^__posix_/, '')
    .replace(/^__([a-z]+?)\d\d$/, '$1');
  return SAME[bare] ?? bare;
}

/** How a path was told: as the kernel resolved it, or as the program spelled it. */
export function isLexical(emulation: Emulation): boolean {
  return emulation === 'linux' || emulation === 'linux64';
}

export type Alias = 'fsread' | 'fswrite';

/** Is it one of the names that stand for several calls? */
export function isAlias(call: string): boolean {
  return call === 'fsread' || call === 'fswrite' || call === '_socketcall';
}

const READ: readonly string[] = [
  'open',
  'openat',
  'stat',
  'lstat',
  'fstatat',
  'access',
  'faccessat',
  'readlink',
  'readlinkat',
];
const WRITE: readonly string[] = ['open', 'openat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'];
/** Aliased by the ports of BSD alone. */
const WRITE_NATIVE: readonly string[] = ['truncate', 'mkfifo', 'mkfifoat'];

/** Do the rules of an alias count for this call too? */
export function isAliased(call: string, alias: Alias, emulation: Emulation): boolean {
  if (alias === 'fsread') return READ.includes(call);
  return WRITE.includes(call) || (!isLexical(emulation) && emulation !== 'netbsd' && WRITE_NATIVE.includes(call));
}

/** Calls that a subject is refused in every mode (docs/policy-language.md, "The floor"). */
const FLOOR: ReadonlySet<string> = new Set([
  'acct',
  'bpf',
  'chroot',
  'create_module',
  'delete_module',
  'finit_module',
  'fsmount',
  'fsopen',
  'init_module',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'ioperm',
  'iopl',
  'kexec_file_load',
  'kexec_load',
  'modctl',
  'mount',
  'mount_setattr',
  'move_mount',
  'open_tree',
  'perf_event_open',
  'pivot_root',
  'ptrace',
  'quotactl',
  'reboot',
  'setdomainname',
  'sethostname',
  'setns',
  'swapctl',
  'swapoff',
  'swapon',
  'umount',
  'umount2',
  'unmount',
  'unshare',
]);

/** Is the call refused whatever a policy says? */
export function isFloor(call: string): boolean {
  return FLOOR.has(call);
}
