// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { explain } from '../../src/decide/explain.js';
import { renderExplanation } from '../../src/decide/render.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { AccessObject, ObjectPattern } from '../../src/policy/model.js';
import { addressOf } from '../cases.js';
import { hasFields } from '../fields.js';
import { attempt, files, pathPattern, policyOf } from './build.js';

const tcp = (host: string | null, first: number, last = first): ObjectPattern => ({
  type: 'inet',
  text: `tcp:${host ?? '*'}:${first === last ? first : `${first}-${last}`}`,
  protocol: 'tcp',
  host: host === null ? null : { address: addressOf(host, 'test'), prefix: 128 },
  ports: { first, last },
});
const peer = (host: string, port: number): AccessObject => ({
  type: 'inet',
  protocol: 'tcp',
  address: addressOf(host, 'test'),
  port,
});

t.test('names the rule that decides, its line, and the statement that must stand before it', async (t) => {
  const policy = policyOf([
    { operations: ['read'], objects: files('/srv/a') },
    { verdict: 'deny', operations: ['read', 'write'], objects: files('/srv/**'), errno: 'ENOENT' },
    { operations: ['write'], objects: files('/srv/**') },
  ]);
  const explanation = explain(policy, attempt('write', '/srv/b'));
  hasFields(t, explanation, {
    verdict: 'deny',
    errno: 'ENOENT',
    operations: [{ operation: 'write', by: 'rule', rule: { number: 2, line: 6, file: 'worker.yaml' }, nearest: [] }],
    change: {
      statement: { verdict: 'permit', operations: ['write'], key: 'path', objects: ['/srv/b'] },
      position: { at: 'before', place: { line: 6 }, rule: 2 },
      verdict: 'permit',
    },
  });
  const text = renderExplanation(explanation);
  t.match(text, /write \/srv\/b: denied with ENOENT/);
  t.match(text, /rule 2 \(worker\.yaml:6\)/);
  t.match(text, /To permit it, insert before line 6 of worker\.yaml \(rule 2\):/);
});

t.test('what is permitted can be denied, before the rule that permits', async (t) => {
  const policy = policyOf([{ operations: ['read'], objects: files('/srv/a/b') }]);
  hasFields(t, explain(policy, attempt('stat', '/srv/a')), {
    verdict: 'permit',
    operations: [{ operation: 'stat', by: 'implied', rule: { number: 1 } }],
    change: { statement: { verdict: 'deny', operations: ['stat'] }, position: { at: 'before', rule: 1 } },
  });
});

t.test('where the default decided, the nearest rules and why each missed, the nearest first', async (t) => {
  const policy = policyOf([
    { operations: ['read'], objects: files('/etc/passwd') },
    { operations: ['read'], objects: files('/srv/data/other/file') },
    { operations: ['write', 'list'], objects: files('/srv/data/mine/*') },
    { operations: ['read'], objects: files('/srv/data/mine/file'), if: { uids: [{ first: 5, last: 5 }] } },
    { operations: ['read'], objects: files('/srv/*/mine') },
    { verdict: 'deny', operations: ['read'], objects: files('/srv/data/mine/near') },
    { operations: ['connect'], objects: [tcp(null, 80)] },
  ]);
  const explanation = explain(policy, attempt('read', '/srv/data/mine/file'));
  hasFields(t, explanation.operations[0], { by: 'default', rule: null });
  t.strictSame(
    explanation.operations[0]?.nearest.map(({ rule, obstacles }) => [rule.number, obstacles]),
    [
      [4, [{ kind: 'condition', which: 'if', condition: 'uid 5', caller: 'uid 0, gid 0, no owner' }]],
      [3, [{ kind: 'operation', listed: ['write', 'list'] }]],
      [5, [{ kind: 'component', pattern: '/srv/*/mine', component: 4, expected: null, got: 'file' }]],
      [2, [{ kind: 'component', pattern: '/srv/data/other/file', component: 3, expected: 'other', got: 'mine' }]],
    ],
  );
  hasFields(t, explanation.change, {
    statement: { verdict: 'permit', operations: ['read'] },
    position: { at: 'end', file: 'worker.yaml' },
    verdict: 'permit',
  });
  const text = renderExplanation(explanation);
  t.match(text, /if uid 5: this is uid 0, gid 0, no owner/);
  t.match(text, /lists write, list only/);
  t.match(text, /\/srv\/data\/other\/file wants other as component 3, the path has mine/);
  t.match(text, /\/srv\/\*\/mine ends before component 4 of the path, file/);
  t.match(text, /To permit it, add at the end of worker\.yaml:/);
});

