// SPDX-License-Identifier: GPL-2.0-only
/** What was refused, each once: by program, operations and object, with how often, and the statement that would permit it. */
import { dirname } from 'node:path';
import { exactly, keyOf, whichOf } from '../decide/exact.js';
import { KILLED, reasonText } from '../events/names.js';
import { readObject } from '../events/object.js';
import type { EventRecord, SessionNote } from '../events/record.js';
import { shellWord } from '../host/shell.js';
import { localTime } from '../host/time.js';
import { bufferOf, readText } from '../policy/bytes.js';
import type { Architecture } from '../policy/calls.js';
import type { Operation } from '../policy/operations.js';
import { objectText, type Statement, writeStatement } from '../policy/statement.js';
import { callText, floorText } from './refused.js';

export interface Denial {
  readonly policy: string;
  readonly operation: readonly Operation[];
  readonly object: string;
  /** Of a system call: whose. */
  readonly architecture?: Architecture;
  /** Of a system call: what would permit it, or why nothing does. */
  readonly remedy?: string;
  /** All objects of this line: several of one folder, or of one search along PATH, are told together. */
  readonly objects: readonly string[];
  /** What several have in common: their folder, or `PATH`. */
  readonly together: string | null;
  /** Of the last time. */
  readonly errno: string;
  /** False: it would have been refused. */
  readonly enforced: boolean;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
  readonly sessions: readonly string[];
  /** SESSION:SEQ of the last, for `policy explain`. */
  readonly event: string;
  /** The part of the floor that refused; no statement permits that. */
  readonly floor: string | null;
  /** Why the object could not be told; no statement permits that either. */
  readonly reason: string | null;
  /** Null: no statement permits it. */
  readonly statement: Statement | null;
  /** The rule that refused the last time: the statement must stand before it. Null: the end of the rules is early enough. */
  readonly before: DenyingRule | null;
  /** The other statement that permits an exec: under the caller's policy instead of one of its own. */
  readonly alternative: Statement | null;
  /** Of an exec: the rule that permits it, where the program's own policy is what is missing. */
  readonly permitted: DenyingRule | null;
  /** The command that makes that policy. */
  readonly learn: string | null;
}

export interface DenyingRule {
  readonly rule: number;
  readonly line: number | null;
  /** Of the group in which the rule stands; null: it is the policy's own. */
  readonly group: string | null;
}

/** Refusals as they come, each kind once. */
export class Denials {
  readonly #found = new Map<string, Denial>();
  readonly #sessions = new Map<string, SessionNote>();
  readonly #search: ReadonlySet<string>;

  /** @param search the PATH along which programs are looked for */
  constructor(search: string = process.env.PATH ?? '') {
    this.#search = new Set([...USUAL_PATH, ...search.split(':')]);
  }

  /** Kinds of refusal there are. */
  get size(): number {
    return this.#found.size;
  }

  /** Takes in what a session said of itself: where its policies are, and what it runs. */
  begun(note: SessionNote): void {
    this.#sessions.set(note.session, note);
  }

