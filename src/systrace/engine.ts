// SPDX-License-Identifier: GPL-2.0-only
/** Rules of one right, in the order of systrace, to entries of which the first that matches decides. */
import { type Case, casesOf, type Side } from './cases.js';
import type { Remark } from './reach.js';
import type { Reports } from './remarks.js';
import type { Space } from './space.js';
import type { ClassicRule, Expression } from './syntax.js';

/** A rule as one right sees it. */
export interface Line<P> {
  readonly rule: ClassicRule;
  readonly space: Space<P>;
  /** One bit for each call of the right that the rule is about. */
  readonly ways: number;
}

/** `rule` null: what no rule decides, where it must be said before a rule that excludes it. */
export interface Entry<P> {
  readonly line: Line<P>;
  readonly verdict: 'permit' | 'deny' | 'ask';
  readonly default: boolean;
  readonly sets: readonly P[];
}

export interface EngineOptions {
  /** Of a permit: arguments that are not seen are taken for whatever they may be. */
  readonly widen: boolean;
}

const TRUE: Expression = { kind: 'true' };
/** Entries that rules may become, for each rule and for all. */
const ENTRIES_EACH = 8;
const ENTRIES_ALL = 4096;
/** Rules within what other rules exclude: deeper is denied. */
const DEPTH_MAX = 32;

/** The entries of a right. */
export function entriesOf<P>(lines: readonly Line<P>[], reports: Reports, options: EngineOptions): Entry<P>[] {
  const engine = new Engine(lines, reports, options);
  const [first] = lines;
  if (first !== undefined) engine.walk(0, first.space.everything, 0);
  return denialsFirst(engine.entries, reports);
}

class Engine<P> {
  readonly entries: Entry<P>[] = [];
  readonly #cases = new Map<string, readonly Case<P>[]>();
  readonly #most: number;

  constructor(
    readonly lines: readonly Line<P>[],
    readonly reports: Reports,
    readonly options: EngineOptions,
  ) {
    this.#most = ENTRIES_ALL + lines.length * ENTRIES_EACH;
  }

  /**
   * Writes down what the rules from `from` on say of a set. True: all of it is decided.
   *
   * @param known calls of the right that have been decided there
   */
  walk(from: number, region: P, known: number, depth = 0): boolean {
    let ways = known;
    for (let index = from; index < this.lines.length; index++) {
      const line = this.lines[index] as Line<P>;
      if ((line.ways & ~ways) === 0) continue;
      const { verdict, predicate } = line.rule.action;
      const decided =
        verdict === 'ask'
          ? this.#ask(index, region, ways, depth)
          : this.#say(index, region, verdict, verdict === 'permit' ? 'under' : 'over', ways, depth);
      // What other calls are refused there holds all the same, so their rules are looked at too.
      if (decided && predicate === null) ways |= line.ways;
    }
    return ways !== 0;
  }

  /**
   * A question stands between a permit and a denial, so it is put of exactly what is meant, or of one spelling of a name with the
   * others denied; what else cannot be said exactly is denied.
   */
  #ask(index: number, region: P, known: number, depth: number): boolean {
    const [under, over] = [this.#casesOf(index, 'under'), this.#casesOf(index, 'over')];
    if (JSON.stringify(under) === JSON.stringify(over)) return this.#say(index, region, 'ask', 'under', known, depth);
    const { rule, space } = this.lines[index] as Line<P>;
    const condition = rule.condition ?? TRUE;
    const remarks = new Set<Remark>();
    casesOf(condition, space, 'under', remarks);
    const spelling =
      !excludes(condition) && !['pattern', 'common', 'argument'].some((one) => remarks.has(one as Remark));
    if (!spelling) this.reports.add('common', rule.place, rule.call);
    return (
      (spelling && this.#say(index, region, 'ask', 'under', known, depth)) ||
      this.#say(index, region, 'deny', 'over', known, depth)
    );
  }

  /** True: the rule decides all of the region, where its predicate holds. */
  #say(index: number, region: P, verdict: Entry<P>['verdict'], side: Side, known: number, depth: number): boolean {
    const line = this.lines[index] as Line<P>;
    const { space } = line;
    const cases = this.#casesOf(index, side);
    for (const [number, { set, holds }] of cases.entries()) {
      const last = number === cases.length - 1;
      const met = set === space.everything ? region : region === space.everything ? set : space.meet(region, set);
      if (met === null) continue;
      if (met === 'unknown') this.reports.add('common', line.rule.place, line.rule.call);
      // A question is neither on the side of a permit nor on that of a denial, nor are the rules behind it.
      if (met === 'unknown' && verdict === 'ask') {
        this.#push({ line, verdict: 'deny', default: true, sets: [region] });
        return true;
      }
      // What cannot be said of a part of the region is said of all of it where that permits less, else of nothing.
      if (met === 'unknown' && holds === (side === 'under')) continue;
      const within = met === 'unknown' ? region : met;
      if (holds) this.#push({ line, verdict, default: false, sets: [within] });
      else if (!last && met !== region) this.#exclude(index, within, known, depth);
      if (last || met === region) return holds;
    }
    return false;
  }

