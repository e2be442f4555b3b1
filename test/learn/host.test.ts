// SPDX-License-Identifier: GPL-2.0-only
/** Names that hold the host's: what another host's name makes of them, and what stays as it is. */
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import type { EventRecord } from '../../src/events/record.js';
import type { LearntPolicy } from '../../src/learn/input.js';
import { replay } from '../../src/learn/replay.js';
import type { AccessObject } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import type { Variable } from '../../src/policy/variables.js';
import { aroundOf, learnRuns, PROGRAM, runOf, seen } from './build.js';

const onHost = (host: string | null) => ({
  ...aroundOf(),
  variable: (name: Variable) => (name === 'HOST' ? host : null),
});

const made = (...paths: string[]): EventRecord[] =>
  paths.flatMap((path) => [seen('create', path), seen('write', path), seen('delete', path, { time: '2026-11-24T11' })]);

/** What mariadbd and GnuPG make on a host, and what has its name by chance. */
const work = (host: string): EventRecord[] => [
  ...made(`/srv/data/${host}.lower-test`, `/srv/keys/.#lk0x00007f1122334455.${host}.812`),
  seen('bind', `unix:/srv/run/${host}`),
  seen('create', `/srv/mail/${host}`, { directory: true }),
  seen('read', `/srv/mail/${host}/inbox`),
  seen('read', '/srv/web1/web1.conf'),
  seen('read', '/srv/mail/caf\\xc3\\xa9'),
  ...made(`/srv/data/${host}-old.txt`),
];

const learnt = (runs: ReturnType<typeof runOf>[], host: string | null): LearntPolicy =>
  learnRuns(runs, { around: onHost(host) })[0] as LearntPolicy;

function verdicts({ text }: LearntPolicy, host: string, ...objects: string[]): string[] {
  const policy = parsePolicy(text, 'x.yaml', onHost(host));
  return objects.map((object) => {
    const access = { operations: ['write'], object: readObject(object) as AccessObject, uid: 0, gid: 0 } as const;
    return decide(policy, access).verdict;
  });
}

t.test("a name that the program made and that holds the host's", async (t) => {
  const policy = learnt([runOf(work('web1'), { host: 'web1' })], 'web1');
  t.same(replay(parsePolicy(policy.text, PROGRAM, onHost('web1')), runOf(work('web1')).observations.all()).refused, []);
  t.match(policy.text, /path: "\/srv\/data\/\$\{HOST\}\.lower-test"|- "\/srv\/data\/\$\{HOST\}\.lower-test"/);
  t.match(policy.text, /# by the rule "host name": /);
  t.same(
    verdicts(
      policy,
      'db7',
      ...['/srv/data/db7.lower-test', '/srv/data/web1.lower-test', '/srv/data/db8.lower-test', '/srv/data/db7.key'],
    ),
    ['permit', 'deny', 'deny', 'deny'],
    'of another host it is the name of that one, and no other',
  );
  t.match(policy.text, /\/srv\/keys\/\.#lk0x\[0-9a-f\]\{16\}\.\$\{HOST\}\.\[0-9\]\{1-7\}/, 'in a pattern too');
  t.match(policy.text, /"unix:\/srv\/run\/\$\{HOST\}"/);
  t.match(policy.text, /\/srv\/mail\/\$\{HOST\}\/inbox/, 'and in what is below such a folder');
  t.match(policy.text, /\/srv\/web1\/web1\.conf\n/, 'what it did not make is called so by chance');
  t.match(policy.text, /\/srv\/data\/web1-old\.txt\n/, 'nor is a part of a word the name of a host');
});

t.test('runs of several hosts, and of one that is not known', async (t) => {
  const both = learnt([runOf(work('web1'), { host: 'web1' }), runOf(work('db7'), { host: 'db7' })], 'db7');
  t.notMatch(both.text, /data\/(web1|db7)\.lower-test/);
  t.match(both.text, /\/srv\/mail\/café"\n/, 'bytes stay bytes');
  t.same(verdicts(both, 'mx', '/srv/data/mx.lower-test', '/srv/data/db7.lower-test'), ['permit', 'deny']);
  for (const [header, host] of [
    [{}, 'web1'],
    [{ host: 'web1' }, null],
    [{ host: 'web1' }, 'other'],
  ] as const) {
    const text = learnt([runOf(work('web1'), header)], host).text;
    t.equal(/\$\{HOST\}/.test(text), host === 'other', `${JSON.stringify(header)} ${host}`);
  }
  t.match(learnt([runOf(work('localhost'), { host: 'localhost' })], 'localhost').text, /\/srv\/data\/localhost\.lower/);
});
