// SPDX-License-Identifier: GPL-2.0-only
/**
 * The product of two policies' automata: every pair of places at which one and the same object stands in both, with the
 * shortest such object. There are as many as the automata tell apart, so what no pair differs in, no object differs in.
 */

import type { Answer } from '../compile/answers.js';
import type { Entry } from '../compile/grants.js';
import { headOf, targetHead } from '../compile/heads.js';
import { KIND_NUMBER } from '../compile/layout.js';
import type { Least } from '../compile/minimise.js';
import { isClosedDeed, isDeed, processesOf } from '../policy/acts.js';
import { type Bytes, bytesOf } from '../policy/bytes.js';
import { ASKING } from '../policy/commands.js';
import type { AccessObject, NumberTable } from '../policy/model.js';
import { ACTS, type Act, CLOSED_KINDS, KINDS, NUMBER_TABLES, PROTOCOL_BYTE, type Protocol } from '../policy/model.js';
import { isNumberOf, SORT_OF_TABLE } from '../policy/numbers.js';
import { FILE_OPERATIONS, type Operation, operationsOn, SOCKET_OPERATIONS } from '../policy/operations.js';
import { namesSettled, stretchBelow } from '../policy/settled.js';
import type { Side } from './judge.js';
import { Branches } from './names.js';
import {
  ABSTRACT,
  CLOSED_HEADS,
  CLOSED_KIND_HEADS,
  FAMILY,
  HEADS,
  INET,
  NAME,
  type Shape,
  targetShape,
  UNSPECIFIED,
} from './shape.js';

/** An object, and what decides on it in either policy. */
export interface Meeting {
  readonly object: AccessObject;
  /** What can be done to such an object. */
  readonly operations: readonly Operation[];
  readonly first: Answer;
  readonly second: Answer;
  /** No default opens it. */
  readonly closed: boolean;
  /** It may have an owner. */
  readonly owned: boolean;
}

/** More pairs of places than this are not looked at. */
export const PAIRS_MAX = 1_000_000;

/** The two differ in too much to be told within PAIRS_MAX. */
export class TooManyPairs extends Error {
  constructor() {
    super(`the policies together have more than ${PAIRS_MAX} places to compare`);
  }
}

/** Without `socket`, which is judged by family alone. */
const ON_ADDRESSES = SOCKET_OPERATIONS.filter((operation) => operation !== 'socket');
const NO_DESTINATIONS = ON_ADDRESSES.filter((operation) => operation !== 'connect' && operation !== 'send');

/** Ways into the automata, each with objects of one shape: heads of each table are looked at by themselves. */
type TargetWalk = Act | `${Act}-path` | `${Act}-kind`;
type Walk = Exclude<Entry, 'head'> | 'kind' | NumberTable | TargetWalk;
const WALKS: readonly Walk[] = [
  ...(['path', 'inet', 'abstract', 'family', 'place', 'kind'] as const),
  ...NUMBER_TABLES,
  ...ACTS.flatMap((act) => [act, `${act}-path`, `${act}-kind`] as const),
];
/** Done to files without a path, of which no default opens some. */
const DEED_KINDS: readonly Walk[] = ACTS.filter(isDeed).map((act) => `${act}-kind` as const);
/** Those that may come back to where they were; others have as many components as they have. */
const LOOPING: readonly Walk[] = ['path', 'place', ...ACTS.map((act) => `${act}-path` as const)];

function entryOf(walk: Walk): Entry {
  switch (walk) {
    case 'path':
    case 'inet':
    case 'abstract':
    case 'family':
    case 'place':
      return walk;
    default:
      return 'head';
  }
}

/** All meetings, those of short objects first. Throws TooManyPairs. */
export function* meetingsOf(first: Side, second: Side): Generator<Meeting> {
  const branches = new Branches();
  for (const entry of WALKS)
    for (const at of pairsOf(entry, first, second, branches)) {
      const answers = { first: at.first.answer, second: at.second.answer };
      for (const { object, operations, owned } of objectsAt(entry, at))
        yield { ...answers, object, operations, owned, closed: isClosedDeed(object) };
    }
  for (const kind of KINDS) {
    const [one, other] = [first.meaning.kinds.get(kind) as Answer, second.meaning.kinds.get(kind) as Answer];
    const closed = CLOSED_KINDS.includes(kind);
    yield {
      object: { type: 'kind', kind },
      operations: FILE_OPERATIONS,
      first: one,
      second: other,
      closed,
      owned: true,
    };
  }
  const { unnamed } = first.meaning;
  yield {
    object: { type: 'unnamed' },
    operations: ON_ADDRESSES,
    first: unnamed,
    second: second.meaning.unnamed,
    closed: false,
    owned: false,
  };
}

