// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import type { Application } from '../../src/application/application.js';
import { Refusal } from '../../src/host/failure.js';
import { callNumber } from '../../src/policy/calls.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { callChange, callsToTell, planCalls } from '../../src/session/calls.js';
import { around } from '../cases.js';

/** An application of policies, each a head and rules. */
function application(policies: Record<string, readonly [head: string, rules?: string]>): Application {
  return {
    folder: '/p',
    policies: Object.entries(policies).map(([name, [head, rules = '']]) => {
      const [file, text] = [`/p/${name}.yaml`, `version: 1\nprogram: /bin/${name}\n${head}rules:\n${rules}`];
      return { file, text, policy: parsePolicy(text, file, around) };
    }),
  };
}

const exec = (path: string, more = ''): string => `  - permit: exec\n    path: ${path}\n${more}`;
const READ = 'syscalls: read\n';
const calls = (
  ...[given, mode = 'as-written']: [Application, ('as-written' | 'complain')?]
): readonly string[] | null => planCalls(given, '/bin/one', mode, 'started').hold?.union.calls ?? null;
const ALWAYS = ['rt_sigreturn', 'execve', 'exit', 'restart_syscall', 'exit_group', 'uretprobe', 'uprobe'];

t.test('which policies are reached by exec', async (t) => {
  const two = { two: ['syscalls: bind\n'] as const };
  const with_ = (rules: string, head = READ): readonly string[] | null =>
    calls(application({ one: [head, rules], ...two }))?.filter((call) => !ALWAYS.includes(call)) ?? null;
  t.same(with_(''), ['read']);
  t.same(with_(exec('/bin/two')), ['read', 'bind']);
  t.same(with_(exec('"/bin/*"')), ['read', 'bind']);
  t.same(with_(exec('/bin/three')), ['read']);
  t.same(with_(exec('/bin/two', '    policy: inherit\n')), ['read']);
  t.same(with_(exec('/bin/two').replace('permit', 'ask')), ['read', 'bind'], 'it may be answered with yes');
  t.same(with_(exec('/bin/two').replace('permit', 'deny') + exec('"/bin/*"')), ['read'], 'denied first');
  t.same(
    with_(exec('/bin/two', '    if: {uid: 5}\n').replace('permit', 'deny') + exec('"/bin/*"')),
    ['read', 'bind'],
    'denied to some',
  );
  t.same(with_('', `default: permit\n${READ}`), ['read', 'bind']);
  t.same(with_(exec('/bin/two', '    policy: inherit\n'), `default: permit\n${READ}`), ['read']);
});

t.test('what becomes of it', async (t) => {
  const plain = application({ one: ['syscalls: {refused: kill, permit: read}\nerrno: ENOENT\n'] });
  const permit = ['read', ...ALWAYS].map((call) => callNumber(call));
  const { hold, note } = planCalls(plain, '/bin/one', 'as-written', 'started');
  t.same([hold?.filter, note], [{ permit, refused: 0 }, null]);
  t.same(hold === null ? null : callsToTell(hold, 7n), {
    ...{ cookie: 7n, watch: 'refused', errno: 0 },
    permit: [
      (1n << 0n) | (1n << 15n) | (1n << 59n) | (1n << 60n),
      0n,
      0n,
      (1n << 27n) | (1n << 39n),
      0n,
      (1n << 15n) | (1n << 16n),
      0n,
      0n,
    ],
  });
  const errno = application({ one: ['syscalls: read\nerrno: ENOENT\n'] });
  t.equal(planCalls(errno, '/bin/one', 'as-written', 'started').hold?.filter?.refused, 2);
  for (const [given, mode] of [
    [errno, 'complain'],
    [application({ one: [`mode: complain\n${READ}`] }), 'as-written'],
  ] as const) {
    const { hold } = planCalls(given, '/bin/one', mode, 'started');
    t.equal(hold?.filter, null);
    t.equal(hold === null ? null : callsToTell(hold, 7n).watch, 'foreign');
  }
  t.same(planCalls(application({ one: [''], two: [READ] }), '/bin/one', 'as-written', 'started'), {
    ...{ hold: null, note: null },
  });
  const unlisted = planCalls(
    application({ one: [READ, exec('/bin/two')], two: [''] }),
    '/bin/one',
    'as-written',
    'started',
  );
  t.equal(unlisted.hold, null);
  t.match(unlisted.note, /^\/p\/one\.yaml: no system call is refused where \/bin\/one is started: \/bin\/two, which/);
});

t.test('what runs already can be held by no filter', async (t) => {
  const listed = application({ one: [READ] });
  for (const arrival of ['running', 'cgroup'] as const) {
    t.throws(() => planCalls(listed, '/bin/one', 'as-written', arrival), Refusal);
    t.same(planCalls(application({ one: [''] }), '/bin/one', 'as-written', arrival), { hold: null, note: null });
  }
  t.equal(planCalls(listed, '/bin/one', 'complain', 'running').hold?.filter, null, 'what it would refuse is told');
  t.match(planCalls(listed, '?', 'complain', 'cgroup').note, /are not looked at$/);
});

t.test('a change of the policies does not reach who runs', async (t) => {
  const held = planCalls(application({ one: ['syscalls: [read, bind]\n'] }), '/bin/one', 'as-written', 'started').hold;
  const change = (head: string): string | null => callChange(held, application({ one: [head] }), '/bin/one');
  const until = 'what it was started with holds until /bin/one is started anew';
  t.equal(change('syscalls: [bind, read, exit]\n'), null);
  t.equal(change('syscalls: [bind, read, write]\n'), `the changed policies permit write besides: ${until}`);
  t.equal(change('syscalls: [read]\n'), `the changed policies permit bind no more: ${until}`);
  t.equal(
    change('syscalls: {refused: ENOSYS, permit: [read, listen]}\n'),
    `the changed policies permit listen besides, and permit bind no more, and give ENOSYS to what is refused: ${until}`,
  );
  t.equal(change(''), `the changed policies permit every system call: ${until}`);
  t.equal(callChange(null, application({ one: [''] }), '/bin/one'), null);
  t.equal(
    callChange(null, application({ one: [READ] }), '/bin/one'),
    `the changed policies narrow its system calls: ${until}`,
  );
});
