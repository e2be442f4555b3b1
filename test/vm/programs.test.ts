// SPDX-License-Identifier: GPL-2.0-only
/**
 * Real programs: learned from a workload, held to what was learned, and judged by what they are refused then. Nothing here
 * knows what a policy should say; it must permit the workload and refuse what was planted.
 */
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Operation } from '../../src/policy/operations.js';
import { callgate, eventsOf, folder, holdGate, inside, prepare, sessionIn } from './callgate.js';
import { needsLsm } from './machine.js';
import { plant, refusedBy } from './planted.js';

interface Program {
  readonly name: string;
  /** What is done in training and again under the policy. */
  readonly workload: (work: string) => readonly string[];
  /** What the attack does to each file; read, if not said. */
  readonly operation?: Operation;
  /** Makes the program try it. */
  readonly attack: (work: string, files: readonly string[]) => readonly string[];
  /** Makes the program try to run this one; absent for programs that run none. */
  readonly run?: (work: string, program: string) => readonly string[];
  /** Makes the program try to connect there. */
  readonly connect?: (work: string, port: number) => readonly string[];
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'cat',
    workload: (work) => ['/usr/bin/cat', '/etc/hostname', `${work}/tree/a/one.txt`],
    attack: (_work, files) => ['/usr/bin/cat', ...files],
  },
  {
    name: 'find',
    workload: (work) => ['/usr/bin/find', `${work}/tree`, '-name', '*.txt', '-newer', '/etc/hostname'],
    attack: (_work, files) => ['/usr/bin/find', ...files],
    operation: 'stat',
  },
  {
    name: 'tar',
    workload: (work) => ['/usr/bin/tar', '-czf', `${work}/out/tree.tgz`, '-C', work, 'tree'],
    attack: (work, files) => ['/usr/bin/tar', '-cf', `${work}/out/tree.tgz`, ...files],
  },
  {
    name: 'bash',
    workload: (work) => ['/usr/bin/bash', `${work}/script.sh`],
    attack: (_work, files) => [
      '/usr/bin/bash',
      '-c',
      'for file; do while read -r line; do :; done <"$file"; done',
      'x',
      ...files,
    ],
    run: (_work, program) => ['/usr/bin/bash', '-c', program],
    connect: (_work, port) => ['/usr/bin/bash', '-c', `: >/dev/tcp/127.0.0.1/${port}`],
  },
  {
    name: 'python3',
    workload: (work) => ['/usr/bin/python3', '-I', `${work}/script.py`],
    attack: (work, files) => ['/usr/bin/python3', '-I', `${work}/script.py`, ...files],
    run: (work, program) => ['/usr/bin/python3', '-I', `${work}/script.py`, `run:${program}`],
    connect: (work, port) => ['/usr/bin/python3', '-I', `${work}/script.py`, `connect:${port}`],
  },
  {
    name: 'sqlite3',
    workload: (work) => [
      '/usr/bin/sqlite3',
      `${work}/out/test.db`,
      'create table if not exists t (a); insert into t values (1); select count(*) > 0 from t; vacuum;',
    ],
    attack: (work, files) => [
      '/usr/bin/sqlite3',
      `${work}/out/test.db`,
      `select ${files.map((file) => `length(readfile('${file}'))`).join(', ')}`,
    ],
  },
];

