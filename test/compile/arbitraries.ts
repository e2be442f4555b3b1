// SPDX-License-Identifier: GPL-2.0-only
/** Random policies, and attempts that they nearly or just decide. */
import fc from 'fast-check';
import { isPlaced, processesOf, whichNumbers } from '../../src/policy/acts.js';
import type { Bytes } from '../../src/policy/bytes.js';
import {
  ACTS,
  type Access,
  type AccessObject,
  type Act,
  type Condition,
  KINDS,
  NUMBER_TABLES,
  type NumberTable,
  type ObjectPattern,
  type PathPattern,
  type Policy,
  type Protocol,
  type Rule,
  type TargetPattern,
  type Token,
} from '../../src/policy/model.js';
import { CAPABILITIES, IPC_KINDS, NAMESPACES, SURFACES } from '../../src/policy/numbers.js';
import {
  FILE_OPERATIONS,
  OPERATIONS,
  type Operation,
  operationsOn,
  SOCKET_OPERATIONS,
  type Sort,
  type Version,
  versionOf,
} from '../../src/policy/operations.js';
import { anyName, anyPath, anyPattern, anyTokens } from '../decide/arbitraries.js';

const longName = fc
  .tuple(fc.constantFrom(22, 23, 24, 25, 40, 255), anyName)
  .map(([length, name]) => name.repeat(length).slice(0, length) as Bytes);
const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'raw'];
const protocol = fc.constantFrom(...PROTOCOLS);
const addressByte = fc.constantFrom(0, 1, 10, 0x2f, 127, 192, 255);
const address = fc
  .oneof(
    fc.array(addressByte, { minLength: 16, maxLength: 16 }),
    fc.array(addressByte, { minLength: 4, maxLength: 4 }).map((four) => [...Array(10).fill(0), 255, 255, ...four]),
  )
  .map((bytes) => String.fromCharCode(...bytes) as Bytes);
const port = fc.constantFrom(0, 1, 22, 46, 47, 48, 80, 255, 256, 257, 511, 512, 8000, 8010, 12079, 65279, 65280, 65535);
const familyNumber = fc.constantFrom(1, 2, 10, 16, 40);
const socketKind = fc.constantFrom(1, 2, 3, 5);
const socketProtocol = fc.constantFrom(0, 1, 6, 17, 58, 132, 136, 262);

/** Patterns of paths with long names among them. */
const pathPattern: fc.Arbitrary<PathPattern> = fc
  .tuple(anyPattern, fc.option(longName, { freq: 6, nil: null }), fc.nat(5))
  .map(([pattern, name, at]) =>
    name === null
      ? pattern
      : { ...pattern, components: pattern.components.toSpliced(at, 0, { kind: 'literal', name }) },
  );

const fileObject: fc.Arbitrary<ObjectPattern> = fc.oneof(
  { weight: 8, arbitrary: pathPattern.map((pattern): ObjectPattern => ({ type: 'path', pattern })) },
  { weight: 1, arbitrary: fc.constantFrom(...KINDS).map((kind): ObjectPattern => ({ type: 'kind', kind })) },
);
const inetObject: fc.Arbitrary<ObjectPattern> = fc
  .tuple(protocol, fc.option(fc.tuple(address, fc.integer({ min: 0, max: 128 }))), port, port)
  .map(([protocol, host, one, other]) => ({
    type: 'inet',
    text: '(random)',
    protocol,
    host: host === null ? null : { address: host[0], prefix: host[1] },
    ports: { first: Math.min(one, other), last: Math.max(one, other) },
  }));
