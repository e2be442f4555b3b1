// SPDX-License-Identifier: GPL-2.0-only
/** The statements that would decide a question for good, from narrow to wide: five at most, each wider than the one before. */
import { exactly, keyOf } from '../decide/exact.js';
import { Generaliser } from '../learn/generalise.js';
import type { Observation } from '../learn/observation.js';
import type { Context } from '../learn/plan.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { AccessObject, InetPattern } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { objectText, type Statement } from '../policy/statement.js';

/** What is to be decided. */
export interface Asked {
  readonly program: string;
  readonly operations: readonly Operation[];
  readonly object: AccessObject;
  /** The object may be taken for a folder's path. */
  readonly directory: boolean;
  readonly pid: number;
  readonly uid: number;
}

export interface Proposal {
  readonly label: string;
  readonly statement: Statement;
  /** It grants the operations on everything they can be done to. */
  readonly whole: boolean;
}

/** What its patterns go by: what else was asked in the session, and what learning goes by. */
export interface Evidence {
  /** Null: so much is asked that nobody reads what could be made of it. */
  readonly before: readonly Asked[] | null;
  readonly context: Omit<Context, 'strength'>;
  /** Programs that have a policy of their own. */
  readonly programs: readonly string[];
  /** Can one be begun for the program, when it is answered that it shall have one? */
  readonly begins: (program: string) => boolean;
}

const MOST = 5;
/** `libc.so.6`, `libz.so`, `_json.cpython-311-x86_64-linux-gnu.so` */
const LIBRARY = /\/[^/]+\.so(?:\.[0-9][^/]*)?$/;
/** Other names that generalising looks at. */
const NEAR_MOST = 16;
/** Bits of an IPv4 address's network and of an IPv6 one's, of 128. */
const NETWORK = { four: 120, six: 64 } as const;
const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff';
const EVERY_PORT = { first: 0, last: 65535 } as const;

