// SPDX-License-Identifier: GPL-2.0-only
/** Observations of one program to objects of its policy: literal, or by a written rule and never over what is sensitive. */
import { exactly } from '../decide/exact.js';
import { bytesMatch } from '../decide/tokens.js';
import { isDeed } from '../policy/acts.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { parsePath } from '../policy/path.js';
import { objectText } from '../policy/statement.js';
import { EPHEMERAL, Evidence } from './evidence.js';
import type { Fold } from './folds.js';
import { numbers } from './numbers.js';
import type { Observation } from './observation.js';
import { isOpen, isSystem } from './places.js';
import { type Context, NEVER_WIDE, OF_SOCKETS, type Plan, Planner, type Why } from './plan.js';
import { seriesRule } from './rules/series.js';
import { Sensitive } from './sensitive.js';
import { namesOf, textsOf } from './texts.js';
import { literally, type Written } from './written.js';

/** What the observations of one program come to. */
export class Generaliser {
  readonly #evidence: Evidence;
  readonly #context: Context;
  readonly #sensitive: Sensitive;
  readonly #plan: Plan;
  readonly #observations: readonly Observation[];
  readonly #folds: readonly Fold[];
  readonly #seen: ReadonlySet<string>;
  readonly #admitted = new Map<string, boolean>();

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
    this.#plan = new Planner(this.#evidence, context, this.#sensitive).plan(observations, folds);
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
        if (pattern.type !== 'inet' || !this.#evidence.ephemeral(observation.program, operation, object))
          return literally(observation);
        return {
          observation,
          key: 'address',
          text: objectText({ ...pattern, ports: EPHEMERAL }),
          rules: ['port by chance'],
        };
      }
      case 'target': {
        const { act, who } = object;
        const written = literally(observation);
        if (!isDeed(act) || who.kind !== 'path') return written;
        // The names are those of other operations on files.
        const file: Observation = { ...observation, object: { type: 'path', path: who.path } };
        const { text, rules, evidence } = this.#pathOf(file, who.path, false);
        return { ...written, text, rules, ...(evidence === undefined ? {} : { evidence }) };
      }
      default:
        return literally(observation);
    }
  }

  #pathOf(observation: Observation, path: Bytes, socket: boolean): Written {
    const names = namesOf(path);
    const { texts, rules: nameRules } = textsOf(this.#evidence, observation, names);
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
    if (rules.length === 0 || this.#sensitive.has(path) || !this.#admits(text)) return literally(observation);
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

  /** May it be written? Thousands of observations come to the same pattern. */
  #admits(text: string): boolean {
    const known = this.#admitted.get(text);
    if (known !== undefined) return known;
    const admitted = this.#sensitive.admits(parsePath(text, () => null));
    this.#admitted.set(text, admitted);
    return admitted;
  }

  #foldOf(fold: Fold): Written | null {
    const { program, operation, folder, count, deep, first, last, uids } = fold;
    const object: AccessObject = { type: 'path', path: folder };
    const text = `${textOf(folder)}/${deep ? '**' : '*'}`;
    const nobody = numbers([]);
    const observation = { program, operation, object, text, count, first, last, uids, pids: nobody, owners: nobody };
    // Folders that are one to a pattern are one here too.
    const among = this.#pathOf({ ...observation, operation: 'list' }, folder, false);
    const pattern = among.text.endsWith('/**') ? among.text : `${among.text}/${deep ? '**' : '*'}`;
    if (
      this.#context.strength === 'exact' ||
      NEVER_WIDE.has(operation) ||
      operation === 'load' ||
      !isOpen(folder, this.#context.machine.homes) ||
      isSystem(folder) ||
      !this.#admits(pattern)
    )
      return null;
    const evidence = `${count} attempts on more names than are kept`;
    const rules = [...new Set([...among.rules, 'data folder'])];
    return { observation, key: 'path', text: pattern, rules, evidence };
  }

  /** Was the object seen, and not only what is like it? */
  saw(path: Bytes): boolean {
    return this.#seen.has(path);
  }
}

/** The number of an autobound abstract socket (unix(7): five hexadecimal digits). */
export function autobound(name: Bytes): string | undefined {
  return /^[0-9a-f]{5}$/.test(name) ? '[0-9a-f]{5}' : undefined;
}
