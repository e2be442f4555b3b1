// SPDX-License-Identifier: GPL-2.0-only
/** What a compiled policy says of single attempts, and that the same meaning gives the same bytes. */
import t, { type Test } from 'tap';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { HEADER, offsetsOf } from '../../src/compile/layout.js';
import { type WalkedDecision, walkImage } from '../../src/compile/walk.js';
import { type Bytes, bytesOf } from '../../src/policy/bytes.js';
import { errnoNumber } from '../../src/policy/errno.js';
import type { Access, AccessObject, ObjectPattern, Policy } from '../../src/policy/model.js';
import { FIRST_OPERATIONS, type Operation } from '../../src/policy/operations.js';
import { hasFields } from '../fields.js';
import { DIGEST, path, policy, rule } from './build.js';

function compiled(source: Policy, programs: readonly string[] = []): Image {
  return compilePolicy(source, { programs }, 7n, DIGEST);
}

type Caller = Partial<Pick<Access, 'uid' | 'gid' | 'owner'>>;

/** The decision on one operation; a text is a path. */
function ask(image: Image, operation: Operation, object: string | AccessObject, caller: Caller = {}): WalkedDecision {
  const whole: AccessObject = typeof object === 'string' ? { type: 'path', path: bytesOf(object) } : object;
  return walkImage(image.bytes, { operations: [operation], object: whole, uid: 0, gid: 0, ...caller }).deciding;
}

/** Which rule decides each of some paths; 0: none. */
function rules(t: Test, image: Image, operation: Operation, expected: Readonly<Record<string, number>>): void {
  for (const [object, number] of Object.entries(expected))
    t.equal(ask(image, operation, object).rule, number, `${operation} ${object}`);
}

t.test('the first rule that matches decides', async (t) => {
  const image = compiled(
    policy([
      rule(['read'], ['/a/b', '/a/c*']),
      rule(['read'], ['/a/*'], { verdict: 'deny', errno: 'ENOENT' }),
      rule(['read'], ['/a/**']),
    ]),
  );
  rules(t, image, 'read', { '/a/b': 1, '/a/cc': 1, '/a/d': 2, '/a/d/e': 3, '/a': 0, '/': 0, '/b': 0 });
  const denied = ask(image, 'read', '/a/d');
  hasFields(t, denied, { verdict: 'deny', errnum: errnoNumber('ENOENT'), log: true, byDefault: false });
  hasFields(t, ask(image, 'read', '/b'), { verdict: 'deny', errnum: errnoNumber('EPERM'), log: true, byDefault: true });
  hasFields(t, ask(image, 'write', '/a/b'), { verdict: 'deny', byDefault: true });
});

t.test('a permit on a path grants stat of it and of the folders above', async (t) => {
  const image = compiled(
    policy([rule(['read'], ['/a/**/z']), rule(['chmod'], ['/x/**']), rule(['write'], ['/w/***'])]),
  );
  rules(t, image, 'stat', {
    '/': 1,
    '/a': 1,
    '/a/z': 1,
    '/a/b': 1,
    '/a/b/c/d': 1,
    '/x': 2,
    '/x/y': 2,
    '/x/y/z': 2,
    '/w': 3,
    '/w/v': 3,
    '/b': 0,
  });
  rules(t, image, 'read', { '/a/z': 1, '/a/q/z': 1, '/a': 0, '/a/q': 0 });
  const silent = compiled(
    policy([rule(['read'], ['/a/b'], { verdict: 'deny' }), rule(['read'], ['/a/b'], { verdict: 'ask' })]),
  );
  rules(t, silent, 'stat', { '/a/b': 0, '/a': 0 });
});

t.test('stat that is granted and stat that is written compete by their order', async (t) => {
  const image = compiled(
    policy([rule(['read'], ['/a/b']), rule(['stat'], ['/a/**', '/a'], { verdict: 'deny' }), rule(['read'], ['/a/c'])]),
  );
  rules(t, image, 'stat', { '/a': 1, '/a/b': 1, '/a/c': 2, '/a/d': 2, '/': 1 });
});

t.test('load grants read', async (t) => {
  const image = compiled(policy([rule(['load'], ['/lib/x', { type: 'kind', kind: 'memfd' }])]));
  rules(t, image, 'read', { '/lib/x': 1, '/lib': 0 });
  t.equal(ask(image, 'read', { type: 'kind', kind: 'memfd' }).rule, 1);
  t.equal(ask(image, 'stat', { type: 'kind', kind: 'memfd' }).rule, 0, 'but stat is granted on paths alone');
  const asked = compiled(policy([rule(['load'], ['/lib/x'], { verdict: 'ask' })]));
  rules(t, asked, 'read', { '/lib/x': 0 });
});

