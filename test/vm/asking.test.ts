// SPDX-License-Identifier: GPL-2.0-only
/** Rules that ask, in the kernel: a thread stops before anything has happened, and goes on by the answer. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { objectDescription } from '../../src/decide/text.js';
import type { KernelEvent } from '../../src/events/decode.js';
import { REASONS } from '../../src/events/names.js';
import type { Reply, ReplyKey, Scope } from '../../src/kernel/asking.js';
import { operationBit } from '../../src/policy/operations.js';
import * as call from './calls.js';
import { permit } from './checks.js';
import { ACT, Confined, ROOT, type RuleText, type Run, SESSION } from './confined.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const DIR = `${ROOT}/asking`;
const FOREVER = (1n << 63n) - 1n;
const THREADS = 8;

type Answer = Partial<Reply> & { readonly scope?: Scope };

/** Answers the questions of a run as they come. */
class Attendant {
  /** What was asked, in order. */
  readonly asked: string[] = [];
  readonly keys: ReplyKey[] = [];

  constructor(
    private readonly confined: Confined,
    /** Null: no answer, and it goes on all the same. */
    private readonly answer: (event: KernelEvent, asked: number) => Answer | null,
  ) {}

  readonly attend = (): void => this.confined.gate.attend(SESSION, this.confined.cookie, FOREVER);

  readonly heard = (event: KernelEvent): void => {
    if (event.type !== 'question' || event.asked === undefined) return;
    this.asked.push(`${event.decided.join('+')} ${event.object === null ? '?' : objectDescription(event.object)}`);
    const answer = this.answer(event, this.asked.length);
    if (answer !== null) {
      const { scope = 'thread', verdict = 'permit', errnum = 0, expires = 0n } = answer;
      const { cookie, gate } = this.confined;
      const waiting = gate.waiting().find(({ tid }) => tid === event.tid);
      const key: ReplyKey = {
        ...{ cookie, policy: event.policy, generation: event.generation, operations: bitsOf(event.decided), scope },
        object: event.asked,
        task: taskOf(scope, event, waiting?.start ?? 0n),
      };
      this.keys.push(key);
      gate.reply(key, { verdict, errnum, expires });
    }
    process.kill(event.pid, 'SIGCONT');
  };
}

function bitsOf(operations: KernelEvent['decided']): number {
  return operations.reduce((bits, operation) => bits | (1 << operationBit(operation)), 0) >>> 0;
}

function taskOf(scope: Scope, event: KernelEvent, start: bigint): ReplyKey['task'] {
  switch (scope) {
    case 'thread':
      return { pid: event.tid, start };
    case 'process':
      // One thread: its start is the process's.
      return { pid: event.pid, start };
    case 'policy':
      return { pid: 0, start: 0n };
  }
}

const ask = (operations: string | readonly string[], path: string): RuleText => ({ ask: operations, path });

t.test('asking', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  mkdirSync(DIR);
  writeFileSync(`${DIR}/file`, 'text');
  for (const part of [answers, acts, scopes, threads, nobody, strays])
    await t.test(part.name, (t) => part(t, confined));
});

async function asked(
  confined: Confined,
  acts: readonly string[],
  rules: readonly RuleText[],
  answer: (event: KernelEvent, asked: number) => Answer | null,
): Promise<{ run: Run; attendant: Attendant }> {
  const attendant = new Attendant(confined, answer);
  const run = await confined.run(acts, { rules, heard: attendant.heard, started: attendant.attend });
  return { run, attendant };
}

/** Permit and deny, with what each leaves behind. */
async function answers(t: Test, confined: Confined): Promise<void> {
  const rules = [ask('read', `${DIR}/file`)];
  const yes = await asked(confined, [call.open(`${DIR}/file`)], rules, () => ({}));
  t.same(
    {
      results: yes.run.results,
      asked: yes.attendant.asked,
      denied: yes.run.counts.denied,
      left: confined.gate.waiting(),
    },
    { results: ['ok'], asked: [`read ${DIR}/file`], denied: 0, left: [] },
    'permitted',
  );
  t.equal(confined.gate.takeBack(yes.attendant.keys[0] as ReplyKey), false, 'an answer for once is used up');
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
  const { run, attendant } = await asked(
    confined,
    [`exec,${ACT}`, call.open(`${DIR}/file`)],
    [{ ask: 'exec', path: ACT }, permit(['read', 'load'], '/**')],
    () => ({}),
  );
  t.same({ results: run.results, asked: attendant.asked }, { results: ['ok'], asked: [`exec ${ACT}`] }, 'exec');
  const connected = await asked(confined, [`call,41,2,2,0`], [{ ask: 'socket', address: 'udp:*' }], () => ({}));
  t.equal(connected.attendant.asked.length, 1, 'socket');
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
        left: confined.gate.waiting(),
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
  const never = await asked(confined, [call.open(`${DIR}/file`)], rules, () => null);
  t.same(never.run.results, ['EPERM'], 'one that goes on and on unanswered is denied');
  t.equal(never.run.events.map(({ reason }) => REASONS[reason]).at(-1), 'questions');
  await setTimeout(0);
  t.same(confined.gate.waiting(), []);
}
