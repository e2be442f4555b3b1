// SPDX-License-Identifier: GPL-2.0-only
/** A statement into the text of a policy, in front of a rule or at the end, and out of it again. All else stays as it is. */
import { isSeq, type Node, parseDocument } from 'yaml';
import { formatPolicy } from '../policy/format.js';

/** A text with a statement in it. */
export interface Inserted {
  readonly text: string;
  /** Where the statement's `-` stands, from 1. */
  readonly line: number;
  /** Number of the new rule. */
  readonly number: number;
  /** What was put in, whole lines with their line feeds. */
  readonly block: string;
}

/**
 * The text with the statement in it, in several ways, the one that changes least first; none need be right, for people write
 * policies in many shapes.
 *
 * @param before number of the rule that it is to stand in front of; null: at the end
 * @param statement as it stands in a list, without an indent: `- permit: read` and so on, or without the dash
 * @param comment lines above it, without their `#`
 */
export function insertions(
  text: string,
  before: number | null,
  statement: string,
  comment: readonly string[],
): Inserted[] {
  const ended = text.replace(/\n\.\.\.[ \t]*(?:#[^\n]*)?\n*$/, '\n');
  return [text, ended, listed(text)].flatMap((base) => inserted(base, before, statement, comment) ?? []);
}

/**
 * The text without what was put into it.
 *
 * @returns null where it does not stand there any more, or twice
 */
export function removal(text: string, block: string): string | null {
  const at = `\n${text}`.indexOf(`\n${block}`);
  if (at < 0 || `\n${text}`.indexOf(`\n${block}`, at + 1) >= 0) return null;
  return text.slice(0, at) + text.slice(at + block.length);
}

function inserted(text: string, before: number | null, statement: string, comment: readonly string[]): Inserted | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  const rules = document.get('rules', true);
  if (isSeq(rules) && rules.flow === true) return null;
  const items = isSeq(rules) ? (rules.items as Node[]) : [];
  const places = items.map((item) => placeOf(text, item));
  if (places.some((place) => place === null) || (before !== null && places[before - 1] === undefined)) return null;
  const indent = places[0]?.indent ?? 2;
  const lines = text.replace(/\n*$/, '').split('\n');
  const at = before === null ? lines.length : aboveOf(lines, (places[before - 1] as { line: number }).line);
  const pad = ' '.repeat(indent);
  const block = [...comment.map((line) => `# ${line}`), ...listItem(statement)]
    .map((line) => `${pad}${line}\n`)
    .join('');
  const head = lines
    .slice(0, at)
    .map((line) => `${line}\n`)
    .join('');
  const tail = lines
    .slice(at)
    .map((line) => `${line}\n`)
    .join('');
  return { text: head + block + tail, line: at + comment.length + 1, number: before ?? items.length + 1, block };
}

/** Where the comments begin that stand directly above a rule: they are about it. */
function aboveOf(lines: readonly string[], line: number): number {
  let at = line;
  while (at > 0 && /^\s*#/.test(lines[at - 1] as string)) at--;
  return at;
}

/** The lines of an item of a list. */
function listItem(statement: string): string[] {
  const lines = statement.replace(/\s+$/, '').split('\n');
  const least = Math.min(
    ...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length),
  );
  const even = lines.map((line) => line.slice(least));
  if (even[0]?.startsWith('- ') === true) return even;
  return even.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`.trimEnd());
}

/** Line (from 0) and indent of the dash of an item of a block list; null: it has none of its own. */
function placeOf(text: string, item: Node): { line: number; indent: number } | null {
  const range = item.range;
  if (range === undefined || range === null) return null;
  const dash = text.lastIndexOf('-', range[0] - 1);
  if (dash < 0) return null;
  const start = text.lastIndexOf('\n', dash) + 1;
  if (text.slice(start, dash).trim() !== '') return null;
  return { line: text.slice(0, start).split('\n').length - 1, indent: dash - start };
}

/** The one form, in which rules are a block list at the end. */
function listed(text: string): string {
  return formatPolicy(text).replace(/^rules:\s*(?:\[\]|null|~)/m, 'rules:');
}
