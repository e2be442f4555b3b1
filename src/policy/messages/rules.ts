// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a rule: verdict, operations, what it is about, and its conditions. */
import { hinted, type Table } from './table.js';

export interface RuleFacts {
  'verdict-missing': object;
  'verdict-twice': { first: string; second: string };
  'unknown-operation': { name: string; hint: string };
  'mixed-operations': { verdict: string; first: string; second: string; firstSort: string; secondSort: string };
  'operation-version': { name: string; version: number };
  'unknown-capability': { name: string; hint: string };
  'capability-never': { name: string };
  'unknown-namespace': { name: string; hint: string };
  'unknown-kernel': { name: string; hint: string };
  'kernel-never': { name: string };
  'kernel-capability': { name: string; capability: string };
  'unknown-ipc': { name: string; hint: string };
  'ask-later': { operations: string };
  'unknown-signal': { name: string; hint: string };
  'unknown-process': { name: string; hint: string };
  'unknown-limit': { name: string; hint: string };
  'unknown-priority': { name: string; hint: string };
  'unknown-ptrace': { name: string; hint: string };
  'unknown-attribute': { name: string; hint: string };
  'unknown-command': { name: string; hint: string };
  'command-floor': { name: string };
  'command-attribute': { name: string };
  'command-free': { name: string };
  'process-alike': object;
  'unknown-type': { name: string; hint: string };
  'place-kept': { place: string; act: string; why: string };
  'type-missing': object;
  'which-for-others': { key: string; operations: string; others: string };
  'errno-signal': object;
  'objects-missing': { operations: string; keys: string };
  'key-for-others': { key: string; operations: string; sort: string; keys: string };
  'errno-without-deny': { verdict: string };
  'unknown-errno': { name: string; hint: string };
  'transition-without-exec': object;
  'transition-without-permit': { verdict: string };
  'ask-receive': object;
  'unknown-kind': { name: string; hint: string };
  'condition-empty': { key: string };
  'condition-twice': { name: string; id: string };
  'unknown-user': { name: string };
  'unknown-group': { name: string };
  'name-is-number': { key: string; instead: string };
  'id-form': { key: string; value: string };
  'id-never': { value: string };
}

