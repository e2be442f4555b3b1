// SPDX-License-Identifier: GPL-2.0-only
/** The stages of a compilation as text, for `policy show --stage` and for whoever hunts a wrong answer. */
import { type Bytes, textOf } from '../policy/bytes.js';
import { errnoName } from '../policy/errno.js';
import type { Rule } from '../policy/model.js';
import { MASK_BITS, OPERATIONS, operationBit } from '../policy/operations.js';
import type { Answer } from './answers.js';
import type { Stages } from './compile.js';
import type { DecisionEntry } from './decisions.js';
import { ENTRIES, type Mark, type Ranked } from './grants.js';
import { DECISION_DEFAULT, DECISION_LOG, TABLES, TRANSITIONS } from './layout.js';
import type { Settled } from './settle.js';
import type { Place } from './tree.js';

/** What a bit of a mask is called: one operation, or those whose objects tell which it is. */
const WORDS = Array.from({ length: MASK_BITS }, (_, bit): string => {
  const operations = OPERATIONS.filter((operation) => operationBit(operation) === bit);
  return operations.length === 1 ? (operations[0] as string) : 'its-operation';
});

const wordsOf = (mask: number): string[] => WORDS.filter((_, bit) => (mask & (1 << bit)) !== 0);

/** In the order they follow each other; the bytes of the image come after the last. */
export const STAGES = ['grants', 'tree', 'states', 'least', 'tables'] as const;
export type Stage = (typeof STAGES)[number];

/** One stage as lines of text. The same stages give the same text. */
export function describe(stages: Stages, stage: Stage): string {
  return `${LINES[stage](stages).join('\n')}\n`;
}

const LINES: Readonly<Record<Stage, (stages: Stages) => string[]>> = {
  grants: grantLines,
  tree: treeLines,
  states: stateLines,
  least: leastLines,
  tables: tableLines,
};

function grantLines({ grants }: Stages): string[] {
  const lines = ['# rule: where its pattern enters, the pattern; operations decided there, and on the folders above'];
  for (const { order, entry, text, self, mask, above } of grants.patterns) {
    const folders = above === 0 ? '' : `; above: ${wordsOf(above).join(' ')}`;
    const all = self ? ' (and all below)' : '';
    lines.push(`${ruleName(grants.ranked, order)}: ${entry} ${text}${all}: ${wordsOf(mask).join(' ')}${folders}`);
  }
  for (const [kind, marks] of grants.kinds) lines.push(`kind ${kind}: ${marksText(grants.ranked, marks)}`);
  if (grants.unnamed.length > 0) lines.push(`unnamed: ${marksText(grants.ranked, grants.unnamed)}`);
  return lines;
}

function treeLines({ tree, grants }: Stages): string[] {
  const lines = ['# place [**: any further name stays here] [program]: who decides here; then what leads on'];
  for (const place of tree.places) {
    const entry = ENTRIES.find((name) => tree.entries[name] === place);
    const flags = [
      ...(entry === undefined ? [] : [`entry ${entry}`]),
      ...(place.loops ? ['**'] : []),
      ...(place.program === 0 ? [] : [`program ${place.program}`]),
      ...(place.kernel ? ['kernel acts'] : []),
    ];
    const note = flags.length === 0 ? '' : ` [${flags.join(', ')}]`;
    lines.push(`${place.id}${note}: ${marksText(grants.ranked, place.marks)}`);
    for (const [name, to] of place.literals) lines.push(`  ${textOf(name)} -> ${to.id}`);
    for (const [glob, to] of place.globs) lines.push(`  glob ${glob.id} of ${glob.text} -> ${to.id}`);
    const others: readonly (readonly [string, Place | null])[] = [
      ['any name', place.any],
      ['any name, then any more', place.below],
      ['no name', place.deep === place ? null : place.deep],
    ];
    for (const [how, to] of others) if (to !== null) lines.push(`  ${how} -> ${to.id}`);
  }
  return lines;
}

