// SPDX-License-Identifier: GPL-2.0-only
/** What was seen of one program as the statements of its policy, few and readable. */
import type { Operation } from '../policy/operations.js';
import { operationNumber, sortOf } from '../policy/operations.js';
import type { Statement, StatementCondition } from '../policy/statement.js';
import type { Written } from './written.js';

/** One object with what was done to it under one condition. */
interface Entry {
  readonly key: Written['key'];
  readonly text: string;
  /** Of what is done to somebody, or to a file: signal, request. */
  readonly which: string;
  readonly operations: readonly Operation[];
  /** The one user it was done under, where that says something; null: no condition. */
  readonly uid: number | null;
  /** Of an exec: it stays under the same policy. */
  readonly held: boolean;
  readonly why: readonly Why[];
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly moved: readonly string[];
}

interface Why {
  readonly rule: string;
  readonly evidence: string | undefined;
}

/** What was done to one object by one operation. */
interface Done {
  readonly operation: Operation;
  readonly uids: Set<number>;
  readonly written: Written[];
}

/** Lines about other names above one statement. */
const MOVED_MOST = 3;

/**
 * @param written what is to be permitted
 * @param uids all users that the program was seen under
 * @param userName a user's name; null: it has none
 */
export function statementsOf(
  written: readonly Written[],
  uids: ReadonlySet<number>,
  userName: (uid: number) => string | null,
): Statement[] {
  const rules = new Map<string, Entry[]>();
  for (const entry of entriesOf(written, uids)) {
    const key = [entry.key, entry.operations.join(), entry.uid ?? '', entry.which, entry.held].join(' ');
    const alike = rules.get(key);
    if (alike === undefined) rules.set(key, [entry]);
    else alike.push(entry);
  }
  return together([...rules.values()])
    .sort(byOperations)
    .map((entries) => statementOf(entries, userName));
}

/** Rules that say several things (signals, requests) of the same objects are one. */
function together(rules: readonly (readonly Entry[])[]): Entry[][] {
  const alike = new Map<string, Entry[]>();
  for (const entries of rules) {
    const [{ key, operations, uid, which }] = entries as readonly [Entry, ...Entry[]];
    const texts = [...new Set(entries.map(({ text }) => text))].sort(compare);
    // Without any `which` there is nothing to put together: a rule of that key is one already.
    const name = JSON.stringify([key, operations, uid, which === '', texts]);
    alike.set(name, [...(alike.get(name) ?? []), ...entries]);
  }
  return [...alike.values()];
}

function entriesOf(written: readonly Written[], uids: ReadonlySet<number>): Entry[] {
  const byObject = new Map<string, Done[]>();
  for (const one of written) {
    const { operation } = one.observation;
    // An exec stands alone: it says what comes after. A rule is about one sort of thing.
    const name = `${one.key} ${one.text} ${operation === 'exec'} ${sortOf(operation)} ${one.which ?? ''}`;
    const dones = byObject.get(name) ?? [];
    if (dones.length === 0) byObject.set(name, dones);
    let done = dones.find((other) => other.operation === operation);
    if (done === undefined) {
      done = { operation, uids: new Set(), written: [] };
      dones.push(done);
    }
    for (const uid of one.observation.uids) done.uids.add(uid);
    done.written.push(one);
  }
  return [...byObject.values()].flatMap((dones) => {
    const byUser = new Map<number | null, Done[]>();
    for (const done of dones) {
      const uid = conditionOn(done.uids, uids);
      byUser.set(uid, [...(byUser.get(uid) ?? []), done]);
    }
    return [...byUser].map(([uid, alike]) => entryOf(uid, alike));
  });
}

/**
 * The user that a permit is for. Where the program also ran as root, a condition on another user would mean nothing: it becomes
 * that user when it likes.
 */
function conditionOn(seen: ReadonlySet<number>, all: ReadonlySet<number>): number | null {
  const [only, ...others] = seen;
  if (all.size < 2 || only === undefined || others.length > 0) return null;
  return only !== 0 && all.has(0) ? null : only;
}

