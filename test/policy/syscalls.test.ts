// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { ALWAYS, CALL_GROUPS, FAMILIES, groupCalls, NAMED_GROUPS, withFamilies } from '../../src/policy/call-groups.js';
import { callName, callNames, callNumber, inTableOrder } from '../../src/policy/calls.js';
import { PolicyError } from '../../src/policy/errors.js';
import { formatPolicy } from '../../src/policy/format.js';
import type { Policy } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { callBits, callsOfBits, permittedCalls, refusedWith, unionOf } from '../../src/policy/syscalls.js';
import { around } from '../cases.js';

function read(syscalls: string, head = '', program = '/usr/bin/x', version = 1): Policy {
  return parsePolicy(`version: ${version}\nprogram: ${program}\n${head}${syscalls}rules:\n`, 'x.yaml', around);
}

t.test('the tables: numbers as the kernel has them', async (t) => {
  for (const [name, number] of Object.entries({
    ...{ read: 0, rt_sigaction: 13, execve: 59, exit_group: 231, rseq: 334, pidfd_send_signal: 424, memfd_secret: 447 },
    ...{ cachestat: 451, mseal: 462, rseq_slice_yield: 471, uprobe: 336 },
  })) {
    t.equal(callNumber(name), number);
    t.equal(callName('x86_64', number), name);
  }
  t.equal(callNumber('Read'), undefined);
  t.equal(callName('x86_64', 337), '337', 'a gap has no name');
  t.equal(callName('x86_64', 9999), '9999');
  t.same(
    [1, 3, 102, 252, 354, 393, 403, 450].map((number) => callName('i386', number)),
    ['exit', 'read', 'socketcall', 'exit_group', 'seccomp', 'semget', 'clock_gettime64', 'set_mempolicy_home_node'],
  );
  t.same(
    [0, 512, 520, 547].map((number) => callName('x32', number)),
    ['read', 'rt_sigaction', 'execve', 'pwritev2'],
  );
  t.same(inTableOrder(['write', 'none', 'read', 'write', '7']), ['read', 'write', '7', 'none']);
});

t.test('every call is in one group, and whatever names calls names calls', async (t) => {
  const all = CALL_GROUPS.flatMap(({ calls }) => calls);
  t.same([...all].sort(), [...callNames()].sort());
  const named = [...ALWAYS, ...FAMILIES.flat(), ...[...NAMED_GROUPS.values()].flat()];
  t.same(
    named.filter((call) => callNumber(call) === undefined),
    [],
  );
  t.equal(new Set(FAMILIES.flat()).size, FAMILIES.flat().length, 'no call is of two families');
  t.same(
    [...NAMED_GROUPS.keys()].filter((name) => CALL_GROUPS.some((group) => group.name === name && group.apart)),
    [],
    'what is set apart is named one by one',
  );
});

t.test('a list: calls, groups, what the rest gets', async (t) => {
  t.equal(permittedCalls(read('')), null);
  for (const version of [1, 2])
    t.same(permittedCalls(read('syscalls: [write, read, write]\n', '', '/usr/bin/x', version)), [
      ...['read', 'write', 'rt_sigreturn', 'execve', 'exit', 'restart_syscall', 'exit_group', 'uretprobe', 'uprobe'],
    ]);
  t.same(permittedCalls(read('syscalls: "@system"\n')), [
    ...[
      'rt_sigreturn',
      'execve',
      'exit',
      'uname',
      'sysinfo',
      'restart_syscall',
      'exit_group',
      'getrandom',
      'uretprobe',
      'uprobe',
    ],
  ]);
  t.equal(refusedWith(read('syscalls: read\n')), 'EPERM');
  t.equal(refusedWith(read('syscalls: read\n', 'errno: EACCES\n')), 'EACCES');
  const nosys = read('syscalls:\n  refused: ENOSYS\n  permit: [read, "@time"]\n', 'errno: EACCES\n');
  t.equal(refusedWith(nosys), 'ENOSYS');
  t.same(nosys.syscalls, { permit: ['read', '@time'], refused: 'ENOSYS' });
  t.equal(refusedWith(read('syscalls: {refused: kill, permit: read}\n')), 'kill');
  const told = (text: string): string[] => {
    try {
      read(text);
      return [];
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      return error.problems.map(({ code }) => code);
    }
  };
  t.same(told('syscalls: []\n'), ['empty-list']);
  t.same(told('syscalls: {permit: read, deny: write}\n'), ['unknown-key']);
  t.same(told('syscalls: {refused: kill}\n'), ['missing-key']);
  t.same(told('syscalls: ["@mounts"]\n'), ['syscall-group'], 'set apart');
});