t.test('connect and bind grant the socket they need', async (t) => {
  const inet = (protocol: 'tcp' | 'udp' | 'sctp' | 'icmp' | 'raw'): ObjectPattern => ({
    type: 'inet',
    text: protocol,
    protocol,
    host: null,
    ports: { first: 80, last: 80 },
  });
  const socket = (family: number, kind: number, protocol: number): AccessObject => ({
    type: 'family',
    family,
    kind,
    protocol,
  });
  const image = compiled(
    policy([
      rule(['connect'], [inet('tcp')]),
      rule(['bind'], [inet('udp')]),
      rule(['connect'], [inet('sctp')]),
      rule(['connect'], [inet('icmp')]),
      rule(['connect'], [inet('raw')]),
      rule(['connect'], [{ type: 'unix', pattern: path('/run/x') }]),
      rule(['socket'], [{ type: 'family', text: 'netlink:route', family: 16, kind: null, protocol: 0 }]),
    ]),
  );
  const expected: readonly (readonly [number, number, number, number])[] = [
    [2, 1, 0, 1],
    [2, 1, 6, 1],
    [10, 1, 262, 1],
    [10, 2, 0, 2],
    [2, 2, 136, 2],
    [2, 1, 132, 3],
    [10, 5, 132, 3],
    [2, 2, 1, 4],
    [10, 2, 58, 4],
    [2, 3, 255, 5],
    [10, 3, 0, 5],
    [1, 1, 0, 6],
    [1, 5, 0, 6],
    [16, 3, 0, 7],
    [16, 3, 1, 0],
    [2, 1, 17, 0],
    [17, 3, 0, 0],
    [2, 5, 0, 0],
    [256, 1, 0, 0],
  ];
  for (const [family, kind, protocol, number] of expected)
    t.equal(ask(image, 'socket', socket(family, kind, protocol)).rule, number, `${family} ${kind} ${protocol}`);
  t.equal(ask(image, 'connect', { type: 'unix', path: bytesOf('/run/x') }).rule, 6);
  t.equal(ask(image, 'send', { type: 'unix', path: bytesOf('/run/x') }).rule, 0);
  t.equal(ask(image, 'stat', '/run/x').rule, 0, 'a unix: path grants no stat');
});

t.test('addresses', async (t) => {
  const four = (text: string): Bytes =>
    `${'\0'.repeat(10)}\xff\xff${String.fromCharCode(...text.split('.').map(Number))}` as Bytes;
  const at = (text: string, port: number): AccessObject => ({
    type: 'inet',
    protocol: 'tcp',
    address: four(text),
    port,
  });
  const pattern = (host: { address: Bytes; prefix: number } | null, first: number, last: number): ObjectPattern => ({
    type: 'inet',
    text: 'tcp',
    protocol: 'tcp',
    host,
    ports: { first, last },
  });
  const image = compiled(
    policy([
      rule(['connect'], [pattern({ address: four('10.1.2.3'), prefix: 128 }, 5432, 5432)]),
      rule(['connect'], [pattern({ address: four('10.0.0.0'), prefix: 104 + 1 }, 300, 1000)]),
      rule(['connect'], [pattern(null, 47, 47)]),
    ]),
  );
  const expected: readonly (readonly [string, number, number])[] = [
    ['10.1.2.3', 5432, 1],
    ['10.1.2.3', 300, 2],
    ['10.1.2.4', 5432, 0],
    ['10.127.255.255', 299, 0],
    ['10.127.255.255', 300, 2],
    ['10.0.0.0', 511, 2],
    ['10.0.0.0', 512, 2],
    ['10.0.0.0', 1000, 2],
    ['10.0.0.0', 1001, 0],
    ['10.128.0.0', 300, 0],
    ['11.0.0.0', 300, 0],
    ['1.2.3.4', 47, 3],
    ['1.2.3.4', 46, 0],
  ];
  for (const [address, port, number] of expected)
    t.equal(ask(image, 'connect', at(address, port)).rule, number, `${address}:${port}`);
});

