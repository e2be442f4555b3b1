// SPDX-License-Identifier: GPL-2.0-only
/**
 * The policies that come with callgate, each held to the data that its training did not have: the held-out run of its workload, under
 * the policy as it is shipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BIN, eventsIn, folder, holdGate, prepare } from './callgate.js';
import { needsLsm } from './machine.js';

const FOLDER = fileURLToPath(new URL('../../../policies/', import.meta.url));

/** The programs of an application's policies. */
function programsOf(name: string): string[] {
  const files = readdirSync(`${FOLDER}${name}`).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => /^program: (.*)$/m.exec(readFileSync(`${FOLDER}${name}/${file}`, 'utf8'))?.[1] ?? '');
}

/** Programs that have a workload and policies. */
const PROGRAMS = readdirSync(FOLDER).filter(
  (name) => existsSync(`${FOLDER}${name}/workload`) && programsOf(name).length > 0,
);

/** This machine need not have them: scripts/learning/enforce unpacks them from their packages. */
function isHere(name: string): boolean {
  return programsOf(name).every((program) => existsSync(program));
}

const ONLY = process.env.ONLY?.split(',') ?? ['sqlite3', 'perl'];

/** Why a program is left out; false: it is not. One that was named is never left out in silence. */
function skipped(name: string): string | false {
  if (ONLY.includes(name)) return false;
  if (!ONLY.includes('all')) return 'not asked for: --long runs it on this kernel';
  return !isHere(name) && 'not on this machine: scripts/learning/enforce has it';
}

/** What nobody did in training: which acts there are, and what is refused of them under the policies. */
const STRAY: Readonly<
  Record<string, { readonly acts: Readonly<Record<string, boolean>>; readonly denied: readonly string[] }>
> = {
  sshd: {
    acts: { 'another command': false, 'the keys that let others in': false, 'a command that was learned': true },
    denied: [
      '/usr/bin/dash: exec /usr/bin/cat',
      '/usr/lib/openssh/sftp-server: create /srv/sshd/visitor/.ssh/authorized_keys2',
    ],
  },
};

/** What the floor refuses and no policy permits; the program does without it. */
const FLOOR: Readonly<Record<string, readonly string[]>> = { mariadb: ['io_uring'] };

t.setTimeout(9_000_000);

t.test('the held-out runs of the shipped policies', { skip: needsLsm(), timeout: 9_000_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const logs = folder('workloads');
  t.same(
    ONLY.filter((name) => name !== 'all' && !PROGRAMS.includes(name)),
    [],
    'what was named has a workload and policies',
  );
  for (const name of PROGRAMS)
    await t.test(name, { skip: skipped(name) }, async (t) => {
      t.setTimeout(600_000);
      if (!isHere(name)) {
        t.fail(`${programsOf(name).join(', ')}: not all are on this machine: scripts/learning/enforce ${name}`);
        return;
      }
      const log = `${logs}/${name}.jsonl`;
      const run = (which: string, under: string): { status: number | null; out: string; said: string } => {
        const { status, stdout, stderr } = spawnSync(`${FOLDER}${name}/workload`, [which], {
          env: { PATH: process.env.PATH, HOME: '/root', LANG: 'C.UTF-8', UNDER: under },
          encoding: 'utf8',
        });
        return { status, out: stdout, said: `${stdout}${stderr}` };
      };
      // What the training left is there.
      for (const which of ['1', '2', '3']) t.equal(run(which, '').status, 0, `run ${which} by itself`);
      const held = run('held', `${BIN} run --quiet --policies ${FOLDER}${name} --log ${log} --`);
      t.equal(held.status, 0, held.said);
      const all = eventsIn(log).filter(({ verdict }) => verdict === 'deny');
      const [floor, denials] = [true, false].map((is) => all.filter(({ type }) => (type === 'floor') === is)) as [
        typeof all,
        typeof all,
      ];
      t.same([...new Set(floor.map(({ reason }) => reason))], FLOOR[name] ?? [], 'nor by the floor, but what is known');
      t.same(
        denials.map(({ operation, object }) => `${operation.join()} ${object}`),
        [],
        'nothing is refused',
      );
      const stray = STRAY[name];
      if (stray === undefined) return;
      const told = (allowed: (learned: boolean) => boolean): string =>
        Object.entries(stray.acts)
          .map(([act, learned]) => `stray: ${act} ${allowed(learned) ? 'done' : 'refused'}\n`)
          .join('');
      t.equal(
        run('stray', '').out,
        told(() => true),
        'by itself it may do what nobody did in training',
      );
      const strayed = `${logs}/${name}-stray.jsonl`;
      const refused = run('stray', `${BIN} run --quiet --policies ${FOLDER}${name} --log ${strayed} --`);
      t.equal(
        refused.out,
        told((learned) => learned),
        refused.said,
      );
      t.same(
        eventsIn(strayed)
          .filter(({ verdict, type }) => verdict === 'deny' && type !== 'floor')
          .map(({ policy, operation, object }) => `${policy}: ${operation.join()} ${object}`),
        stray.denied,
        'and the kernel refuses that, and nothing else',
      );
    });
  await release();
});