t.test('a pattern that goes on where the path ends', async (t) => {
  const policy = policyOf([{ operations: ['list'], objects: files('/srv/data/mine') }]);
  t.strictSame(explain(policy, attempt('list', '/srv/data')).operations[0]?.nearest[0]?.obstacles, [
    { kind: 'component', pattern: '/srv/data/mine', component: 3, expected: 'mine', got: null },
  ]);
});

t.test('no more than five rules are named', async (t) => {
  const rules = Array.from({ length: 9 }, (_, index) => ({ objects: files(`/srv/data/${index}`) }));
  t.equal(explain(policyOf(rules), attempt('read', '/srv/data/x')).operations[0]?.nearest.length, 5);
});

t.test('addresses miss by port, host or protocol', async (t) => {
  const policy = policyOf([
    { operations: ['connect'], objects: [tcp('192.0.2.1', 80)] },
    { operations: ['connect'], objects: [tcp('192.0.2.2', 443)] },
  ]);
  const { nearest } = explain(policy, attempt('connect', peer('192.0.2.1', 443))).operations[0] ?? { nearest: [] };
  t.strictSame(
    nearest.map(({ obstacles }) => obstacles),
    [
      [{ kind: 'object', pattern: 'tcp:192.0.2.1:80', what: 'port', expected: '80', got: '443' }],
      [
        {
          kind: 'object',
          pattern: 'tcp:192.0.2.2:443',
          what: 'host',
          expected: '192.0.2.2',
          got: '192.0.2.1',
        },
      ],
    ],
  );
});

t.test('several operations: the statement permits all that were not, before the first rule in the way', async (t) => {
  const policy = policyOf([
    { operations: ['read'], objects: files('/srv/a') },
    { verdict: 'ask', operations: ['write'], objects: files('/srv/a') },
  ]);
  hasFields(t, explain(policy, attempt(['create', 'read', 'write'], '/srv/a')), {
    verdict: 'deny',
    operations: [{ by: 'rule' }, { verdict: 'ask', by: 'rule' }, { verdict: 'deny', by: 'default' }],
    change: {
      statement: { verdict: 'permit', operations: ['write', 'create'] },
      position: { at: 'before', rule: 2 },
      verdict: 'permit',
    },
  });
});

t.test('closed kinds say so, and a statement that names them opens them', async (t) => {
  const policy = policyOf([], { default: 'permit' });
  const explanation = explain(policy, attempt('read', { type: 'kind', kind: 'detached' }));
  hasFields(t, explanation, {
    verdict: 'deny',
    operations: [{ by: 'closed' }],
    change: { statement: { key: 'kind', objects: ['detached'] }, position: { at: 'end' }, verdict: 'permit' },
  });
  t.match(renderExplanation(explanation), /no path can be told for it/);
});

t.test('a rule of a group is found in its own file', async (t) => {
  const place = { file: 'groups/libc.yaml', line: 9, column: 5 };
  const policy = policyOf([{ verdict: 'deny', objects: files('/etc/**'), group: 'libc', place, number: 4 }]);
  const explanation = explain(policy, attempt('read', '/etc/x'));
  hasFields(t, explanation.change?.position, { at: 'before', place, rule: 4, group: 'libc' });
  const text = renderExplanation(explanation);
  t.match(text, /rule 4 of group libc \(groups\/libc\.yaml:9\)/);
  t.match(
    text,
    /insert before line 9 of groups\/libc\.yaml \(rule 4 of group libc: all policies that use it change\):/,
  );
});

t.test('what the interpreter grants no statement takes away', async (t) => {
  const policy = policyOf([], { interpreter: '/usr/bin/bash' });
  const explanation = explain(policy, attempt('read', '/usr/bin/bash'));
  hasFields(t, explanation, { verdict: 'permit', operations: [{ by: 'interpreter' }], change: null });
  t.match(renderExplanation(explanation), /No statement changes this/);
});

