// SPDX-License-Identifier: GPL-2.0-only
/** What was seen of one program as the statements of its policy, few and readable. */
import type { Operation } from '../policy/operations.js';
import { operationBit } from '../policy/operations.js';
import type { Statement, StatementCondition } from '../policy/statement.js';
import type { Written } from './generalise.js';

/** One object with what was done to it under one condition. */
interface Entry {
  readonly key: Written['key'];
  readonly text: string;
  readonly operations: Operation[];
  /** The one user it was done under, where the program was seen under several; null: no condition. */
  readonly uid: number | null;
  readonly rules: readonly string[];
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly moved: readonly string[];
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
    const key = [entry.key, entry.operations.join(), entry.uid ?? '', entry.rules.join()].join(' ');
    const alike = rules.get(key);
    if (alike === undefined) rules.set(key, [entry]);
    else alike.push(entry);
  }
  return [...rules.values()].sort(byOperations).map((entries) => statementOf(entries, userName));
}

function entriesOf(written: readonly Written[], uids: ReadonlySet<number>): Entry[] {
  const byObject = new Map<string, Entry>();
  for (const { observation, key, text, rules } of written) {
    const { operation, count, first, last, moved = [] } = observation;
    const [only, ...others] = observation.uids;
    const uid = uids.size > 1 && others.length === 0 && only !== undefined ? only : null;
    // An exec stands alone: it says what comes after.
    const name = `${key} ${text} ${uid ?? ''} ${operation === 'exec'}`;
    const old = byObject.get(name);
    if (old === undefined) {
      byObject.set(name, { key, text, operations: [operation], uid, rules, count, first, last, moved });
      continue;
    }
    if (!old.operations.includes(operation)) old.operations.push(operation);
    byObject.set(name, {
      ...old,
      count: old.count + count,
      first: old.first !== '' && (first === '' || old.first < first) ? old.first : first,
      last: old.last > last ? old.last : last,
      moved: [...new Set([...old.moved, ...moved])],
    });
  }
  const entries = [...byObject.values()];
  for (const { operations } of entries) operations.sort((one, other) => operationBit(one) - operationBit(other));
  return entries;
}

function byOperations([one]: readonly Entry[], [other]: readonly Entry[]): number {
  if (one === undefined || other === undefined) return 0;
  for (let at = 0; at < Math.max(one.operations.length, other.operations.length); at++) {
    const [mine, theirs] = [one.operations[at], other.operations[at]];
    if (mine !== theirs)
      return (mine === undefined ? -1 : operationBit(mine)) - (theirs === undefined ? -1 : operationBit(theirs));
  }
  return compare(
    `${one.rules.join()} ${one.uid ?? ''} ${one.key}`,
    `${other.rules.join()} ${other.uid ?? ''} ${other.key}`,
  );
}

function statementOf(entries: readonly Entry[], userName: (uid: number) => string | null): Statement {
  const [{ key, operations, uid, rules }] = entries as readonly [Entry, ...Entry[]];
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
    ...(operations.includes('exec') ? { transition: 'own' as const } : {}),
    ...(condition === undefined ? {} : { if: condition }),
    comment: [
      ...(count === 0 ? [] : [`${count === 1 ? 'once' : `${count} times`}, ${period(first, last)}`]),
      ...moved.slice(0, MOVED_MOST),
      ...(more > 0 ? [`and ${more} more that were moved`] : []),
      ...rules.map((rule) => `pattern by the rule "${rule}"`),
    ],
  };
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
