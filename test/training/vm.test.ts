// SPDX-License-Identifier: GPL-2.0-only
/** `learn --vm`, with a runner that answers as a guest does: what comes back is kept, derived from, and compared. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import type { EventRecord } from '../../src/events/record.js';
import { ROOT } from '../../src/host/host.js';
import { type Run, runLines } from '../../src/learn/run.js';
import { runsOf } from '../../src/training/runs.js';
import { type Asking, learnInVms, renderVms, type VmResult, type Vms } from '../../src/training/vm.js';
import { PROGRAM, runOf, seen } from '../learn/build.js';
import { fakeVagrant } from '../machines/vagrant.js';
import { fakeHost } from '../session/fake-host.js';

const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);

const reads = (...objects: string[]): EventRecord[] => objects.map((object) => seen('read', object));

interface Scene {
  readonly folder: string;
  readonly request: Asking;
  /** What the runner was called with, by call. */
  readonly calls: () => string[][];
  readonly learn: (more?: Partial<Vms>) => Promise<{ result: VmResult; said: string[] }>;
}

/** A runner that hands out these runs, by kernel; null: its guest dies. */
function scene(t: Test, runs: Readonly<Record<string, Run | null>>, more: Partial<Asking> = {}): Scene {
  const { host, folder: base } = fakeHost(t);
  const folder = join(host.policies, 'worker');
  mkdirSync(folder, { recursive: true });
  const textOf = ({ header, observations }: Run, more: Partial<Run['header']>): string =>
    `${[...runLines({ header: { ...header, ...more }, observations })].join('\n')}\n`;
  for (const [kernel, run] of Object.entries(runs))
    if (run !== null) writeFileSync(join(base, `${kernel}.handed`), textOf(run, { folder }));
  // The guest sees what others learn here meanwhile, and puts old runs together as this machine would.
  const others = runOf(reads('/srv/others'));
  mkdirSync(host.journals, { recursive: true });
  for (const file of [join(host.journals, 'other.other-1.run'), join(base, 'foreign')])
    writeFileSync(file, textOf(others, { folder: '/etc/callgate/policies/other' }));
  writeFileSync(join(base, 'thinned'), textOf(others, { folder, of: ['worker-1', 'worker-2'] }));
  const runner = join(base, 'runner');
  writeFileSync(
    runner,
    `#!/bin/sh
printf '%s\\0' "$@" >>${base}/calls; printf '\\036' >>${base}/calls
file=${base}/$1.handed
while [ "$1" != learn-vm ]; do shift; done
[ -e "$file" ] || { echo "the guest died" >&2; exit 125; }
printf '\\n%s 4\\n' "$2"
hand() { printf '%s %s\\n' "$(stat -c %s "$1")" "$2"; cat "$1"; }
hand ${host.journals}/other.other-1.run other.other-1.run
hand ${base}/foreign other.other-2.run
hand "$file" worker.worker-1.run
hand ${base}/thinned worker.worker-0.run
printf '%s end\\n' "$2"
exit 4
`,
  );
  chmodSync(runner, 0o755);
  const words: [Buffer, ...Buffer[]] = [Buffer.from(PROGRAM), Buffer.from('a word')];
  const program = { path: PROGRAM, file: Buffer.from(PROGRAM), name: 'worker', before: [] };
  const request: Asking = {
    host,
    folder,
    user: null,
    argv: words,
    env: [Buffer.from('A=1')],
    program,
    cwd: '/srv',
    ...more,
  };
  const vms: Vms = {
    kernels: ['6.1', '6.12'],
    seconds: 60,
    megabytes: 512,
    strength: null,
    version: null,
    syscalls: false,
    copies: [],
    runner,
  };
  return {
    ...{ folder, request },
    calls: () =>
      readFileSync(join(base, 'calls'), 'utf8')
        .split('\0\x1e')
        .slice(0, -1)
        .map((line) => line.split('\0')),
    learn: async (changed = {}) => {
      const said: string[] = [];
      const result = await learnInVms(request, around, { ...vms, ...changed }, (line) => void said.push(line));
      return { result, said };
    },
  };
}

t.test('a kept run that is damaged is told before a VM is begun', async (t) => {
  const one = scene(t, { '6.1': runOf(reads('/srv/a')) });
  const damaged = join(one.request.host.journals, 'worker.worker-1.run');
  writeFileSync(damaged, `${[...runLines(runOf([], { folder: one.folder }))].join('\n')}\n["o",0,"re\n`);
  await t.rejects(one.learn({ kernels: ['6.1'] }), { message: `${damaged}: 1 line cannot be read` });
  t.throws(one.calls, { code: 'ENOENT' }, 'nobody was called');
});

t.test('runs of two kernels: kept, derived from, and compared', async (t) => {
  const one = scene(t, {
    '6.1': runOf(reads('/srv/both', '/srv/old')),
    '6.12': runOf([...reads('/srv/both'), seen('write', '/srv/new')]),
  });
  const { result } = await one.learn();
  t.same(
    result.kernels.map(({ kernel, session, status, only }) => ({ kernel, session, status, only })),
    [
      {
        ...{ kernel: '6.1', session: 'worker-6.1-1', status: 4 },
        only: [{ program: PROGRAM, operation: 'read', object: '/srv/old' }],
      },
      {
        ...{ kernel: '6.12', session: 'worker-6.12-1', status: 4 },
        only: [{ program: PROGRAM, operation: 'write', object: '/srv/new' }],
      },
    ],
  );
  t.same([result.failed, result.signal, result.unwritten], [[], null, []]);
  t.same(renderVms(result), [
    ...['asked under 6.1 alone:', `  ${PROGRAM}: read /srv/old`],
    ...['asked under 6.12 alone:', `  ${PROGRAM}: write /srv/new`],
  ]);
  const text = readFileSync(join(one.folder, 'srv_bin_worker.yaml'), 'utf8');
  for (const path of ['/srv/both', '/srv/old', '/srv/new']) t.ok(text.includes(path), path);
  t.same(
    runsOf(one.request.host, one.folder).map(({ header }) => [header.session, header.certificate.session]),
    ['worker-6.1-1', 'worker-6.12-1'].map((session) => [session, session]),
  );
});

