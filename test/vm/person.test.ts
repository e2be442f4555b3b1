// SPDX-License-Identifier: GPL-2.0-only
/** What a person meets at the command line on a bare kernel: nothing mounted, no gate, no policy; and what each line leads to. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Denial } from '../../src/audit/denials.js';
import type { Examination } from '../../src/host/examine.js';
import { callgate, folder, holdGate, type Result } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const BIN = fileURLToPath(new URL('../../../bin/callgate', import.meta.url));
const MOUNTED = [
  'mounted bpf on /sys/fs/bpf, which was not mounted',
  'mounted securityfs on /sys/kernel/security, which was not mounted',
];

const mounts = (): string => readFileSync('/proc/mounts', 'utf8');
const isMounted = (place: string): boolean => mounts().includes(` ${place} `);

function as(words: readonly string[], ...command: string[]): Result {
  const { status, stdout, stderr } = spawnSync('setpriv', [...words, ...command], {
    encoding: 'utf8',
    // Of a home that cannot be looked into oclif speaks.
    env: { ...process.env, HOME: '/nonexistent' },
  });
  return { status, stdout, stderr };
}

t.test('a newcomer', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  for (const place of ['/sys/fs/bpf', '/sys/kernel/security']) while (isMounted(place)) execFileSync('umount', [place]);
  const policies = folder('person');

  await t.test('doctor says that run works and what it would mount, and changes nothing', async (t) => {
    const before = mounts();
    const { status, stdout } = callgate('doctor', '--json');
    const { works, obstacle, findings } = JSON.parse(stdout) as Examination;
    t.same({ status, works, obstacle }, { status: 0, works: true, obstacle: null });
    t.same(
      findings.filter(({ answer }) => answer !== 'yes').map(({ name, answer, detail }) => [name, answer, detail]),
      [
        ['bpffs', 'no', 'no bpffs is mounted on /sys/fs/bpf'],
        ['bpf_lsm', 'unknown', 'securityfs is not mounted on /sys/kernel/security'],
        ['lockdown', 'unknown', 'securityfs is not mounted on /sys/kernel/security'],
      ],
    );
    t.equal(mounts(), before);
  });

  await t.test('learn mounts both, with a word', async (t) => {
    const { status, stderr } = callgate('learn', '--policies', policies, '--', 'sh', '-c', 'true');
    t.equal(status, 0);
    const lines = stderr.split('\n').map((line) => line.replace(/^callgate: /, ''));
    t.same(lines.filter((line) => line.startsWith('mounted')).sort(), MOUNTED);
    t.ok(isMounted('/sys/fs/bpf') && isMounted('/sys/kernel/security'));
    t.notOk(stderr.includes('loading the gate'), 'no terminal waits here');
  });

  const release = await holdGate();
  try {
    await t.test('what a denied exec is told to do does it', async (t) => {
      const run = (): number | null =>
        callgate('run', '--policies', policies, '--', 'sh', '-c', '/usr/bin/id; exit $?').status;
      t.equal(run(), 126, 'the shell may not run it');
      const [denial] = (JSON.parse(callgate('audit', 'denials', 'sh', '--json').stdout) as Denial[]).filter(
        ({ operation }) => operation.includes('exec'),
      );
      t.equal(denial?.learn, `callgate learn --policies ${policies} -- sh -c '/usr/bin/id; exit $?'`);
      const [, ...words] = ['callgate', 'learn', '--policies', policies, '--', 'sh', '-c', '/usr/bin/id; exit $?'];
      t.equal(callgate(...words).status, 0);
      t.equal(run(), 0, 'and then it may');
    });

    await t.test('a time that is copied finds what it names', async (t) => {
      const line = callgate('audit', 'tail', 'sh', '--no-follow')
        .stdout.split('\n')
        .find((text) => text.includes(' denied ('));
      const [time = '', session = ''] = line?.split(' ') ?? [];
      const since = callgate('audit', 'denials', session, '--since', time, '--json');
      t.not((JSON.parse(since.stdout) as Denial[]).length, 0);
      t.same(JSON.parse(callgate('audit', 'denials', session, '--since', 'now', '--json').stdout), []);
    });

    await t.test('run needs the capabilities of doctor’s list and no others', async (t) => {
      const without = (name: string): Result =>
        as(
          ['--bounding-set', `-${name}`, '--inh-caps', `-${name}`],
          BIN,
          'run',
          '--policies',
          policies,
          '--',
          'sh',
          '-c',
          'true',
        );
      t.equal(without('sys_resource').status, 0);
      const { status, stderr } = without('perfmon');
      t.equal(status, 126);
      t.equal(
        stderr,
        'callgate: this needs root, or the capabilities that are missing here: CAP_PERFMON\n' +
          `  do: sudo callgate run --policies ${policies} -- sh -c true\n`,
      );
    });

    await t.test('who is not root is told to be', async (t) => {
      const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const { status, stderr } = as(nobody, BIN, 'audit', 'denials', 'sh');
      t.equal(status, 125);
      t.equal(
        stderr,
        'callgate: this needs root: /run/callgate is closed to user 65534 (EACCES)\n  do: sudo callgate audit denials sh\n',
      );
    });
  } finally {
    await release();
  }
});
