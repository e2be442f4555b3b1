// SPDX-License-Identifier: GPL-2.0-only
/** System calls: what `syscalls:` refuses, what is told of it, and that nothing else is; on one machine with its own calls. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { EventRecord, LogRecord } from '../../src/events/record.js';
import { NAMED_GROUPS } from '../../src/policy/call-groups.js';
import { Background, callgate, eventsOf, folder, holdGate, prepare, type Result, sessionIn } from './callgate.js';
import { kernelSeries, needsLsm } from './machine.js';

const ACT = fileURLToPath(new URL('../../../out/test/act', import.meta.url));
/** Acts by their calls: an alarm that is none, and three more that do nothing. */
const [ALARM, UNAME, GETSID, SYSINFO] = ['call,37,0', 'call,63,b:400', 'call,124,0', 'call,99,b:200'];
/** Till a signal ends it. */
const PAUSE = 'call,34';
/** i386: alarm is 27. */
const ALARM32 = 'call32,27,0';
/** Whoever calls it who is no trampoline of the kernel's gets SIGILL; 6.1 does not know it. */
const URETPROBE = 'call,335';
/** What the program needs for itself, without what is tried. */
const NEEDED = (NAMED_GROUPS.get('basic') ?? []).filter((call) => !['uname', 'sysinfo'].includes(call));

t.setTimeout(1_200_000);

