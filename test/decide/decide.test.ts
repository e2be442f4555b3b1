// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { decide, interpreterRule } from '../../src/decide/decide.js';
import { FIRST_OPERATIONS } from '../../src/policy/operations.js';
import { hasFields } from '../fields.js';
import { attempt, files, policyOf } from './build.js';

t.test('every operation of an attempt has its own decision, in the order of the table', async (t) => {
  const policy = policyOf([
    { operations: ['read', 'create'], objects: files('/srv/a') },
    { verdict: 'deny', operations: ['write'], objects: files('/srv/a'), errno: 'EROFS' },
  ]);
  const outcome = decide(policy, attempt(['create', 'write', 'read', 'write'], '/srv/a'));
  t.strictSame(
    outcome.decisions.map(({ operation, verdict }) => [operation, verdict]),
    [
      ['read', 'permit'],
      ['write', 'deny'],
      ['create', 'permit'],
    ],
  );
  t.equal(outcome.verdict, 'deny');
  t.equal(outcome.errno, 'EROFS');
  t.equal(outcome.deciding.rule, policy.rules[1]);
  t.strictSame(
    outcome.decisions.map(({ errno }) => errno),
    [undefined, 'EROFS', undefined],
    'a permit has no errno',
  );
});

t.test('an attempt without operations has no verdict', async (t) => {
  t.throws(() => decide(policyOf([]), attempt([], '/srv/a')), RangeError);
});

t.test('the mode changes no verdict', async (t) => {
  for (const mode of ['enforce', 'complain'] as const)
    t.equal(decide(policyOf([], { mode }), attempt('read', '/srv/a')).verdict, 'deny');
});

t.test('the default decides each operation that no rule does', async (t) => {
  for (const verdict of ['permit', 'deny', 'ask'] as const)
    for (const operation of FIRST_OPERATIONS) {
      const outcome = decide(policyOf([], { default: verdict }), attempt(operation, '/srv/a'));
      t.equal(outcome.verdict, verdict, `${operation}: ${verdict}`);
      t.equal(outcome.deciding.rule, null);
      t.equal(outcome.deciding.log, verdict !== 'permit');
      t.equal(outcome.errno, verdict === 'deny' ? 'EPERM' : undefined);
    }
});

t.test('the interpreter comes before a rule of the same path', async (t) => {
  const rules = [{ verdict: 'deny', operations: ['read', 'write'], objects: files('/usr/bin/bash') }] as const;
  const policy = policyOf(rules, { interpreter: '/usr/bin/bash' });
  const granted = decide(policy, attempt('read', '/usr/bin/bash'));
  t.equal(granted.verdict, 'permit');
  hasFields(t, granted.deciding.rule, { number: 0, place: { file: 'worker.yaml', line: 1 } });
  t.equal(decide(policy, attempt('write', '/usr/bin/bash')).deciding.rule, policy.rules[0]);
  t.equal(decide(policyOf(rules), attempt('read', '/usr/bin/bash')).verdict, 'deny');
  t.equal(interpreterRule(policyOf(rules)), null);
});

t.test('an operation on files says nothing of addresses, nor the other way round', async (t) => {
  const both = ['read', 'connect'] as const;
  const policy = policyOf([{ operations: both, objects: [...files('/srv/a'), { type: 'unnamed' }] }]);
  t.equal(decide(policy, attempt('read', '/srv/a')).verdict, 'permit');
  t.equal(decide(policy, attempt('connect', '/srv/a')).verdict, 'deny');
  t.equal(decide(policy, attempt('connect', { type: 'unnamed' })).verdict, 'permit');
  t.equal(decide(policy, attempt('read', { type: 'unnamed' })).verdict, 'deny');
});
