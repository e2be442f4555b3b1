// SPDX-License-Identifier: GPL-2.0-only
/** A rule as a person would write it: what the learner and `explain` hand out. */

import { isAct, targetText, whichKey } from './acts.js';
import { inetText } from './address.js';
import { familyText } from './family.js';
import { tokensText } from './glob.js';
import type { ObjectPattern, Transition, Verdict } from './model.js';
import { numberText } from './numbers.js';
import type { Operation } from './operations.js';
import { pathText } from './path.js';

/** Which users a statement is for, in the words of a policy. */
export interface StatementCondition {
  readonly user?: readonly string[];
  readonly group?: readonly string[];
  readonly uid?: readonly (string | number)[];
  readonly gid?: readonly (string | number)[];
  readonly owner?: 'self';
}

/** A key under which the objects of a rule stand. */
export type StatementKey =
  | 'path'
  | 'kind'
  | 'address'
  | 'family'
  | 'capability'
  | 'uid'
  | 'gid'
  | 'namespace'
  | 'kernel'
  | 'ipc'
  | 'process';

export interface Statement {
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  readonly key: StatementKey;
  /** Texts as they stand behind the key. */
  readonly objects: readonly string[];
  /** Of what is done to another process, so to a file, or at a place, as it stands behind the key of its own: which signals, which requests; absent: all. */
  readonly which?: readonly string[];
  readonly errno?: string;
  readonly transition?: Transition;
  readonly if?: StatementCondition;
  readonly unless?: StatementCondition;
  readonly log?: boolean;
  /** Lines above the statement, without their `#`. */
  readonly comment?: readonly string[];
}

/** The text of an object's pattern as it stands behind its key. Written from its parts, so it need not have been read. */
export function objectText(object: ObjectPattern): string {
  switch (object.type) {
    case 'path':
      return pathText(object.pattern);
    case 'kind':
      return object.kind;
    case 'inet':
      return inetText(object);
    case 'unix':
      return `unix:${pathText(object.pattern)}`;
    case 'abstract':
      return `unix:@${tokensText(object.tokens, 'abstract')}`;
    case 'unnamed':
      return 'unix:';
    case 'family':
      return familyText(object);
    case 'number':
      return numberText(object);
    case 'target':
      return targetText(object, ({ pattern }) => pathText(pattern));
  }
}

/** Short objects, which stand on one line. */
const ON_ONE_LINE: readonly StatementKey[] = ['capability', 'uid', 'gid', 'namespace', 'kernel', 'ipc', 'process'];

/** The statement as lines of a `rules:` list, two spaces in, ending in a line feed. Paths and addresses one a line. */
export function writeStatement(statement: Statement): string {
  const { verdict, operations, key, objects, errno, transition, log, comment } = statement;
  const lines = (comment ?? []).map((line) => `  # ${line}`.trimEnd());
  lines.push(`  - ${verdict}: ${operations.length === 1 ? operations[0] : `[${operations.join(', ')}]`}`);
  const act = operations.find(isAct);
  if (statement.which !== undefined && act !== undefined) lines.push(`    ${whichKey(act)}: ${flow(statement.which)}`);
  if (objects.length === 1) lines.push(`    ${key}: ${scalar(objects[0] as string)}`);
  else if (ON_ONE_LINE.includes(key)) lines.push(`    ${key}: ${list(objects)}`);
  else lines.push(`    ${key}:`, ...objects.map((object) => `      - ${scalar(object)}`));
  if (transition !== undefined) lines.push(`    policy: ${transition}`);
  if (errno !== undefined) lines.push(`    errno: ${errno}`);
  if (log !== undefined) lines.push(`    log: ${log}`);
  if (statement.if !== undefined) lines.push(`    if: {${conditionText(statement.if)}}`);
  if (statement.unless !== undefined) lines.push(`    unless: {${conditionText(statement.unless)}}`);
  return `${lines.join('\n')}\n`;
}

function conditionText(condition: StatementCondition): string {
  return Object.entries(condition)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : list(value)}`)
    .join(', ');
}

/** One word as it is, several as a list. */
function flow(values: readonly string[]): string {
  return values.length === 1 ? scalar(values[0] as string) : list(values);
}

function list(values: readonly (string | number)[]): string {
  return `[${values.map((value) => (typeof value === 'number' ? String(value) : scalar(value))).join(', ')}]`;
}

/**
 * A text as a YAML scalar: plain where it holds nothing but letters, digits and `/ . _ - + @`, beginning with a letter or a
 * slash; else in double quotes, whose escapes YAML and JSON share.
 */
export function scalar(text: string): string {
  return /^[A-Za-z/][\w/.+@-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
