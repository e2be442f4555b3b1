// SPDX-License-Identifier: GPL-2.0-only
/**
 * Real programs that need more than files and sockets: learned under version 2 of the language, held to what was learned, and
 * refused the like of it that they did not do.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { callgate, eventsOf, folder, holdGate, inside, prepare, sessionIn } from './callgate.js';
import { needsLsm } from './machine.js';

interface Program {
  readonly name: string;
  readonly workload: (work: string) => readonly string[];
  /** The like of the workload, not learned. */
  readonly attack: (work: string, other: number) => readonly string[];
  /** What it is refused then, all of it: operations and object. */
  readonly refused: (work: string) => readonly string[];
}

const WORD32 = fileURLToPath(new URL('../../../out/test/word32', import.meta.url));

const PROGRAMS: readonly Program[] = [
  {
    name: 'ping, by its capability',
    workload: () => ['/usr/bin/ping', '-n', '-q', '-c', '1', '127.0.0.1'],
    attack: () => ['/usr/bin/ping', '-n', '-q', '-c', '1', '127.0.0.2'],
    refused: () => ['connect udp:127.0.0.2:1025'],
  },
  {
    name: 'su, by set-id',
    workload: () => ['/usr/bin/su', '-s', '/usr/bin/id', 'nobody'],
    attack: () => ['/usr/bin/su', '-s', '/usr/bin/id', 'daemon'],
    refused: () => ['setgid gid:1'],
  },
  {
    name: 'strace, by ptrace',
    workload: (work) => ['/usr/bin/strace', '-f', '-o', `${work}/out/trace`, '/usr/bin/true'],
    attack: (work, other) => ['/usr/bin/strace', '-o', `${work}/out/trace`, '-p', `${other}`],
    refused: () => ['ptrace ptrace:attach:/usr/bin/sleep'],
  },
  {
    name: 'a program of 32 bits',
    workload: (work) => [WORD32, `${work}/one.txt`],
    attack: (work) => [WORD32, `${work}/other.key`],
    refused: (work) => [`read ${work}/other.key`],
  },
];

t.setTimeout(1_800_000);

t.test('programs with privileges', { skip: needsLsm(), timeout: 1_800_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const other = spawn('/usr/bin/sleep', ['1000000'], { stdio: 'ignore' });
  const only = process.env.ONLY?.split(',');
  for (const { name, workload, attack, refused } of PROGRAMS.filter(
    ({ name }) => only?.some((word) => name.startsWith(word)) ?? true,
  ))
    await t.test(name, { timeout: 600_000 }, async (t) => {
      const work = folder('privileged');
      for (const file of ['one.txt', 'other.key']) writeFileSync(`${work}/${file}`, `${file}\n`);
      inside(work, 'out');
      const policies = inside(work, 'policies');
      const learnt = callgate('learn', '--version', '2', '--policies', policies, '--', ...workload(work));
      t.equal(learnt.status, 0, `learned\n${learnt.stdout}${learnt.stderr}`);
      t.match(learnt.stderr, /nothing lost/);

      const enforced = callgate('run', '--policies', policies, '--', ...workload(work));
      t.equal(enforced.status, 0, 'the workload succeeds under the policy');
      t.equal(enforced.stderr, '', 'and no denial');

      const attacked = callgate(
        'run',
        '--json',
        '--quiet',
        '--policies',
        policies,
        '--',
        ...attack(work, other.pid ?? 0),
      );
      const denials = eventsOf(sessionIn(attacked.stdout)).filter(({ verdict }) => verdict === 'deny');
      t.same(
        denials.map(({ operation, object }) => `${operation.join()} ${object}`),
        refused(work),
        `what it did not do is refused\n${attacked.stdout}`,
      );
    });
  other.kill('SIGKILL');
  await release();
});
