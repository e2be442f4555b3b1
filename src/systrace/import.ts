// SPDX-License-Identifier: GPL-2.0-only
/** A classic policy to one of callgate: which rights it grants, as statements, and what is to be said of its lines. */
import { type Bytes, textOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Operation } from '../policy/operations.js';
import { type Statement, scalar, writeStatement } from '../policy/statement.js';
import { isLexical, plainName } from './calls.js';
import { Code } from './code.js';
import { type Entry, entriesOf } from './engine.js';
import { ItemWriter } from './items.js';
import { linesFor } from './lines.js';
import type { ImportOptions } from './options.js';
import type { Pattern } from './pattern.js';
import { remaining } from './remaining.js';
import { type RemarkCode, type Report, Reports } from './remarks.js';
import { LESSER, PATH_RIGHTS, pathsOf, type Way } from './rights.js';
import { importSockets } from './socket-rights.js';
import { comparisonsOf } from './sockets.js';
import { type Item, statementsOf } from './statements.js';
import type { ClassicPolicy } from './syntax.js';
import { hasVariable } from './variables.js';

/** What became of one line with a rule. */
export interface LineOutcome {
  readonly line: number;
  readonly call: string;
  /** Did a statement come of it? */
  readonly imported: boolean;
  readonly reports: readonly RemarkCode[];
}

export interface Imported {
  readonly program: Bytes;
  /** Null: the program is detached, it has no policy. */
  readonly text: string | null;
  readonly statements: readonly Statement[];
  readonly reports: readonly Report[];
  readonly lines: readonly LineOutcome[];
}

/** Where Debian keeps the loader: the kernel maps it for each program that is linked dynamically, and systrace never saw that. */
export const LOADER: Statement = {
  verdict: 'permit',
  operations: ['load'],
  key: 'path',
  objects: ['/usr/lib/{x86_64,aarch64}-linux-gnu/ld-linux-*.so.*'],
  comment: ['The kernel maps the loader of a program by itself; systrace did not judge that.'],
};

/** Converts one policy. */
export function importPolicy(policy: ClassicPolicy, options: ImportOptions): Imported {
  const { program, emulation, rules } = policy;
  const reports = new Reports();
  if (policy.detached) {
    reports.add('detached', policy.place);
    return { program, text: null, statements: [], reports: reports.all(), lines: [] };
  }
  const writer = new ItemWriter(reports, options);
  const items: Item[] = [];
  const code = new Code(rules, reports);
  const granted = new Map<Operation, readonly Entry<Pattern>[]>();
  for (const right of PATH_RIGHTS) {
    const { operation, alias, flags } = right;
    if (operation === 'load' && !code.mapped) continue;
    const ways: Way[] = [...right.ways];
    if (options.widen) for (const lesser of LESSER) if (lesser.operation === operation) ways.push(lesser.way);
    const lines = linesFor(rules, emulation, ways, alias, (way, aliased) => pathsOf(way, flags, aliased));
    const entries = entriesOf(lines, reports, options);
    granted.set(operation, entries);
    items.push(...writer.paths(operation, entries));
  }
  if (code.refusal !== null) items.push(...writer.noCode(code.refusal));
  items.push(...importSockets(policy, writer, reports, options));
  const said = withoutImplied(items);
  remaining(policy, granted, reports, options);
  notes(policy, said, code, reports, options);
  const others = statementsOf(said);
  // Else the program could not even be run.
  const statements = code.refusal === null ? [...others, LOADER] : [LOADER, ...others];
  const imported = new Set(said.filter((item) => !item.default).map(({ line }) => line));
  for (const line of imported) for (const code of ['never', 'no-object'] as const) reports.drop(code, line);
  const implied = new Set(items.map(({ line }) => line));
  const lines = rules.map(({ place, call }) => {
    const { line } = place;
    // What no right has taken up, and nothing has been said of, another rule has decided, or says as well.
    if (!imported.has(line) && reports.of(line).length === 0)
      reports.add(implied.has(line) ? 'covered' : 'unreached', place, call);
    return { line, call, imported: imported.has(line), reports: reports.of(line) };
  });
  return { program, text: policyText(policy, statements), statements, reports: reports.all(), lines };
}

/**
 * Metadata comes with every permit of a file, so a permit of it alone says nothing where another names the same; where some of
 * it is denied, all stays as it stands.
 */
function withoutImplied(items: readonly Item[]): readonly Item[] {
  const isStat = ({ operations }: Item): boolean => operations.length === 1 && operations[0] === 'stat';
  if (items.some((item) => isStat(item) && item.verdict !== 'permit')) return items;
  const free = items.filter(
    (item) => item.key === 'path' && item.verdict === 'permit' && !isStat(item) && isPlain(item),
  );
  const named = new Set(free.flatMap(({ objects }) => objects));
  return items.filter((item) => {
    const plain = isStat(item) && isPlain(item) && item.log !== true;
    return !(plain && item.objects.every((text) => named.has(text)));
  });
}

function isPlain(item: Item): boolean {
  return item.if === undefined && item.unless === undefined;
}

function notes(
  { rules, emulation }: ClassicPolicy,
  items: readonly Item[],
  code: Code,
  reports: Reports,
  options: ImportOptions,
): void {
  for (const rule of rules) {
    const { action, place, call } = rule;
    if (options.unread.has(rule)) reports.add('unread', place, call);
    if (action.elevation !== null) reports.add('elevation', place, call);
    if (action.flag !== null && plainName(call) !== 'execve') reports.add('flag-idle', place, call);
    if (comparisonsOf(rule).some(({ value }) => hasVariable(value))) reports.add('variables', place, call);
  }
  const permits = (operation: Operation): boolean =>
    items.some((item) => item.verdict === 'permit' && item.operations.includes(operation));
  if (items.some(({ objects, verdict }) => verdict === 'permit' && objects.some((text) => text.startsWith('tcp:'))))
    reports.add('protocols');
  if (isLexical(emulation) && items.some(({ key }) => key === 'path')) reports.add('lexical');
  if (rules.some(({ call }) => call === 'fsread')) reports.add('open-flags');
  if (permits('create')) reports.add('one-right');
  if (!code.mapped && rules.length > 0) reports.add('no-code');
  if (options.chroot === undefined && rules.some(({ call }) => plainName(call) === 'chroot')) reports.add('chroot');
}

function policyText({ program, emulation }: ClassicPolicy, statements: readonly Statement[]): string {
  const head = [
    `# What ${textOf(program)} may do, imported from a systrace policy for ${emulation}.`,
    'version: 1',
    `program: ${scalar(literalText(program))}`,
    'mode: enforce',
    'default: deny',
    'errno: EPERM',
    'rules:',
  ];
  return `${head.join('\n')}\n${statements.map(writeStatement).join('')}`;
}
