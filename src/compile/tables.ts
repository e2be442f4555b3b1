/**
 * The fifth stage: the tables of an image as values, in the smallest size class that holds them. Only writing them down
 * (encode.ts) is left after this.
 */
import { CLOSED_KINDS, KINDS, type Policy, type Rule, type Verdict } from '../policy/model.js';
import { OPERATIONS } from '../policy/operations.js';
import type { Answer, Chain } from './answers.js';
import { isUnconditional } from './answers.js';
import type { Applies, Test } from './conditions.js';
import { errnoNumber } from './errno.js';
import { policyError, ruleError } from './errors.js';
import type { Ranked } from './grants.js';
import {
  CAPACITY,
  CONDITION_OWNER_SELF,
  DECISION_DEFAULT,
  DECISION_LOG,
  fitsExactTable,
  IMAGE_CLASSES,
  type ImageClass,
  KIND_NUMBER,
  KIND_SLOTS,
  type Table,
  TRANSITIONS,
} from './layout.js';
import type { LeastAutomaton } from './minimise.js';
import { type Literal, type Placement, placeLiterals } from './place.js';
import type { Settled } from './rows.js';

export interface DecisionEntry {
  readonly verdict: Verdict;
  readonly transition: number;
  /** Of a denial; also of a question, for whoever must refuse because nobody can be asked. */
  readonly errnum: number;
  readonly flags: number;
  readonly rule: number;
  readonly onlyIf: number;
  readonly unless: number;
  readonly otherwise: number;
}

export interface ConditionEntry {
  readonly flags: number;
  readonly uidFirst: number;
  readonly uidCount: number;
  readonly gidFirst: number;
  readonly gidCount: number;
}

export interface StateEntry {
  readonly dfa: number;
  readonly fallback: number;
  readonly answer: number;
  /** Names in the exact table. */
  readonly names: readonly string[];
}

export interface Tables {
  readonly imageClass: ImageClass;
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly starts: LeastAutomaton['starts'];
  readonly unnamed: number;
  readonly kinds: readonly number[];
  readonly seed: { readonly low: number; readonly high: number };
  /** By number in the image; absent: unused. */
  readonly states: readonly (StateEntry | undefined)[];
  /** By slot; absent: empty. */
  readonly literals: readonly (Literal | undefined)[];
  readonly cells: readonly number[];
  readonly answers: readonly { readonly decisions: readonly number[]; readonly program: number }[];
  readonly decisions: readonly DecisionEntry[];
  readonly conditions: readonly ConditionEntry[];
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
  readonly used: Readonly<Record<Table, number>>;
}

export interface TablesInput {
  readonly policy: Policy;
  readonly ranked: readonly Ranked[];
  readonly applies: readonly (Applies | null)[];
  readonly automaton: LeastAutomaton;
  readonly unnamed: Answer;
  readonly kinds: ReadonlyMap<(typeof KINDS)[number], Answer>;
}

/** Makes the tables. Throws CompileError where not even the largest class holds them. */
export function tablesOf(input: TablesInput): Tables {
  const { automaton } = input;
  const answers = new AnswerTable(input);
  const stateAnswers = automaton.states.map(({ answer }) => answers.of(answer));
  const unnamed = answers.of(input.unnamed);
  const closed = answers.closed();
  const kinds = new Array<number>(KIND_SLOTS).fill(closed);
  for (const kind of KINDS)
    kinds[KIND_NUMBER[kind]] = answers.of(input.kinds.get(kind) as Answer, CLOSED_KINDS.includes(kind));

  const bytes = byteTables(automaton);
  const literals = automaton.states.flatMap(({ id, edges }) => edges.map((edge): Literal => ({ state: id, ...edge })));
  const needed: Record<Table, number> = {
    states: automaton.states.length,
    literals: literals.length,
    cells: bytes.cells.length,
    answers: answers.answers.length,
    decisions: answers.decisions.length,
    conditions: answers.conditions.length,
    ranges: answers.ranges.length,
  };
  const { imageClass, placement } = smallest(input, needed, literals);

  const number = (state: number): number => placement.numbers[state] as number;
  const states: (StateEntry | undefined)[] = [];
  for (const { id, edges, settled } of automaton.states)
    states[number(id)] = {
      dfa: bytes.starts.get(settled) ?? 0,
      fallback: number(settled.fallback),
      answer: stateAnswers[id] as number,
      names: edges.map(({ name }) => name),
    };
  for (const at of bytes.targets) bytes.cells[at] = number(bytes.cells[at] as number);
  const { path, inet, abstract, family } = automaton.starts;
  return {
    imageClass,
    classOf: bytes.classOf,
    classCount: bytes.classCount,
    starts: { path: number(path), inet: number(inet), abstract: number(abstract), family: number(family) },
    unnamed,
    kinds,
    seed: placement.seed,
    states,
    literals: Array.from(placement.slots, (index) => {
      const literal = literals[index];
      return literal && { name: literal.name, state: number(literal.state), to: number(literal.to) };
    }),
    cells: bytes.cells,
    answers: answers.answers,
    decisions: answers.decisions,
    conditions: answers.conditions,
    ranges: answers.ranges,
    used: { ...needed, states: states.length },
  };
}

