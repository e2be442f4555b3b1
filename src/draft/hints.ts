// SPDX-License-Identifier: GPL-2.0-only
/** What a program's file shows that it can do, but not with what: comments at the end of a draft. */
import type { Version } from '../policy/operations.js';

/** What functions say that is not known here: where it goes, what it runs. */
export const HINTS: readonly (readonly [functions: readonly string[], hint: string])[] = [
  [
    ['execve', 'execv', 'execvp', 'execl', 'execlp', 'execle', 'posix_spawn', 'posix_spawnp', 'system', 'popen'],
    'it can run programs: permit: exec, and `policy:` says what they run under',
  ],
  [
    ['bind', 'listen', 'accept', 'accept4'],
    'it can be a server: permit: [bind, listen, accept] with address: "tcp:80"',
  ],
  [
    ['connect', 'sendto', 'sendmsg'],
    'it can go out: permit: connect (send for datagrams) with address: "tcp:192.0.2.1:443"',
  ],
  [['dlopen'], 'it can load plug-ins: permit: load'],
  [
    ['mkstemp', 'mkstemp64', 'mkostemp', 'mkdtemp', 'tmpfile', 'tmpfile64', 'tmpnam'],
    'it can make temporary files: permit: [read, write, create, delete] with path: "/tmp/NAME-?{6}"',
  ],
];

/** The same of what version 2 judges. */
export const LATER_HINTS: typeof HINTS = [
  [['chroot'], 'it can change its root: permit: chroot with path: /var/empty'],
  [
    ['setuid', 'seteuid', 'setreuid', 'setresuid'],
    'it can become another user: permit: setuid with user: NAME (or uid:)',
  ],
  [
    ['setgid', 'setegid', 'setregid', 'setresgid', 'setgroups', 'initgroups'],
    'it can take other groups: permit: setgid with group: NAME (or gid:)',
  ],
  [
    ['cap_set_proc', 'cap_set_flag', 'capng_apply'],
    'it can use capabilities: permit: capable with capability: net_raw',
  ],
  [
    ['kill', 'killpg', 'sigqueue', 'tgkill'],
    'it can signal others: permit: signal with signal: TERM and process: child',
  ],
  [
    ['ptrace', 'process_vm_readv', 'process_vm_writev'],
    'it can look into others: permit: ptrace with ptrace: attach and process: child',
  ],
  [['prlimit', 'prlimit64'], 'it can set the limits of others: permit: limit with limit: nofile and process: child'],
  [
    ['setpriority', 'sched_setscheduler', 'sched_setaffinity', 'sched_setparam'],
    'it can change how others are served: permit: priority with priority: nice and process: child',
  ],
  [['unshare', 'setns'], 'it can make or enter namespaces: permit: namespace with namespace: net'],
  [['mount', 'mnt_context_mount'], 'it can mount: permit: mount with type: tmpfs and path: /mnt'],
  [['umount', 'umount2', 'mnt_context_umount'], 'it can unmount: permit: unmount with path: /mnt'],
  [['shmget', 'shmat', 'msgget', 'semget'], 'it can use System V IPC: permit: ipc with ipc: shm'],
  [
    ['utime', 'utimes', 'utimensat', 'futimens', 'futimes', 'setxattr', 'lsetxattr', 'fsetxattr'],
    'it can set times and attributes of files: permit: attribute with attribute: times and path: "/srv/*"',
  ],
  [['ioctl'], 'it can make requests to devices: permit: ioctl with command: TCSETS and path: /dev/tty'],
];

/** A line for each thing that the functions are for, with those that show it. */
export function hintLines(imports: ReadonlySet<string>, version: Version): string[] {
  return [...HINTS, ...(version === 2 ? LATER_HINTS : [])].flatMap(([functions, hint]) => {
    const found = functions.filter((name) => imports.has(name));
    return found.length === 0 ? [] : [`${found.slice(0, 3).join(', ')}: ${hint}`];
  });
}