t.test('closed kinds are denied unless a rule names them', async (t) => {
  const image = compiled(
    policy([rule(['read'], [{ type: 'kind', kind: 'foreign' }])], { default: 'permit', errno: 'EACCES' }),
  );
  const kind = (kind: 'foreign' | 'detached' | 'unreachable' | 'pipe'): AccessObject => ({ type: 'kind', kind });
  hasFields(t, ask(image, 'read', kind('foreign')), { verdict: 'permit', rule: 1 });
  for (const object of [kind('detached'), kind('unreachable')])
    for (const operation of FIRST_OPERATIONS)
      hasFields(t, ask(image, operation, object), {
        verdict: 'deny',
        errnum: errnoNumber('EACCES'),
        rule: 0,
        byDefault: true,
        log: true,
      });
  hasFields(
    t,
    ask(image, 'write', kind('foreign')),
    { verdict: 'deny', rule: 0 },
    'also for what the rule does not list',
  );
  hasFields(t, ask(image, 'read', kind('pipe')), { verdict: 'permit', rule: 0, log: false });
});

t.test('conditions give way to the next rule, then to the default', async (t) => {
  const image = compiled(
    policy(
      [
        rule(['read'], ['/f'], { if: { uids: [{ first: 1, last: 5 }] }, unless: { gids: [{ first: 9, last: 9 }] } }),
        rule(['read'], ['/f'], { verdict: 'deny', errno: 'ENOENT', if: { owner: 'self' } }),
        rule(['read'], ['/n'], { if: { uids: [] } }),
      ],
      { default: 'ask' },
    ),
  );
  t.equal(ask(image, 'read', '/f', { uid: 5 }).rule, 1);
  t.equal(ask(image, 'stat', '/', { uid: 5 }).rule, 1, 'what is implied has the same condition');
  t.equal(ask(image, 'stat', '/', { uid: 6 }).rule, 0);
  t.equal(ask(image, 'read', '/f', { uid: 5, gid: 9 }).rule, 0);
  t.equal(ask(image, 'read', '/f', { uid: 6, owner: 6 }).rule, 2);
  t.equal(ask(image, 'read', '/f', { uid: 5, owner: 5, gid: 9 }).rule, 2);
  hasFields(t, ask(image, 'read', '/f', { uid: 6 }), {
    verdict: 'ask',
    rule: 0,
    log: true,
    errnum: errnoNumber('EPERM'),
  });
  t.equal(ask(image, 'read', '/n').rule, 0, 'no id is in an empty list');
});

t.test('the interpreter comes before all rules and has the number after the last', async (t) => {
  const image = compiled(policy([rule(['read'], ['/bin/*'], { verdict: 'deny' })], { interpreter: '/bin/sh' }));
  t.equal(image.rules.length, 2);
  hasFields(t, image.rules[1], { number: 0, operations: ['read', 'load'], place: { line: 1 } });
  rules(t, image, 'read', { '/bin/sh': 2, '/bin/ls': 1 });
  rules(t, image, 'load', { '/bin/sh': 2, '/bin/ls': 0 });
  rules(t, image, 'stat', { '/bin/sh': 2, '/bin': 2, '/': 2 });
  rules(t, image, 'exec', { '/bin/sh': 0 });
});

t.test('programs of the application are known by their paths', async (t) => {
  const image = compiled(policy([rule(['read'], ['/bin/**'])]), ['/bin/program', '/bin/a', '/opt/b']);
  const program = (text: string): number =>
    walkImage(image.bytes, { operations: ['exec'], object: { type: 'path', path: bytesOf(text) }, uid: 0, gid: 0 })
      .program;
  t.strictSame(['/bin/program', '/bin/a', '/opt/b', '/bin/c', '/opt', '/bin/a/b'].map(program), [1, 2, 3, 0, 0, 0]);
  rules(t, image, 'read', { '/bin/a': 1, '/opt/b': 0 });
  rules(t, image, 'stat', { '/opt/b': 0 });
});

t.test('transitions and logging', async (t) => {
  const image = compiled(
    policy([
      rule(['exec', 'read'], ['/bin/a'], { transition: 'inherit', log: true }),
      rule(['exec'], ['/bin/b']),
      rule(['exec'], ['/bin/c'], { verdict: 'deny', log: false }),
    ]),
  );
  hasFields(t, ask(image, 'exec', '/bin/a'), { transition: 'inherit', log: true });
  hasFields(t, ask(image, 'read', '/bin/a'), { transition: 'own', log: true });
  hasFields(t, ask(image, 'exec', '/bin/b'), { transition: 'own', log: false });
  hasFields(t, ask(image, 'exec', '/bin/c'), { verdict: 'deny', log: false });
});