  /** Takes in a record, if it is of a refusal. */
  add(record: EventRecord): void {
    const floor = record.type === 'floor' ? (record.reason ?? '?') : null;
    if (record.verdict !== 'deny' && floor === null) return;
    const operation = record.decided ?? record.operation;
    const { object } = record;
    const architecture = record.type === 'syscall' ? (record.architecture ?? 'x86_64') : undefined;
    const why = record.type === 'syscall' ? SYSCALL : (record.reason ?? '');
    const key = [record.policy, operation.join(), object, floor ?? '', why, architecture, record.enforced].join('\0');
    const old = this.#found.get(key);
    const call = record.type === 'syscall';
    const reason = call ? SYSCALL : floor === null ? (record.reason ?? null) : null;
    const permitted = floor === null && reason === null;
    const exec = operation.includes('exec') && record.object.startsWith('/');
    const target = exec && reason === 'target';
    const statement = permitted ? statementFor(operation, record.object) : null;
    this.#found.set(key, {
      policy: record.policy,
      operation,
      object,
      ...(architecture === undefined ? {} : { architecture, remedy: callText(object, architecture) }),
      objects: [object],
      together: null,
      errno: record.errno ?? (record.reason === KILLED ? 'SIGSYS' : 'EPERM'),
      enforced: record.enforced || floor !== null,
      count: (old?.count ?? 0) + record.count,
      first: old === undefined || record.time < old.first ? record.time : old.first,
      last: old === undefined || record.time > old.last ? record.time : old.last,
      sessions: [...new Set([...(old?.sessions ?? []), record.session])],
      event: `${record.session}:${record.seq}`,
      floor,
      reason,
      statement: statement === null || !exec ? statement : { ...statement, transition: 'own' },
      before: permitted ? denyingRule(record) : null,
      alternative: statement === null || !exec ? null : { ...statement, transition: 'inherit' },
      permitted: target ? denyingRule(record) : null,
      learn: target || (exec && permitted) ? learning(this.#sessions.get(record.session)) : null,
    });
  }

  /** The most frequent first. */
  list(): Denial[] {
    return this.#grouped().sort((one, other) => other.count - one.count || (one.first < other.first ? -1 : 1));
  }

  /** Those that a person answers by one statement are one. */
  #grouped(): Denial[] {
    const groups = new Map<string, Denial[]>();
    for (const denial of this.#found.values()) {
      const place = this.#placeOf(denial);
      const { policy, operation, errno, enforced, object } = denial;
      const key = [policy, operation.join(), errno, enforced, place ?? `alone ${object} ${groups.size}`].join('\0');
      groups.set(key, [...(groups.get(key) ?? []), denial]);
    }
    return [...groups.values()].flatMap((group) => {
      const place = this.#placeOf(group[0] as Denial);
      const least = place === SEARCH ? SEARCH_LEAST : FOLDER_LEAST;
      if (place === null || group.length < least) return group;
      return chunksOf(group).map((chunk) => together(chunk, place));
    });
  }

  /** What a denial has in common with others: a search along PATH, or a folder; null: nothing. */
  #placeOf({ operation, object, statement, alternative, before }: Denial): string | null {
    if (statement === null || alternative !== null || before !== null || !object.startsWith('/')) return null;
    // A shell looks at the program's name in each folder, and at the folders.
    const looks = operation.length === 1 && operation[0] === 'stat';
    if (looks && (this.#search.has(object) || this.#search.has(dirname(object)))) return SEARCH;
    return dirname(object);
  }
}

/** The reason of a denial that is no attempt on an object. */
const SYSCALL = 'syscall';

/** Where shells look for programs when nobody says otherwise. */
const USUAL_PATH: readonly string[] = [
  ...['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/games', '/usr/games'],
];
const SEARCH = 'PATH';
/** So many are told together at least. */
const SEARCH_LEAST = 2;
const FOLDER_LEAST = 3;
/** And at most: a statement must be one that a person reads. */
const MOST = 20;

function chunksOf(group: readonly Denial[]): Denial[][] {
  const chunks = Math.ceil(group.length / MOST);
  return Array.from({ length: chunks }, (_, at) => group.slice(at * MOST, (at + 1) * MOST));
}

function together(group: readonly Denial[], place: string): Denial {
  const latest = group.reduce((one, other) => (other.last > one.last ? other : one));
  const objects = group.map(({ object }) => object).sort();
  const statement = group[0]?.statement ?? null;
  return {
    ...latest,
    object: objects[0] ?? latest.object,
    objects,
    together: place,
    count: group.reduce((sum, { count }) => sum + count, 0),
    first: group.reduce((least, { first }) => (first < least ? first : least), latest.first),
    sessions: [...new Set(group.flatMap(({ sessions }) => sessions))],
    statement:
      statement === null
        ? null
        : { ...statement, objects: group.flatMap((one) => one.statement?.objects ?? []).sort() },
  };
}