const socketObject: fc.Arbitrary<ObjectPattern> = fc.oneof(
  { weight: 4, arbitrary: inetObject },
  { weight: 2, arbitrary: pathPattern.map((pattern): ObjectPattern => ({ type: 'unix', pattern })) },
  { weight: 2, arbitrary: anyTokens.map((tokens): ObjectPattern => ({ type: 'abstract', text: '(random)', tokens })) },
  { weight: 1, arbitrary: fc.constant<ObjectPattern>({ type: 'unnamed' }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(familyNumber, fc.option(socketKind), fc.option(socketProtocol))
      .map(([family, kind, protocol]): ObjectPattern => ({ type: 'family', text: '(random)', family, kind, protocol })),
  },
);

const tables = {
  ...{ capability: 'capability', uid: 'user', gid: 'group', namespace: 'namespace', kernel: 'kernel', ipc: 'ipc' },
} as const satisfies Record<NumberTable, Sort>;
const tableNumber = fc.constantFrom(0, 1, 21, 40, 255, 256, 1000, 1001, 65535, 65536, 0x01020304, 0xfffffffe);
const capabilityObject: fc.Arbitrary<ObjectPattern> = fc
  .nat(CAPABILITIES.length - 1)
  .map((number) => ({ type: 'number', table: 'capability', first: number, last: number }));
const namedObject = (table: NumberTable, names: readonly string[]): fc.Arbitrary<ObjectPattern> =>
  fc.nat(names.length - 1).map((number) => ({ type: 'number', table, first: number, last: number }));
const idObject = (table: 'uid' | 'gid'): fc.Arbitrary<ObjectPattern> =>
  fc
    .tuple(tableNumber, tableNumber)
    .map(([one, other]) => ({ type: 'number', table, first: Math.min(one, other), last: Math.max(one, other) }));

/** Numbers that differ in each byte, some without a name. */
const COMMANDS = [0, 1, 0x5402, 0x5403, 0x5602, 0x80045430, 0x40045431, 0x40145431, 0xc0045877, 0xffffffff];
const numbersOf = (act: Act): readonly number[] =>
  act === 'ioctl' ? COMMANDS : act === 'signal' ? [1, 2, 9, 15, 17, 34, 47, 64] : whichNumbers(act);
const targetNumber = (act: Act): fc.Arbitrary<number> => fc.constantFrom(...numbersOf(act));
const targetObject = (act: Act): fc.Arbitrary<ObjectPattern> =>
  fc
    .tuple(
      fc.option(fc.uniqueArray(targetNumber(act), { minLength: 1, maxLength: 3 })),
      fc.oneof(
        ...processesOf(act).map((process) => fc.constant<TargetPattern['who']>({ kind: 'process', process })),
        ...(isPlaced(act) ? [] : [fc.constantFrom(...KINDS).map((of): TargetPattern['who'] => ({ kind: 'kind', of }))]),
        pathPattern.map((pattern): TargetPattern['who'] => ({ kind: 'path', pattern })),
      ),
    )
    .map(([which, who]) => ({ type: 'target', act, which, who }));

const id = fc.constantFrom(0, 1, 2, 3, 1000, 0xffffffff);
const ranges = fc.array(
  fc.tuple(id, id).map(([one, other]) => ({ first: Math.min(one, other), last: Math.max(one, other) })),
  { minLength: 1, maxLength: 3 },
);
const condition: fc.Arbitrary<Condition> = fc.record(
  { uids: ranges, gids: ranges, owner: fc.constant('self' as const) },
  { requiredKeys: [] },
);
/** A few conditions, so that rules often share one. */
const fewConditions: fc.Arbitrary<Condition> = fc.oneof(
  condition,
  fc.constantFrom<Condition>({ uids: [{ first: 1, last: 1 }] }, { owner: 'self' }),
);

const some = (
  operations: readonly Operation[],
  object: fc.Arbitrary<ObjectPattern>,
): fc.Arbitrary<readonly [Operation[], ObjectPattern[]]> =>
  fc.tuple(
    fc.subarray([...operations], { minLength: 1, maxLength: Math.min(4, operations.length) }),
    fc.array(object, { minLength: 1, maxLength: 3 }),
  );
const ofFirst = [some(FILE_OPERATIONS, fileObject), some(SOCKET_OPERATIONS, socketObject)];
const ofLater = [
  some(operationsOn('place'), fileObject),
  some(operationsOn('capability'), capabilityObject),
  some(operationsOn('namespace'), namedObject('namespace', NAMESPACES)),
  some(operationsOn('kernel'), namedObject('kernel', SURFACES)),
  some(operationsOn('ipc'), namedObject('ipc', IPC_KINDS)),
  some(operationsOn('user'), idObject('uid')),
  some(operationsOn('group'), idObject('gid')),
  ...ACTS.map((act) => some([act], targetObject(act))),
];

const ruleOf = (version: Version): fc.Arbitrary<Rule> =>
  fc
    .tuple(
      fc.record(
        {
          verdict: fc.constantFrom('permit' as const, 'permit' as const, 'deny' as const, 'ask' as const),
          errno: fc.constantFrom('ENOENT', 'EACCES', 'EPERM'),
          log: fc.boolean(),
          transition: fc.constantFrom('own' as const, 'inherit' as const, 'unconfined' as const),
          if: fewConditions,
          unless: fewConditions,
        },
        { requiredKeys: ['verdict'] },
      ),
      fc.oneof(...ofFirst, ...(version === 1 ? [] : ofLater)),
      fc.boolean(),
      fc.boolean(),
    )
    .map(([{ if: onlyIf, unless, ...rule }, [operations, objects], keepIf, keepUnless]) => ({
      ...rule,
      ...(onlyIf !== undefined && keepIf ? { if: onlyIf } : {}),
      ...(unless !== undefined && keepUnless ? { unless } : {}),
      operations,
      objects,
      place: { file: 'random.yaml', line: 1, column: 1 },
      number: 1,
    }));

const policyOf = (version: Version): fc.Arbitrary<Policy> =>
  fc
    .record({
      rules: fc.array(ruleOf(version), { maxLength: 10 }),
      default: fc.constantFrom('deny' as const, 'permit' as const, 'ask' as const),
      errno: fc.constantFrom('EPERM', 'EACCES'),
      interpreter: fc.option(fc.constantFrom('/a', '/a/b', '/b/a.b'), { freq: 4, nil: null }),
    })
    .map(({ rules, interpreter, ...rest }) => ({
      ...rest,
      version,
      program: '/a/program',
      mode: 'enforce',
      use: [],
      file: 'random.yaml',
      ...(interpreter === null ? {} : { interpreter }),
      rules: rules.map((rule, index) => ({
        ...rule,
        number: index + 1,
        place: { file: 'random.yaml', line: index + 10, column: 1 },
      })),
    }));

/** A policy of version 1, of up to ten rules. Its rules' lines are their numbers, plus 9. */
export const anyPolicy: fc.Arbitrary<Policy> = policyOf(1);
/** The same of either version. */
export const everyPolicy: fc.Arbitrary<Policy> = fc.oneof(policyOf(1), policyOf(2));

/** What an attempt is made of, apart from the policy it shall be near to. */
export interface Aim {
  readonly rule: number;
  readonly object: number;
  readonly wild: AccessObject;
  readonly how: 'match' | 'above' | 'below' | 'changed' | 'wild';
  readonly entropy: readonly number[];
  readonly operations: Access['operations'];
  readonly uid: number;
  readonly gid: number;
  readonly owner: number | null;
}

const wildObject: fc.Arbitrary<AccessObject> = fc.oneof(
  { weight: 5, arbitrary: anyPath.map((path): AccessObject => ({ type: 'path', path })) },
  { weight: 2, arbitrary: anyPath.map((path): AccessObject => ({ type: 'unix', path })) },
  { weight: 1, arbitrary: fc.constantFrom(...KINDS).map((kind): AccessObject => ({ type: 'kind', kind })) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('inet' as const), protocol, address, port }),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(anyName, longName, fc.constant('' as Bytes))
      .map((name): AccessObject => ({ type: 'abstract', name: name.slice(0, 107) as Bytes })),
  },
  { weight: 1, arbitrary: fc.constant<AccessObject>({ type: 'unnamed' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('family' as const),
      family: familyNumber,
      kind: socketKind,
      protocol: socketProtocol,
    }),
  },
);
/** How many numbers tables of names have. */
const COUNTS: Readonly<Partial<Record<NumberTable, number>>> = {
  capability: CAPABILITIES.length,
  namespace: NAMESPACES.length,
  kernel: SURFACES.length,
  ipc: IPC_KINDS.length,
};
const wildNumber: fc.Arbitrary<AccessObject> = fc
  .tuple(fc.constantFrom(...NUMBER_TABLES), tableNumber)
  .map(([table, value]) => ({ type: 'number', table, value: value % (COUNTS[table] ?? 2 ** 32) }));