export const RULE_MESSAGES: Table<RuleFacts> = {
  'verdict-missing': {
    message: () => 'the rule has no verdict',
    remedy: () => 'begin it with `permit:`, `deny:` or `ask:` and its operations',
  },
  'verdict-twice': {
    message: ({ first, second }) => `the rule has two verdicts, ${first} and ${second}`,
    remedy: () => 'write a rule for each',
  },
  'unknown-operation': {
    message: ({ name }) => `unknown operation ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of read, list, write, create, delete, link, mknod, chmod, chown, stat, exec, load, receive, ' +
          'socket, bind, listen, accept, connect, send; in version 2 also chroot, capable, setuid, setgid, signal, ' +
          'limit, priority, ptrace, namespace, kernel, ipc, mount, unmount, attribute, ioctl',
      ),
  },
  'mixed-operations': {
    message: ({ first, second, firstSort, secondSort }) =>
      `operations on ${firstSort} (${first}) and on ${secondSort} (${second}) in one rule`,
    remedy: ({ verdict, first, second }) => `split it: \`${verdict}: [${first}]\` and \`${verdict}: [${second}]\``,
  },
  'operation-version': {
    message: ({ name, version }) => `${name} is an operation of version ${version}`,
    remedy: ({ version }) =>
      `write \`version: ${version}\` at the head of the file, which then governs all of its operations`,
  },
  'unknown-capability': {
    message: ({ name }) => `unknown capability ${name}`,
    remedy: ({ hint }) =>
      hinted(hint, 'write a name of capabilities(7) in small letters without CAP_, such as net_raw'),
  },
  'capability-never': {
    message: ({ name }) =>
      `no policy permits the capability ${name}: with it a program runs code of its own in the kernel`,
    remedy: () => 'leave it out, or run the program under no policy (policy: unconfined)',
  },
  'unknown-namespace': {
    message: ({ name }) => `unknown kind of namespaces, ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write one of mount, uts, ipc, user, pid, net, cgroup, time'),
  },
  'unknown-kernel': {
    message: ({ name }) => `unknown part of the kernel, ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of io_uring, sqpoll, uring_cmd, autoload, console, hostname, swap, keys, perf, quota, syslog, userfaultfd',
      ),
  },
  'kernel-never': {
    message: ({ name }) =>
      `no policy permits ${name}: with it a program runs code of its own in the kernel, or takes the gate off`,
    remedy: () => 'leave it out, or run the program under no policy (policy: unconfined)',
  },
  'kernel-capability': {
    message: ({ name, capability }) => `${name} is what the capability ${capability} opens`,
    remedy: ({ capability }) => `write a rule \`permit: capable\` with \`capability: ${capability}\``,
  },
  'unknown-ipc': {
    message: ({ name }) => `unknown kind of System V IPC, ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write one of shm, msg, sem'),
  },
  'unknown-signal': {
    message: ({ name }) => `unknown signal ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write a name of signal(7) without SIG, such as TERM, or the number of a real-time signal, 32 to 64, in quotes',
      ),
  },
  'unknown-process': {
    message: ({ name }) => `unknown process ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write child or policy, or name its program under path'),
  },
  'errno-signal': {
    message: () =>
      'a signal cannot be refused with ESRCH: for the kernel the process has gone then, and it tries again for ever',
    remedy: () => 'write EPERM',
  },
  'unknown-limit': {
    message: ({ name }) => `unknown limit ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write a name of setrlimit(2) in small letters without RLIMIT_, such as nofile'),
  },
  'unknown-priority': {
    message: ({ name }) => `unknown priority ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write one of nice, io, scheduler, memory'),
  },
  'unknown-ptrace': {
    message: ({ name }) => `unknown way into a process, ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write read or attach'),
  },
  'unknown-attribute': {
    message: ({ name }) => `unknown attribute ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write one of times, user, trusted, flags, other'),
  },
  'unknown-command': {
    message: ({ name }) => `unknown command ${name}`,
    remedy: ({ hint }) =>
      hinted(hint, 'write a name of ioctl_tty(2) and its like, such as TCSETS, or the number in quotes, as "0x5402"'),
  },
  'command-floor': {
    message: ({ name }) =>
      `no policy permits ${name}, nor need it be denied: what others type, or their keys, is changed by it`,
    remedy: () => 'leave it out',
  },
  'command-attribute': {
    message: ({ name }) => `${name} sets a file's flags, which is no ioctl to a policy`,
    remedy: () => 'write a rule for attribute, with attribute: flags',
  },
  'command-free': {
    message: ({ name }) => `${name} takes no rule: it is about the descriptor, or about what its opening permitted`,
    remedy: () => 'leave it out',
  },
  'process-alike': {
    message: () => 'ptrace of a process under the same policy takes no rule: it may do the same',
    remedy: () => 'write child for a child under another policy, or name the program of another under path',
  },
  'which-for-others': {
    message: ({ key, operations }) => `${key}: does not go with ${operations}`,
    remedy: ({ others }) => `write it in a rule for ${others}`,
  },
  'unknown-type': {
    message: ({ name }) => `${name} is no file system that a policy can permit to be mounted`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of tmpfs, ramfs, ext2, ext3, ext4, xfs, f2fs, vfat, exfat, iso9660, udf, squashfs, erofs; of what is unmounted, also other',
      ),
  },
  'place-kept': {
    message: ({ place, act, why }) =>
      `no policy permits ${act} at ${place}, nor need it be denied: ${why}, and the floor keeps it`,
    remedy: () => 'leave it out, or name a place below which nothing is kept',
  },
  'type-missing': {
    message: () => 'the rule does not say which file systems may be mounted',
    remedy: () => 'add `type:`, such as tmpfs; with ext4 and its like the program chooses the disk',
  },
  'ask-later': {
    message: ({ operations }) => `nobody can be asked about ${operations}: the call is not begun again`,
    remedy: () => 'write permit or deny',
  },
  'objects-missing': {
    message: ({ operations }) => `the rule does not say what ${operations} is about`,
    remedy: ({ keys }) => `add ${keys}`,
  },
  'key-for-others': {
    message: ({ key, operations, sort }) => `${key} does not go with ${operations}, which is on ${sort}`,
    remedy: ({ keys, sort }) => `use ${keys}${sort === 'sockets' ? ' (a path of a socket is written unix:/path)' : ''}`,
  },
  'errno-without-deny': {
    message: ({ verdict }) => `errno in a rule that says ${verdict}`,
    remedy: () => 'remove it, or make the rule a deny',
  },
  'unknown-errno': {
    message: ({ name }) => `${name} is no error name of Linux`,
    remedy: ({ hint }) => hinted(hint, 'write a name such as EPERM, EACCES or ENOENT'),
  },
  'transition-without-exec': {
    message: () => 'policy: says what an exec leads to, and this rule is not about exec',
    remedy: () => 'remove it, or write a rule for exec alone',
  },
  'transition-without-permit': {
    message: ({ verdict }) => `policy: says what a permitted exec leads to, and this rule says ${verdict}`,
    remedy: () => 'remove it, or make the rule a permit',
  },
  'ask-receive': {
    message: () => 'nobody can be asked about receive: a descriptor that is not taken at once is lost',
    remedy: () => 'write permit or deny',
  },
  'unknown-kind': {
    message: ({ name }) => `unknown kind ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of memfd, deleted, tmpfile, shm, pipe, socket, anon, mqueue, detached, foreign, unreachable',
      ),
  },
  'condition-empty': { message: ({ key }) => `${key} says nothing`, remedy: () => 'fill it or remove the key' },
  'condition-twice': {
    message: ({ name, id }) => `${name} and ${id} in one condition`,
    remedy: ({ id }) => `write one list under ${id}`,
  },
  'unknown-user': {
    message: ({ name }) => `there is no user ${name} here`,
    remedy: () => 'create it (adduser --system), or write its number under uid',
  },
  'unknown-group': {
    message: ({ name }) => `there is no group ${name} of users here`,
    remedy: () => 'create it (addgroup --system), or write its number under gid',
  },
  'name-is-number': {
    message: ({ key }) => `${key} takes names`,
    remedy: ({ instead }) => `write ${instead}`,
  },
  'id-form': {
    message: ({ key, value }) => `${value} is no ${key}`,
    remedy: () => 'write a number from 0 to 4294967294, a range "n-m", or "<n", "<=n", ">n", ">=n"',
  },
  'id-never': { message: ({ value }) => `nobody is ${value}`, remedy: () => 'write a range that holds a number' },
};
