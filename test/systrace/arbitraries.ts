// SPDX-License-Identifier: GPL-2.0-only
/** Random classic policies, as text from the grammar, and system calls that they nearly or just decide. */
import fc from 'fast-check';
import type { Bytes } from '../../src/policy/bytes.js';
import { addressBytes } from '../../src/policy/ip.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { printRule } from '../../src/systrace/print.js';
import type { Action, Comparison, Expression, Operator } from '../../src/systrace/syntax.js';
import type { Call } from './classic.js';

const PATHS = [
  '/etc/passwd',
  '/etc/group',
  '/ETC/group',
  '/etc',
  '/tmp/a',
  '/tmp/b',
  '/tmp/d/x',
  '/tmp',
  '/var/tmp/a',
  '/usr/lib/libx.so.1',
  '/usr/lib',
  '/bin/sh',
  '/',
];
const PATH_VALUES: Readonly<Record<Operator, readonly string[]>> = {
  eq: [...PATHS, '/tmp/', '', 'tmp'],
  neq: PATHS,
  match: [
    '/tmp',
    '/tmp/*',
    '/etc/*',
    '/*',
    '*',
    '/t?p/[ab]',
    '/*/a',
    '/usr/lib/*.so.*',
    '/[!e]*',
    '*/tmp',
    '/tmp/',
    'tmp/*',
    '/',
  ],
  sub: ['tmp', '/etc', 'p/', '.so', '<non-existent filename>', '/', 'tmp/a', ''],
  nsub: ['tmp', '/etc', '.so', 'p/a'],
  re: [
    '^/etc/.*',
    '\\.so\\.[0-9]+$',
    '^/tmp/[ab]$',
    '/d/',
    'tmp|etc',
    '^/(tmp|var/tmp)/',
    '^/...$',
    'lib.*so',
    '^/[^/]*$',
  ],
  inpath: ['/usr/lib/libx.so.1', '/tmp/a', '/'],
};
const INET = [
  ['127.0.0.1', 80],
  ['10.0.0.1', 80],
  ['10.0.2.1', 53],
  ['::1', 80],
  ['2001:db8::53', 5150],
  ['192.168.1.1', 515],
] as const;
const UNIX = ['/dev/log', '/tmp/s', '/tmp/d/s'];
const ADDRESS_VALUES: Readonly<Record<Operator, readonly string[]>> = {
  eq: ['inet-[127.0.0.1]:80', 'inet-[::1]:80', 'INET-[2001:DB8::53]:5150', 'inet-*:53', '/dev/log', '', '/tmp/s'],
  neq: ['inet-[127.0.0.1]:80', '/dev/log'],
  match: [
    'inet-*',
    'inet-*:80',
    'inet-*:5*',
    'inet-\\[10.0.*\\]:*',
    'inet-\\[127.0.0.1\\]:*',
    'inet-[127.0.0.1]:*',
    '/tmp/*',
    '/tmp',
    '*',
    'inet-?10.0.0.1?:80',
  ],
  sub: [':515', 'inet-', '[10.0.0.1]', '/tmp', '10.0', '', ']:80'],
  nsub: [':515', 'inet-'],
  re: ['inet-.*:[1-5][0-9]+$', '^inet-\\[127\\.0\\.0\\.1\\]:', '^/tmp', 'inet-.*:80|53'],
  inpath: ['/tmp/d/s'],
};
const OTHER_VALUES: Readonly<Record<string, readonly string[]>> = {
  oflags: ['ro', 'wo', 'rw', 'w', 'c', 'r'],
  mode: ['600', '644'],
  string: ['/tmp/a'],
  argv: ['sh -c true'],
  uid: ['0'],
  sockdom: ['AF_UNIX', 'AF_INET', 'af_inet6', 'AF_UNKNOWN(16)'],
  socktype: ['SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW'],
};