t.test('one way to write it', async (t) => {
  const head = 'version: 1\nprogram: /usr/bin/x\n';
  t.equal(
    formatPolicy(`${head}syscalls: [read, '@time']\nrules:\n`),
    `${head}syscalls:\n  - read\n  - "@time"\nrules:\n`,
  );
  const long = `${head}syscalls:\n  refused: kill\n  permit:\n    - read\n    - "@time"\nrules:\n`;
  t.equal(formatPolicy(`${head}syscalls: {refused: kill, permit: [read, "@time"]}\nrules:\n`), long);
  t.equal(formatPolicy(long), long);
});

t.test('families: any of them stands for all', async (t) => {
  t.same(withFamilies(['openat', 'bind']), ['open', 'bind', 'creat', 'openat']);
  t.same(withFamilies(['fork']), ['clone', 'fork', 'vfork', 'clone3']);
  t.same(withFamilies(['uname']), ['uname']);
});

t.test('grouped as people know them, the rare ones last', async (t) => {
  const groups = groupCalls(['ptrace', 'bind', 'openat', 'socket', '999', 'mount']);
  t.same(
    groups.map(({ group, apart, calls }) => [group, apart, ...calls]),
    [
      ['files', false, 'openat'],
      ['network', false, 'socket', 'bind'],
      ['tracing', true, 'ptrace'],
      ['mounts', true, 'mount'],
      ['unknown', true, '999'],
    ],
  );
});

t.test('the union of what is reached by exec', async (t) => {
  const [one, two, three] = [
    read('syscalls: {refused: ENOSYS, permit: read}\n', '', '/usr/bin/one'),
    read('syscalls: {refused: kill, permit: write}\n', '', '/usr/bin/two'),
    read('syscalls: bind\n', '', '/usr/bin/three'),
  ];
  const by =
    (edges: Record<string, readonly Policy[]>, unconfined: string | null = null) =>
    (policy: Policy) => ({
      policies: edges[policy.program] ?? [],
      unconfined: policy.program === unconfined ? 7 : null,
    });
  t.same(unionOf(one, by({ '/usr/bin/one': [two], '/usr/bin/two': [three, one], '/usr/bin/three': [three] })), {
    calls: inTableOrder([...ALWAYS, 'read', 'write', 'bind']),
    refused: 'ENOSYS',
    programs: ['/usr/bin/one', '/usr/bin/two', '/usr/bin/three'],
  });
  t.same(unionOf(one, by({}))?.calls, inTableOrder([...ALWAYS, 'read']), 'what is not reached adds nothing');
  const all = read('', '', '/usr/bin/all');
  const meek = read('syscalls: read\n', 'mode: complain\n', '/usr/bin/meek');
  t.same(unionOf(one, by({ '/usr/bin/one': [all] }))?.unfiltered, { why: 'all', policy: all });
  t.same(unionOf(one, by({ '/usr/bin/one': [meek] }))?.unfiltered, { why: 'complain', policy: meek });
  t.same(unionOf(one, by({ '/usr/bin/one': [two] }, '/usr/bin/two'))?.unfiltered, {
    ...{ why: 'unconfined', policy: two, line: 7 },
  });
  t.equal(unionOf(all, by({ '/usr/bin/all': [one] })), null, 'who starts says whether there is one');
});

t.test('bits', async (t) => {
  const bits = callBits(['read', 'exit', 'openat', 'mseal'], 8);
  t.same(bits, [1n | (1n << 60n), 0n, 0n, 0n, 1n << 1n, 0n, 0n, 1n << 14n]);
  t.same(callsOfBits(bits, 'x86_64'), ['read', 'exit', 'openat', 'mseal']);
  t.same(callsOfBits([2n], 'i386'), ['exit']);
  t.same(callBits(['mseal'], 4), [0n, 0n, 0n, 0n], 'what has no room is not permitted');
});