  /** What a rule excludes is decided by the rules behind it, and that must be said before the rule. */
  #exclude(index: number, within: P, known: number, depth: number): void {
    const line = this.lines[index] as Line<P>;
    const tangled = depth >= DEPTH_MAX || this.entries.length > this.#most;
    if (tangled) this.reports.add('tangled', line.rule.place, line.rule.call);
    if (tangled || !this.walk(index + 1, within, known, depth + 1))
      this.#push({ line, verdict: 'deny', default: true, sets: [within] });
  }

  #push(entry: Entry<P>): void {
    const last = this.entries.at(-1);
    if (
      last !== undefined &&
      last.line === entry.line &&
      last.verdict === entry.verdict &&
      last.default === entry.default
    )
      this.entries[this.entries.length - 1] = { ...last, sets: [...last.sets, ...entry.sets] };
    else this.entries.push(entry);
  }

  #casesOf(index: number, side: Side): readonly Case<P>[] {
    const key = `${index}${side}`;
    const known = this.#cases.get(key);
    if (known !== undefined) return known;
    const { rule, space } = this.lines[index] as Line<P>;
    const remarks = new Set<Remark>();
    const wide = this.options.widen && rule.action.verdict === 'permit' ? widened(space) : space;
    const cases = casesOf(rule.condition ?? TRUE, wide, side, remarks);
    for (const remark of remarks) {
      // Of a denial all spellings are denied, if it excludes none.
      if (remark !== 'case' || rule.action.verdict !== 'deny' || excludes(rule.condition ?? TRUE))
        this.reports.add(remark, rule.place, rule.call);
    }
    if (wide !== space) {
      const plain = new Set<Remark>();
      casesOf(rule.condition ?? TRUE, space, side, plain);
      if (plain.has('argument')) this.reports.add('widened', rule.place, rule.call);
    }
    this.#cases.set(key, cases);
    return cases;
  }
}

function excludes(expression: Expression): boolean {
  switch (expression.kind) {
    case 'true':
      return false;
    case 'test':
      return expression.operator === 'neq';
    case 'not':
      return true;
    case 'and':
    case 'or':
      return excludes(expression.left) || excludes(expression.right);
  }
}

/** The same kind of objects, where what is not seen holds. */
function widened<P>(space: Space<P>): Space<P> {
  return {
    ...space,
    reach: (test) => {
      const reach = space.reach(test);
      return reach?.remark === 'argument' ? { under: reach.over, over: reach.over, remark: null } : reach;
    },
  };
}

const RANK = { deny: 0, ask: 1, permit: 2 } as const;

/**
 * Where a right has several calls, a rule for one of them speaks for the others too. So what another call is denied, or asked, must
 * come before what permits it, unless that call's own rules decide it there in the same way.
 */
function denialsFirst<P>(entries: readonly Entry<P>[], reports: Reports): Entry<P>[] {
  const [first] = entries;
  if (first === undefined || entries.every(({ line }) => line.ways === first.line.ways)) return [...entries];
  const ordered: Entry<P>[] = [];
  const tell = ({ line: { rule } }: Entry<P>): void => reports.add('denied-first', rule.place, rule.call);
  for (const entry of entries) {
    const foreign = ordered.filter(
      (before) =>
        before.verdict !== entry.verdict &&
        (entry.line.ways & ~before.line.ways) !== 0 &&
        !decidedAlike(before, entry, ordered),
    );
    const hidden = foreign.find(({ verdict }) => RANK[verdict] > RANK[entry.verdict]);
    // What permits more and stands behind what another call is refused is narrowed by it.
    for (const before of foreign) if (RANK[before.verdict] < RANK[entry.verdict]) tell(before);
    if (hidden === undefined) {
      ordered.push(entry);
      continue;
    }
    tell(entry);
    const behind = ordered.splice(ordered.indexOf(hidden));
    // What decides before a question stays before it.
    const refused = behind.filter((one) => RANK[one.verdict] < RANK[entry.verdict] && meets(one, entry));
    for (const one of refused) tell(one);
    ordered.push(...refused, entry, ...behind.filter((one) => !refused.includes(one)));
  }
  // What stands behind is reached by no call.
  const last = ordered.findIndex(
    ({ line: { space, rule }, sets, default: isDefault }) =>
      (isDefault || rule.action.predicate === null) && sets.some((set) => space.contains(set, space.everything)),
  );
  return last < 0 ? ordered : ordered.slice(0, last + 1);
}

function meets<P>(one: Entry<P>, other: Entry<P>): boolean {
  const { space } = one.line;
  return one.sets.some((left) => other.sets.some((right) => space.meet(left, right) !== null));
}

/** Where both meet, have the calls of the later entry been decided as the earlier one decides others? */
function decidedAlike<P>(before: Entry<P>, entry: Entry<P>, ordered: readonly Entry<P>[]): boolean {
  const { space, ways } = entry.line;
  const missing = ways & ~before.line.ways;
  const alike = ordered.filter(
    (one) =>
      one.verdict === before.verdict &&
      (missing & ~one.line.ways) === 0 &&
      JSON.stringify(one.line.rule.action.predicate) === JSON.stringify(before.line.rule.action.predicate),
  );
  return before.sets.every((left) =>
    entry.sets.every((right) => {
      const met = space.meet(left, right);
      if (met === null) return true;
      return alike.some(({ sets }) => sets.some((set) => space.contains(set, met === 'unknown' ? left : met)));
    }),
  );
}