/** Names of a call's arguments as its rules may test them. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  fsread: ['filename'],
  fswrite: ['filename'],
  open: ['filename', 'oflags'],
  stat: ['filename'],
  readlink: ['filename'],
  unlink: ['filename'],
  mkdir: ['filename'],
  rename: ['filename', 'filename[1]'],
  link: ['filename', 'filename[1]'],
  symlink: ['string', 'filename'],
  chmod: ['filename', 'mode'],
  chown: ['filename', 'uid'],
  execve: ['filename', 'argv'],
  bind: ['sockaddr'],
  connect: ['sockaddr'],
  sendto: ['sockaddr'],
  sendmsg: ['sockaddr'],
  listen: [],
  accept: [],
  socket: ['sockdom', 'socktype'],
  mmap: [],
  getpid: [],
};

function comparison(names: readonly string[]): fc.Arbitrary<Comparison> {
  return fc.constantFrom(...names).chain((written) => {
    const [, name = '', index] = /^(\w+)(?:\[(\d)\])?$/.exec(written) ?? [];
    const values = name === 'filename' ? PATH_VALUES : name === 'sockaddr' ? ADDRESS_VALUES : null;
    const other = OTHER_VALUES[name] ?? [''];
    const pairs: fc.Arbitrary<[Operator, string]> =
      values === null
        ? fc.tuple(fc.constantFrom<Operator>('eq', 'neq', 'sub', 'nsub'), fc.constantFrom(...other))
        : fc
            .oneof(
              { weight: 4, arbitrary: fc.constant<Operator>('eq') },
              { weight: 4, arbitrary: fc.constant<Operator>('match') },
              { weight: 3, arbitrary: fc.constantFrom<Operator>('neq', 'sub', 'nsub', 're', 'inpath') },
            )
            .chain((operator) => fc.tuple(fc.constant(operator), fc.constantFrom(...values[operator])));
    return pairs.map(([operator, value]) => ({
      kind: 'test' as const,
      name,
      index: index === undefined ? null : Number(index),
      operator,
      value: value as Bytes,
    }));
  });
}

function expression(names: readonly string[]): fc.Arbitrary<Expression> {
  const always: fc.Arbitrary<Expression> = fc.constant({ kind: 'true' });
  if (names.length === 0) return always;
  const test: fc.Arbitrary<Expression> = comparison(names);
  const { whole } = fc.letrec<{ whole: Expression }>((tie) => ({
    whole: fc.oneof(
      { maxDepth: 2 },
      { weight: 6, arbitrary: test },
      { weight: 1, arbitrary: always },
      { weight: 2, arbitrary: tie('whole').map((of): Expression => ({ kind: 'not', of })) },
      {
        weight: 4,
        arbitrary: fc
          .tuple(fc.constantFrom('and' as const, 'or' as const), tie('whole'), tie('whole'))
          .map(([kind, left, right]): Expression => ({ kind, left, right })),
      },
    ),
  }));
  return whole;
}

const PLAIN = { now: false, errno: null, flag: null, log: false, elevation: null, predicate: null } as const;
const predicate = fc.constantFrom(
  { of: 'user', sign: '=', id: 'root' } as const,
  { of: 'user', sign: '!=', id: 'root' } as const,
  { of: 'user', sign: '<', id: '100' } as const,
  { of: 'group', sign: '>', id: '10' } as const,
);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Action>({ ...PLAIN, verdict: 'permit' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('ENOENT', null).map((errno): Action => ({ ...PLAIN, verdict: 'deny', errno })),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ ...PLAIN, verdict: 'ask' }) },
  { weight: 1, arbitrary: predicate.map((one): Action => ({ ...PLAIN, verdict: 'permit', predicate: one })) },
  { weight: 1, arbitrary: predicate.map((one): Action => ({ ...PLAIN, verdict: 'deny', predicate: one })) },
);

/** One rule as text. `calls`: those it may be of. */
function ruleOf(calls: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...calls).chain((call) =>
    fc
      .tuple(
        fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 7, arbitrary: expression(CALLS[call] ?? []) }),
        action,
      )
      .map(([condition, made]) => {
        const simple = condition === null && made.verdict !== 'ask' && made.predicate === null;
        const said = { emulation: 'native' as const, call, action: made };
        return `\t${printRule({ ...said, condition: simple ? null : (condition ?? { kind: 'true' }) })}`;
      }),
  );
}

/** A policy as text. Each is about few calls, so that its rules meet. */
export const policyText: fc.Arbitrary<string> = fc
  .subarray(Object.keys(CALLS), { minLength: 1, maxLength: 4 })
  .chain((calls) => fc.array(ruleOf(calls), { minLength: 1, maxLength: 8 }))
  .map((rules) => `Policy: /bin/test, Emulation: native\n${rules.join('\n')}\n`);

/** A system call: what systrace saw of it, and what callgate judges. */
export interface Attempt {
  readonly call: Call;
  readonly accesses: readonly { readonly operations: readonly Operation[]; readonly object: AccessObject }[];
}

const onPath = (path: string, ...operations: Operation[]) => ({
  operations,
  object: { type: 'path' as const, path: path as Bytes },
});
const simple =
  (call: string, alias: Call['alias'], operation: Operation, more: Call['arguments'] = []) =>
  (path: string): Attempt => ({
    call: { call, alias, arguments: [['filename', path], ...more] },
    accesses: [onPath(path, operation)],
  });
