// SPDX-License-Identifier: GPL-2.0-only
/** System calls as people know them: what each is about, which a list may name together, and which stand for each other. */
import { callNames, inTableOrder } from './calls.js';

/** What calls are about. Each call is in one group. */
export interface CallGroup {
  readonly name: string;
  /** For a person. */
  readonly about: string;
  /** Rare in programs, or of a reach that is worth a look: no list names them together, each stands for itself. */
  readonly apart: boolean;
  readonly calls: readonly string[];
}

function ordinary(name: string, about: string, calls: string): CallGroup {
  return { name, about, apart: false, calls: calls.trim().split(/\s+/) };
}

function apart(name: string, about: string, calls: string): CallGroup {
  return { name, about, apart: true, calls: calls.trim().split(/\s+/) };
}

/** In the order in which they are shown. */
export const CALL_GROUPS: readonly CallGroup[] = [
  ordinary(
    'files',
    'names and files: open, look, make, move, remove',
    `open creat openat openat2 stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents getdents64
    getcwd chdir fchdir rename renameat renameat2 mkdir mkdirat rmdir link linkat symlink symlinkat unlink unlinkat chmod fchmod
    fchmodat fchmodat2 chown fchown lchown fchownat umask truncate ftruncate fallocate utime utimes futimesat utimensat mknod mknodat
    statfs fstatfs flock fadvise64 readahead sync syncfs fsync fdatasync sync_file_range copy_file_range sendfile cachestat
    setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat
    removexattr lremovexattr fremovexattr removexattrat inotify_init inotify_init1 inotify_add_watch inotify_rm_watch file_getattr
    file_setattr`,
  ),
  ordinary(
    'descriptors',
    'what is open: read, write, wait, pipes',
    `read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3 fcntl ioctl pipe
    pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 splice
    tee vmsplice io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel`,
  ),
  ordinary(
    'network',
    'sockets',
    `socket socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt sendto sendmsg sendmmsg
    recvfrom recvmsg recvmmsg shutdown`,
  ),
  ordinary(
    'processes',
    'processes and threads, their limits and scheduling',
    `clone clone3 fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid getpgrp getsid setpgid setsid
    prctl arch_prctl set_tid_address getrlimit setrlimit prlimit64 getrusage times pidfd_open getpriority setpriority ioprio_get
    ioprio_set sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max
    sched_get_priority_min sched_rr_get_interval sched_setaffinity sched_getaffinity sched_setattr sched_getattr getcpu`,
  ),
  ordinary(
    'identity',
    'users, groups, capabilities',
    `getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid
    setgroups capget capset`,
  ),
  ordinary(
    'memory',
    'memory of its own',
    `brk mmap munmap mprotect mremap msync mincore madvise mlock mlock2 munlock mlockall munlockall pkey_mprotect pkey_alloc pkey_free
    memfd_create memfd_secret membarrier mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages mseal
    map_shadow_stack`,
  ),
  ordinary(
    'signals',
    'signals, sent and taken, and what the kernel itself has a program call',
    `rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend kill tkill
    tgkill pidfd_send_signal sigaltstack pause signalfd signalfd4 restart_syscall uretprobe uprobe`,
  ),
  ordinary(
    'time',
    'clocks read, timers, sleep',
    `time gettimeofday clock_gettime clock_getres nanosleep clock_nanosleep alarm getitimer setitimer timer_create timer_settime
    timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime`,
  ),
  ordinary(
    'locks',
    'between threads and processes: futexes, semaphores, shared memory, queues',
    `futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list rseq rseq_slice_yield semget semop semtimedop
    semctl shmget shmat shmdt shmctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr`,
  ),
  ordinary('system', 'facts about the system', 'uname sysinfo getrandom'),
  ordinary(
    'sandbox',
    'filters a program puts on itself',
    'seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr lsm_set_self_attr lsm_list_modules',
  ),
  apart(
    'tracing',
    'looks into other processes, and takes from them',
    'ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp perf_event_open userfaultfd',
  ),
  apart(
    'kernel',
    'code and settings of the kernel',
    'bpf init_module finit_module delete_module kexec_load kexec_file_load reboot syslog iopl ioperm modify_ldt personality',
  ),
  apart(
    'mounts',
    'mounts, roots, namespaces',
    `mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr statmount listmount
    unshare setns listns`,
  ),
  apart(
    'machine',
    'settings of the whole machine',
    `swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname vhangup`,
  ),
  apart(
    'rings',
    'work the kernel does beside system calls, so that no filter sees it',
    'io_uring_setup io_uring_enter io_uring_register',
  ),
  apart('keys', "the kernel's key rings", 'add_key request_key keyctl'),
  apart(
    'handles',
    'files without their names, and permission events',
    'name_to_handle_at open_by_handle_at fanotify_init fanotify_mark lookup_dcookie',
  ),
  apart(
    'obsolete',
    'of no use any more, or never called by a program itself',
    `uselib ustat sysfs _sysctl create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg afs_syscall tuxcall security
    set_thread_area get_thread_area epoll_ctl_old epoll_wait_old remap_file_pages vserver`,
  ),
];