t.test('system calls', { skip: needsLsm() }, async (t) => {
  prepare();
  const free = await holdGate();
  t.teardown(free);
  const work = folder('syscalls');
  const [first, second] = [`${work}/first`, `${work}/second`];
  for (const program of [first, second]) copyFileSync(ACT, program);
  let count = 0;

  /** A folder of two policies. */
  const policies = (calls: string | null, childs: string | null, head = '', transition = 'own'): string => {
    const path = `${work}/policies${++count}`;
    mkdirSync(path);
    const listed = (list: string | null): string => (list === null ? '' : `syscalls:\n${list}`);
    writeFileSync(
      `${path}/first.yaml`,
      `version: 1\nprogram: ${first}\n${head}default: permit\n${listed(calls)}rules:\n  - permit: exec\n    path: ${second}\n    policy: ${transition}\n`,
    );
    const rules = '  - deny: exec\n    path: "/**"\n';
    writeFileSync(
      `${path}/second.yaml`,
      `version: 1\nprogram: ${second}\n${listed(childs)}rules:\n${rules}  - permit: [read, list, stat, load, write]\n    path: ["/**", /]\n`,
    );
    return path;
  };
  const list = (more: readonly string[], refused?: string): string =>
    `  ${refused === undefined ? '' : `refused: ${refused}\n  `}permit: [${[...NEEDED, ...more].join(', ')}]\n`;
  const outcome = ({ stdout }: Result): string[] => stdout.slice(0, stdout.indexOf('{\n')).trim().split('\n');
  const told = (session: string): Partial<EventRecord>[] =>
    eventsOf(session)
      .filter(({ type }) => type === 'syscall')
      .map(
        ({
          object,
          architecture = 'x86_64',
          operation,
          rule,
          verdict,
          enforced,
          errno,
          reason,
          exe,
          policy,
          count,
        }) => ({
          ...{ object, architecture, operation, rule, verdict, enforced, exe, policy, count },
          ...(errno === undefined ? {} : { errno }),
          ...(reason === undefined ? {} : { reason }),
        }),
      );
  const counters = (session: string): { denied: number; complained: number; dropped: number } => {
    const end = readFileSync(`/var/log/callgate/${session}.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogRecord)
      .find((record) => record.type === 'end');
    if (end?.type !== 'end') throw new Error(`${session} has no end`);
    const { denied, complained, dropped } = end;
    return { denied, complained, dropped };
  };
  const event = (object: string, more: Partial<EventRecord> = {}): Partial<EventRecord> => ({
    ...{ object, architecture: 'x86_64', operation: [], rule: null, verdict: 'deny', enforced: true },
    ...{ exe: first, policy: first, count: 1, errno: 'EPERM', ...more },
  });
  const run = (folder: string, acts: readonly string[], ...flags: string[]): Result =>
    callgate('run', '--json', ...flags, '--policies', folder, '--', first, ...acts);

  await t.test('refused with an errno, each told once; the like that is listed is permitted', async (t) => {
    const result = run(policies(list(['alarm', 'getsid'], 'ENOSYS'), list([])), [ALARM, UNAME, UNAME, GETSID, SYSINFO]);
    t.same(outcome(result), ['ok', 'ENOSYS', 'ENOSYS', 'ok', 'ENOSYS'], result.stderr);
    t.equal(result.status, 0);
    const session = sessionIn(result.stdout);
    const [uname, sysinfo] = [event('uname', { errno: 'ENOSYS' }), event('sysinfo', { errno: 'ENOSYS' })];
    t.same(told(session), [uname, uname, sysinfo]);
    t.same(counters(session), { denied: 3, complained: 0, dropped: 0 });
    t.match(result.stderr, /denied \(ENOSYS\) system call uname: first\[\d+\] uid 0, not in syscalls:/);
    t.match(
      callgate('audit', 'denials', session).stdout,
      /system call sysinfo \(ENOSYS\), once.*\n {2}add sysinfo to syscalls:/,
    );
  });

  await t.test('SIGSYS', async (t) => {
    const result = run(policies(list(['alarm'], 'kill'), list([])), [ALARM, GETSID, ALARM]);
    t.same([outcome(result), result.status], [['ok'], 128 + 31]);
    const session = sessionIn(result.stdout);
    const { errno: _, ...killed } = event('getsid', { reason: 'killed' });
    t.same(told(session), [killed]);
    t.same(counters(session), { denied: 1, complained: 0, dropped: 0 });
  });

  await t.test('by another architecture', async (t) => {
    const result = run(policies(list(['alarm', 'mincore']), list([])), [ALARM32, ALARM, `call,${0x40000000 + 37},0`]);
    t.same(outcome(result), ['EPERM', 'ok', 'EPERM']);
    t.same(told(sessionIn(result.stdout)), [
      event('alarm', { architecture: 'i386' }),
      event('alarm', { architecture: 'x32' }),
    ]);
    t.same(outcome(run(policies(null, null), [ALARM32])), ['ok'], 'without a list');
  });

  await t.test('what the kernel passes by every filter is told of none', async (t) => {
    const acts = [ALARM, URETPROBE, ALARM];
    const ends = kernelSeries() === '6.1' ? [['ok', 'ENOSYS', 'ok'], 0] : [['ok'], 128 + 4];
    const free = run(policies(null, null), acts);
    t.same([outcome(free), free.status], ends, 'without a list');
    const held = run(policies(list(['alarm']), list([])), acts);
    t.same([outcome(held), held.status], ends);
    const session = sessionIn(held.stdout);
    t.same(told(session), []);
    t.same(counters(session), { denied: 0, complained: 0, dropped: 0 });
  });

  await t.test(
    'a child by exec: the union holds for both, and an exec that changes the policy is not held up by it',
    async (t) => {
      const acts = [ALARM, GETSID, UNAME, 'fork', `exec,${second}`, ALARM, GETSID, UNAME];
      const forks = ['fork', 'vfork', 'clone', 'wait4'];
      const result = run(policies(list(['alarm', ...forks]), list(['getsid'])), acts);
      t.same(outcome(result), ['ok', 'ok', 'EPERM', 'ok', 'ok', 'ok', 'ok', 'EPERM'], result.stderr);
      const session = sessionIn(result.stdout);
      t.same(told(session), [event('uname'), event('uname', { exe: second, policy: second })]);
      t.same(counters(session).denied, 2);
      const inherited = run(policies(list(['alarm', ...forks]), list(['getsid']), '', 'inherit'), [GETSID]);
      t.same(outcome(inherited), ['EPERM'], 'what is not reached is not in it');
    },
  );

  await t.test('no filter, and it is told', async (t) => {
    for (const [path, note] of [
      [policies(list(['alarm']), list([]), '', 'unconfined'), 'a filter would go with it'],
      [policies(list(['alarm']), null), 'may make every call'],
    ] as const) {
      const result = run(path, [ALARM, GETSID]);
      t.same([outcome(result), told(sessionIn(result.stdout))], [['ok', 'ok'], []]);
      t.ok(result.stderr.includes(note), result.stderr);
    }
  });

  await t.test('in complain mode nothing is refused, and each that would be is told', async (t) => {
    for (const [path, flags] of [
      [policies(list(['alarm']), list([])), ['--complain']],
      [policies(list(['alarm']), list([]), 'mode: complain\n'), []],
    ] as const) {
      const result = run(path, [ALARM, GETSID, UNAME, ALARM32], ...flags);
      t.same(outcome(result), ['ok', 'ok', 'ok', 'ok'], result.stderr);
      const session = sessionIn(result.stdout);
      t.same(told(session), [
        event('getsid', { enforced: false }),
        event('uname', { enforced: false }),
        event('alarm', { enforced: false, architecture: 'i386' }),
      ]);
      t.same(counters(session), { denied: 0, complained: 3, dropped: 0 });
    }
  });

  await t.test("a subject's own filter: what it refuses is its own affair", async (t) => {
    const acts = ['filter,124,18', GETSID, UNAME, ALARM];
    const result = run(policies(list(['alarm', 'getsid', 'seccomp']), list([])), acts);
    t.same(outcome(result), ['ok', 'EXDEV', 'EPERM', 'ok']);
    t.same(told(sessionIn(result.stdout)), [event('uname')]);
  });

  await t.test('learned, then held to it: the same run holds, and one call more is refused', async (t) => {
    const learnt = `${work}/learnt`;
    const acts = [ALARM, GETSID, 'fork', `exec,${second}`, GETSID, SYSINFO];
    const learn = (more: readonly string[], ...flags: string[]): Result =>
      callgate('learn', ...flags, '--policies', learnt, '--', first, ...more);
    const said = learn(acts, '--syscalls');
    t.equal(said.status, 0, said.stderr);
    const listed = (file: string): readonly string[] =>
      JSON.parse(callgate('policy', 'show', '--json', file).stdout).syscalls?.permit;
    const files = [first, second].map((program) => `${learnt}/${program.slice(1).replaceAll('/', '_')}.yaml`);
    t.same(files.map(listed), [
      ['@basic', 'alarm', 'clone', 'fork', 'vfork', 'wait4', 'getsid', 'waitid', 'clone3'],
      ['@basic', 'getsid'],
    ]);
    const held = run(learnt, acts);
    t.same(outcome(held), ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'], held.stderr);
    t.same(told(sessionIn(held.stdout)), []);
    const more = run(learnt, [...acts.slice(0, 2), 'call,110', 'call,98,0,b:200']);
    t.same(outcome(more), ['ok', 'ok', 'EPERM', 'EPERM'], more.stderr);
    t.same(told(sessionIn(more.stdout)), [event('getppid'), event('getrusage')]);

    // Without being asked, for there is a list; and no list where another architecture was called.
    t.equal(learn([ALARM, 'call,110']).status, 0);
    t.equal(listed(files[0] as string).includes('getppid'), true);
    t.equal(learn([ALARM32]).status, 0);
    t.equal(listed(files[0] as string), undefined);
    t.ok(
      readFileSync(files[0] as string, 'utf8').includes('# not learned: system calls alarm (i386): where syscalls:'),
    );
  });

  await t.test('a learner that is killed loses no call', async (t) => {
    const learnt = `${work}/killed`;
    const before = readdirSync('/var/lib/callgate');
    const learner = new Background('learn', '--syscalls', '--policies', learnt, '--', first, GETSID, PAUSE);
    const session = (): string | undefined =>
      readdirSync('/var/lib/callgate')
        .find((file) => /^first.*\.journal$/.test(file) && !before.includes(file))
        ?.replace('.journal', '');
    const journal = (): string => {
      const name = session();
      return name === undefined ? '' : readFileSync(`/var/lib/callgate/${name}.journal`, 'utf8');
    };
    await learner.until(() => /"type":"called".*"getsid"/.test(journal()));
    learner.process.kill('SIGKILL');
    await learner.ended();
    t.equal(callgate('stop', '--kill', session() ?? '').status, 0);
    const recovered = callgate('learn', '--recover');
    t.ok(recovered.stderr.includes(`${learnt}/`), recovered.stderr);
    const file = `${learnt}/${first.slice(1).replaceAll('/', '_')}.yaml`;
    t.ok(JSON.parse(callgate('policy', 'show', '--json', file).stdout).syscalls.permit.includes('getsid'));
  });
});