/** An aim at a policy of version 1. */
export const anyAim: fc.Arbitrary<Aim> = aimAt(wildObject);
/** At one of either version. */
export const everyAim: fc.Arbitrary<Aim> = aimAt(
  fc.oneof({ weight: 3, arbitrary: wildObject }, { weight: 1, arbitrary: wildNumber }),
);

function aimAt(wild: fc.Arbitrary<AccessObject>): fc.Arbitrary<Aim> {
  return fc.record({
    rule: fc.nat(99),
    object: fc.nat(9),
    wild,
    how: fc.constantFrom(
      'match' as const,
      'match' as const,
      'above' as const,
      'below' as const,
      'changed' as const,
      'wild' as const,
    ),
    entropy: fc.array(fc.nat(255), { minLength: 24, maxLength: 24 }),
    operations: fc.oneof(fc.constant([...OPERATIONS]), fc.subarray([...OPERATIONS], { minLength: 1 })),
    uid: id,
    gid: id,
    owner: fc.option(id),
  });
}

/**
 * The attempt that aims at one of the policy's rules: at what it matches, just above, below or beside it. Files are only
 * attempted with the operations on files and unix sockets with those on sockets: nothing else ever happens, and an image
 * answers both for a path, each by its own rules.
 */
export function accessOf(policy: Policy, aim: Aim): Access {
  const { uid, gid, owner } = aim;
  const object = objectOf(policy, aim);
  const files = object.type === 'path' || object.type === 'kind';
  const [chance = 0] = aim.entropy;
  const later = files && policy.version === 2 && chance % 2 === 0;
  const sort =
    object.type === 'target'
      ? object.act
      : object.type === 'number'
        ? tables[object.table]
        : later
          ? 'place'
          : files
            ? 'file'
            : 'socket';
  const possible = operationsOn(sort);
  const wanted = aim.operations.filter((operation) => possible.includes(operation));
  // Operations of version 2 are attempted one by one.
  const operations = possible.some((operation) => versionOf(operation) > 1)
    ? possible.slice(chance % possible.length).slice(0, 1)
    : wanted;
  return {
    operations: operations.length > 0 ? operations : possible,
    uid,
    gid,
    ...(owner === null ? {} : { owner }),
    object,
  };
}

