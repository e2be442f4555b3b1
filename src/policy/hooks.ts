// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kernel's hooks that the gate has programs on, and what each is for. The table in docs/operations.md is made of it; tests hold it
 * against the linked object and against the kernels.
 */
import type { Operation } from './operations.js';

/** What a hook is for. */
export interface Hook {
  /** The operations that it judges. */
  readonly judges: readonly Operation[];
  /** What else it does, in the words of the table. */
  readonly also?: string;
  /** It is on only once a policy of version 2 is loaded: no other needs it. */
  readonly later?: true;
  /** The first kernel that has it; absent: all that callgate runs on (6.1 and later). */
  readonly since?: `${number}.${number}`;
}

const judges = (...operations: Operation[]): Hook => ({ judges: operations });
const other = (also: string): Hook => ({ judges: [], also });
const later = (hook: Hook): Hook => ({ ...hook, later: true });

/** By the name that the kernel gives it: LSM hooks, and tracepoints with `tp_btf/` before the name. */
export const HOOKS: Readonly<Record<string, Hook>> = {
  bpf: other('the floor: bpf by a descriptor, and the gate’s own maps and programs'),
  bprm_check_security: judges('exec', 'load'),
  bprm_committed_creds: other('the next policy takes hold'),
  capable: {
    ...judges('capable', 'namespace', 'kernel'),
    also: 'the floor: capabilities, and what takes one and has no hook of its own',
  },
  bprm_committing_creds: other('no ring of io_uring comes under another policy'),
  cred_alloc_blank: later(other('the floor: credentials put on a parent that may use rings')),
  cred_prepare: other('forgets an exec that failed half-way; the floor: new credentials of who has used a ring'),
  file_ioctl: { ...judges('ioctl', 'attribute'), also: 'the floor: commands that act for another’s terminal' },
  // Since 6.8, and of older kernels in releases of 2024 and later.
  file_ioctl_compat: { ...judges('ioctl', 'attribute'), also: 'the same of 32-bit programs' },
  file_lock: other('the floor: locks of callgate’s own files'),
  file_mprotect: judges('load'),
  file_open: judges('read', 'list', 'write', 'load'),
  file_receive: judges('receive'),
  file_send_sigiotask: judges('signal'),
  file_set_fowner: { ...judges('signal'), also: 'who set the owner of a descriptor' },
  inode_create: judges('create'),
  inode_file_setattr: { ...judges('attribute'), since: '6.17' },
  inode_getattr: judges('stat'),
  inode_init_security_anon: judges('kernel'),
  inode_readlink: judges('read'),
  inode_remove_acl: { ...judges('chmod'), since: '6.2' },
  inode_removexattr: judges('chmod', 'attribute'),
  inode_rename: other('counts moves of directories, for all tasks'),
  inode_rmdir: other('counts removals of directories, for all tasks'),
  inode_set_acl: { ...judges('chmod'), since: '6.2' },
  inode_setattr: later(judges('attribute')),
  inode_setxattr: judges('chmod', 'attribute'),
  inode_unlink: judges('delete'),
  kernel_load_data: other('the floor: code for the kernel'),
  ipc_permission: later(judges('ipc')),
  kernel_module_request: judges('kernel'),
  key_alloc: later(judges('kernel')),
  key_permission: later(judges('kernel')),
  kernel_read_file: other('the floor: code for the kernel'),
  mmap_file: judges('load'),
  msg_queue_alloc_security: later(judges('ipc')),
  msg_queue_msgctl: later(judges('ipc')),
  move_mount: other('the floor: mounts'),
  perf_event_open: later(judges('kernel')),
  path_chmod: judges('chmod'),
  path_chown: judges('chown'),
  path_chroot: judges('chroot'),
  path_link: judges('link', 'create'),
  path_mkdir: judges('create'),
  path_mknod: judges('create', 'mknod', 'bind'),
  path_notify: other('the floor: permission events of fanotify'),
  path_rename: judges('delete', 'create', 'mknod'),
  path_rmdir: judges('delete'),
  path_symlink: judges('create'),
  path_truncate: judges('write'),
  path_unlink: judges('delete'),
  quotactl: later(judges('kernel')),
  ptrace_access_check: judges('ptrace'),
  ptrace_traceme: other('the floor: being traced by who is under another policy'),
  sb_mount: judges('mount'),
  sb_pivotroot: other('the floor: mounts'),
  sb_remount: other('the floor: file systems changed in another way than by mount(2)'),
  sb_set_mnt_opts: later({ ...judges('mount'), also: 'what is mounted is used by nobody else' }),
  sb_umount: judges('unmount'),
  sem_alloc_security: later(judges('ipc')),
  sem_semctl: later(judges('ipc')),
  shm_alloc_security: later(judges('ipc')),
  shm_shmctl: later(judges('ipc')),
  sctp_bind_connect: judges('bind', 'connect'),
  socket_accept: judges('accept'),
  socket_bind: judges('bind'),
  socket_connect: judges('connect'),
  socket_create: judges('socket'),
  socket_listen: judges('listen'),
  socket_sendmsg: judges('send'),
  socket_setsockopt: other('the floor: routes, and tables of netfilter'),
  syslog: judges('kernel'),
  task_alloc: other('a child is what its parent is'),
  task_fix_setgid: later(judges('setgid')),
  task_fix_setgroups: later(judges('setgid')),
  task_fix_setuid: later(judges('setuid')),
  task_free: other('counts subjects'),
  task_kill: judges('signal'),
  task_movememory: judges('priority'),
  task_setioprio: judges('priority'),
  task_setnice: judges('priority'),
  task_setrlimit: judges('limit'),
  task_setscheduler: judges('priority'),
  uring_cmd: judges('kernel'),
  uring_override_creds: other('the floor: requests under credentials that were registered'),
  uring_sqpoll: judges('kernel'),
  unix_may_send: judges('connect', 'send'),
  unix_stream_connect: judges('connect'),
  userns_create: judges('namespace'),
  'tp_btf/sys_enter': other('system calls seen, while they are learned or a policy complains of them'),
  'tp_btf/sys_exit': other('system calls that a filter refused'),
  'tp_btf/cgroup_attach_task': { ...other('who comes into a cgroup that is held'), since: '6.7' },
  'tp_btf/task_newtask': other('threads that are born while a process is taken in'),
};
