// SPDX-License-Identifier: GPL-2.0-only
/** Observations of one program to objects of its policy: literal, or by a written rule and never over what is sensitive. */
import { exactly, keyOf } from '../decide/exact.js';
import { bytesMatch } from '../decide/tokens.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import { literalText, readName } from '../policy/glob.js';
import type { AccessObject, PathPattern, Token } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { parsePath } from '../policy/path.js';
import { objectText } from '../policy/statement.js';
import type { Fold, Observation } from './observation.js';
import { isOpen, isSystem, type Machine } from './places.js';
import type { Entry, Group } from './rules/folder.js';
import { FOLDER_RULES, NAME_RULES } from './rules/index.js';
import type { Sighting } from './rules/name.js';
import { seriesRule } from './rules/series.js';
import { Sensitive } from './sensitive.js';
import type { Strength } from './strength.js';
import { below, childOf, entryOf, foldsBelow, joinedChildren, type Node, node, runsOfObservation } from './trie.js';

/** How an observation is written down. */
export interface Written {
  readonly observation: Observation;
  readonly key: 'path' | 'kind' | 'address' | 'family';
  /** As it stands behind the key. */
  readonly text: string;
  /** Names of the rules that made it wider than what was seen. */
  readonly rules: readonly string[];
  /** What they went by. */
  readonly evidence?: string;
}

/** What generalising goes by besides the observations. */
export interface Context {
  readonly sensitive: readonly PathPattern[];
  readonly machine: Machine;
  readonly strength: Strength;
  /** Absolute paths that stood on the command line or in the environment. */
  readonly named: readonly string[];
}

/** The ports that the kernel hands out by itself (ip(7): ip_local_port_range as it comes). */
const EPHEMERAL = { first: 32768, last: 60999 } as const;
/** What is there already and would be granted, over what was seen, outside of data folders. */
const EXISTING_MOST = 2;
/** A pattern never grants these: what is run, mapped, linked and made as a device is named by its name. */
const NEVER_WIDE: ReadonlySet<Operation> = new Set(['exec', 'mknod', 'bind', 'listen', 'accept']);

const OF_SOCKETS: ReadonlySet<Operation> = new Set(['bind', 'listen', 'accept']);

/** How a path is named from its place on: each name by itself, by a group's pattern, or all below at once. */
interface Plan {
  readonly names: Map<string, Plan>;
  readonly groups: {
    readonly tokens: readonly Token[];
    readonly text: string;
    readonly why: Why;
    readonly plan: Plan | null;
  }[];
}

interface Why {
  readonly rule: string;
  readonly evidence: string;
}

/** What the observations of one program come to. */
export class Generaliser {
  readonly #evidence: Evidence;
  readonly #context: Context;
  readonly #sensitive: Sensitive;
  readonly #plan: Plan;
  readonly #observations: readonly Observation[];
  readonly #folds: readonly Fold[];
  readonly #seen: ReadonlySet<string>;