function objectOf({ rules }: Policy, { rule, object, wild, how, entropy }: Aim): AccessObject {
  const objects = rules[rule % Math.max(1, rules.length)]?.objects ?? [];
  const pattern = objects[object % Math.max(1, objects.length)];
  if (pattern === undefined || how === 'wild') return wild;
  const random = source(entropy);
  switch (pattern.type) {
    case 'path':
    case 'unix':
      return { type: pattern.type, path: pathOf(pattern.pattern, how, random) };
    case 'abstract': {
      const name = nameOf(pattern.tokens, random);
      return { type: 'abstract', name: (how === 'changed' ? changed(name, random) : name).slice(0, 107) as Bytes };
    }
    case 'inet': {
      const { first, last } = pattern.ports;
      const near = { match: first + (random() % (last - first + 1)), above: first - 1, below: last + 1, changed: last };
      const base = pattern.host ?? { address: '\0'.repeat(16), prefix: 0 };
      const bit = how === 'changed' ? base.prefix - 1 : base.prefix + (random() % 128);
      return {
        type: 'inet',
        protocol: pattern.protocol,
        address: flipped(base.address as Bytes, bit),
        port: Math.min(65535, Math.max(0, near[how])),
      };
    }
    case 'kind':
      return { type: 'kind', kind: pattern.kind };
    case 'unnamed':
      return { type: 'unnamed' };
    case 'family':
      return {
        type: 'family',
        family: pattern.family,
        kind: pattern.kind ?? 1 + (random() % 5),
        protocol: (pattern.protocol ?? random()) + (how === 'changed' ? 256 : 0),
      };
    case 'target': {
      const { act, who } = pattern;
      const all = numbersOf(act);
      const which = (how === 'changed' ? all.at(-1) : (pattern.which ?? all)[0]) as number;
      if (who.kind !== 'path') return { type: 'target', act, which, who };
      return { type: 'target', act, which, who: { kind: 'path', path: pathOf(who.pattern, how, random) } };
    }
    case 'number': {
      const { table, first, last } = pattern;
      const near = { match: first + (random() % (last - first + 1)), above: first - 1, below: last + 1, changed: last };
      return {
        type: 'number',
        table,
        value: Math.min((COUNTS[table] ?? 0xffffffff) - 1, Math.max(0, near[how])),
      };
    }
  }
}