/**
 * Permitted whatever a list says: the start is an execve(2), and which programs it may run the rules of `exec` say; no program can do
 * without the others, and nothing is gained by refusing to let it end. uretprobe and uprobe are what the kernel itself puts into a program
 * that is probed, and from anywhere else they end in SIGILL (arch/x86/kernel/uprobes.c); it passes them by every filter
 * (kernel/seccomp.c of 6.14, and of 6.12 as it is kept up), so that a list without them would say what is not so.
 */
export const ALWAYS: readonly string[] = [
  ...['execve', 'exit', 'exit_group', 'rt_sigreturn', 'restart_syscall', 'uretprobe', 'uprobe'],
];

/** What the loader and the C library call for themselves in a program that does nothing, on any of their versions. */
const BASIC: readonly string[] = inTableOrder([
  ...ALWAYS,
  ...[
    'read',
    'write',
    'writev',
    'pread64',
    'close',
    'lseek',
    'fcntl',
    'ioctl',
    'openat',
    'open',
    'fstat',
    'newfstatat',
    'statx',
  ],
  ...['access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat', 'getcwd'],
  ...['brk', 'mmap', 'munmap', 'mprotect', 'mremap', 'madvise', 'mseal', 'map_shadow_stack'],
  ...[
    'arch_prctl',
    'set_tid_address',
    'set_robust_list',
    'rseq',
    'prlimit64',
    'getrlimit',
    'futex',
    'sched_yield',
    'getcpu',
  ],
  ...[
    'rt_sigaction',
    'rt_sigprocmask',
    'sigaltstack',
    'tgkill',
    'getpid',
    'gettid',
    'getuid',
    'geteuid',
    'getgid',
    'getegid',
  ],
  ...['clock_gettime', 'clock_getres', 'gettimeofday', 'time', 'getrandom', 'uname', 'sysinfo', 'sched_getaffinity'],
]);

/** What `@NAME` in a list stands for. */
export const NAMED_GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ['basic', BASIC],
  ...CALL_GROUPS.filter((group) => !group.apart).map(({ name, calls }) => [name, calls] as const),
]);

/**
 * Calls that do the same thing: which of them a program comes to is its C library's and the kernel's matter, and changes with both. Who
 * learns one learns its family.
 */
export const FAMILIES: readonly (readonly string[])[] = [
  ['open', 'openat', 'creat'],
  ['stat', 'lstat', 'fstat', 'newfstatat', 'statx'],
  ['access', 'faccessat', 'faccessat2'],
  ['readlink', 'readlinkat'],
  ['getdents', 'getdents64'],
  ['rename', 'renameat', 'renameat2'],
  ['mkdir', 'mkdirat'],
  ['unlink', 'unlinkat', 'rmdir'],
  ['link', 'linkat'],
  ['symlink', 'symlinkat'],
  ['chmod', 'fchmod', 'fchmodat', 'fchmodat2'],
  ['chown', 'lchown', 'fchown', 'fchownat'],
  ['mknod', 'mknodat'],
  ['utime', 'utimes', 'futimesat', 'utimensat'],
  ['pread64', 'preadv', 'preadv2'],
  ['pwrite64', 'pwritev', 'pwritev2'],
  ['copy_file_range', 'sendfile'],
  ['dup2', 'dup3'],
  ['pipe', 'pipe2'],
  ['poll', 'ppoll'],
  ['select', 'pselect6'],
  ['epoll_create', 'epoll_create1'],
  ['epoll_wait', 'epoll_pwait', 'epoll_pwait2'],
  ['eventfd', 'eventfd2'],
  ['signalfd', 'signalfd4'],
  ['inotify_init', 'inotify_init1'],
  ['accept', 'accept4'],
  ['sendto', 'sendmsg', 'sendmmsg'],
  ['recvfrom', 'recvmsg', 'recvmmsg'],
  ['clone', 'clone3', 'fork', 'vfork'],
  ['wait4', 'waitid'],
  ['tkill', 'tgkill'],
  ['time', 'gettimeofday', 'clock_gettime'],
  ['nanosleep', 'clock_nanosleep'],
  ['futex', 'futex_waitv', 'futex_wake', 'futex_wait', 'futex_requeue'],
];

/** The calls, and those of their families. By number. */
export function withFamilies(calls: readonly string[]): string[] {
  return inTableOrder([...calls, ...FAMILIES.filter((family) => family.some((call) => calls.includes(call))).flat()]);
}

/** Some of a group's calls. */
export interface GroupedCalls {
  readonly group: string;
  readonly about: string;
  readonly apart: boolean;
  readonly calls: readonly string[];
}

/** The calls by what they are about, those set apart last. Groups of which there is none are left out. */
export function groupCalls(calls: readonly string[]): GroupedCalls[] {
  const known = new Set(callNames());
  const grouped = CALL_GROUPS.map(({ name, about, apart: aside, calls: all }) => ({
    ...{ group: name, about, apart: aside },
    calls: inTableOrder(calls.filter((call) => all.includes(call))),
  }));
  const unknown = inTableOrder(calls.filter((call) => !known.has(call)));
  return [
    ...grouped,
    { group: 'unknown', about: 'newer than this callgate, or none', apart: true, calls: unknown },
  ].filter((group) => group.calls.length > 0);
}
