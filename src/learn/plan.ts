// SPDX-License-Identifier: GPL-2.0-only
/** How the folders of one program are named: what rules on folders say of each, and where they may not be heard. */
import { bytesMatch } from '../decide/tokens.js';
import type { Bytes } from '../policy/bytes.js';
import { literalText, readName } from '../policy/glob.js';
import type { PathPattern, Token } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { parsePath } from '../policy/path.js';
import type { Evidence } from './evidence.js';
import type { Fold } from './folds.js';
import type { Given } from './given.js';
import type { Observation } from './observation.js';
import { isOpen, isSystem, type Machine } from './places.js';
import type { Entry, FolderView, Group } from './rules/folder.js';
import { FOLDER_RULES } from './rules/index.js';
import type { Sensitive } from './sensitive.js';
import type { Strength } from './strength.js';
import { namesOf, textsOf } from './texts.js';
import { below, childOf, entryOf, foldsBelow, joinedChildren, type Node, node, runsOfObservation } from './trie.js';

/** What generalising goes by besides the observations. */
export interface Context {
  readonly sensitive: readonly PathPattern[];
  readonly machine: Machine;
  readonly strength: Strength;
  /** What whoever ran the application chose. */
  readonly given: Given;
}

/** What is there already and would be granted, over what was seen, outside of data folders. */
const EXISTING_MOST = 2;
/** A pattern never grants these: what is run, mapped, linked, made as a device or taken for the root is named by its name. */
export const NEVER_WIDE: ReadonlySet<Operation> = new Set(['exec', 'mknod', 'bind', 'listen', 'accept', 'chroot']);

export const OF_SOCKETS: ReadonlySet<Operation> = new Set(['bind', 'listen', 'accept']);

/** How a path is named from its place on: each name by itself, by a group's pattern, or all below at once. */
export interface Plan {
  readonly names: Map<string, Plan>;
  readonly groups: {
    readonly tokens: readonly Token[];
    readonly text: string;
    readonly why: Why;
    readonly plan: Plan | null;
  }[];
}

export interface Why {
  readonly rule: string;
  readonly evidence: string;
}

/** What is known of a folder by those above it. */
type Chosen = Pick<FolderView, 'named' | 'passed' | 'configured'>;

/** Makes the plan of one program's folders. */
export class Planner {
  readonly #evidence: Evidence;
  readonly #context: Context;
  readonly #sensitive: Sensitive;
  #program = '';

  constructor(evidence: Evidence, context: Context, sensitive: Sensitive) {
    this.#evidence = evidence;
    this.#context = context;
    this.#sensitive = sensitive;
  }

  /** @param folds names that were too many to be kept */
  plan(observations: readonly Observation[], folds: readonly Fold[]): Plan {
    this.#program = (observations[0] ?? folds[0])?.program ?? '';
    const root = node('', null);
    for (const observation of observations) this.#put(root, observation);
    for (const fold of folds) this.#putFold(root, fold);
    return this.#planOf([root], '', '/', '/', { named: false, passed: false, configured: false });
  }

  #put(root: Node, observation: Observation): void {
    const { object } = observation;
    if (object.type !== 'path' && object.type !== 'unix') return;
    const names = namesOf(object.path);
    const { texts } = textsOf(this.#evidence, observation, names);
    let at = root;
    names.forEach((name, index) => {
      const text = texts[index] as string;
      at = childOf(at, text, text === literalText(name) ? name : null, name);
      for (const run of runsOfObservation(observation)) at.runs.add(run);
    });
    at.here.push(observation);
  }

