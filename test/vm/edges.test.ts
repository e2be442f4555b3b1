// SPDX-License-Identifier: GPL-2.0-only
/** Who asks where somebody else is told of the stop, or waits for it: children of vfork, those that are traced, Unix sockets. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { REASONS } from '../../src/events/names.js';
import { ask, asked } from './attendant.js';
import { keep, listen, socket } from './calls.js';
import { permit } from './checks.js';
import { ACT, beside, Confined, ROOT, type RuleText } from './confined.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const DIR = `${ROOT}/edges`;
const EDGES = `${ROOT}/bin/edges`;
const FILE = `${DIR}/file`;
const UNIX = 1;
const STREAM = 1;
const DGRAM = 2;

t.test('edges of asking', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  mkdirSync(DIR);
  writeFileSync(FILE, 'text');
  for (const part of [vforked, traced, sockets]) await t.test(part.name, (t) => part(t, confined));
});

/** The parent of a vfork cannot be stopped while it waits, nor need it be: the child is. */
async function vforked(t: Test, confined: Confined): Promise<void> {
  const file = EDGES;
  for (const [verdict, result] of [
    ['permit', 'ok'],
    ['deny', 'EPERM'],
  ] as const) {
    const { run, attendant } = await asked(confined, ['vfork', FILE], [ask('read', FILE)], () => ({ verdict }), {
      file,
    });
    t.same(
      { results: run.results, asked: attendant.asked, errors: run.errors, code: run.code },
      { results: [result], asked: [`read ${FILE}`], errors: '', code: 0 },
      `a call: ${verdict}`,
    );
  }
  const child = `${ROOT}/bin/edges-child`;
  cpSync(ACT, child);
  for (const [verdict, result] of [
    ['permit', 'exit 0'],
    ['deny', 'EPERM'],
  ] as const) {
    const { run, attendant } = await asked(
      confined,
      ['vforkexec', child],
      [{ ask: 'exec', path: child }, permit('read', '/proc/self/exe')],
      () => ({ verdict }),
      { file, others: { [child]: [] } },
    );
    t.same(
      { results: run.results, asked: attendant.asked, errors: run.errors },
      { results: [result], asked: [`exec ${child}`], errors: '' },
      `an exec: ${verdict}`,
    );
  }
}

/** A tracer sees the stop, and may have its tracee go on: that one asks again, and is never let through. */
async function traced(t: Test, confined: Confined): Promise<void> {
  const file = EDGES;
  const rules = [ask('read', FILE)];
  for (const [verdict, result] of [
    ['permit', 'ok'],
    ['deny', 'EPERM'],
  ] as const) {
    const { run } = await asked(confined, ['traced', 'listen', FILE], rules, () => ({ verdict }), { file });
    t.same(
      { results: run.results, errors: run.errors, code: run.code, left: confined.gate.questions.waiting() },
      { results: [result], errors: '', code: 0, left: [] },
      `a tracer that lets it stand: ${verdict}`,
    );
  }
  const never = await asked(confined, ['traced', 'drop', FILE], rules, () => null, { file });
  t.same(
    { results: never.run.results, errors: never.run.errors, why: REASONS[never.run.events.at(-1)?.reason ?? 0] },
    { results: ['EPERM'], errors: '', why: 'questions' },
    'one whose tracer has it go on for ever is denied',
  );
}

/** Connecting to a Unix socket, and sending to one: nothing has come there before the answer. */
async function sockets(t: Test, confined: Confined): Promise<void> {
  const socketPath = `${DIR}/socket`;
  const made: RuleText = { permit: 'socket', family: 'unix' };
  for (const [name, type, server, act, operation] of [
    ['unix_stream_connect', STREAM, [listen('#1')], `connect,#1,un,${socketPath}`, 'connect'],
    ['unix_may_send', DGRAM, [], `sendto,#1,un,${socketPath}`, 'send'],
  ] as const)
    for (const [verdict, result] of [
      ['permit', 'ok'],
      ['deny', 'EPERM'],
    ] as const) {
      const acts = [keep(1, socket(UNIX, type)), `bind,#1,un,${socketPath}`, ...server];
      await beside([...acts, 'wait'], acts.length, async () => {
        const { run, attendant } = await asked(
          confined,
          [keep(1, socket(UNIX, type)), act],
          [made, { ask: operation, address: `unix:${socketPath}` }],
          () => ({ verdict }),
        );
        t.same(
          { results: run.results, asked: attendant.asked },
          { results: ['ok', result], asked: [`${operation} unix:${socketPath}`] },
          `${name}: ${verdict}`,
        );
      });
      rmSync(socketPath);
    }
}