function source(entropy: readonly number[]): () => number {
  let index = 0;
  return () => entropy[index++ % entropy.length] as number;
}

function flipped(address: Bytes, bit: number): Bytes {
  if (bit < 0 || bit > 127) return address;
  const bytes = Array.from(address, (character) => character.charCodeAt(0));
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
  return String.fromCharCode(...bytes) as Bytes;
}

function pathOf({ components, self }: PathPattern, how: Aim['how'], random: () => number): Bytes {
  const names = components.flatMap((component, index): string[] => {
    if (component.kind === 'literal') return [component.name];
    if (component.kind === 'glob') return [nameOf(component.tokens, random)];
    const least = index === components.length - 1 ? 1 : 0;
    return Array.from({ length: least + (random() % 3) }, () => 'ab.A'.slice(random() % 3));
  });
  if (self && random() % 2 === 0) names.push('a');
  if (how === 'above') names.length = Math.min(names.length, random() % (names.length + 1));
  if (how === 'below') names.push('b', ...(random() % 2 === 0 ? ['a'] : []));
  if (how === 'changed' && names.length > 0) {
    const at = random() % names.length;
    names[at] = changed(names[at] as string, random);
  }
  const real = names.map((name) => (name === '' || name === '.' || name === '..' ? 'a' : name.slice(0, 255)));
  return `/${real.join('/')}` as Bytes;
}

function changed(name: string, random: () => number): string {
  const at = random() % (name.length + 1);
  switch (random() % 4) {
    case 0:
      return `${name.slice(0, at)}a${name.slice(at)}`;
    case 1:
      return name.slice(0, at) + name.slice(at + 1);
    case 2:
      return `${name.slice(0, at)}b${name.slice(at + 1)}`;
    default:
      return name + name;
  }
}

/** A name that the tokens match. */
export function nameOf(tokens: readonly Token[], random: () => number): string {
  return tokens.map((token) => partOf(token, random)).join('');
}

function partOf(token: Token, random: () => number): string {
  switch (token.kind) {
    case 'byte':
      return String.fromCharCode(token.value);
    case 'any':
      return 'ab.\xff'[random() % 4] as string;
    case 'star':
      return 'ab.\x80Aab'.slice(random() % 8);
    case 'set': {
      const bytes = token.members.flatMap((member, byte) => (member && byte !== 0 ? [byte] : []));
      return String.fromCharCode(bytes[random() % Math.max(1, bytes.length)] ?? 0x61);
    }
    case 'either':
      return nameOf(token.branches[random() % token.branches.length] ?? [], random);
  }
}
