// SPDX-License-Identifier: GPL-2.0-only
/** Statements into the text of a policy: a new one, or a person's, whose comments and order stay as they are. */
import { isSeq, type Node, parseDocument } from 'yaml';
import { readText } from '../policy/bytes.js';
import { formatPolicy } from '../policy/format.js';
import { literalText } from '../policy/glob.js';
import { type Statement, scalar, writeStatement } from '../policy/statement.js';
import { type Certificate, certificateLine, isCertificate } from './certificate.js';

export interface Head {
  readonly program: string;
  readonly interpreter: string | undefined;
  readonly use: readonly string[];
}

/** A policy that was not there before. */
export function writePolicy(
  { program, interpreter, use }: Head,
  statements: readonly Statement[],
  certificate: Certificate,
  unlearnt: readonly string[] = [],
): string {
  const head = [
    `# What ${program} may do: what it was seen to do, and nothing else.`,
    `# ${certificateLine(certificate)}`,
    ...unlearnt.map(unlearntLine),
    'version: 1',
    `program: ${scalar(pattern(program))}`,
    ...(interpreter === undefined ? [] : [`interpreter: ${scalar(pattern(interpreter))}`]),
    'mode: enforce',
    'default: deny',
    'errno: EPERM',
    ...(use.length === 0 ? [] : [`use: [${use.join(', ')}]`]),
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

/**
 * A policy that is there, with the statements at its end, where they decide last, and the certificate beneath the others. As
 * people write policies in many shapes, there are several ways, the one that changes least first; none need be right.
 */
export function extensions(
  text: string,
  statements: readonly Statement[],
  certificate: Certificate,
  unlearnt: readonly string[] = [],
): string[] {
  const head = (whole: string): string => withHead(whole, certificate, unlearnt);
  if (statements.length === 0) return [head(text)];
  const ended = text.replace(/\n\.\.\.[ \t]*(?:#[^\n]*)?\n*$/, '\n');
  return [text, ended, listed(text)].flatMap((base) => {
    const whole = appended(base, statements);
    return whole === null ? [] : [head(whole)];
  });
}

/** Null: the list of rules has no end to write behind. */
function appended(text: string, statements: readonly Statement[]): string | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  const rules = document.get('rules', true);
  if (isSeq(rules) && rules.flow === true) return null;
  const first = isSeq(rules) ? (rules.items[0] as Node | undefined) : undefined;
  const dash = first?.range === undefined || first.range === null ? -1 : text.lastIndexOf('-', first.range[0] - 1);
  const indent = dash < 0 ? 2 : dash - text.lastIndexOf('\n', dash) - 1;
  const written = statements.map(writeStatement).join('');
  const shifted = written.replace(/^ {2}/gm, ' '.repeat(indent));
  return `${text.replace(/\n*$/, '\n')}${shifted}`;
}

/** The one form, in which rules are a block list at the end. */
function listed(text: string): string {
  return formatPolicy(text).replace(/^rules:\s*(?:\[\]|null|~)/m, 'rules:');
}

function withHead(text: string, certificate: Certificate, unlearnt: readonly string[]): string {
  const line = `# ${certificateLine(certificate)}`;
  const lines = text.split('\n');
  const last = lines.findLastIndex(
    (old, index) => isCertificate(old) && lines.slice(0, index).every((above) => above.startsWith('#')),
  );
  const news = unlearnt.map(unlearntLine).filter((said) => !lines.includes(said));
  // Learned once more from the same log, it says the same.
  lines.splice(last + 1, 0, ...(lines.includes(line) ? [] : [line]), ...news);
  return lines.join('\n');
}
