// SPDX-License-Identifier: GPL-2.0-only
/** Rules that ask, in the kernel: a thread stops before anything has happened, and goes on by the answer. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { REASONS } from '../../src/events/names.js';
import type { ReplyKey } from '../../src/kernel/asking.js';
import { Attendant, ask, asked } from './attendant.js';
import * as call from './calls.js';
import { permit } from './checks.js';
import { ACT, type Confined, ROOT, type RuleText } from './confined.js';
import { needsLsm } from './machine.js';
import { sharedGate } from './shared.js';

t.setTimeout(900_000);

const DIR = `${ROOT}/asking`;
const THREADS = 8;
const PROT_READ = 1;
const PROT_EXEC = 4;

t.test('asking', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  mkdirSync(DIR);
  writeFileSync(`${DIR}/file`, 'text');
  for (const part of [answers, acts, pairs, made, execs, scopes, threads, nobody, strays])
    await t.test(part.name, (t) => part(t, confined));
});

/** Permit and deny, with what each leaves behind. */
async function answers(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`)];
  const yes = await asked(confined, [call.open(`${DIR}/file`)], rules, () => ({}));
  t.same(
    {
      results: yes.run.results,
      asked: yes.attendant.asked,
      denied: yes.run.counts.denied,
      left: confined.gate.questions.waiting(),
    },
    { results: ['ok'], asked: [`read ${DIR}/file`], denied: 0, left: [] },
    'permitted',
  );
  t.equal(confined.gate.questions.takeBack(yes.attendant.keys[0] as ReplyKey), false, 'an answer for once is used up');
  const no = await asked(confined, [call.open(`${DIR}/file`)], rules, () => ({ verdict: 'deny' }));
  t.same(
    { results: no.run.results, asked: no.attendant.asked, denied: no.run.counts.denied },
    { results: ['EPERM'], asked: [`read ${DIR}/file`], denied: 1 },
    'denied, with the errno of the policy',
  );
  const other = await asked(confined, [call.open(`${DIR}/file`)], rules, () => ({ verdict: 'deny', errnum: 2 }));
  t.same(other.run.results, ['ENOENT'], 'denied, with an errno of its own');
  const twice = await asked(confined, [call.open(`${DIR}/file`), call.open(`${DIR}/file`)], rules, (_, times) => ({
    verdict: times === 1 ? 'permit' : 'deny',
  }));
  t.same(
    { results: twice.run.results, asked: twice.attendant.asked.length },
    { results: ['ok', 'EPERM'], asked: 2 },
    'once is once',
  );
}

/** Nothing has happened before the answer; everything does after it. */
async function acts(t: Test, confined: Confined): Promise<void> {
  const [file, fresh, folder, moved] = ['gone', 'fresh', 'folder', 'moved'].map((name) => `${DIR}/acts-${name}`) as [
    string,
    string,
    string,
    string,
  ];
  const cases: readonly [string, string, RuleText, () => unknown, unknown, unknown][] = [
    ['unlink', call.unlink(file), ask('delete', file), () => existsSync(file), true, false],
    ['create', call.creat(fresh), ask(['create', 'write'], fresh), () => existsSync(fresh), false, true],
    ['mkdir', call.mkdir(folder), ask('create', folder), () => existsSync(folder), false, true],
    ['truncate', call.truncate(moved), ask('write', moved), () => readFileSync(moved, 'utf8'), 'text', ''],
    ['chmod', call.chmod(moved), ask('chmod', moved), () => 0, 0, 0],
    ['stat', call.stat(moved), ask('stat', moved), () => 0, 0, 0],
  ];
  for (const [name, act, rule, look, before, after] of cases) {
    for (const path of [fresh, folder]) rmSync(path, { recursive: true, force: true });
    for (const path of [file, moved]) writeFileSync(path, 'text');
    const seen: unknown[] = [];
    const { run, attendant } = await asked(confined, [act], [rule], () => {
      seen.push(look());
      return {};
    });
    t.same(
      { results: run.results, seen, asked: attendant.asked.length, after: look() },
      { results: ['ok'], seen: [before], asked: 1, after },
      name,
    );
  }
  const connected = await asked(confined, [`call,41,2,2,0`], [{ ask: 'socket', address: 'udp:*' }], () => ({}));
  t.equal(connected.attendant.asked.length, 1, 'socket');
  for (const [verdict, result] of [
    ['permit', 'ok'],
    ['deny', 'EPERM'],
  ] as const) {
    const code = [call.keep(1, call.open(moved)), call.mmap('#1', PROT_READ | PROT_EXEC)];
    const mapped = await asked(confined, code, [permit('read', moved), ask('load', moved)], () => ({ verdict }));
    t.same(
      { results: mapped.run.results, asked: mapped.attendant.asked },
      { results: ['ok', result], asked: [`load ${moved}`] },
      `mapped as code: ${verdict}`,
    );
  }
}

/** One attempt with two objects: both are asked about, and nothing has happened before the second answer. */
async function pairs(t: Test, confined: Confined): Promise<void> {
  const [from, to, socket] = [`${DIR}/from`, `${DIR}/to`, `${DIR}/socket`];
  const there = () => [from, to, socket].map((path) => existsSync(path));
  const kinds: readonly [string, string, readonly RuleText[], readonly string[], readonly boolean[]][] = [
    [
      'rename',
      call.rename(from, to),
      [ask('delete', from), ask('create', to)],
      [`delete ${from}`, `create ${to}`],
      [false, true, false],
    ],
    [
      'link',
      call.link(from, to),
      [ask('link', from), ask('create', to)],
      [`link ${from}`, `create ${to}`],
      [true, true, false],
    ],
    [
      'bind',
      call.mknod(socket, 0o140644),
      [ask('create', socket), { ask: 'bind', address: `unix:${socket}` }],
      [`create ${socket}`, `bind unix:${socket}`],
      [true, false, true],
    ],
  ];
  for (const [name, act, rules, questions, after] of kinds) {
    for (const [verdicts, result, times] of [
      [['permit', 'permit'], 'ok', 2],
      [['deny', 'permit'], 'EPERM', 1],
      [['permit', 'deny'], 'EPERM', 2],
    ] as const) {
      for (const path of [to, socket]) rmSync(path, { force: true });
      writeFileSync(from, 'text');
      const seen: unknown[] = [];
      const { run, attendant } = await asked(confined, [act], rules, (_, time) => {
        seen.push(there());
        return { verdict: verdicts[time - 1] ?? 'deny' };
      });
      t.same(
        { results: run.results, asked: attendant.asked, seen, after: there() },
        {
          results: [result],
          asked: questions.slice(0, times),
          seen: Array(times).fill([true, false, false]),
          after: result === 'ok' ? after : [true, false, false],
        },
        `${name}: ${verdicts.join(', ')}`,
      );
      t.same(
        attendant.keys.map((key) => confined.gate.questions.takeBack(key)),
        attendant.keys.map(() => false),
        'both answers are used up',
      );
    }
  }
  const back = await asked(
    confined,
    [call.rename(from, to), call.rename(to, from), call.rename(from, to)],
    [ask('delete', from), permit(['create', 'delete'], `${DIR}/*`)],
    () => ({}),
  );
  t.same(
    { results: back.run.results, asked: back.attendant.asked },
    { results: ['ok', 'ok', 'ok'], asked: [`delete ${from}`, `delete ${from}`] },
    'an answer for once is for one move',
  );
}

/** The answer to `create` is for what the same open does with the file, and for nothing later. */
async function made(t: Test, confined: Confined): Promise<void> {
  const fresh = `${DIR}/made`;
  const rules = [ask(['create', 'write', 'read'], fresh), permit('delete', fresh)];
  const create = call.open(fresh, call.O.CREAT | call.O.EXCL | call.O.RDWR);
  const plain = call.open(fresh, call.O.WRONLY);
  const first = await asked(
    confined,
    [create, plain, call.unlink(fresh), create, call.unlink(fresh)],
    rules,
    () => ({}),
  );
  t.same(
    { results: first.run.results, asked: first.attendant.asked },
    {
      results: ['ok', 'ok', 'ok', 'ok', 'ok'],
      asked: [`create ${fresh}`, `write ${fresh}`, `create ${fresh}`],
    },
    'with O_EXCL',
  );
  const no = await asked(confined, [create], rules, () => ({ verdict: 'deny' }));
  t.same(
    { results: no.run.results, asked: no.attendant.asked, there: existsSync(fresh) },
    { results: ['EPERM'], asked: [`create ${fresh}`], there: false },
  );
  const half = [permit(['create', 'delete'], fresh), ask('write', fresh)];
  const exclusive = call.open(fresh, call.O.CREAT | call.O.EXCL | call.O.WRONLY);
  const open = await asked(confined, [call.creat(fresh), call.unlink(fresh), exclusive], half, () => ({}));
  t.same(
    {
      results: open.run.results,
      asked: open.attendant.asked,
      told: open.run.events.map(({ type, verdict, reason }) => [type, verdict, REASONS[reason]]),
    },
    {
      results: ['ok', 'ok', 'EPERM'],
      asked: [`write ${fresh}`],
      told: [
        ['question', 'ask', 'resolved'],
        ['access', 'permit', 'resolved'],
        ['access', 'deny', 'unaskable'],
      ],
    },
    'what was made exclusively by a rule cannot be asked about: begun again the call would find it',
  );
  rmSync(fresh, { force: true });
}

/** An exec that is permitted by an answer: under the program's own policy, and where there is none under the same. */
async function execs(t: Test, confined: Confined): Promise<void> {
  const child = `${ROOT}/bin/asked-child`;
  cpSync(ACT, child);
  const [mine, its] = [`${DIR}/file`, `${DIR}/its`];
  writeFileSync(its, 'text');
  const rules = [
    { ask: 'exec', path: child },
    permit(['read', 'load'], '/lib/**'),
    permit(['read', 'load'], '/usr/lib/**'),
    permit('read', mine),
  ];
  const acts = [`exec,${child}`, call.open(mine), call.open(its)];
  for (const [name, others, results] of [
    ['under the same policy', {}, ['ok', 'ok', 'EPERM']],
    [
      'under its own',
      { [child]: [permit(['read', 'load'], '/usr/lib/**'), permit('read', its)] },
      ['ok', 'EPERM', 'ok'],
    ],
  ] as const) {
    const attendant = new Attendant(confined, () => ({}));
    const run = await confined.run(acts, { rules, others, heard: attendant.heard, started: attendant.attend });
    t.same({ results: run.results, asked: attendant.asked }, { results, asked: [`exec ${child}`] }, name);
  }
  const no = await asked(confined, acts, rules, () => ({ verdict: 'deny' }));
  t.same(no.run.results, ['EPERM', 'ok', 'EPERM'], 'and denied it goes on as it was');
}

async function scopes(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`), permit('read', `${DIR}/**`)];
  const twice = [call.open(`${DIR}/file`), call.open(`${DIR}/file`)];
  const forked = [...twice, 'fork', ...twice];
  for (const [scope, acts, times] of [
    ['process', twice, 1],
    ['process', forked, 2],
    ['policy', forked, 1],
  ] as const) {
    const { run, attendant } = await asked(confined, acts, rules, () => ({ scope }));
    t.same(
      {
        results: run.results.filter((line) => line !== 'ok'),
        asked: attendant.asked.length,
        denied: run.counts.denied,
      },
      { results: [], asked: times, denied: 0 },
      `${scope}: asked ${times} times`,
    );
  }
  const soon = await asked(confined, [call.open(`${DIR}/file`)], rules, (event, times) =>
    times < 3 ? { scope: 'policy', expires: event.time } : { scope: 'policy' },
  );
  t.same(
    { results: soon.run.results, asked: soon.attendant.asked.length },
    { results: ['ok'], asked: 3 },
    'an answer ends',
  );
}

/** Threads of one process ask at once: none gets the errno of the restart, none goes on without its answer. */
async function threads(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`), permit('read', `${DIR}/**`)];
  for (const kind of ['children', 'threads']) {
    const acts = [
      `crowd,${THREADS}`,
      ...(kind === 'threads' ? ['thread'] : []),
      `many,20,${call.AT_FDCWD},${DIR}/file`,
    ];
    const { run, attendant } = await asked(confined, acts, rules, () => ({}));
    t.same(
      {
        results: run.results.filter((line) => line !== 'ok'),
        denied: run.counts.denied,
        left: confined.gate.questions.waiting(),
      },
      { results: Array(THREADS).fill('20'), denied: 0, left: [] },
      `${kind}: every open was permitted by an answer of its own`,
    );
    t.ok(attendant.asked.length >= THREADS * 20, `asked ${attendant.asked.length} times`);
  }
}

async function nobody(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`)];
  const run = await confined.run([call.open(`${DIR}/file`)], { rules, errno: 'ENOENT' });
  t.same(
    {
      results: run.results,
      denied: run.counts.denied,
      told: run.events.map(({ verdict, reason, rule }) => [verdict, REASONS[reason], rule]),
    },
    { results: ['ENOENT'], denied: 1, told: [['deny', 'unattended', 2]] },
    'with nobody there it is denied at once, and the event says why',
  );
  const complaining = await confined.run([call.open(`${DIR}/file`)], { rules, mode: 'complain' });
  t.same({ results: complaining.results, would: complaining.counts.complained }, { results: ['ok'], would: 1 });
  const deep = `${DIR}/${'a'.repeat(200)}/${'b'.repeat(200)}`;
  mkdirSync(deep, { recursive: true });
  writeFileSync(`${deep}/file`, 'text');
  const long = await asked(confined, [call.open(`${deep}/file`)], [ask('read', `${deep}/file`)], () => ({}));
  t.same(
    {
      results: long.run.results,
      told: long.run.events.map(({ reason }) => REASONS[reason]),
      asked: long.attendant.asked,
    },
    { results: ['EPERM'], told: ['unaskable'], asked: [] },
    'an object too long to ask about is denied',
  );
}

/** Who is continued without an answer asks again; for ever it does not. */
async function strays(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`)];
  const again = await asked(confined, [call.open(`${DIR}/file`)], rules, (_, times) => (times < 5 ? null : {}));
  t.same({ results: again.run.results, asked: again.attendant.asked.length }, { results: ['ok'], asked: 5 });
  const flood: ChildProcess[] = [];
  const never = await asked(confined, [call.open(`${DIR}/file`)], rules, ({ pid }, times) => {
    // Faster than any reader of events would.
    if (times === 1) flood.push(spawn('sh', ['-c', `while kill -CONT ${pid}; do :; done 2>/dev/null`]));
    return null;
  });
  await Promise.all(flood.map((child) => (child.exitCode === null ? once(child, 'exit') : null)));
  t.same(never.run.results, ['EPERM'], 'one that goes on and on unanswered is denied');
  t.equal(never.run.events.map(({ reason }) => REASONS[reason]).at(-1), 'questions');
  await setTimeout(0);
  t.same(confined.gate.questions.waiting(), []);
}
