/** Statements into the text of a policy: a new one, or a person's, whose comments and order stay as they are. */
import { isSeq, parseDocument } from 'yaml';
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
  refused: readonly string[] = [],
): string {
  const head = [
    `# What ${program} may do: what it was seen to do, and nothing else.`,
    `# ${certificateLine(certificate)}`,
    ...refused.map(refusedLine),
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

/** A policy that is there: the statements at its end, where they decide last, and the certificate beneath the others. */
export function extendPolicy(
  text: string,
  statements: readonly Statement[],
  certificate: Certificate,
  refused: readonly string[] = [],
): string {
  return withCertificate(statements.length === 0 ? text : appended(text, statements), certificate, refused);
}

/** A move that was seen and that the policy refuses all the same. */
function refusedLine(refused: string): string {
  return `# not learned: ${refused}`;
}

function appended(text: string, statements: readonly Statement[]): string {
  const rules = parseDocument(text).get('rules', true);
  // A list in brackets, or none at all, has no end to write behind.
  const flow = isSeq(rules) && (rules.flow === true || rules.items.length === 0);
  const base = flow ? listed(text) : text;
  const first = /^( *)- /m.exec(base.slice(base.search(/^rules:/m)));
  const indent = first?.[1]?.length ?? 2;
  const written = statements.map(writeStatement).join('');
  const shifted = written.replace(/^ {2}/gm, ' '.repeat(indent));
  return `${base.replace(/\n*$/, '\n')}${shifted}`;
}

function listed(text: string): string {
  const formatted = formatPolicy(text);
  return formatted.replace(/^rules:\s*\[\]/m, 'rules:');
}

function withCertificate(text: string, certificate: Certificate, refused: readonly string[]): string {
  const lines = text.split('\n');
  const told = [
    `# ${certificateLine(certificate)}`,
    ...refused.map(refusedLine).filter((line) => !lines.includes(line)),
  ];
  const last = lines.findLastIndex(
    (old, index) => isCertificate(old) && lines.slice(0, index).every((above) => above.startsWith('#')),
  );
  lines.splice(last + 1, 0, ...told);
  return lines.join('\n');
}
