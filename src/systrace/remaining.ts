// SPDX-License-Identifier: GPL-2.0-only
/** The lines that no right speaks for: what callgate does not judge, refuses always, or does not tell from something else. */
import type { Operation } from '../policy/operations.js';
import { isAlias, isFloor, plainName } from './calls.js';
import { casesOf } from './cases.js';
import { comparing } from './compare.js';
import type { Entry } from './engine.js';
import type { ImportOptions } from './options.js';
import { asWritten } from './path-reach.js';
import { contains, leading, literalPath, meet, type Pattern } from './pattern.js';
import type { Reports } from './remarks.js';
import { BY_OTHERS, isGoverned, LESSER, pathsOf } from './rights.js';
import { comparisonsOf } from './sockets.js';
import type { ClassicPolicy, ClassicRule } from './syntax.js';
import { holds } from './truth.js';

type Granted = ReadonlyMap<Operation, readonly Entry<Pattern>[]>;

/** Says of each line what must be said of its call. */
export function remaining({ rules }: ClassicPolicy, granted: Granted, reports: Reports, options: ImportOptions): void {
  const coverage = new Coverage(granted);
  for (const rule of rules) {
    const call = plainName(rule.call);
    const lesser = LESSER.filter(({ way }) => way.call === call);
    if (lesser.length > 0 && !options.widen) lesserOf(rule, coverage, reports);
    else if (BY_OTHERS.includes(call))
      reports.add(rule.action.verdict === 'permit' ? 'by-others' : 'lesser-denied', rule.place, rule.call);
    else if (!isGoverned(call) && !isAlias(call) && call !== 'mmap' && call !== 'mprotect') ungoverned(rule, reports);
    if (rule.call === '_socketcall') ungoverned(rule, reports);
    if ((call === 'open' || call === 'openat') && splitsFlags(rule)) reports.add('flags', rule.place, rule.call);
  }
  readWrite(granted, coverage, reports);
}

function ungoverned(rule: ClassicRule, reports: Reports): void {
  const { action, condition, place, call } = rule;
  const permits = action.verdict === 'permit';
  const plain = (condition === null || condition.kind === 'true') && action.predicate === null;
  if (isFloor(plainName(call))) reports.add(permits ? 'floor' : 'never-permitted', place, call);
  else reports.add(permits && plain ? 'let-through' : 'ungoverned', place, call);
}

const WRITING: readonly string[] = ['wo', 'rw', 'wot', 'rwt'];
/** Other comparisons of a rule that are tried both ways. */
const OTHERS_MAX = 6;

/**
 * Is there an open that creates which the rule permits, while it does not permit all opens that only write? Or one that it
 * denies without creating, and does not deny where it creates?
 */
function splitsFlags(rule: ClassicRule): boolean {
  const { condition, action } = rule;
  const tests = comparisonsOf(rule);
  if (condition === null || tests.every(({ name }) => name !== 'oflags')) return false;
  const others = tests.filter(({ name }) => name !== 'oflags');
  if (others.length > OTHERS_MAX) return true;
  for (let bits = 0; bits < 1 << others.length; bits++) {
    const matches = (flags: string): boolean =>
      holds(condition, (test) => {
        const index = others.indexOf(test);
        return index < 0 ? comparing(test)(flags) : (bits & (1 << index)) !== 0;
      }) !== false;
    const creating = (flags: string): string => (flags.endsWith('t') ? `${flags.slice(0, -1)}ct` : `${flags}c`);
    if (action.verdict === 'deny') {
      if (WRITING.some((flags) => matches(flags) && !matches(creating(flags)))) return true;
    } else if (WRITING.some((flags) => matches(creating(flags))) && !WRITING.every(matches)) return true;
  }
  return false;
}