/** The first class that holds all. */
function smallest(
  input: TablesInput,
  needed: Readonly<Record<Table, number>>,
  literals: readonly Literal[],
): { imageClass: ImageClass; placement: Placement } {
  for (const imageClass of IMAGE_CLASSES) {
    const capacity = CAPACITY[imageClass];
    const lacking = (Object.keys(needed) as Table[]).find((table) => needed[table] > capacity[table]);
    if (lacking !== undefined) {
      if (imageClass === 3)
        throw ruleError('image-full', greediest(input, lacking), {
          table: lacking,
          needed: needed[lacking],
          most: capacity[lacking],
        });
      continue;
    }
    const placement = placeLiterals(literals, needed.states, capacity.literals, capacity.states);
    if (placement !== null) return { imageClass, placement };
  }
  throw policyError('names-collide', input.policy, { literals: literals.length });
}

/** The rule that has most of the entries of a table. */
function greediest({ automaton, ranked, applies }: TablesInput, table: Table): Rule {
  const counts = new Map<number, number>();
  const add = (order: number, count: number): void => {
    if (order >= 0) counts.set(order, (counts.get(order) ?? 0) + count);
  };
  if (table === 'conditions' || table === 'ranges')
    applies.forEach((when, order) => {
      for (const test of [when?.onlyIf, when?.unless])
        if (test) add(order, table === 'conditions' ? 1 : (test.uids?.length ?? 0) + (test.gids?.length ?? 0));
    });
  else
    for (const { from } of automaton.states)
      for (const at of from.places) {
        if (table !== 'literals' && table !== 'cells') add(at.owner, 1);
        for (const [name, to] of at.literals)
          if (table === (fitsExactTable(name) ? 'literals' : 'cells'))
            add(to.owner, table === 'cells' ? name.length : 1);
        if (table === 'cells') for (const [glob, to] of at.globs) add(to.owner, glob.positions.length);
      }
  const most = Math.max(...counts.values());
  const order = [...counts].find(([, count]) => count === most)?.[0] ?? 0;
  return (ranked[order] as Ranked).rule;
}

interface ByteTables {
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly cells: number[];
  /** Places in `cells` that name states. */
  readonly targets: readonly number[];
  readonly starts: ReadonlyMap<Settled, number>;
}

/** Puts all byte automata into one table over byte classes that all of them share. */
function byteTables(automaton: LeastAutomaton): ByteTables {
  const forms = [...new Set(automaton.states.map(({ settled }) => settled))].filter(({ start }) => start !== 0);
  const ids = new Map<string, number>();
  const lowest: number[] = [];
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    const key = forms.map((form) => form.classOf[byte]).join();
    const known = ids.get(key);
    if (known !== undefined) return known;
    lowest.push(byte);
    ids.set(key, ids.size);
    return ids.size - 1;
  });
  const width = ids.size + 1;
  const cells: number[] = new Array(width).fill(0);
  const targets: number[] = [];
  const starts = new Map<Settled, number>();
  for (const form of forms) {
    const base = cells.length;
    starts.set(form, base);
    for (let row = 1; row < form.count; row++) {
      for (const byte of lowest) {
        const next = form.cells[(row - 1) * form.classCount + (form.classOf[byte] as number)] as number;
        cells.push(next === 0 ? 0 : base + (next - 1) * width);
      }
      targets.push(cells.length);
      cells.push(form.to[row] as number);
    }
  }
  return { classOf, classCount: ids.size, cells, targets, starts };
}