/** The command line that learns what the session ran, and with it the policies of its children. */
function learning(begun: SessionNote | undefined): string {
  if (begun === undefined) return 'callgate learn --policies DIR -- CMD';
  const { folder, command } = begun;
  return `callgate learn --policies ${shellWord(folder)} -- ${command.map((word) => shellWord(bufferOf(readText(word)))).join(' ')}`;
}

/**
 * The refusals among the records, the most frequent first.
 *
 * @param begun what the sessions said when they began
 */
export function denialsOf(records: Iterable<EventRecord>, begun: Iterable<SessionNote> = []): Denial[] {
  const denials = new Denials();
  for (const note of begun) denials.begun(note);
  for (const record of records) denials.add(record);
  return denials.list();
}

function denyingRule({ rule, line, group }: EventRecord): DenyingRule | null {
  return rule === null ? null : { rule, line, group: group ?? null };
}

function statementFor(operations: readonly Operation[], text: string): Statement | null {
  const object = readObject(text);
  if (object === undefined || operations.length === 0) return null;
  const pattern = exactly(object, operations);
  return { verdict: 'permit', operations, key: keyOf(pattern), objects: [objectText(pattern)], ...whichOf(pattern) };
}

/** A refusal as a person reads it: what, how often, and the statement to add. */
export function renderDenial(denial: Denial): string {
  const { policy, errno, enforced, count, last, event, floor, reason, statement, before } = denial;
  const times = count === 1 ? 'once' : `${count} times`;
  const head = `${policy}: ${whatOf(denial)} (${errno}${enforced ? '' : ', not enforced'}), ${times}, last ${localTime(last, false)}, event ${event}`;
  if (floor !== null) return `${head}\n  ${floorText(floor, denial.object)}`;
  if (reason === SYSCALL) return `${head}\n  ${denial.remedy ?? ''}`;
  if (statement === null) return `${head}\n${denial.learn === null ? nothing(reason) : wanting(denial)}`;
  const where = before === null ? '' : `  before ${placeOf(before)}, which refuses it:\n`;
  return `${head}\n${where}${choices(denial, statement)}`;
}

function whatOf({ floor, reason, operation, object, architecture, objects, together }: Denial): string {
  if (reason === SYSCALL)
    return `system call ${object}${architecture === undefined || architecture === 'x86_64' ? '' : ` (${architecture})`}`;
  if (floor !== null) return `${floor}${object === '?' ? '' : ` on ${object}`}`;
  const operations = operation.join(', ');
  if (together === null) return `${operations} ${object}`;
  return together === SEARCH
    ? `${operations} of ${objects.length} names in a search along PATH`
    : `${operations} of ${objects.length} names in ${together}`;
}

function nothing(reason: string | null): string {
  return `  no statement permits this${reason === null ? '' : ` (${reasonText(reason)})`}`;
}

/** An exec that a rule permits, of a program that has no policy. */
function wanting({ policy, object, permitted, learn }: Denial): string {
  const rule = permitted === null ? 'a rule' : placeOf(permitted);
  return [
    `  ${rule} permits it, and there is no policy for ${object}: what it may do is learned by`,
    `    ${learn}`,
    `  or write \`policy: inherit\` in that rule: it may then do all that ${policy} may`,
  ].join('\n');
}

/** The statement; for an exec both, with what each grants. */
function choices({ policy, alternative, learn }: Denial, statement: Statement): string {
  const text = writeStatement(statement).trimEnd();
  if (alternative === null) return text;
  return [
    '  either under a policy of its own, which alone says what it may do:',
    text,
    `  and that policy is made by: ${learn}`,
    `  or under this policy: it may do all that ${policy} may:`,
    writeStatement(alternative).trimEnd(),
  ].join('\n');
}

function placeOf({ rule, line, group }: DenyingRule): string {
  return group === null ? `rule ${rule} (line ${line ?? '?'})` : `rule ${rule} of group ${group}`;
}
