// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files by which the kernel is made to run or load something, which it does as root, under no policy; or to do what no default opens where a
 * call asks for it. What makes or changes one is never learned, and no pattern and no default permits it: only a rule that names the file in
 * full does.
 */
import type { PathPattern } from './model.js';
import type { Operation } from './operations.js';
import { parsePath } from './path.js';

/** What makes, changes, replaces or hands out such a file. Reading one does nothing. */
export const KERNEL_OPERATIONS: readonly Operation[] = ['write', 'create', 'delete', 'link', 'mknod', 'chmod', 'chown'];

/**
 * In the language of policies, as Debian mounts these file systems. The source of each stands behind it; those of
 * Documentation/ are the kernel's, 6.1 to 7.2.
 */
const PATTERNS: readonly string[] = [
  // A program (core(5), "Piping core dumps to a program"), run as root at the next crash of anybody's.
  '/proc/sys/kernel/core_pattern',
  // Programs that load modules, and that were told of devices (Documentation/admin-guide/sysctl/kernel.rst).
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/hotplug',
  '/sys/kernel/uevent_helper',
  // The program of an orderly power off (kernel/reboot.c), and what such programs may do (capabilities of usermodehelper).
  '/proc/sys/kernel/poweroff_cmd',
  '/proc/sys/kernel/usermodehelper/***',
  // Interpreters by magic number (Documentation/admin-guide/binfmt-misc.rst); with F and C run with the file's own rights.
  '/proc/sys/fs/binfmt_misc/***',
  // Control groups of version 1: run as root when a group is empty (Documentation/admin-guide/cgroup-v1/cgroups.rst).
  '/sys/fs/cgroup/**/release_agent',
  // Helpers of file systems and block devices: call_usermodehelper() in fs/ocfs2, fs/nfs, fs/nfsd, drivers/block/drbd.
  '/proc/sys/fs/ocfs2/nm/hb_ctl_path',
  '/sys/module/nfs/parameters/cache_getent',
  '/sys/module/nfsd/parameters/cltrack_prog',
  '/sys/module/drbd/parameters/usermode_helper',
  // Where firmware is looked for, and firmware itself (Documentation/driver-api/firmware), microcode, ACPI tables.
  '/sys/module/firmware_class/parameters/path',
  '/sys/devices/**/firmware/**',
  '/sys/devices/system/cpu/microcode/reload',
  '/sys/kernel/config/acpi/***',
  // Reboot, crash, kill (Documentation/admin-guide/sysrq.rst); sleep, and resuming from an image (Documentation/power).
  '/proc/sysrq-trigger',
  '/sys/power/***',
  // Code and policies of the kernel: live patches, crash kernels, rules of other security modules, IMA's by the name of a file.
  '/sys/kernel/livepatch/***',
  '/sys/kernel/kexec_crash_size',
  '/sys/kernel/security/**',
  '/sys/fs/selinux/load',
  // Probes that copy any memory into a buffer that a reader gets (Documentation/trace/kprobetrace.rst), and knobs of drivers.
  '/sys/kernel/tracing/**',
  '/sys/kernel/debug/**',
  // What sethostname(2), setdomainname(2) and syslog(2) do, which no default opens (Documentation/admin-guide/sysctl/kernel.rst).
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/domainname',
  '/proc/sys/kernel/printk',
  // Signals to all of a control group, SIGKILL and what stops (Documentation/admin-guide/cgroup-v2.rst; cgroup-v1/freezer-subsystem.rst).
  '/sys/fs/cgroup/**/cgroup.kill',
  '/sys/fs/cgroup/**/cgroup.freeze',
  '/sys/fs/cgroup/**/freezer.state',
  // Who may look into whom, use perf, BPF and io_uring, and what set-user-id programs leave (the same; sysctl/fs.rst; LSM/Yama.rst).
  '/proc/sys/kernel/yama/ptrace_scope',
  '/proc/sys/kernel/perf_event_paranoid',
  '/proc/sys/kernel/unprivileged_bpf_disabled',
  '/proc/sys/kernel/io_uring_disabled',
  '/proc/sys/kernel/io_uring_group',
  '/proc/sys/fs/suid_dumpable',
];

export const KERNEL_PATHS: readonly PathPattern[] = PATTERNS.map((text) => parsePath(text, () => null));
