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

/** Programs that have a workload and policies; of those this machine need not have, the ones that it has. */
const PROGRAMS = readdirSync(FOLDER).filter((name) => {
  if (!existsSync(`${FOLDER}${name}/workload`)) return false;
  const files = readdirSync(`${FOLDER}${name}`).filter((file) => file.endsWith('.yaml'));
  const programs = files.map(
    (file) => /^program: (.*)$/m.exec(readFileSync(`${FOLDER}${name}/${file}`, 'utf8'))?.[1] ?? '',
  );
  return programs.length > 0 && programs.every((program) => existsSync(program));
});

/** What the floor refuses and no policy permits; the program does without it. */
const FLOOR: Readonly<Record<string, readonly string[]>> = { mariadb: ['io_uring'] };

t.setTimeout(3_000_000);

t.test('the held-out runs of the shipped policies', { skip: needsLsm(), timeout: 3_000_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const logs = folder('workloads');
  const only = process.env.ONLY?.split(',') ?? ['sqlite3', 'perl'];
  for (const name of PROGRAMS)
    await t.test(
      name,
      { skip: !only.includes(name) && !only.includes('all') && 'not asked for: --long runs it on this kernel' },
      async (t) => {
        t.setTimeout(600_000);
        const log = `${logs}/${name}.jsonl`;
        const run = (which: string, under: string): { status: number | null; said: string } => {
          const { status, stdout, stderr } = spawnSync(`${FOLDER}${name}/workload`, [which], {
            env: { PATH: process.env.PATH, HOME: '/root', LANG: 'C.UTF-8', UNDER: under },
            encoding: 'utf8',
          });
          return { status, said: `${stdout}${stderr}` };
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
        t.same(
          [...new Set(floor.map(({ reason }) => reason))],
          FLOOR[name] ?? [],
          'nor by the floor, but what is known',
        );
        t.same(
          denials.map(({ operation, object }) => `${operation.join()} ${object}`),
          [],
          'nothing is refused',
        );
      },
    );
  await release();
});
