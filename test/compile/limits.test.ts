// SPDX-License-Identifier: GPL-2.0-only
/** Policies at and beyond what an image holds: the first compile in time, the others are refused with the rule. */
import t, { type Test } from 'tap';
import { type Application, compilePolicy, type Stats } from '../../src/compile/compile.js';
import { CompileError, type CompileErrorCode } from '../../src/compile/errors.js';
import { walkImage } from '../../src/compile/walk.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { Policy, Rule } from '../../src/policy/model.js';
import { hasFields } from '../fields.js';
import { DIGEST, policy, rule } from './build.js';

const ALONE: Application = { programs: ['/bin/program'] };

function stats(source: Policy, application = ALONE): Stats {
  return compilePolicy(source, application, 1n, DIGEST).stats;
}

/** The policy must be refused with this code, at this line of test.yaml. */
function refused(t: Test, source: Policy, code: CompileErrorCode, line: number, application = ALONE): void {
  try {
    stats(source, application);
    t.fail(`${code}: compiled`);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    t.equal(error.code, code, error.message);
    hasFields(t, error.place, { file: 'test.yaml', line });
    t.ok(error.message.startsWith(`test.yaml:${line}:`), error.message);
    t.ok(error.remedy.length > 10, 'and says what to do');
  }
}

const many = (count: number, text: (index: number) => string): Rule[] =>
  Array.from({ length: count }, (_, index) => rule(['read'], [text(index)]));

t.setTimeout(240_000);

t.test('ten thousand rules', async (t) => {
  const folders = ['usr', 'etc', 'srv', 'opt', 'var', 'home', 'lib', 'run'];
  const text = (index: number): string => {
    const [a, b, c] = [index % 8, (index >> 3) % 8, (index >> 6) % 100].map((n) => `${folders[n % 8]}${n}`);
    if (index % 20 === 0) return `/${a}/${b}/${c}/lib${index}.so.*`;
    if (index % 20 === 1) return `/${a}/${b}/${c}/data${index}/**`;
    return `/${a}/${b}/${c}/file-${index}`;
  };
  const source = policy(many(10_000, text));
  const before = process.cpuUsage();
  const image = compilePolicy(source, ALONE, 1n, DIGEST);
  const { user } = process.cpuUsage(before);
  t.comment(JSON.stringify(image.stats), `${Math.round(user / 1000)} ms`);
  t.ok(user < 4_000_000, 'in seconds, on a slow machine too');
  for (const index of [0, 1, 2, 4999, 9980, 9981, 9999]) {
    const name = text(index).replace('*', '1').replace('1*', '1');
    const { deciding } = walkImage(image.bytes, {
      operations: ['read'],
      object: { type: 'path', path: bytesOf(name) },
      uid: 0,
      gid: 0,
    });
    t.equal(deciding.rule, index + 1, name);
  }
});

t.test('a learned policy of usual size fits the smallest class', async (t) => {
  const libraries = ['c', 'z', 'pcre2-8', 'selinux', 'crypto', 'ssl', 'zstd', 'lzma'].map(
    (name) => `/usr/lib/x86_64-linux-gnu/lib${name}.so.*`,
  );
  const libc = [
    rule(['load'], ['/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', ...libraries]),
    rule(['read'], ['/etc/ld.so.cache', '/etc/ld.so.preload', '/etc/localtime', '/usr/share/zoneinfo/**']),
    rule(['read', 'write'], ['/dev/null', '/dev/zero', '/dev/tty', '/dev/urandom']),
    rule(['read'], ['/usr/lib/locale/**', '/usr/share/locale/**']),
    rule(['read'], ['/etc/nsswitch.conf', '/etc/passwd', '/etc/group', '/etc/hosts', '/etc/resolv.conf']),
  ];
  const learned = many(100, (index) =>
    index % 10 === 0 ? `/var/lib/server/spool-${index}/*.job` : `/var/lib/server/part${index % 7}/entry${index}.conf`,
  );
  const { imageClass, used } = stats(policy([...libc, ...learned]));
  t.comment(JSON.stringify(used));
  t.equal(imageClass, 0);
});