  /** @param made what any program of the application made and took away: a name that one makes up another uses */
  constructor(observations: readonly Observation[], folds: readonly Fold[], context: Context, made?: Evidence) {
    this.#observations = observations;
    this.#folds = folds;
    this.#context = context;
    this.#sensitive = new Sensitive(context.sensitive);
    this.#evidence = made ?? new Evidence(observations);
    this.#seen = new Set(
      observations.flatMap(({ object }) => (object.type === 'path' || object.type === 'unix' ? [object.path] : [])),
    );
    const root = node('', null);
    for (const observation of observations) this.#put(root, observation);
    for (const fold of folds) this.#putFold(root, fold);
    this.#plan = this.#planOf([root], '', '/', '/', false);
  }

  /** All observations, each as it is written, and the folders of those that were too many. */
  all(): Written[] {
    return [
      ...this.#observations.map((one) => this.of(one)),
      ...this.#folds.flatMap((fold) => this.#foldOf(fold) ?? []),
    ];
  }

  /** Folds that cannot be written as a pattern: `read of 1000 names below /x`. */
  unfolded(): string[] {
    return this.#folds
      .filter((fold) => this.#foldOf(fold) === null)
      .map(({ operation, folder, count }) => `${operation} of ${count} more names below ${textOf(folder)}`);
  }

  /** How an observation is written down, also one that was not among those it was made from. */
  of(observation: Observation): Written {
    const { object, operation } = observation;
    switch (object.type) {
      case 'path':
      case 'unix':
        return this.#pathOf(observation, object.path, object.type === 'unix');
      case 'abstract': {
        const text = autobound(object.name);
        if (text === undefined) return literally(observation);
        return { observation, key: 'address', text: `unix:@${text}`, rules: ['autobound socket'] };
      }
      case 'inet': {
        const pattern = exactly(object, [operation]);
        if (pattern.type !== 'inet' || !this.#evidence.ephemeral(object)) return literally(observation);
        return {
          observation,
          key: 'address',
          text: objectText({ ...pattern, ports: EPHEMERAL }),
          rules: ['port by chance'],
        };
      }
      default:
        return literally(observation);
    }
  }

  #pathOf(observation: Observation, path: Bytes, socket: boolean): Written {
    const names = namesOf(path);
    const { texts, rules: nameRules } = this.#texts(observation, names);
    const whys: Why[] = nameRules.map((rule) => ({ rule, evidence: '' }));
    let plan: Plan | null = this.#plan;
    const parts: string[] = [];
    for (let index = 0; index < names.length; index++) {
      const text = texts[index] as string;
      const known: Plan | undefined = plan?.names.get(text);
      const name = names[index] as Bytes;
      const group: Plan['groups'][number] | undefined =
        known === undefined
          ? plan?.groups.find(
              (one) =>
                (one.text === '**' || bytesMatch(one.tokens, name)) &&
                this.#mayBeWide(observation.operation, one.why.rule, names, index, text),
            )
          : undefined;
      if (group !== undefined) {
        parts.push(group.text);
        whys.push(group.why);
        plan = group.plan;
        if (group.text === '**') break;
        continue;
      }
      parts.push(text);
      plan = known ?? null;
    }
    const text = `/${parts.join('/')}`;
    const key = socket ? ('address' as const) : ('path' as const);
    const rules = [...new Set(whys.map(({ rule }) => rule))];
    if (rules.length === 0 || this.#sensitive.has(path) || !this.#sensitive.admits(parsePath(text, () => null)))
      return literally(observation);
    if (observation.operation === 'load' && rules.some((rule) => rule !== 'version')) return literally(observation);
    const evidence = whys
      .map((why) => why.evidence)
      .filter((said) => said !== '')
      .join('; ');
    return {
      ...{ observation, key, text: socket ? `unix:${text}` : text, rules },
      ...(evidence === '' ? {} : { evidence }),
    };
  }

  /** What gets another name is named by its own, but for one that the program made up. */
  #mayBeWide(operation: Operation, rule: string, names: readonly Bytes[], index: number, text: string): boolean {
    // A server's socket may have its number in its name.
    if (OF_SOCKETS.has(operation) && rule === seriesRule.name) return true;
    if (operation !== 'link') return !NEVER_WIDE.has(operation);
    return index < names.length - 1 || text !== literalText(names[index] as Bytes);
  }

  /** What the rules on names make of each name. */
  #texts(observation: Observation, names: readonly Bytes[]): { texts: string[]; rules: string[] } {
    const sighting = this.#evidence.sighting(observation, names);
    const found = new Map<number, { text: string; rule: string }>();
    for (const { name: rule, apply } of NAME_RULES)
      for (const [index, text] of apply(sighting)) if (!found.has(index)) found.set(index, { text, rule });
    return {
      texts: names.map((name, index) => found.get(index)?.text ?? literalText(name)),
      rules: [...new Set([...found.values()].map(({ rule }) => rule))],
    };
  }

  #put(root: Node, observation: Observation): void {
    const { object } = observation;
    if (object.type !== 'path' && object.type !== 'unix') return;
    const names = namesOf(object.path);
    const { texts } = this.#texts(observation, names);
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
   * @param named a folder above stood on the command line
   */
  #planOf(folders: readonly Node[], text: string, literal: string | null, sample: string, named: boolean): Plan {
    const plan: Plan = { names: new Map(), groups: [] };
    const children = joinedChildren(folders);
    let left = [...children].flatMap(([, nodes]) =>
      nodes.some((one) => this.#mayJoin(one, literal)) ? [entryOf(nodes)] : [],
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
      named: named || this.#isNamed(literal),
      open: literal === null || isOpen(literal, this.#context.machine.homes),
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
            : this.#planOf(nodes, `${text}/${group.text}`, null, under(sample, nodes[0]?.sample ?? ''), view.named),
        });
        const taken = new Set(group.entries.map((entry) => entry.text));
        left = left.filter((entry) => !taken.has(entry.text));
        for (const one of taken) children.delete(one);
      }
    const front = literal === '/' ? '' : literal;
    for (const [child, nodes] of children) {
      const name = nodes[0]?.name ?? null;
      const path = front === null || name === null ? null : `${front}/${name}`;
      plan.names.set(
        child,
        this.#planOf(nodes, `${text}/${child}`, path, under(sample, nodes[0]?.sample ?? ''), view.named),
      );
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

  #isNamed(literal: string | null): boolean {
    return literal !== null && this.#context.named.some((path) => literal === path || literal.startsWith(`${path}/`));
  }

  /** Is the group's pattern one that may be written: apart from what is sensitive, and not over too much that is there? */
  #accepts(group: Group, text: string, sample: string, children: ReadonlyMap<string, readonly Node[]>): boolean {
    const pattern = parsePath(`${text}/${group.text}`, () => null);
    if (!this.#sensitive.admits(pattern)) return false;
    if (group.data && !isSystem(sample)) return true;
    // All below is more than can be counted beforehand.
    if (group.text === '**') return false;
    const entries = this.#context.machine.entries(sample as Bytes);
    if (entries === null) return true;
    const { tokens } = readName(group.text, 0, 'component');
    const granted = entries.filter((name) => bytesMatch(tokens, name)).length;
    const seen = group.entries.reduce((sum, entry) => sum + seenIn(entry, children), 0);
    return granted <= EXISTING_MOST * seen;
  }

  #foldOf(fold: Fold): Written | null {
    const { program, operation, folder, count, deep, first, last, uids } = fold;
    const name = `${folder === '/' ? '' : folder}/x` as Bytes;
    const object: AccessObject = { type: 'path', path: name };
    const [pids, owners] = [new Set<number>(), new Set<number>()];
    const text = `${textOf(folder)}/${deep ? '**' : '*'}`;
    const observation = { program, operation, object, text, count, first, last, uids, pids, owners };
    const pattern = `${literalText(folder)}/${deep ? '**' : '*'}`;
    if (
      this.#context.strength === 'exact' ||
      NEVER_WIDE.has(operation) ||
      operation === 'load' ||
      !isOpen(folder, this.#context.machine.homes) ||
      isSystem(folder) ||
      !this.#sensitive.admits(parsePath(pattern, () => null))
    )
      return null;
    const evidence = `${count} attempts on more names than are kept`;
    return { observation, key: 'path', text: pattern, rules: ['data folder'], evidence };
  }

  /** Was the object seen, and not only what is like it? */
  saw(path: Bytes): boolean {
    return this.#seen.has(path);
  }
}