function stateLines({ automaton, grants }: Stages): string[] {
  const lines = [`# ${startsText(automaton.starts)}`, '# state {places}: answer; names; globs by which of them match'];
  for (const { id, places, answer, edges, rows, targets } of automaton.states) {
    lines.push(`${id} {${places.map((place) => place.id).join(' ')}}: ${answerText(grants.ranked, answer)}`);
    for (const { name, to } of edges) lines.push(`  ${textOf(name)} -> ${to}`);
    rows?.outcomes.slice(1).forEach((globs, index) => {
      lines.push(`  globs ${globs.map((glob) => glob.id).join(' ')} -> ${targets[index + 1]}`);
    });
    lines.push(`  any other -> ${targets[0]}`);
  }
  return lines;
}

function leastLines({ least, grants }: Stages): string[] {
  const lines = [`# ${startsText(least.starts)}`, '# state: answer; names; byte automaton; fallback'];
  const shown = new Map<Settled, number>();
  for (const { id, answer, edges, settled } of least.states) {
    lines.push(`${id}: ${answerText(grants.ranked, answer)}`);
    for (const { name, to } of edges) lines.push(`  ${textOf(name)} -> ${to}`);
    if (settled.start !== 0) {
      const known = shown.get(settled);
      lines.push(`  bytes: ${known === undefined ? '' : `those of state ${known}`}`);
      if (known === undefined) lines.push(...rowLines(settled));
      shown.set(settled, known ?? id);
    }
    lines.push(`  any other -> ${settled.fallback}`);
  }
  return lines;
}

/** Rows of a byte automaton: where each class of bytes leads, and the state if the name ends. */
function rowLines({ count, cells, classCount, classOf, to }: Settled): string[] {
  return Array.from({ length: count - 1 }, (_, index) => {
    const steps = new Map<number, number[]>();
    for (let byte = 1; byte < 256; byte++) {
      const next = cells[index * classCount + (classOf[byte] as number)] as number;
      if (next !== 0) steps.set(next, [...(steps.get(next) ?? []), byte]);
    }
    const parts = [...steps].map(([next, bytes]) => `${bytesText(bytes)} -> row ${next}`);
    return `    row ${index + 1}, at the end ${to[index + 1]}: ${parts.join(', ')}`;
  });
}

/** Bytes as a set, neighbours joined. */
function bytesText(bytes: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < bytes.length; index++) {
    const first = bytes[index] as number;
    let last = first;
    while (bytes[index + 1] === last + 1) last = bytes[++index] as number;
    const [from, until] = [first, last].map((byte) => textOf(String.fromCharCode(byte) as Bytes));
    parts.push(first === last ? `${from}` : `${from}-${until}`);
  }
  return `[${parts.join('')}]`;
}