t.test('complain mode is said', async (t) => {
  const explanation = explain(policyOf([], { mode: 'complain' }), attempt('read', '/srv/a'));
  t.match(renderExplanation(explanation), /complain mode: only logged/);
});

t.test('what the kernel half settles, whatever the policy says', async (t) => {
  const place = (act: 'mount' | 'unmount', path: string): AccessObject => ({
    ...{ type: 'target', act, which: 1 },
    who: { kind: 'path', path: bytesOf(path) },
  });
  const everywhere: ObjectPattern[] = (['mount', 'unmount'] as const).map((act) => ({
    ...{ type: 'target', act, which: null },
    who: { kind: 'path', pattern: pathPattern('/***') },
  }));
  const policy = policyOf(
    [
      { operations: ['mount'], objects: everywhere.slice(0, 1) },
      { operations: ['unmount'], objects: everywhere.slice(1) },
    ],
    { version: 2, mode: 'complain' },
  );
  for (const [path, reason] of [
    ['/', 'root'],
    ['/proc', 'kernel'],
    ['/sys/fs/bpf', 'kernel'],
    ['/etc/callgate', 'above'],
    ['/var', 'above'],
    ['/var/lib/callgate/x', 'own'],
  ] as const)
    for (const act of ['mount', 'unmount'] as const) {
      const explanation = explain(policy, attempt(act, place(act, path)));
      t.same(
        [explanation.verdict, explanation.errno, explanation.change, explanation.operations],
        [
          ...['deny', 'EPERM', null],
          [
            {
              ...{ operation: act, verdict: 'deny', errno: 'EPERM', log: true },
              ...{ by: 'settled', settled: reason, rule: null, nearest: [] },
            },
          ],
        ],
      );
    }
  t.equal(
    renderExplanation(explain(policy, attempt('mount', place('mount', '/')))),
    `mount mount:tmpfs:/: denied with EPERM

  mount: deny: the floor refuses it: nothing is mounted over / or unmounted from it, whatever a policy permits

No statement changes this: no policy permits it.
`,
  );
  for (const path of ['/mnt', '/process', '/var/lib/callgate/x/y', '/var/lib/x', '/sys/kernel/debug'])
    hasFields(t, explain(policy, attempt('mount', place('mount', path))), {
      verdict: 'permit',
      operations: [{ by: 'rule', rule: { number: 1 } }],
    });

  const none = policyOf([], { version: 2 });
  const request = (which: number, who: Extract<AccessObject, { type: 'target' }>['who']): AccessObject => ({
    ...{ type: 'target', act: 'ioctl', which, who },
  });
  const file = (path: string) => ({ kind: 'path', path: bytesOf(path) }) as const;
  const verdicts = (asked: boolean, ...objects: AccessObject[]): string[] =>
    objects.map((object) => explain(none, attempt('ioctl', object), asked).verdict);
  const [tcgets, tcsets] = [0x5401, 0x5402];
  const free = [file('/etc/passwd'), file('/dev/pts/0'), file('/dev/null'), { kind: 'kind', of: 'pipe' } as const];
  t.same(verdicts(false, ...free.map((who) => request(tcgets, who))), ['permit', 'permit', 'permit', 'permit']);
  t.same(verdicts(false, ...free.map((who) => request(tcsets, who))), ['deny', 'deny', 'deny', 'deny']);
  t.same(
    verdicts(false, request(tcgets, file('/dev/sda')), request(tcgets, { kind: 'kind', of: 'deleted' })),
    ['deny', 'deny'],
    'devices whose drivers may mean anything by it',
  );
  t.same(verdicts(true, request(tcgets, file('/srv/dev/sda'))), ['deny'], 'the kernel half did ask');
  const alike = attempt('ptrace', {
    type: 'target',
    act: 'ptrace',
    which: 1,
    who: { kind: 'process', process: 'policy' },
  });
  for (const version of [1, 2] as const)
    t.equal(
      renderExplanation(explain(policyOf([], { version }), alike)),
      `ptrace ptrace:read:policy: permitted

  ptrace: permit: it takes no rule: a process under the same policy may do the same

No statement changes this: no policy is asked.
`,
    );
  const child = attempt('ptrace', {
    type: 'target',
    act: 'ptrace',
    which: 1,
    who: { kind: 'process', process: 'child' },
  });
  t.equal(explain(none, child).verdict, 'deny');
});
