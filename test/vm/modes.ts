// SPDX-License-Identifier: GPL-2.0-only
/** What a refusal looks like: its errno, its mode, its count; and policies that change while a program runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { operationNumber } from '../../src/policy/operations.js';
import { hasFields } from '../fields.js';
import { keep, mount, O, open, openat, unlink } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ROOT, type RuleText, told } from './confined.js';

const DIR = `${ROOT}/modes`;
const YES = `${DIR}/yes`;
const NO = `${DIR}/no`;
const MANY = 60;
/** enum cg_unresolved: the policy's image is missing. */
const NO_POLICY = 5;
const RULES: readonly RuleText[] = [permit('read', YES)];

export async function modes(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(YES, 'yes');
  writeFileSync(NO, 'no');
  await errors(t, checks);
  await complaining(t, checks);
  await learning(t, checks);
  await counting(t, checks);
  await changing(t, checks);
}

async function errors(t: Test, { confined, refused }: Checks): Promise<void> {
  await refused(t, 'the policy’s errno', [open(NO)], RULES, [`read ${NO}`], { errno: 'ENOENT' });
  const rule = { deny: 'read', path: NO, errno: 'EIO' };
  const own = await confined.run([open(NO), open(YES)], { rules: [rule, ...RULES] });
  t.same(own.results, ['EIO', 'ok'], 'a rule’s errno');
  hasFields(t, own.events, [{ errnum: 5, rule: 2, enforced: true, verdict: 'deny' }], 'the event names the rule');
  const silent = await confined.run([open(NO)], { rules: [{ deny: 'read', path: NO, log: false }] });
  t.same(
    { results: silent.results, events: silent.events, denied: silent.counts.denied, silent: silent.counts.silent },
    { results: ['EPERM'], events: [], denied: 1, silent: 1 },
    'a denial that is not logged is counted',
  );
  const logged = await confined.run([open(YES)], { rules: [{ permit: 'read', path: YES, log: true }] });
  t.same({ results: logged.results, events: told(logged.events) }, { results: ['ok'], events: [`read ${YES}`] });
  hasFields(t, logged.events, [{ verdict: 'permit', enforced: true }], 'a permit that is logged');
  const both = await confined.run([open(NO, O.RDWR)], {
    rules: [permit('write', NO), { deny: 'read', path: NO, errno: 'EIO' }],
    errno: 'EROFS',
  });
  t.same(both.results, ['EIO'], 'of several operations, the first that is refused has the word');
  hasFields(t, both.events, [{ operations: ['read', 'write'], decided: ['read'] }]);
}

async function complaining(t: Test, { confined }: Checks): Promise<void> {
  const acts = [open(NO), open(YES), mount('none', DIR, 'tmpfs')];
  const { results, events, counts } = await confined.run(acts, { rules: RULES, mode: 'complain' });
  t.same(results, ['ok', 'ok', 'EPERM'], 'complaining refuses nothing but what the floor does');
  hasFields(t, events, [
    { verdict: 'deny', enforced: false },
    { type: 'floor', enforced: true },
  ]);
  t.same(
    { told: told(events), denied: counts.denied, complained: counts.complained },
    { told: [`read ${NO}`, 'floor mount'], denied: 0, complained: 1 },
  );
}

async function learning(t: Test, { confined }: Checks): Promise<void> {
  const acts = [open(NO), open(NO), open(NO), open(YES), open('/etc/passwd'), mount('none', DIR, 'tmpfs')];
  const rules = [...RULES, { deny: 'read', path: '/etc/passwd' }];
  const { results, events, counts } = await confined.run(acts, { rules, mode: 'learn' });
  t.same(
    results,
    ['ok', 'ok', 'ok', 'ok', 'EPERM', 'EPERM'],
    'learning permits what no rule decides, and nothing else',
  );
  t.same(told(events), [`read ${NO}`, 'read /etc/passwd', 'floor mount'], 'each is told once');
  hasFields(t, events, [{ learnt: true }, { learnt: false, enforced: true }, { type: 'floor' }]);
  hasFields(t, counts, { repeats: 2, learnt: 3, denied: 1, dropped: 0 }, 'and repeats are counted');
}

/** Counters are exact, whatever the ring buffer could hold. */
async function counting(t: Test, { confined }: Checks): Promise<void> {
  const acts = Array.from({ length: MANY }, (_, index) => (index % 2 ? open(NO) : unlink(NO)));
  const { results, events, counts } = await confined.run(acts, { rules: RULES });
  t.same(
    results,
    acts.map(() => 'EPERM'),
    'all are refused',
  );
  t.equal(events.length, MANY, 'and told');
  t.same(
    events.map(({ sequence }) => sequence),
    acts.map((_, index) => index + 1),
    'in order, without a gap',
  );
  hasFields(t, counts, { denied: MANY, events: MANY, dropped: 0, sequence: MANY });
  t.equal(counts.deniedBy[operationNumber('read')], MANY / 2, 'by operation');
  t.equal(counts.deniedBy[operationNumber('delete')], MANY / 2);

  const small = await confined.run(acts, { rules: RULES, ring: 4096, unread: true });
  t.same(
    small.results,
    acts.map(() => 'EPERM'),
    'a full ring refuses no less',
  );
  t.ok(small.counts.dropped > 0, 'what it could not hold was lost');
  t.equal(small.counts.events + small.counts.dropped, MANY, 'and counted');
  t.equal(small.counts.denied, MANY);
  t.equal(small.events.length, small.counts.events, 'what it held came');
}

async function changing(t: Test, { confined }: Checks): Promise<void> {
  const rules = [permit('read', NO)];
  const acts = [open(YES), open(NO), 'wait', open(YES), open(NO)];
  const swapped = await confined.run(acts, { rules: RULES, midway: () => confined.swap({ rules }) });
  t.same(swapped.results, ['ok', 'EPERM', 'ok', 'EPERM', 'ok'], 'a policy that is replaced holds at once');
  t.not(swapped.events[0]?.generation, swapped.events[1]?.generation, 'and the event says which it was');
  const live = await confined.run(acts, {
    rules: RULES,
    midway: () => confined.swap({ rules: RULES, mode: 'complain' }),
  });
  t.same(live.results, ['ok', 'EPERM', 'ok', 'ok', 'ok'], 'so does a mode');
  const gone = await confined.run(acts, {
    rules: RULES,
    default: 'permit',
    midway: () => confined.gate.setSlot(1, null),
  });
  t.same(gone.results, ['ok', 'ok', 'ok', 'EPERM', 'EPERM'], 'without a policy nothing is permitted');
  t.equal(gone.counts.unresolved[NO_POLICY], 2, 'which is counted');
  const held = [keep(1, open(DIR, O.PATH)), open(YES), 'wait', openat('#1', 'yes')];
  const taken = await confined.run(held, { rules: RULES, midway: () => confined.swap({ rules: [] }) });
  t.same(taken.results, ['ok', 'ok', 'ok', 'EPERM'], 'a permit that is taken away is gone');
}
