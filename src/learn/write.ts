// SPDX-License-Identifier: GPL-2.0-only
/** Statements into the text of a policy: a new one, or a person's, whose comments and order stay as they are. */
import { isSeq, type Node, parseDocument } from 'yaml';
import { readText } from '../policy/bytes.js';
import { formatPolicy } from '../policy/format.js';
import { literalText } from '../policy/glob.js';
import type { Version } from '../policy/operations.js';
import { type Statement, scalar, writeStatement } from '../policy/statement.js';
import type { LearntCalls } from './calls.js';
import { isCertificate } from './certificate.js';

export interface Head {
  /** Of the language. */
  readonly version: Version;
  readonly program: string;
  readonly interpreter: string | undefined;
  readonly use: readonly string[];
  /** System calls; null: all. */
  readonly calls?: readonly string[] | null;
}

/** A policy that was not there before. */
export function writePolicy(
  { version, program, interpreter, use, calls = null }: Head,
  statements: readonly Statement[],
  certificate: string,
  unlearnt: readonly string[] = [],
): string {
  const head = [
    `# What ${program} may do: what it was seen to do, and nothing else.`,
    `# ${certificate}`,
    ...unlearnt.map(unlearntLine),
    `version: ${version}`,
    `program: ${scalar(pattern(program))}`,
    ...(interpreter === undefined ? [] : [`interpreter: ${scalar(pattern(interpreter))}`]),
    'mode: enforce',
    'default: deny',
    'errno: EPERM',
    ...(use.length === 0 ? [] : [`use: [${use.join(', ')}]`]),
    ...(calls === null ? [] : [callLines(calls).trimEnd()]),
    'rules:',
  ];
  return `${head.join('\n')}\n${statements.map(writeStatement).join('')}`;
}

/** A path in the form of events as a policy writes it. */
function pattern(program: string): string {
  return literalText(readText(program));
}

/** What was done and stands in no rule, or is refused all the same, and why. */
function unlearntLine(what: string): string {
  return `# not learned: ${what}`;
}

/** What of a policy that is there is the learner's: numbers of its rules, and the comments above each as they were written. */
export interface OwnText {
  readonly numbers: ReadonlySet<number>;
  readonly comments: ReadonlySet<string>;
  /** The groups it is to use; null: they are a person's. */
  readonly use: readonly string[] | null;
}

export const NO_OWN_TEXT: OwnText = { numbers: new Set(), comments: new Set(), use: null };

/**
 * A policy that is there, with the learner's statements in the place of those that it wrote before, else at its end, where they
 * decide last, and the certificate at its head. As people write policies in many shapes, there are several ways, the one that
 * changes least first; none need be right.
 */
export function extensions(
  text: string,
  statements: readonly Statement[],
  certificate: string,
  unlearnt: readonly string[] = [],
  own: OwnText = NO_OWN_TEXT,
  calls: LearntCalls['list'] = null,
): string[] {
  const head = (whole: string): string =>
    withCalls(withUse(withHead(whole, certificate, unlearnt, own !== NO_OWN_TEXT), own.use), calls);
  if (statements.length === 0 && own.numbers.size === 0) return [head(text)];
  const ended = text.replace(/\n\.\.\.[ \t]*(?:#[^\n]*)?\n*$/, '\n');
  return [text, ended, listed(text)].flatMap((base) => {
    const whole = replaced(base, statements, own);
    return whole === null ? [] : [head(whole)];
  });
}

/** Null: the list of rules has no end to write behind. */
function replaced(text: string, statements: readonly Statement[], own: OwnText): string | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  const rules = document.get('rules', true);
  if (isSeq(rules) && rules.flow === true) return null;
  const items = isSeq(rules) ? (rules.items as Node[]) : [];
  const places = items.map((item) => placeOf(text, item));
  if (places.includes(null)) return null;
  const first = places[0] ?? null;
  const indent = first === null ? 2 : first.indent;
  const written = statements.map(writeStatement).join('').replace(/^ {2}/gm, ' '.repeat(indent));
  const lines = text.replace(/\n*$/, '').split('\n');
  const gone = new Set<number>();
  let at = lines.length;
  places.forEach((place, index) => {
    if (place === null || !own.numbers.has(index + 1)) return;
    let { from } = place;
    while (from > 0 && own.comments.has((lines[from - 1] as string).trim())) from--;
    for (let line = from; line <= place.to; line++) gone.add(line);
    at = place.to + 1;
  });
  const kept = (from: number, to: number): string[] =>
    lines.slice(from, to).filter((_, line) => !gone.has(from + line));
  const block = written === '' ? [] : written.replace(/\n$/, '').split('\n');
  return `${[...kept(0, at), ...block, ...kept(at, lines.length)].join('\n')}\n`;
}

/** Lines of an item of a block list, and how far in its dash stands; null: it has none of its own. */
function placeOf(text: string, item: Node): { from: number; to: number; indent: number } | null {
  const range = item.range;
  if (range === undefined || range === null) return null;
  const dash = text.lastIndexOf('-', range[0] - 1);
  if (dash < 0) return null;
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length - 1;
  // The value ends before the line feed, but for a block scalar, which no rule has.
  const end = text.slice(range[0], range[1]).trimEnd().length + range[0];
  return { from: lineOf(dash), to: lineOf(end), indent: dash - text.lastIndexOf('\n', dash) - 1 };
}

/** The one form, in which rules are a block list at the end. */
function listed(text: string): string {
  return formatPolicy(text).replace(/^rules:\s*(?:\[\]|null|~)/m, 'rules:');
}

/** The line of groups that the learner wrote, as it would write it now. */
function withUse(text: string, use: readonly string[] | null): string {
  if (use === null) return text;
  const line = use.length === 0 ? '' : `use: [${use.join(', ')}]\n`;
  const old = /^use: \[[^\]\n]*\]\n/m;
  if (old.test(text)) return text.replace(old, line);
  return line === '' ? text : text.replace(/^rules:/m, `${line}rules:`);
}

/** A list of system calls, one a line, as it is formatted. */
function callLines(calls: readonly string[]): string {
  return `syscalls:\n${calls.map((call) => `  - ${scalar(call)}\n`).join('')}`;
}

/** The list that the learner wrote, as it would write it now. */
function withCalls(text: string, calls: LearntCalls['list']): string {
  if (calls === null) return text;
  const lines = calls === 'none' ? '' : callLines(calls);
  const old = /^syscalls:\n(?: +- .*\n)+/m;
  if (old.test(text)) return text.replace(old, () => lines);
  return lines === '' ? text : text.replace(/^rules:/m, () => `${lines}rules:`);
}

/** The learner's lines at the head; where it wrote the rules before, instead of those it wrote then. */
function withHead(text: string, certificate: string, unlearnt: readonly string[], instead: boolean): string {
  const all = text.split('\n');
  const end = all.findIndex((above) => !above.startsWith('#'));
  const head = all.slice(0, end < 0 ? all.length : end);
  const above = instead ? head.filter((line) => !isOurs(line)) : head;
  const first = instead ? head.findIndex(isOurs) : head.findLastIndex(isCertificate) + 1;
  const at = first < 0 || first > above.length ? above.length : first;
  const news = [`# ${certificate}`, ...unlearnt.map(unlearntLine)].filter((line) => !above.includes(line));
  return [...above.slice(0, at), ...news, ...above.slice(at), ...all.slice(head.length)].join('\n');
}

function isOurs(line: string): boolean {
  return isCertificate(line) || line.startsWith('# not learned: ');
}