function entryOf(uid: number | null, dones: readonly Done[]): Entry {
  const written = dones.flatMap((done) => done.written);
  const [{ key, text, which = '' }] = written as [Written, ...Written[]];
  const seen = written.map(({ observation }) => observation);
  const dated = seen.filter(({ count }) => count > 0);
  const whys = new Map<string, Why>();
  for (const { rules, evidence } of written) for (const rule of rules) whys.set(rule, { rule, evidence });
  return {
    ...{ key, text, which, uid, why: [...whys.values()] },
    held: seen.some(({ held }) => held === true),
    operations: dones
      .map(({ operation }) => operation)
      .sort((one, other) => operationNumber(one) - operationNumber(other)),
    count: seen.reduce((sum, { count }) => sum + count, 0),
    first: dated.reduce((least, { first }) => (least === '' || first < least ? first : least), ''),
    last: dated.reduce((most, { last }) => (last > most ? last : most), ''),
    moved: [...new Set(seen.flatMap(({ moved = [] }) => moved))],
  };
}

function byOperations([one]: readonly Entry[], [other]: readonly Entry[]): number {
  if (one === undefined || other === undefined) return 0;
  for (let at = 0; at < Math.max(one.operations.length, other.operations.length); at++) {
    const [mine, theirs] = [one.operations[at], other.operations[at]];
    if (mine !== theirs)
      return (mine === undefined ? -1 : operationNumber(mine)) - (theirs === undefined ? -1 : operationNumber(theirs));
  }
  return compare(`${one.uid ?? ''} ${one.key} ${one.which}`, `${other.uid ?? ''} ${other.key} ${other.which}`);
}

function statementOf(entries: readonly Entry[], userName: (uid: number) => string | null): Statement {
  const [{ key, operations, uid, held }] = entries as readonly [Entry, ...Entry[]];
  const which = [...new Set(entries.map((entry) => entry.which))].filter((one) => one !== '');
  const count = entries.reduce((sum, entry) => sum + entry.count, 0);
  const seen = entries.filter((entry) => entry.count > 0);
  const first = seen.map((entry) => entry.first).sort()[0] ?? '';
  const last =
    seen
      .map((entry) => entry.last)
      .sort()
      .at(-1) ?? '';
  const moved = [...new Set(entries.flatMap((entry) => entry.moved))].sort(compare);
  const more = moved.length - MOVED_MOST;
  const condition = uid === null ? undefined : conditionOf(uid, userName(uid));
  return {
    verdict: 'permit',
    operations,
    key,
    objects: [...new Set(entries.map(({ text }) => text))].sort(compare),
    ...(which.length === 0 ? {} : { which }),
    ...(operations.includes('exec') ? { transition: held ? ('inherit' as const) : ('own' as const) } : {}),
    ...(condition === undefined ? {} : { if: condition }),
    comment: [
      ...(count === 0 ? [] : [`${count === 1 ? 'once' : `${count} times`}, ${period(first, last)}`]),
      ...moved.slice(0, MOVED_MOST),
      ...(held
        ? [
            'under the same policy: something of the caller would hold it under its own (docs: programs that run others)',
          ]
        : []),
      ...(more > 0 ? [`and ${more} more that were moved`] : []),
      ...whyLines(entries),
    ],
  };
}

/** A line for each pattern that went by evidence, and one for each rule that needs none. */
function whyLines(entries: readonly Entry[]): string[] {
  const rules = new Set<string>();
  const lines: string[] = [];
  for (const { text, why } of entries) {
    const evidence = why.find((one) => one.evidence !== undefined)?.evidence;
    const names = why.map(({ rule }) => `"${rule}"`).join(' and ');
    if (why.length === 0) continue;
    if (evidence === undefined) rules.add(names);
    else lines.push(`pattern by the rule ${names}: ${entries.length > 1 ? `${text}: ` : ''}${evidence}`);
  }
  return [...[...rules].map((names) => `pattern by the rule ${names}`), ...lines.sort(compare)];
}

function conditionOf(uid: number, name: string | null): StatementCondition {
  return name === null ? { uid: [uid] } : { user: [name] };
}

/** `2026-11-24 03:14:02` or, where it lasted, `2026-11-24 03:14:02 to 03:15:10`. */
function period(first: string, last: string): string {
  const [from, to] = [first, last].map((time) => time.slice(0, 19).replace('T', ' ')) as [string, string];
  if (from === to) return from;
  return `${from} to ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