function under(folder: string, name: string): string {
  return `${folder === '/' ? '' : folder}/${name}`;
}

function seenIn(entry: Entry, children: ReadonlyMap<string, readonly Node[]>): number {
  return children.get(entry.text)?.length ?? 1;
}

function literally(observation: Observation): Written {
  const pattern = exactly(observation.object, [observation.operation]);
  return { observation, key: keyOf(pattern), text: objectText(pattern), rules: [] };
}

function namesOf(path: Bytes): Bytes[] {
  return path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
}

/** The number of an autobound abstract socket (unix(7): five hexadecimal digits). */
export function autobound(name: Bytes): string | undefined {
  return /^[0-9a-f]{5}$/.test(name) ? '[0-9a-f]{5}' : undefined;
}

const NEVER: ReadonlySet<number> = new Set();

/** What the programs of the application made, took away and listed. */
export class Evidence {
  readonly #made = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #pids = new Set<number>();
  readonly #listed = new Map<string, Set<number>>();
  /** Protocols on which port 0 was bound: the kernel chose. */
  readonly #anyPort = new Set<string>();

  constructor(observations: Iterable<Observation>) {
    for (const { operation, object, pids, runs } of observations) {
      for (const pid of pids) this.#pids.add(pid);
      if (object.type === 'inet' && operation === 'bind' && object.port === 0) this.#anyPort.add(object.protocol);
      if (object.type !== 'path' && object.type !== 'unix') continue;
      if (operation === 'create' || operation === 'bind') this.#made.add(object.path);
      if (operation === 'delete') this.#removed.add(object.path);
      if (operation === 'list')
        this.#listed.set(object.path, new Set([...(this.#listed.get(object.path) ?? []), ...(runs ?? [0])]));
    }
  }

  sighting({ operation }: Observation, names: readonly Bytes[]): Sighting {
    const path = `/${names.join('/')}`;
    let end = 0;
    const ends = names.map(({ length }) => {
      end += 1 + length;
      return end;
    });
    const upTo = (index: number): string => path.slice(0, ends[index]);
    return {
      operation,
      names,
      made: (index) => this.#made.has(upTo(index)),
      removed: (index) => this.#removed.has(upTo(index)),
      pid: (number) => this.#pids.has(Number(number)),
    };
  }

  /** Runs in which a program listed the folder: another may be told by it what is there. */
  listed(folder: string): ReadonlySet<number> {
    return this.#listed.get(folder) ?? NEVER;
  }

  ephemeral({ protocol, port }: Extract<AccessObject, { type: 'inet' }>): boolean {
    return this.#anyPort.has(protocol) && port >= EPHEMERAL.first && port <= EPHEMERAL.last;
  }
}