  #putFold(root: Node, fold: Fold): void {
    let at = root;
    for (const name of namesOf(fold.folder)) {
      at = childOf(at, literalText(name), name, name);
      for (const run of fold.runs ?? [0]) at.runs.add(run);
    }
    at.folds.push(fold);
  }

  /**
   * @param folders that are one to the pattern so far
   * @param literal their path; null: a part of it is a pattern
   * @param sample the path of one of them
   * @param chosen a folder above stood on the command line, or in a configuration file
   */
  #planOf(folders: readonly Node[], text: string, literal: string | null, sample: string, chosen: Chosen): Plan {
    const plan: Plan = { names: new Map(), groups: [] };
    const { given } = this.#context;
    const children = joinedChildren(folders);
    let left = [...children].flatMap(([, nodes]) =>
      nodes.some((one) => this.#mayJoin(one, literal)) ? [this.#entryOf(nodes, literal)] : [],
    );
    const here = folders.flatMap((folder) => folder.here);
    const listing = here.filter(({ operation }) => operation === 'list');
    const view = {
      folded: folders.flatMap(({ folds }) => folds).reduce((sum, { count }) => sum + count, 0),
      listed: new Set([
        ...listing.flatMap((one) => [...runsOfObservation(one)]),
        ...(literal === null ? [] : this.#evidence.listed(literal)),
      ]),
      runs: new Set([...children.values()].flatMap((nodes) => nodes.flatMap(({ runs }) => [...runs]))),
      named: chosen.named || (literal !== null && given.folder(literal)),
      passed: chosen.passed || (literal !== null && given.passedFolder(this.#program, literal)),
      configured: chosen.configured || (literal !== null && given.configured(literal)),
      open: literal === null || isOpen(literal, this.#context.machine.homes),
      owner: literal !== null && isSystem(literal) ? this.#context.machine.owner(literal as Bytes) : null,
      strength: this.#context.strength,
    };
    for (const { name: rule, apply } of FOLDER_RULES)
      for (const group of apply({ ...view, entries: left })) {
        if (!this.#accepts(group, text, sample, children)) continue;
        const nodes = group.entries.flatMap((entry) => children.get(entry.text) ?? []);
        const deep = group.text === '**';
        plan.groups.push({
          text: group.text,
          tokens: deep ? [] : readName(group.text, 0, 'component').tokens,
          why: { rule, evidence: group.evidence },
          plan: deep
            ? null
            : this.#planOf(nodes, `${text}/${group.text}`, null, under(sample, nodes[0]?.sample ?? ''), view),
        });
        const taken = new Set(group.entries.map((entry) => entry.text));
        left = left.filter((entry) => !taken.has(entry.text));
        for (const one of taken) children.delete(one);
      }
    const front = literal === '/' ? '' : literal;
    for (const [child, nodes] of children) {
      const name = nodes[0]?.name ?? null;
      const path = front === null || name === null ? null : `${front}/${name}`;
      plan.names.set(child, this.#planOf(nodes, `${text}/${child}`, path, under(sample, nodes[0]?.sample ?? ''), view));
    }
    return plan;
  }

  /** May the name be one of many? What looks sensitive is named by its name, and so is what is only run or mapped. */
  #mayJoin(one: Node, literal: string | null): boolean {
    const path = `${literal === null || literal === '/' ? '' : literal}/${one.name ?? ''}` as Bytes;
    if (one.name !== null && this.#sensitive.has(path)) return false;
    for (const { operation } of below(one))
      if (OF_SOCKETS.has(operation) || (!NEVER_WIDE.has(operation) && operation !== 'load')) return true;
    for (const _ of foldsBelow(one)) return true;
    return false;
  }

  /** How the names of a folder look to a rule, with what is known of them elsewhere. */
  #entryOf(nodes: readonly Node[], literal: string | null): Entry {
    const entry = entryOf(nodes);
    const { name } = entry;
    const path = literal === null || name === null ? null : under(literal, name);
    return {
      ...entry,
      made: entry.made || (literal !== null && this.#evidence.made(under(literal, entry.sample))),
      given: path !== null && this.#evidence.given(path),
      passed: path !== null && this.#context.given.passed(this.#program, path),
      derived: name === null ? null : this.#evidence.derived(name),
    };
  }

  /** Is the group's pattern one that may be written: apart from what is sensitive, and not over too much that is there? */
  #accepts(group: Group, text: string, sample: string, children: ReadonlyMap<string, readonly Node[]>): boolean {
    const pattern = parsePath(`${text}/${group.text}`, () => null);
    if (!this.#sensitive.admits(pattern)) return false;
    if (group.data && !isSystem(sample)) return true;
    // All below is more than can be counted beforehand.
    if (group.text === '**') return false;
    const entries = this.#context.machine.entries(sample as Bytes);
    if (entries === null) return group.most === undefined;
    const { tokens } = readName(group.text, 0, 'component');
    const granted = entries.filter((name) => bytesMatch(tokens, name)).length;
    const seen = group.entries.reduce((sum, entry) => sum + seenIn(entry, children), 0);
    return granted <= (group.most ?? EXISTING_MOST) * seen;
  }
}

function under(folder: string, name: string): string {
  return `${folder === '/' ? '' : folder}/${name}`;
}

function seenIn(entry: Entry, children: ReadonlyMap<string, readonly Node[]>): number {
  return children.get(entry.text)?.length ?? 1;
}
