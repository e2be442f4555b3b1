// SPDX-License-Identifier: GPL-2.0-only
/** Statements into the files of policies: where they are reached, and nothing else changed; and out of them again. */
import { loadPolicy, readPolicy } from '../application/application.js';
import { problemsOf } from '../application/problem.js';
import type { Surroundings } from '../application/surroundings.js';
import { type Inserted, insertions, removal } from '../ask/insert.js';
import type { WrittenStatement } from '../ask/question.js';
import { CodedFailure } from '../control/protocol.js';
import { decide } from '../decide/decide.js';
import { replaceFile } from '../host/replace-file.js';
import { readSecure } from '../host/secure.js';
import type { Access, Policy, Rule, Verdict } from '../policy/model.js';

/** A change of a file, by which it can be undone. */
export interface Amendment {
  readonly written: WrittenStatement;
  readonly block: string;
  /** As it was read back. */
  readonly rule: Rule;
}

/** What a statement is to do. */
export interface Wanted {
  readonly file: string;
  /** What waits, or was refused: it is to come to this verdict. */
  readonly access: Access;
  readonly verdict: Exclude<Verdict, 'ask'>;
  /** As it stands in a list of rules, in YAML. */
  readonly statement: string;
  /** Lines above it. */
  readonly comment: readonly string[];
}

/**
 * Writes the statement in front of the first rule that decides the access now, or at the end where the default does. What is written
 * has been read back: every other rule is what it was, and the access comes to what was wanted.
 *
 * @throws CodedFailure `bad-policy` where no statement there could do it, or it is none; Failure where the file cannot be written
 */
export function amend(wanted: Wanted, around: Surroundings): Amendment {
  const { file, access, verdict, statement, comment } = wanted;
  const { text, policy } = loadPolicy(file, around);
  const place = placeFor(policy, access);
  const candidates = insertions(text, place?.number ?? null, statement, comment);
  let why = `${file}: its list of rules is written in a way that nothing can be put into`;
  for (const candidate of candidates) {
    let changed: Policy;
    try {
      changed = readPolicy(file, candidate.text, around);
    } catch (error) {
      why = problemsOf(error, candidate.text)
        .map(({ message }) => message)
        .join('; ');
      continue;
    }
    if (!isTheSameBut(policy, changed, candidate)) continue;
    if (decide(changed, access).verdict !== verdict) {
      why = missesIt(changed, access, verdict);
      continue;
    }
    replaceFile(file, candidate.text);
    const { line, number, block } = candidate;
    const rule = changed.rules.find((one) => one.group === undefined && one.number === number) as Rule;
    const next = changed.rules.find((rule) => rule.group === undefined && rule.number === number + 1);
    const before = place === null || next === undefined ? null : { number: next.number, line: next.place.line };
    return { written: { file, line, number, statement: statementOf(candidate, comment), before }, block, rule };
  }
  throw new CodedFailure('bad-policy', why, `callgate policy check ${file}`);
}

/**
 * Takes a statement out again.
 *
 * @throws CodedFailure `nothing` where it does not stand there any more as it was written
 */
export function takeOut(
  { written: { file, line }, block }: Pick<Amendment, 'written' | 'block'>,
  around: Surroundings,
): void {
  const text = removal(readSecure(file), block);
  if (text === null)
    throw new CodedFailure(
      'nothing',
      `${file}:${line}: what was written there has been changed since: take it out by hand`,
    );
  readPolicy(file, text, around);
  replaceFile(file, text);
}

/** The first of its own rules that decides any of it and does not permit; null: the default does. */
function placeFor(policy: Policy, access: Access): Rule | null {
  const deciding = decide(policy, access).decisions.flatMap(({ verdict, rule }) =>
    rule === null || verdict === 'permit' ? [] : [rule],
  );
  const group = deciding.find((rule) => rule.group !== undefined);
  if (group !== undefined)
    throw new CodedFailure(
      'bad-policy',
      `${group.place.file}:${group.place.line}: rule ${group.number} of the group ${group.group} decides before any rule of ${policy.file}`,
      `change the group, or take it out of \`use\``,
    );
  const [first] = deciding.sort((one, other) => one.number - other.number);
  return first ?? null;
}

/** Are all rules but the new one, and all else, what they were? */
function isTheSameBut(before: Policy, after: Policy, { number }: Inserted): boolean {
  const rules = (policy: Policy, left: number): unknown =>
    policy.rules.filter((rule) => rule.group !== undefined || rule.number !== left).map(withoutPlace);
  const { rules: _before, ...one } = before;
  const { rules: _after, ...other } = after;
  return (
    JSON.stringify(one) === JSON.stringify(other) &&
    JSON.stringify(rules(before, 0)) === JSON.stringify(rules(after, number))
  );
}

function withoutPlace({ place: _place, number: _number, ...rest }: Rule): unknown {
  return rest;
}

function missesIt(policy: Policy, access: Access, verdict: string): string {
  const { deciding } = decide(policy, access);
  const who =
    deciding.rule === null ? 'the default' : `rule ${deciding.rule.number} (line ${deciding.rule.place.line})`;
  return `${policy.file}: with this statement ${who} still says ${deciding.verdict} to ${deciding.operation}, and not ${verdict}`;
}

/** The statement as it stands there, without its indent. */
function statementOf({ block }: Inserted, comment: readonly string[]): string {
  const lines = block.trimEnd().split('\n').slice(comment.length);
  const indent = (lines[0] ?? '').length - (lines[0] ?? '').trimStart().length;
  return lines.map((line) => line.slice(indent)).join('\n');
}