t.test('the same under both; and again, beside what is kept', async (t) => {
  const run = runOf(reads('/srv/both'));
  const one = scene(t, { '6.1': run, '6.12': run });
  t.same(renderVms((await one.learn()).result), ['what the kernels were asked does not differ']);
  const again = (await one.learn({ kernels: ['6.12'] })).result;
  t.same(
    again.kernels.map(({ session, only }) => [session, only]),
    [['worker-6.12-2', []]],
  );
  t.same(renderVms(again), []);
  t.equal(runsOf(one.request.host, one.folder).length, 3);
});

t.test('a guest that dies: the others count; if all do, nothing is learned', async (t) => {
  const one = scene(t, { '6.1': null, '6.12': runOf(reads('/srv/both')) });
  const { result } = await one.learn();
  t.same(result.failed, [{ kernel: '6.1', why: 'the guest ended (125) before the program did' }]);
  t.same(
    result.kernels.map(({ kernel }) => kernel),
    ['6.12'],
  );
  t.same(renderVms(result), ['6.1: NOT LEARNED: the guest ended (125) before the program did']);
  await t.rejects(one.learn({ kernels: ['6.1'] }), { message: 'no VM gave a run: nothing was learned' });
});

t.test('what the runner and the learner in the guest are told', async (t) => {
  const env = ['A=1', 'B=two words', 'BASH_FUNC_x%%=() { :; }', 'C=\xff'].map((entry) => Buffer.from(entry, 'latin1'));
  const one = scene(t, { '6.12': runOf(reads('/srv/both')) }, { env, user: 'nobody' });
  const { said } = await one.learn({ kernels: ['6.12'], strength: 'exact', version: '2' });
  const [call = []] = one.calls();
  const shell = call.indexOf('/bin/sh');
  t.same(call.slice(0, shell), [
    ...['6.12', '--timeout', '60', '--memory', '512', '--env', 'A=1', '--env', 'B=two words', '--'],
  ]);
  const at = call.indexOf('learn-vm');
  t.same(call.slice(at + 2), [
    ...[one.request.host.journals, '.run', `${ROOT}bin/callgate`, 'learn', '--policies', one.folder],
    ...['--user', 'nobody', '--strength', 'exact', '--version', '2', '--', PROGRAM, 'a word'],
  ]);
  t.ok(said.includes('2 of 4 variables are left out: their names or values cannot be handed on'));
  const odd: [Buffer] = [Buffer.from([0x2f, 0xff])];
  await t.rejects(scene(t, {}, { argv: odd }).learn(), /a word of the command line is no UTF-8/);
  await t.rejects(one.learn({ runner: '/nowhere/run' }), { message: 'no VM gave a run: nothing was learned' });
});

t.test(
  'the Vagrant machine, beside a kernel: its run counts as theirs, its learner has the policies that are there',
  async (t) => {
    const one = scene(t, { '6.12': runOf(reads('/srv/both')), vagrant: runOf(reads('/srv/both', '/srv/there')) });
    const fake = fakeVagrant(t);
    const handed = join(one.request.host.policies, '..', 'vagrant.handed');
    const ssh = fake.program(
      'answering',
      `while [ "$1" != -- ]; do shift; done
case $2 in *"'tar'"*) exec tar -C ${fake.base}/machine -xpf - ;; esac
printf '%s\\n' "$2" | tail -1 >>${fake.base}/told
token=$(sed -n "s/.*'learn-vm' '\\([0-9a-f]*\\)'.*/\\1/p" ${fake.base}/told)
printf '\\n%s 5\\n%s worker.worker-1.run\\n' "$token" "$(stat -c %s ${handed})"
cat ${handed}
printf '%s end\\n' "$token"
exit 5`,
    );
    writeFileSync(
      join(one.folder, 'srv_bin_worker.yaml'),
      `version: 1\nprogram: ${PROGRAM}\nrules:\n  - deny: read\n    path: /srv/no\n`,
    );
    const { result } = await one.learn({
      ...{ kernels: ['6.12', 'vagrant'], strength: 'exact' },
      tools: { ...fake.tools, ssh },
    });
    t.same(
      result.kernels.map(({ kernel, session, status, only }) => ({ kernel, session, status, only })),
      [
        { kernel: '6.12', session: 'worker-6.12-1', status: 4, only: [] },
        {
          ...{ kernel: 'vagrant', session: 'worker-vagrant-1', status: 5 },
          only: [{ program: PROGRAM, operation: 'read', object: '/srv/there' }],
        },
      ],
    );
    const told = readFileSync(join(fake.base, 'told'), 'utf8').trimEnd();
    const words = [
      '/srv',
      'callgate',
      'learn',
      '--policies',
      one.folder,
      '--strength',
      'exact',
      '--',
      PROGRAM,
      'a word',
    ];
    t.ok(told.endsWith(` ${words.map((word) => `'${word}'`).join(' ')}`), told);
    t.ok(readFileSync(join(fake.base, 'machine', one.folder, 'srv_bin_worker.yaml'), 'utf8').includes('/srv/no'));
    await t.rejects(one.learn({ kernels: ['vagrant'], tools: { ...fake.tools, vagrant: '/nowhere/vagrant' } }), {
      message: 'no VM gave a run: nothing was learned',
    });
  },
);