function prepareWork(work: string): void {
  mkdirSync(`${work}/tree/a/b`, { recursive: true });
  mkdirSync(`${work}/out`);
  writeFileSync(`${work}/tree/a/one.txt`, 'one\n');
  writeFileSync(`${work}/tree/a/b/two.txt`, 'two\n');
  writeFileSync(
    `${work}/script.sh`,
    `set -e
cd ${work}
ls tree/a
sort tree/a/one.txt tree/a/b/two.txt >out/sorted
grep -c o out/sorted
cat <<END >out/here
$(wc -l <out/sorted)
END
cp out/here out/copy; mv out/copy out/moved; rm out/moved
echo done
`,
  );
  writeFileSync(
    `${work}/script.py`,
    `import json, os, socket, subprocess, sys, tempfile
for word in sys.argv[1:]:
    try:
        if word.startswith('run:'): subprocess.run([word[4:]], check=True)
        elif word.startswith('connect:'): socket.socket().connect(('127.0.0.1', int(word[8:])))
        else: open(word).read()
    except OSError as error: print(error)
if len(sys.argv) == 1:
    with tempfile.NamedTemporaryFile('w', dir='${work}/out', suffix='.json') as file:
        json.dump({'a': 1}, file); file.flush()
        print(json.load(open(file.name)))
    print(subprocess.run(['/usr/bin/cat', '${work}/tree/a/one.txt'], capture_output=True).stdout)
`,
  );
}

// The whole file, the gate's load with it, under emulation.
t.setTimeout(1_800_000);

t.test('real programs', { skip: needsLsm(), timeout: 1_200_000 }, async (t) => {
  prepare();
  t.setTimeout(1_200_000);
  const release = await holdGate();
  const only = process.env.ONLY?.split(',');
  for (const { name, workload, attack, operation = 'read', run, connect } of PROGRAMS)
    await t.test(
      name,
      { skip: only !== undefined && !only.includes(name) && 'not asked for: --long runs it on this kernel' },
      async (t) => {
        t.setTimeout(600_000);
        const work = folder(name);
        prepareWork(work);
        const policies = inside(work, 'policies');
        const learnt = callgate('learn', '--policies', policies, '--', ...workload(work));
        t.equal(learnt.status, 0, `learned\n${learnt.stderr}`);
        t.match(learnt.stderr, /nothing lost/);

        const enforced = callgate('run', '--policies', policies, '--', ...workload(work));
        t.equal(enforced.status, 0, 'the workload succeeds under the policy');
        t.equal(enforced.stdout, learnt.stdout, 'with the same output');
        t.equal(enforced.stderr, '', 'and no denial');

        const program = realpathSync(workload(work)[0] as string);
        const policy = `${policies}/${program.slice(1).replaceAll('/', '_')}.yaml`;
        const planted = plant(policies);
        const refused = refusedBy(policy, work, planted, operation);
        for (const file of planted.filter((one) => !refused.includes(one))) t.comment(`a named glob admits ${file}`);
        t.ok(refused.length > 0, 'there are folders to plant in');
        const attacked = callgate('run', '--json', '--quiet', '--policies', policies, '--', ...attack(work, refused));
        const events = eventsOf(sessionIn(attacked.stdout));
        for (const file of refused) {
          const denials = events.filter(
            ({ object, verdict, enforced }) => object === file && verdict === 'deny' && enforced,
          );
          t.equal(denials.length, 1, `${file} is refused, and logged once`);
          t.equal(denials[0]?.errno, 'EPERM');
        }
        if (run !== undefined) {
          const copy = `${work}/planted-program`;
          copyFileSync('/usr/bin/true', copy);
          chmodSync(copy, 0o755);
          const ran = callgate('run', '--json', '--quiet', '--policies', policies, '--', ...run(work, copy));
          const denials = eventsOf(sessionIn(ran.stdout)).filter(
            ({ object, operation }) => object === copy && operation.includes('exec'),
          );
          t.equal(denials.length, 1, 'a program that was planted is not run, and that is logged once');
        }
        if (connect !== undefined) {
          const tried = callgate('run', '--json', '--quiet', '--policies', policies, '--', ...connect(work, 9));
          const denials = eventsOf(sessionIn(tried.stdout)).filter(
            ({ verdict, operation }) =>
              verdict === 'deny' && (operation.includes('connect') || operation.includes('socket')),
          );
          t.equal(denials.length, 1, 'no connection is made, and that is logged once');
        }
      },
    );
  await release();
});