const open =
  (flags: string, ...operations: Operation[]) =>
  (path: string): Attempt => ({
    call: {
      call: 'open',
      alias: flags.startsWith('ro') ? 'fsread' : 'fswrite',
      arguments: [
        ['filename', path],
        ['oflags', flags],
      ],
    },
    accesses: [onPath(path, ...operations)],
  });

const onOne: readonly ((path: string) => Attempt)[] = [
  open('ro', 'read'),
  open('ro', 'list'),
  open('wo', 'write'),
  open('rw', 'read', 'write'),
  open('woc', 'create', 'write'),
  open('rwct', 'create', 'read', 'write'),
  simple('stat', 'fsread', 'stat'),
  simple('readlink', 'fsread', 'read'),
  simple('unlink', 'fswrite', 'delete'),
  simple('mkdir', 'fswrite', 'create'),
  simple('chmod', null, 'chmod', [['mode', '600']]),
  simple('chown', null, 'chown', [
    ['uid', '0'],
    ['gid', '0'],
  ]),
  simple('execve', null, 'exec', [['argv', 'sh -c true']]),
  (path) => ({
    call: {
      call: 'symlink',
      alias: null,
      arguments: [
        ['string', '/tmp/a'],
        ['filename', path],
      ],
    },
    accesses: [onPath(path, 'create')],
  }),
];
const onTwo: readonly ((one: string, other: string) => Attempt)[] = [
  (one, other) => ({
    call: {
      call: 'rename',
      alias: null,
      arguments: [
        ['filename', one],
        ['filename', other],
      ],
    },
    accesses: [onPath(one, 'delete'), onPath(other, 'create', 'delete')],
  }),
  (one, other) => ({
    call: {
      call: 'link',
      alias: null,
      arguments: [
        ['filename', one],
        ['filename', other],
      ],
    },
    accesses: [onPath(one, 'link'), onPath(other, 'create')],
  }),
];

interface Address {
  readonly printed: string;
  readonly objects: readonly AccessObject[];
}

const address: fc.Arbitrary<Address> = fc.oneof(
  fc.tuple(fc.constantFrom(...INET), fc.constantFrom('tcp' as const, 'udp' as const)).map(
    ([[host, port], protocol]): Address => ({
      printed: `inet-[${host}]:${port}`,
      objects: [{ type: 'inet' as const, protocol, address: addressBytes(host) as Bytes, port }],
    }),
  ),
  fc
    .constantFrom(...UNIX)
    .map((path) => ({ printed: path, objects: [{ type: 'unix' as const, path: path as Bytes }] })),
  fc.constant<Address>({ printed: '', objects: [{ type: 'abstract' as const, name: 'name' as Bytes }] }),
);

const ON_ADDRESS: readonly (readonly [string, Operation])[] = [
  ['bind', 'bind'],
  ['connect', 'connect'],
  ['sendto', 'send'],
  ['sendmsg', 'send'],
];

export const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...onOne), fc.constantFrom(...PATHS)).map(([make, path]) => make(path)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...onTwo), fc.constantFrom(...PATHS), fc.constantFrom(...PATHS))
      .map(([make, one, other]) => make(one, other)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...ON_ADDRESS), address)
      .map(([[call, operation], { printed, objects }]): Attempt => {
        const [object] = objects as [AccessObject];
        const file = call === 'bind' && object.type === 'unix' ? [onPath(object.path, 'create')] : [];
        return {
          call: { call, alias: null, arguments: [['sockaddr', printed]] },
          accesses: [{ operations: [operation], object }, ...file],
        };
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('listen' as const, 'accept' as const), address).map(
      ([call, { objects }]): Attempt => ({
        call: { call, alias: null, arguments: [] },
        accesses: [{ operations: [call], object: objects[0] as AccessObject }],
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(['AF_UNIX', 1], ['AF_INET', 2], ['AF_INET6', 10], ['AF_UNKNOWN(16)', 16]),
        fc.constantFrom(['SOCK_STREAM', 1], ['SOCK_DGRAM', 2], ['SOCK_RAW', 3]),
      )
      .map(
        ([[sockdom, family], [socktype, kind]]): Attempt => ({
          call: {
            call: 'socket',
            alias: null,
            arguments: [
              ['sockdom', sockdom as string],
              ['socktype', socktype as string],
            ],
          },
          accesses: [
            {
              operations: ['socket'],
              object: { type: 'family', family: family as number, kind: kind as number, protocol: 0 },
            },
          ],
        }),
      ),
  },
);