/** Two states that one object leads to. */
interface Pair {
  readonly first: Least;
  readonly second: Least;
  readonly from: Pair | null;
  readonly name: Bytes;
  readonly depth: number;
  /** The address that stands for any: no destination. */
  readonly unspecified: boolean;
  /** Where it stands as to what is settled whatever a policy says. */
  readonly stretch: string;
}

function* pairsOf(entry: Walk, one: Side, other: Side, branches: Branches): Generator<Pair> {
  const [first, second] = [one.meaning.least, other.meaning.least];
  const start: Pair = {
    first: first.states[first.starts[entryOf(entry)]] as Least,
    second: second.states[second.starts[entryOf(entry)]] as Least,
    from: null,
    name: '' as Bytes,
    depth: 0,
    unspecified: false,
    stretch: '',
  };
  const seen = new Set<string>();
  const pending: Pair[] = [start];
  for (const at of pending) {
    yield at;
    const shape = shapeAt(entry, at.depth);
    if (shape === null) continue;
    const apart = apartAt(entry, at);
    for (const branch of branches.of(at.first, at.second, shape, apart)) {
      const unspecified = at.unspecified || (entry === 'inet' && apart.includes(branch.name));
      // A path may come back to where it was, an address has as many components as it has.
      const depth = at.depth + 1;
      const stretch = stretchAt(entry, at, branch.name);
      const key = `${stretch}/${branch.first}/${branch.second}/${LOOPING.includes(entry) && depth > 1 ? '' : depth}/${unspecified}/${entry !== 'inet' && apart.includes(branch.name) ? branch.name : ''}`;
      if (seen.has(key)) continue;
      if (seen.size >= PAIRS_MAX) throw new TooManyPairs();
      seen.add(key);
      pending.push({
        first: first.states[branch.first] as Least,
        second: second.states[branch.second] as Least,
        from: at,
        name: branch.name,
        depth,
        unspecified,
        stretch,
      });
    }
  }
}

/** What the next component looks like; null: there is none. */
function shapeAt(entry: Walk, depth: number): Shape | null {
  switch (entry) {
    case 'path':
    case 'place':
      return NAME;
    case 'inet':
      return INET[depth] ?? null;
    case 'abstract':
      return depth === 0 ? ABSTRACT : null;
    case 'family':
      return depth === 0 ? FAMILY : null;
    case 'kind':
    case 'capability':
    case 'uid':
    case 'gid':
    case 'namespace':
    case 'kernel':
    case 'ipc':
      return depth === 0 ? HEADS[entry] : null;
    default: {
      const { act, who } = targetWalk(entry);
      if (depth === 0) return targetShape(act, who);
      return who === 'path' ? NAME : who === 'kind' && depth === 1 ? HEADS.kind : null;
    }
  }
}

/** Names that are judged otherwise than those the automata do not tell them from: no destinations, and what no default opens. */
function apartAt(entry: Walk, at: Pair): readonly Bytes[] {
  const { depth } = at;
  if (entry === 'inet' && depth === 1) return UNSPECIFIED;
  if (entry === 'capability' || entry === 'kernel') return CLOSED_HEADS[entry];
  const deed = DEED_KINDS.includes(entry);
  if (deed && depth === 1) return CLOSED_KIND_HEADS;
  if (depth === 0) return entry === 'ioctl-path' || entry === 'ioctl-kind' ? ASKING_HEADS[entry] : [];
  // Of other walks there is no stretch.
  return at.stretch.startsWith('/')
    ? namesSettled(targetWalk(entry as TargetWalk).act, at.stretch as Bytes).map(bytesOf)
    : [];
}

/** Requests that are settled of some files. */
const ASKING_HEADS = {
  'ioctl-path': ASKING.map((which) => targetHead('ioctl', which, 'path')),
  'ioctl-kind': ASKING.map((which) => targetHead('ioctl', which, 'kind')),
};

/** The stretch of settled places (policy/settled.ts) that a pair stands in, one name further on; empty: nothing is settled on this walk. */
function stretchAt(entry: Walk, { depth, stretch }: Pair, name: Bytes): string {
  if (entry === 'ioctl-kind') return depth > 0 ? stretch : ASKING_HEADS[entry].includes(name) ? 'asking' : '';
  if (entry !== 'mount-path' && entry !== 'unmount-path' && entry !== 'ioctl-path') return '';
  if (depth === 0) return entry !== 'ioctl-path' || ASKING_HEADS[entry].includes(name) ? '/' : '';
  return stretchBelow(targetWalk(entry).act, stretch, name);
}