t.test('patterns whose combinations explode are refused, not tried', async (t) => {
  refused(t, policy(many(40, (index) => `/**/d${index}/**/e${index}/**/f`)), 'too-many-states', 10);
  t.ok(stats(policy(many(5, (index) => `/**/d${index}/**/e${index}/**/f`))), 'a few are fine');
  refused(t, policy([rule(['read'], ['/a/b']), rule(['read'], [`/x/*a${'?'.repeat(30)}`])]), 'pattern-too-complex', 11);
  t.ok(stats(policy([rule(['read'], [`/x/*a${'?'.repeat(6)}`])])), 'a small one is fine');
});

t.test('a thousand names below ** are found by their bytes', async (t) => {
  const source = policy(many(1000, (index) => `/**/name${index}`));
  const image = compilePolicy(source, ALONE, 1n, DIGEST);
  const object = { type: 'path' as const, path: bytesOf('/a/b/name999') };
  t.equal(walkImage(image.bytes, { operations: ['read'], object, uid: 0, gid: 0 }).deciding.rule, 1000);
});

t.test('an image that is too small for the policy', async (t) => {
  const users = (first: number, count: number) => ({
    if: { uids: Array.from({ length: count }, (_, at) => ({ first: first + 2 * at, last: first + 2 * at })) },
  });
  const others = Array.from({ length: 600 }, (_, index) =>
    rule(['read'], [`/f${index}`], users(1000 * (index + 1), 60)),
  );
  const most = rule(['read'], ['/f'], users(0, 64));
  refused(t, policy([rule(['read'], ['/a']), most, ...others]), 'image-full', 11);
  t.ok(stats(policy([rule(['read'], ['/a']), most, ...others.slice(0, 500)])), 'a hundred less fit');
  const long = 'abcdefghijklmnopqrst'.repeat(10);
  t.ok(stats(policy(many(400, (index) => `/${index}${long}${index}`))), 'long names fit, found by their bytes');
});

t.test('chains of conditions', async (t) => {
  const user = (uid: number) => ({ if: { uids: [{ first: uid, last: uid }] } });
  const chain = (count: number): Rule[] =>
    Array.from({ length: count }, (_, index) => rule(['read'], ['/f'], user(index * 2)));
  refused(t, policy(chain(32)), 'chain-too-long', 41);
  t.ok(stats(policy(chain(31))), 'one less and the default');
  t.ok(stats(policy([...chain(31), rule(['read'], ['/f'])])), 'or a rule without a condition');
  t.ok(stats(policy(Array.from({ length: 100 }, () => rule(['read'], ['/f'], user(1))))), 'equal conditions are one');
});

t.test('lists of ids', async (t) => {
  const ids = (count: number, step: number) => ({
    if: { uids: Array.from({ length: count }, (_, index) => ({ first: index * step, last: index * step })) },
  });
  refused(t, policy([rule(['read'], ['/a']), rule(['read'], ['/f'], ids(65, 2))]), 'too-many-ranges', 11);
  t.ok(stats(policy([rule(['read'], ['/f'], ids(64, 2))])), '64 are fine');
  t.ok(stats(policy([rule(['read'], ['/f'], ids(1000, 1))])), 'neighbours are one range');
});

t.test('errors of names and paths', async (t) => {
  refused(t, policy([], { errno: 'ENOSUCH' }), 'unknown-errno', 1);
  refused(t, policy([rule(['read'], ['/a'], { verdict: 'deny', errno: 'EPRM' })]), 'unknown-errno', 10);
  refused(t, policy([]), 'relative-program', 1, { programs: ['bin/sh'] });
  refused(t, policy([], { interpreter: 'sh' }), 'relative-program', 1);
  refused(t, policy([]), 'program-twice', 1, { programs: ['/bin/sh', '/bin/sh'] });
});