function tableLines({ tables, grants }: Stages): string[] {
  const { imageClass, seed, starts, unnamed, kinds, used, classCount } = tables;
  const hex = (half: number): string => half.toString(16).padStart(8, '0');
  const lines = [
    `class ${imageClass}, seed ${hex(seed.high)}${hex(seed.low)}, ${classCount} classes of bytes`,
    startsText(starts),
    `used: ${TABLES.map((table) => `${table} ${used[table]}`).join(', ')}`,
    `unnamed: answer ${unnamed}; kinds: answers ${kinds.join(' ')}`,
  ];
  tables.states.forEach((state, index) => {
    if (state === undefined) return;
    lines.push(`state ${index}: answer ${state.answer}, dfa ${state.dfa}, fallback ${state.fallback}`);
  });
  tables.literals.forEach((literal, slot) => {
    if (literal !== undefined)
      lines.push(`literal ${slot}: state ${literal.state} ${textOf(literal.name)} -> ${literal.to}`);
  });
  tables.answers.forEach(({ decisions, program, grants }, index) => {
    const parts = decisions.flatMap((decision, bit) => (decision === 0 ? [] : [`${WORDS[bit]} ${decision}`]));
    const moved = grants === 0 ? [] : [`grants ${grants & 0xffff} as a file, ${grants >>> 16} as a folder`];
    lines.push(`answer ${index}: ${[...parts, ...(program === 0 ? [] : [`program ${program}`]), ...moved].join(', ')}`);
  });
  tables.decisions.forEach((decision, index) => {
    lines.push(`decision ${index}: ${decisionText(decision, grants.ranked)}`);
  });
  tables.conditions.forEach(({ flags, uidFirst, uidCount, gidFirst, gidCount }, index) => {
    if (index === 0) return;
    const list = (name: string, first: number, count: number): string[] =>
      count === 0 ? [] : [`${name} in ranges ${first} to ${first + count - 1}`];
    const parts = [...list('user', uidFirst, uidCount), ...list('group', gidFirst, gidCount)];
    lines.push(`condition ${index}: ${[...parts, ...(flags === 0 ? [] : ['owner self'])].join(', ')}`);
  });
  tables.ranges.forEach(({ first, last }, index) => {
    lines.push(`range ${index}: ${first}-${last}`);
  });
  lines.push(`moves: ${tables.ownCount} classes of files, ${tables.folderCount} of folders`);
  return lines;
}

function decisionText(decision: DecisionEntry, ranked: readonly Ranked[]): string {
  const { verdict, errnum, transition, flags, rule, onlyIf, unless, otherwise } = decision;
  const by = rule === 0 ? 'default' : `rule ${rule} (${placeText(ranked, rule)})`;
  return [
    errnum === 0 ? verdict : `${verdict} ${errnoName(errnum)}`,
    by,
    ...(transition === 0 ? [] : [`then ${TRANSITIONS[transition]}`]),
    ...((flags & DECISION_LOG) === 0 ? [] : ['logged']),
    ...((flags & DECISION_DEFAULT) === 0 ? [] : ['no rule']),
    ...(onlyIf === 0 ? [] : [`if condition ${onlyIf}`]),
    ...(unless === 0 ? [] : [`unless condition ${unless}`]),
    ...(onlyIf === 0 && unless === 0 ? [] : [`otherwise decision ${otherwise}`]),
  ].join(', ');
}

function placeText(ranked: readonly Ranked[], number: number): string {
  const rule = ranked.find((candidate) => candidate.number === number)?.rule as Rule;
  return `${rule.place.file}:${rule.place.line}`;
}

function startsText(starts: Readonly<Record<(typeof ENTRIES)[number], number>>): string {
  return `starts: ${ENTRIES.map((entry) => `${entry} ${starts[entry]}`).join(', ')}`;
}

function ruleName(ranked: readonly Ranked[], order: number): string {
  return `rule ${ranked[order]?.number}`;
}

function marksText(ranked: readonly Ranked[], marks: readonly Mark[]): string {
  if (marks.length === 0) return 'nobody';
  return marks.map(({ order, mask }) => `${ruleName(ranked, order)} ${wordsOf(mask).join(' ')}`).join('; ');
}

/** Operations with the same rules are listed together. */
function answerText(ranked: readonly Ranked[], { chains, program, closed }: Answer): string {
  const byChain = new Map<string, string[]>();
  chains.forEach((chain, bit) => {
    if (chain.length === 0) return;
    const key = chain.map((order) => ruleName(ranked, order)).join(', else ');
    byChain.set(key, [...(byChain.get(key) ?? []), WORDS[bit] as string]);
  });
  const parts = [...byChain].map(([rules, operations]) => `${operations.join(' ')} by ${rules}`);
  if (closed !== 0) parts.push(`${wordsOf(closed).join(' ')} opened by no default`);
  if (program !== 0) parts.push(`program ${program}`);
  return parts.length === 0 ? 'default' : parts.join('; ');
}