type Met = Pick<Meeting, 'object' | 'operations' | 'owned'>;

/** The objects of a pair; none where an address is not complete. */
function objectsAt(entry: Walk, at: Pair): Met[] {
  const names = namesOf(at);
  switch (entry) {
    case 'path': {
      const path = `/${names.join('/')}` as Bytes;
      return [
        { object: { type: 'path', path }, operations: FILE_OPERATIONS, owned: true },
        { object: { type: 'unix', path }, operations: ON_ADDRESSES, owned: false },
      ];
    }
    case 'abstract':
      return [
        { object: { type: 'abstract', name: (names[0] ?? '') as Bytes }, operations: ON_ADDRESSES, owned: false },
      ];
    case 'inet': {
      const [protocol, address, port] = names;
      if (protocol === undefined || address === undefined || port === undefined) return [];
      return [
        {
          object: { type: 'inet', protocol: protocolOf(protocol), address, port: numberOf(port) },
          operations: at.unspecified ? NO_DESTINATIONS : ON_ADDRESSES,
          owned: false,
        },
      ];
    }
    case 'place':
      return [
        {
          object: { type: 'path', path: `/${names.join('/')}` as Bytes },
          operations: operationsOn('place'),
          owned: true,
        },
      ];
    case 'kind': {
      const [name] = names;
      const kind = name === undefined ? undefined : KINDS.find((one) => headOf('kind', KIND_NUMBER[one]) === name);
      return kind === undefined
        ? []
        : [{ object: { type: 'kind', kind }, operations: operationsOn('place'), owned: true }];
    }
    case 'capability':
    case 'uid':
    case 'gid':
    case 'namespace':
    case 'kernel':
    case 'ipc': {
      const [name] = names;
      if (name === undefined) return [];
      const object = { type: 'number', table: entry, value: numberOf(name.slice(1)) } as const;
      return isNumberOf(entry, object.value)
        ? [{ object, operations: operationsOn(SORT_OF_TABLE[entry]), owned: entry === 'ipc' }]
        : [];
    }
    case 'family': {
      const [name] = names;
      if (name === undefined) return [];
      const [family, kind, protocol] = [name.slice(0, 2), name.slice(2, 4), name.slice(4)].map(numberOf);
      return [
        {
          object: { type: 'family', family: family as number, kind: kind as number, protocol: protocol as number },
          operations: SOCKET_OPERATIONS,
          owned: false,
        },
      ];
    }
    default:
      return targetsAt(entry, names);
  }
}

function targetsAt(entry: TargetWalk, names: readonly Bytes[]): Met[] {
  const { act, who } = targetWalk(entry);
  const [head, ...rest] = names;
  if (head === undefined) return [];
  // A request takes the whole number; of others the rest says to whom it is done.
  const which = act === 'ioctl' ? numberOf(head.slice(1)) : head.charCodeAt(head.length - 1);
  const met = (whom: Extract<AccessObject, { type: 'target' }>['who']): Met[] => [
    { object: { type: 'target', act, which, who: whom }, operations: [act], owned: true },
  ];
  switch (who) {
    case 'process': {
      const process = processesOf(act).find((one) => targetHead(act, which, one) === head);
      return process === undefined ? [] : met({ kind: 'process', process });
    }
    case 'path':
      return met({ kind: 'path', path: `/${rest.join('/')}` as Bytes });
    case 'kind': {
      const of = KINDS.find((one) => headOf('kind', KIND_NUMBER[one]) === rest[0]);
      return of === undefined ? [] : met({ kind: 'kind', of });
    }
  }
}

function targetWalk(entry: TargetWalk): { act: Act; who: 'process' | 'path' | 'kind' } {
  const [act, who = 'process'] = entry.split('-') as [Act, ('path' | 'kind')?];
  return { act, who };
}

function namesOf(pair: Pair): Bytes[] {
  const names: Bytes[] = [];
  for (let at: Pair = pair; at.from !== null; at = at.from) names.unshift(at.name);
  return names;
}

function protocolOf(name: Bytes): Protocol {
  const byte = name.charCodeAt(0);
  return (Object.keys(PROTOCOL_BYTE) as Protocol[]).find((protocol) => PROTOCOL_BYTE[protocol] === byte) as Protocol;
}

function numberOf(bytes: string): number {
  return Array.from(bytes).reduce((sum, sign) => sum * 256 + sign.charCodeAt(0), 0);
}
