// SPDX-License-Identifier: GPL-2.0-only
/** Adding rules to a classic file: what stands in it stays, byte for byte, and each rule stands once. */
import type { Bytes } from '../policy/bytes.js';
import { LINE_BYTES_MAX, parseClassic } from '../systrace/parse.js';
import { printRule } from '../systrace/print.js';
import type { ClassicRule, Emulation } from '../systrace/syntax.js';

export interface Added {
  /** The file as it is to be. */
  readonly text: Bytes;
  /** Rules that are new in it. */
  readonly added: number;
  /** Rules that no line can hold. */
  readonly long: number;
}

/**
 * Stands above the lines that systrace has written into a policy. What they say is what was seen or answered here, so that nothing
 * is lost where a line of another system would have said more.
 */
const MARK = '# written by systrace';

/** Is it the line that systrace puts above its own? */
export function isMark(line: string): boolean {
  return line.trim() === MARK;
}

export type NewRule = Omit<ClassicRule, 'place'>;

/**
 * Puts rules at the end of a program's policy, where they are reached: before what systrace could not read.
 *
 * @param text of the file; null: there is none
 * @param program resolved
 * @param names of the program in headers: resolved, or as a link has it
 */
export function addRules(
  text: Bytes | null,
  program: Bytes,
  names: readonly Bytes[],
  rules: readonly NewRule[],
): Added {
  const whole = text === null || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`;
  const { policies, problems } = parseClassic(whole as Bytes, '');
  const end = problems[0]?.place.line ?? Number.POSITIVE_INFINITY;
  const at = policies.findIndex((one) => [program, ...names].includes(one.program) && one.place.line < end);
  const policy = policies[at];
  const emulation: Emulation = policy?.emulation ?? 'native';
  const own = rules.map((rule) => ({ ...rule, emulation }));
  const known = new Set(policy?.rules.map(printRule));
  // Of the kernel's table one rule of a call is enough, whatever it says.
  const decided = new Set(policy?.rules.flatMap(({ call, condition }) => (condition === null ? [call] : [])));
  const fresh = own.filter(
    (rule) => !known.has(printRule(rule)) && !(rule.condition === null && decided.has(rule.call)),
  );
  const lines = [...new Set(fresh.map((rule) => `\t${printRule(rule)}`))];
  const fitting = lines.filter((line) => line.length <= LINE_BYTES_MAX);
  const counted = { added: fitting.length, long: lines.length - fitting.length };
  const source = whole.split('\n');
  if (policy === undefined) {
    const block = [`Policy: ${program}, Emulation: ${emulation}`, ...marked(fitting)];
    // Behind a line that cannot be read nothing is: the new policy stands before it.
    const before = end === Number.POSITIVE_INFINITY ? source.length - 1 : headerBefore(source, end);
    return { text: put(source, before, block), ...counted };
  }
  const next = policies[at + 1]?.place.line ?? Number.POSITIVE_INFINITY;
  const until = Math.min(next, end, source.length) - 1;
  const isMarked = source.slice(policy.place.line, until).some(isMark);
  return { text: put(source, lastSaid(source, until), isMarked ? fitting : marked(fitting)), ...counted };
}

function marked(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`\t${MARK}`, ...lines];
}

function put(source: readonly string[], at: number, lines: readonly string[]): Bytes {
  return [...source.slice(0, at), ...lines, ...source.slice(at)].join('\n') as Bytes;
}

/** Where the policy begins that holds a line: whatever stands between is its. */
function headerBefore(source: readonly string[], line: number): number {
  for (let at = line - 1; at >= 0; at--) if (/^[ \t]*policy:/i.test(source[at] ?? '')) return at;
  return 0;
}

/** Behind the last line that says anything: comments and empty lines before a header are the next policy's. */
function lastSaid(source: readonly string[], until: number): number {
  let at = until;
  while (at > 0 && /^[ \t\r]*(?:#.*)?$/.test(source[at - 1] ?? '')) at--;
  return at;
}