/** A permit of a call that takes more than it does: is that granted by other lines? */
function lesserOf(rule: ClassicRule, coverage: Coverage, reports: Reports): void {
  const { action, condition, place } = rule;
  const call = plainName(rule.call);
  const ways = LESSER.filter(({ way }) => way.call === call);
  // A link and a bound socket have rights of their own; what is said here is of the new name.
  const governed = call === 'link' || call === 'linkat' || call === 'bind';
  if (action.verdict !== 'permit' && !governed) reports.add('lesser-denied', place, rule.call);
  if (action.verdict === 'deny' || (action.verdict === 'ask' && !governed)) return;
  const covered = ways.every(({ operation, way }) =>
    casesOf(condition ?? { kind: 'true' }, pathsOf(way, [], false), 'over', new Set())
      .filter(({ holds }) => holds)
      .every(({ set }) => coverage.has(operation, set)),
  );
  if (!covered) reports.add('lesser', place, rule.call);
  else if (!governed) reports.add('covered', place, rule.call);
}

/** What fswrite permits to open for reading and writing at once. */
function readWrite(granted: Granted, coverage: Coverage, reports: Reports): void {
  for (const { line, verdict, sets } of granted.get('write') ?? [])
    if (verdict !== 'deny' && !sets.every((set) => coverage.has('read', set)))
      reports.add('read-write', line.rule.place, line.rule.call);
}

interface Glob {
  readonly at: number;
  readonly set: Pattern;
}

interface Right {
  readonly literals: ReadonlyMap<string, number>;
  /** By the names that they begin with: a pattern holds what begins with those alone. */
  readonly globs: ReadonlyMap<string, readonly Glob[]>;
  /** What is not permitted, by the first two names. */
  readonly denied: ReadonlyMap<string, readonly Glob[]>;
}

/** Whether a right is granted on all of a set, without a condition. */
class Coverage {
  readonly #rights = new Map<Operation, Right>();

  constructor(readonly granted: Granted) {
    for (const [operation, entries] of granted) {
      const literals = new Map<string, number>();
      const globs = new Map<string, Glob[]>();
      const denied = new Map<string, Glob[]>();
      entries.forEach((entry, at) => {
        for (const set of entry.sets) {
          const path = literalPath(set);
          if (!permits(entry)) add(denied, bucketOf(asWritten(set) ?? set), { at, set });
          else if (path === null) add(globs, leading(set), { at, set });
          else if (!literals.has(path)) literals.set(path, at);
        }
      });
      this.#rights.set(operation, { literals, globs, denied });
    }
  }

  has(operation: Operation, set: Pattern): boolean {
    const right = this.#rights.get(operation);
    if (right === undefined) return false;
    const path = literalPath(set);
    let first = (path === null ? undefined : right.literals.get(path)) ?? Number.POSITIVE_INFINITY;
    // Several sets of one rule may hold it together; that is not looked for.
    for (let prefix = leading(set); ; prefix = prefix.slice(0, prefix.lastIndexOf('/'))) {
      const whole = right.globs.get(prefix)?.find((glob) => contains(glob.set, set));
      if (whole !== undefined) first = Math.min(first, whole.at);
      if (prefix === '') break;
    }
    const entry = this.granted.get(operation)?.[first];
    if (entry === undefined || !permits(entry)) return false;
    const bucket = bucketOf(set);
    const near =
      bucket === ''
        ? [...right.denied.values()].flat()
        : [...(right.denied.get(bucket) ?? []), ...(right.denied.get('') ?? [])];
    return !near.some(({ at, set: other }) => at < first && meet(other, set) !== null);
  }
}

function permits({ verdict, line }: Entry<Pattern>): boolean {
  return verdict === 'permit' && line.rule.action.predicate === null;
}

function add(globs: Map<string, Glob[]>, key: string, glob: Glob): void {
  const known = globs.get(key);
  if (known === undefined) globs.set(key, [glob]);
  else known.push(glob);
}

/** The first two names in small letters; nothing where they are not both told. */
function bucketOf(set: Pattern): string {
  const [, one, other] = leading(set).toLowerCase().split('/');
  return one === undefined || other === undefined ? '' : `/${one}/${other}`;
}