/** Answers, decisions, conditions and ranges, each once, numbered as they come. */
class AnswerTable {
  readonly answers: { decisions: number[]; program: number }[] = [];
  readonly decisions: DecisionEntry[] = [];
  readonly conditions: ConditionEntry[] = [{ flags: 0, uidFirst: 0, uidCount: 0, gidFirst: 0, gidCount: 0 }];
  readonly ranges: { first: number; last: number }[] = [];
  readonly #answerIds = new Map<string, number>();
  readonly #decisionIds = new Map<string, number>();
  readonly #conditionIds = new Map<string, number>();
  readonly #ruleIds = new Map<string, number>();
  readonly #closed: number;

  constructor(private readonly input: TablesInput) {
    const { policy } = input;
    const errnum = errnoNumber(policy.errno);
    if (errnum === undefined) throw policyError('unknown-errno', policy, { name: policy.errno });
    const last = (verdict: Verdict): DecisionEntry => ({
      verdict,
      transition: 0,
      errnum: verdict === 'permit' ? 0 : errnum,
      flags: DECISION_DEFAULT | (verdict === 'permit' ? 0 : DECISION_LOG),
      rule: 0,
      onlyIf: 0,
      unless: 0,
      otherwise: 0,
    });
    this.#decision(last(policy.default));
    this.#answer(
      OPERATIONS.map(() => 0),
      0,
    );
    this.#closed = this.#decision(last('deny'));
  }

  /** The number of an answer. `closed`: what no rule decides is denied, whatever the default. */
  of({ chains, program }: Answer, closed = false): number {
    const last = closed ? this.#closed : 0;
    const decisions = chains.map((chain, bit) => this.#chain(chain, OPERATIONS[bit] === 'exec', last));
    return this.#answer(decisions, program);
  }

  /** The answer of a closed kind that no rule names. */
  closed(): number {
    return this.#answer(
      OPERATIONS.map(() => this.#closed),
      0,
    );
  }

  #chain(chain: Chain, exec: boolean, last: number): number {
    let next = last;
    for (let index = chain.length - 1; index >= 0; index--) next = this.#rule(chain[index] as number, exec, next);
    return next;
  }

  /** The decision by which a rule gives way to `otherwise`. */
  #rule(order: number, exec: boolean, otherwise: number): number {
    const key = `${order}|${exec}|${otherwise}`;
    const known = this.#ruleIds.get(key) ?? this.#make(order, exec, otherwise);
    this.#ruleIds.set(key, known);
    return known;
  }

  #make(order: number, exec: boolean, otherwise: number): number {
    const { rule, number } = this.input.ranked[order] as Ranked;
    const applies = this.input.applies[order] as Applies;
    const name = rule.errno ?? this.input.policy.errno;
    const errnum = errnoNumber(name);
    if (errnum === undefined) throw ruleError('unknown-errno', rule, { name });
    return this.#decision({
      verdict: rule.verdict,
      transition: exec && rule.verdict === 'permit' ? TRANSITIONS.indexOf(rule.transition ?? 'own') : 0,
      errnum: rule.verdict === 'permit' ? 0 : errnum,
      flags: (rule.log ?? rule.verdict !== 'permit') ? DECISION_LOG : 0,
      rule: number,
      onlyIf: this.#condition(applies.onlyIf),
      unless: this.#condition(applies.unless),
      otherwise: isUnconditional(applies) ? 0 : otherwise,
    });
  }

  #condition(test: Test | null): number {
    if (test === null) return 0;
    const key = JSON.stringify(test);
    const known = this.#conditionIds.get(key);
    if (known !== undefined) return known;
    const uidFirst = test.uids === null ? 0 : this.#list(test.uids);
    const gidFirst = test.gids === null ? 0 : this.#list(test.gids);
    const id = this.conditions.length;
    this.conditions.push({
      flags: test.owner ? CONDITION_OWNER_SELF : 0,
      uidFirst,
      uidCount: test.uids?.length ?? 0,
      gidFirst,
      gidCount: test.gids?.length ?? 0,
    });
    this.#conditionIds.set(key, id);
    return id;
  }

  #list(ranges: NonNullable<Test['uids']>): number {
    const first = this.ranges.length;
    this.ranges.push(...ranges.map(({ first, last }) => ({ first, last })));
    return first;
  }

  #answer(decisions: number[], program: number): number {
    return intern(this.#answerIds, this.answers, { decisions, program }, `${program}|${decisions.join()}`);
  }

  #decision(entry: DecisionEntry): number {
    return intern(this.#decisionIds, this.decisions, entry, Object.values(entry).join());
  }
}

function intern<T>(ids: Map<string, number>, entries: T[], entry: T, key: string): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  ids.set(key, entries.length);
  entries.push(entry);
  return entries.length - 1;
}
