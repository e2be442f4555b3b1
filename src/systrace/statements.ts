// SPDX-License-Identifier: GPL-2.0-only
/** Entries of all rights to the statements of one policy: in the order of the file, what belongs together in one. */
import { textOf } from '../policy/bytes.js';
import type { Place } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { OPERATIONS } from '../policy/operations.js';
import type { Statement, StatementCondition } from '../policy/statement.js';
import { linesText } from './remarks.js';
import type { Elevation } from './syntax.js';

/** A statement before it is joined with its like. */
export interface Item {
  /** Lines of the file, so that what stood first comes first; never falling within a right. */
  readonly order: number;
  readonly operations: readonly Operation[];
  readonly verdict: Statement['verdict'];
  readonly key: Statement['key'];
  readonly objects: readonly string[];
  readonly errno?: string;
  readonly transition?: Statement['transition'];
  readonly if?: StatementCondition;
  readonly unless?: StatementCondition;
  readonly log?: boolean;
  readonly line: number;
  readonly place: Place;
  readonly elevation: Elevation | null;
  /** It says what no rule decides. */
  readonly default: boolean;
}

interface Draft {
  readonly first: Item;
  readonly operations: readonly Operation[];
  readonly objects: Set<string>;
  readonly lines: Set<number>;
}

/** The statements of a policy. */
export function statementsOf(items: readonly Item[]): Statement[] {
  const ordered = sameObjects([...items].sort((one, other) => one.order - other.order));
  const drafts: Draft[] = [];
  const latest = new Map<string, number>();
  /** For each operation: where it was last decided, and where last in another manner. Rules of one manner may change places. */
  const touched = new Map<Operation, { manner: string; at: number; other: number }>();
  for (const item of ordered) {
    const signature = signatureOf(item, item.operations);
    const manner = signatureOf(item, []);
    const at = latest.get(signature);
    const free =
      at !== undefined &&
      item.operations.every((operation) => {
        const last = touched.get(operation);
        return last === undefined || (last.manner === manner ? last.other : last.at) <= at;
      });
    const draft = free ? drafts[at] : undefined;
    if (draft !== undefined) {
      for (const object of item.objects) draft.objects.add(object);
      draft.lines.add(item.line);
    } else {
      latest.set(signature, drafts.length);
      drafts.push({
        first: item,
        operations: item.operations,
        objects: new Set(item.objects),
        lines: new Set([item.line]),
      });
    }
    const where = draft === undefined ? drafts.length - 1 : (at as number);
    for (const operation of item.operations) {
      const last = touched.get(operation);
      const other = last === undefined ? -1 : last.manner === manner ? last.other : last.at;
      touched.set(operation, { manner, at: Math.max(where, last?.at ?? -1), other });
    }
  }
  return drafts.map(statementOf);
}

/** Rights that one rule grants alike stand in one statement, where that changes the order of none. */
function sameObjects(items: readonly Item[]): Item[] {
  const joined = new Map<string, number>();
  const order: { item: Item; operations: Operation[] }[] = [];
  const latest = new Map<Operation, number>();
  for (const item of items) {
    const key = `${item.order}\n${item.line}\n${signatureOf(item, [])}\n${item.objects.join('\n')}`;
    const at = joined.get(key);
    const known = at === undefined ? undefined : order[at];
    const free = item.operations.every((operation) => (latest.get(operation) ?? -1) < (at ?? 0));
    if (known !== undefined && free) known.operations.push(...item.operations);
    else {
      joined.set(key, order.length);
      order.push({ item, operations: [...item.operations] });
    }
    const where = known !== undefined && free ? (at as number) : order.length - 1;
    for (const operation of item.operations) latest.set(operation, where);
  }
  return order.map(({ item, operations }) => ({ ...item, operations: listed(item, operations) }));
}

/** In the order of the table; a permit of a file brings its metadata along, so that need not be said. */
function listed({ verdict }: Item, operations: readonly Operation[]): Operation[] {
  const implied = verdict === 'permit' && operations.length > 1;
  return OPERATIONS.filter((operation) => operations.includes(operation) && !(implied && operation === 'stat'));
}

function signatureOf(item: Item, operations: readonly Operation[]): string {
  const { verdict, key, errno, transition, log, elevation } = item;
  return JSON.stringify([
    operations,
    verdict,
    key,
    errno,
    transition,
    log,
    elevation,
    item.if,
    item.unless,
    item.default,
  ]);
}

function statementOf({ first, operations, objects, lines }: Draft): Statement {
  const { verdict, key, errno, transition, log } = first;
  const sorted = [...lines].sort((one, other) => one - other);
  const comment = [`${sorted.length === 1 ? 'line' : 'lines'} ${linesText(sorted)}`];
  if (first.default) comment[0] += ': what no rule decides of what is excluded there';
  if (first.elevation !== null) {
    const { user, group } = first.elevation;
    const who = textOf(`${user ?? ''}${group === null ? '' : `:${group}`}` as never);
    comment.push(`as ${who}: not enforced yet`);
  }
  return {
    verdict,
    operations,
    key,
    objects: [...objects],
    ...(errno === undefined ? {} : { errno }),
    ...(transition === undefined ? {} : { transition }),
    ...(first.if === undefined ? {} : { if: first.if }),
    ...(first.unless === undefined ? {} : { unless: first.unless }),
    ...(log === undefined ? {} : { log }),
    comment,
  };
}
