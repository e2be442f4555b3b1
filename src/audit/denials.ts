/** What was refused, each once: by program, operations and object, with how often, and the statement that would permit it. */
import { exactly, keyOf } from '../decide/exact.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import type { Operation } from '../policy/operations.js';
import { objectText, type Statement } from '../policy/statement.js';

export interface Denial {
  readonly policy: string;
  readonly operation: readonly Operation[];
  readonly object: string;
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
  /** Null: no statement of version 1 permits it. */
  readonly statement: Statement | null;
  /** The rule that refused the last time: the statement must stand before it. Null: the end of the rules is early enough. */
  readonly before: DenyingRule | null;
}

export interface DenyingRule {
  readonly rule: number;
  readonly line: number | null;
  /** Of the group in which the rule stands; null: it is the policy's own. */
  readonly group: string | null;
}

/** The refusals among the records, the most frequent first. */
export function denialsOf(records: Iterable<EventRecord>): Denial[] {
  const found = new Map<string, Denial>();
  for (const record of records) {
    const floor = record.type === 'floor' ? (record.reason ?? '?') : null;
    if (record.verdict !== 'deny' && floor === null) continue;
    const operation = record.decided ?? record.operation;
    const why = record.reason ?? '';
    const key = [record.policy, operation.join(), record.object, floor ?? '', why, record.enforced].join('\0');
    const old = found.get(key);
    const reason = floor === null ? (record.reason ?? null) : null;
    const permitted = floor === null && reason === null;
    const denial: Denial = {
      policy: record.policy,
      operation,
      object: record.object,
      errno: record.errno ?? 'EPERM',
      enforced: record.enforced || floor !== null,
      count: (old?.count ?? 0) + record.count,
      first: old === undefined || record.time < old.first ? record.time : old.first,
      last: old === undefined || record.time > old.last ? record.time : old.last,
      sessions: [...new Set([...(old?.sessions ?? []), record.session])],
      event: `${record.session}:${record.seq}`,
      floor,
      reason,
      statement: permitted ? (old?.statement ?? statementFor(operation, record.object)) : null,
      before: permitted ? denyingRule(record) : null,
    };
    found.set(key, denial);
  }
  return [...found.values()].sort((one, other) => other.count - one.count || (one.first < other.first ? -1 : 1));
}

function denyingRule({ rule, line, group }: EventRecord): DenyingRule | null {
  return rule === null ? null : { rule, line, group: group ?? null };
}

function statementFor(operations: readonly Operation[], text: string): Statement | null {
  const object = readObject(text);
  if (object === undefined || operations.length === 0) return null;
  const pattern = exactly(object, operations);
  return { verdict: 'permit', operations, key: keyOf(pattern), objects: [objectText(pattern)] };
}