/** Permits, the narrowest first. */
export function proposals(asked: Asked, evidence: Evidence): readonly Proposal[] {
  const found = candidates(asked, evidence);
  const seen = new Set<string>();
  const each = found.filter(({ statement: { operations, objects, transition } }) => {
    const text = `${operations.join()} ${objects.join('\n')} ${transition ?? ''}`;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  const [whole] = each.slice(-1);
  // The widest is kept where there are more: it is the other end of the choice.
  return each.length <= MOST || whole === undefined ? each : [...each.slice(0, MOST - 1), whole];
}

function candidates(asked: Asked, evidence: Evidence): Proposal[] {
  const { object, operations } = asked;
  switch (object.type) {
    case 'path':
    case 'unix':
      return operations.includes('exec') ? ofExec(asked, object.path, evidence) : ofPath(asked, object.path, evidence);
    case 'inet':
      return ofInet(asked, object);
    case 'abstract':
      return [one(asked), wide(asked, 'the whole operation on abstract sockets', 'address', ['unix:@*'])];
    case 'kind':
    case 'unnamed':
    case 'number':
    case 'target':
      return [one(asked)];
    case 'family': {
      const exact = exactly(object, operations);
      if (exact.type !== 'family' || exact.protocol === null) return [one(asked)];
      const all = objectText({ ...exact, kind: null, protocol: null });
      return [one(asked), { ...of(asked, 'all of its family', 'family', [all]), whole: false }];
    }
  }
}

function ofPath(asked: Asked, path: Bytes, evidence: Evidence): Proposal[] {
  const socket = asked.object.type === 'unix';
  const key = socket ? 'address' : 'path';
  const text = (pattern: string): string => (socket ? `unix:${pattern}` : pattern);
  const slash = path.lastIndexOf('/');
  const folder = literalText(path.slice(0, slash) as Bytes);
  const like = alike(asked, evidence);
  const all =
    asked.directory && path !== '/' ? [of(asked, 'it and all below it', key, [text(`${literalText(path)}/***`)])] : [];
  return [
    one(asked),
    ...library(asked, key),
    ...(like === null ? [] : [of(asked, `names like it (${like.rule})`, key, [like.text])]),
    ...all,
    ...(slash === 0
      ? []
      : [
          of(asked, 'its folder', key, [text(`${folder}/*`)]),
          of(asked, 'all below its folder', key, [text(`${folder}/**`)]),
        ]),
    wide(asked, 'the whole operation', key, [text('/***')]),
  ];
}

/** A library that is read is mapped as code next, which is another question: one answer for both. */
function library(asked: Asked, key: Statement['key']): Proposal[] {
  const { object, operations, directory } = asked;
  if (object.type !== 'path' || operations.join() !== 'read' || directory || !LIBRARY.test(object.path)) return [];
  const { statement } = of(asked, '', key, [literalText(object.path)]);
  const both = { ...statement, operations: ['read', 'load'] as const };
  return [
    {
      label: 'this library, to read and to map as code: both questions by one answer',
      statement: both,
      whole: false,
    },
  ];
}

/** What learning would make of the name, with what else was asked in the session. */
function alike(asked: Asked, { before, context }: Evidence): { text: string; rule: string } | null {
  if (before === null) return null;
  const operations = asked.operations;
  const same = before.filter((one) => one.program === asked.program && isNear(one, asked)).slice(-NEAR_MOST);
  const observations = [...same, asked].flatMap((one) =>
    one.operations.map((operation) => observationOf(one, operation)),
  );
  const generaliser = new Generaliser(observations, [], { ...context, strength: 'broad' });
  const written = operations.map((operation) => generaliser.of(observationOf(asked, operation)));
  const [first] = written;
  if (first === undefined || first.rules.length === 0 || written.some(({ text }) => text !== first.text)) return null;
  return { text: first.text, rule: first.rules.join(', ') };
}

/** Of one folder, or of two that are beside each other: names elsewhere say nothing about a name. */
function isNear(one: Asked, other: Asked): boolean {
  return aboveOf(one) === aboveOf(other);
}

function aboveOf({ object }: Asked): string {
  return 'path' in object ? object.path.split('/').slice(0, -2).join('/') : '';
}

function observationOf({ program, object, pid, uid, directory }: Asked, operation: Operation): Observation {
  const [first, last] = ['', ''];
  const sets = { uids: new Set([uid]), pids: new Set([pid]), owners: new Set<number>() };
  return {
    program,
    operation,
    object,
    text: '',
    count: 1,
    first,
    last,
    ...sets,
    ...(directory ? { folder: true } : {}),
  };
}

/**
 * Narrow is what is granted least: under a policy of its own a program may do what that says, under this one all that the caller may, and
 * what it is answered is the caller's, too. Where it can have none, own is no answer that lets it run.
 */
function ofExec(asked: Asked, path: Bytes, { programs, begins }: Evidence): Proposal[] {
  const folder = literalText(path.slice(0, path.lastIndexOf('/')) as Bytes);
  const under = (label: string, transition: 'own' | 'inherit', text: string): Proposal => {
    const { statement } = of(asked, label, 'path', [text]);
    return { label, statement: { ...statement, transition }, whole: false };
  };
  const name = literalText(path);
  const program = textOf(path);
  const [has, begun] = [programs.includes(program), begins(program)];
  const which = has
    ? ''
    : begun
      ? ', which begins empty: what it does is asked'
      : ' (there is none, and it is refused until there is)';
  const own = under(`this program, under a policy of its own${which}`, 'own', name);
  const inherit = under('this program, under this policy, with all that this one permits', 'inherit', name);
  return [
    ...(has || begun ? [own, inherit] : [inherit, own]),
    under('every program of its folder, each under a policy of its own', 'own', `${folder}/*`),
    under('every program of its folder, under this policy', 'inherit', `${folder}/*`),
    { ...under('the whole operation, under this policy', 'inherit', '/***'), whole: true },
  ];
}

function ofInet(asked: Asked, object: Extract<AccessObject, { type: 'inet' }>): Proposal[] {
  const exact = exactly(object, asked.operations) as InetPattern;
  const address = exact.host?.address ?? object.address;
  const prefix = address.startsWith(MAPPED) ? NETWORK.four : NETWORK.six;
  const network = { address: masked(address, prefix), prefix };
  const text = (pattern: Partial<InetPattern>): string[] => [objectText({ ...exact, ...pattern })];
  return [
    one(asked),
    // What begins with zeros holds all of IPv4 too, and is no network.
    ...(/[^\0]/.test(network.address) ? [of(asked, 'its network, this port', 'address', text({ host: network }))] : []),
    of(asked, 'any host, this port', 'address', text({ host: null })),
    of(asked, 'this host, any port', 'address', text({ ports: EVERY_PORT })),
    wide(asked, `the whole operation over ${object.protocol}`, 'address', text({ host: null, ports: EVERY_PORT })),
  ];
}

/** The address with the bits behind the prefix cleared. */
function masked(address: Bytes, prefix: number): Bytes {
  const bytes = Array.from(address, (_, index) => {
    const kept = Math.min(8, Math.max(0, prefix - 8 * index));
    return address.charCodeAt(index) & (0xff << (8 - kept)) & 0xff;
  });
  return String.fromCharCode(...bytes) as Bytes;
}

function one(asked: Asked): Proposal {
  const pattern = exactly(asked.object, asked.operations);
  return of(asked, 'this object', keyOf(pattern), [objectText(pattern)]);
}

function wide(asked: Asked, label: string, key: Statement['key'], objects: readonly string[]): Proposal {
  return { ...of(asked, label, key, objects), whole: true };
}

function of({ operations }: Asked, label: string, key: Statement['key'], objects: readonly string[]): Proposal {
  return { label, statement: { verdict: 'permit', operations, key, objects }, whole: false };
}
