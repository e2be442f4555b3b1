/** What was refused, each once: by program, operations and object, with how often, and the statement that would permit it. */
import { exactly, keyOf } from '../decide/exact.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import type { Operation } from '../policy/operations.js';
import { objectText, type Statement, writeStatement } from '../policy/statement.js';

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

/** Refusals as they come, each kind once. */
export class Denials {
  readonly #found = new Map<string, Denial>();

  /** Kinds of refusal there are. */
  get size(): number {
    return this.#found.size;
  }

  /** Takes in a record, if it is of a refusal. */
  add(record: EventRecord): void {
    const floor = record.type === 'floor' ? (record.reason ?? '?') : null;
    if (record.verdict !== 'deny' && floor === null) return;
    const operation = record.decided ?? record.operation;
    const why = record.reason ?? '';
    const key = [record.policy, operation.join(), record.object, floor ?? '', why, record.enforced].join('\0');
    const old = this.#found.get(key);
    const reason = floor === null ? (record.reason ?? null) : null;
    const permitted = floor === null && reason === null;
    this.#found.set(key, {
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
    });
  }

  /** The most frequent first. */
  list(): Denial[] {
    return [...this.#found.values()].sort(
      (one, other) => other.count - one.count || (one.first < other.first ? -1 : 1),
    );
  }
}

/** The refusals among the records, the most frequent first. */
export function denialsOf(records: Iterable<EventRecord>): Denial[] {
  const denials = new Denials();
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
  return { verdict: 'permit', operations, key: keyOf(pattern), objects: [objectText(pattern)] };
}

/** A refusal as a person reads it: what, how often, and the statement to add. */
export function renderDenial({
  policy,
  operation,
  object,
  errno,
  enforced,
  count,
  last,
  event,
  floor,
  reason,
  statement,
  before,
}: Denial): string {
  const what =
    floor === null ? `${operation.join(', ')} ${object}` : `${floor}${object === '?' ? '' : ` on ${object}`}`;
  const times = count === 1 ? 'once' : `${count} times`;
  const head = `${policy}: ${what} (${errno}${enforced ? '' : ', not enforced'}), ${times}, last ${last.slice(0, 19).replace('T', ' ')}, event ${event}`;
  if (floor !== null) return `${head}\n  no policy permits this`;
  if (statement === null) return `${head}\n  no statement permits this${reason === null ? '' : ` (${reason})`}`;
  return `${head}\n${before === null ? '' : `  before ${placeOf(before)}, which refuses it:\n`}${writeStatement(statement).trimEnd()}`;
}

function placeOf({ rule, line, group }: DenyingRule): string {
  return group === null ? `rule ${rule} (line ${line ?? '?'})` : `rule ${rule} of group ${group}`;
}