t.test('names of any bytes and lengths', async (t) => {
  const long = 'n'.repeat(255);
  const image = compiled(
    policy([
      rule(['read'], [`/${'x'.repeat(24)}`]),
      rule(['read'], [`/${'x'.repeat(25)}`]),
      rule(['read'], [`/${long}`]),
      rule(
        ['read'],
        [
          {
            type: 'path',
            pattern: { text: 'bytes', self: false, components: [{ kind: 'literal', name: '\x01\xff\n' as Bytes }] },
          },
        ],
      ),
      rule(['read'], [`/x*y`]),
    ]),
  );
  rules(t, image, 'read', {
    [`/${'x'.repeat(23)}`]: 0,
    [`/${'x'.repeat(24)}`]: 1,
    [`/${'x'.repeat(25)}`]: 2,
    [`/${'x'.repeat(26)}`]: 0,
    [`/${'x'.repeat(24)}y`]: 5,
    [`/${long}`]: 3,
    [`/${long.slice(1)}`]: 0,
  });
  t.equal(ask(image, 'read', { type: 'path', path: '/\x01\xff\n' as Bytes }).rule, 4);
});

t.test('abstract names', async (t) => {
  const abstract = (tokens: Extract<ObjectPattern, { type: 'abstract' }>['tokens']): ObjectPattern => ({
    type: 'abstract',
    text: '@',
    tokens,
  });
  const byte = (value: string) => ({ kind: 'byte' as const, value: value.charCodeAt(0) });
  const image = compiled(
    policy([
      rule(['connect'], [abstract([byte('a'), { kind: 'star' }, byte('z')])]),
      rule(['send'], [abstract([{ kind: 'star' }])]),
      rule(['bind'], [{ type: 'unnamed' }]),
    ]),
  );
  const named = (name: string): AccessObject => ({ type: 'abstract', name: name as Bytes });
  t.equal(ask(image, 'connect', named('a/\0/z')).rule, 1, 'a star matches slashes and NULs');
  t.equal(ask(image, 'connect', named(`a${'b'.repeat(105)}z`)).rule, 1);
  t.equal(ask(image, 'connect', named('a/')).rule, 0);
  t.equal(ask(image, 'send', named('')).rule, 2, 'a star matches the empty name');
  t.equal(ask(image, 'connect', named('')).rule, 0);
  t.equal(ask(image, 'bind', { type: 'unnamed' }).rule, 3);
  t.equal(ask(image, 'connect', { type: 'unnamed' }).rule, 0);
});

t.test('generation and digest are in the header', async (t) => {
  const { bytes } = compiled(policy([]));
  const view = new DataView(bytes.buffer);
  t.equal(view.getBigUint64(HEADER.generation, true), 7n);
  t.strictSame([...bytes.subarray(HEADER.digest, HEADER.digest + 32)], [...DIGEST]);
  t.equal(bytes.length, offsetsOf(0).bytes);
  t.throws(() => compilePolicy(policy([]), { programs: [] }, 1n, new Uint8Array(31)), /32 bytes/);
});

t.test('the same policy gives the same bytes, and so do two spellings of it', async (t) => {
  const bytes = (...objects: string[]): Uint8Array =>
    compiled(policy([rule(['read'], objects), rule(['list'], ['/a/**', '/b/*.x'])])).bytes;
  const pairs: readonly (readonly [string[], string[]])[] = [
    [['/a/{b,c}/d'], ['/a/c/d', '/a/b/d']],
    [['/x/*.{so,a}'], ['/x/*.a', '/x/*.so']],
    [['/x/[ab]'], ['/x/a', '/x/b']],
    [['/x/[ab]*'], ['/x/b*', '/x/a*']],
    [['/x/***'], ['/x', '/x/**']],
    [['/x/**/**/y'], ['/x/**/y']],
    [['/x/*', '/x/y'], ['/x/*']],
    [['/x/**', '/x/y/**/z'], ['/x/**']],
    [['/x/??*'], ['/x/?*?']],
  ];
  for (const [one, other] of pairs) {
    t.ok(Buffer.from(bytes(...one)).equals(bytes(...one)), `${one} twice`);
    t.ok(Buffer.from(bytes(...one)).equals(bytes(...other)), `${one} as ${other}`);
  }
  t.notOk(Buffer.from(bytes('/x/**')).equals(bytes('/x/***')), 'another meaning gives other bytes');
});

t.test('bytes that are no image are refused', async (t) => {
  const access: Access = { operations: ['read'], object: { type: 'unnamed' }, uid: 0, gid: 0 };
  const { bytes } = compiled(policy([]));
  t.throws(() => walkImage(bytes.subarray(1), access), /no image/);
  t.throws(() => walkImage(new Uint8Array(bytes.length), access), /magic/);
  const other = Uint8Array.from(bytes);
  other[HEADER.abi] = 99;
  t.throws(() => walkImage(other, access), /version 99/);
  t.throws(() => walkImage(bytes, { ...access, operations: [] }), /at least one operation/);
});
