// SPDX-License-Identifier: GPL-2.0-only
/** Observations of one program to objects of its policy: literal, or by a written rule and never over a sensitive sibling. */
import { exactly } from '../decide/exact.js';
import type { Bytes } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { AccessObject, ObjectPattern, PathPattern } from '../policy/model.js';
import { parsePath, patternOf } from '../policy/path.js';
import { objectText } from '../policy/statement.js';
import type { Observation } from './observation.js';
import { overlaps } from './overlap.js';
import { autobound, GENERALISING_RULES, numberless, type Sighting } from './rules.js';

/** How an observation is written down. */
export interface Written {
  readonly observation: Observation;
  readonly key: 'path' | 'kind' | 'address' | 'family';
  /** As it stands behind the key. */
  readonly text: string;
  /** Names of the rules that made it wider than what was seen. */
  readonly rules: readonly string[];
}

/** The paths that no generalised pattern may reach: one a line, `#` begins a comment. Throws a Fault for what is no path. */
export function readSensitive(text: string): PathPattern[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => parsePath(line, () => null));
}

/** The ports that the kernel hands out by itself (ip(7): ip_local_port_range as it comes). */
const EPHEMERAL = { first: 32768, last: 60999 } as const;

export function generalise(observations: readonly Observation[], sensitive: readonly PathPattern[]): Written[] {
  const evidence = new Evidence(observations);
  return observations.map((observation): Written => {
    const { object, operation } = observation;
    switch (object.type) {
      case 'path':
      case 'unix':
        return pathOf(observation, object.path, object.type === 'unix', evidence, sensitive);
      case 'abstract': {
        const text = autobound(object.name);
        if (text !== undefined)
          return { observation, key: 'address', text: `unix:@${text}`, rules: ['autobound socket'] };
        return literally(observation);
      }
      case 'inet': {
        const pattern = exactly(object, [operation]);
        if (pattern.type !== 'inet' || !evidence.ephemeral(object)) return literally(observation);
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
  });
}

function literally(observation: Observation): Written {
  const pattern = exactly(observation.object, [observation.operation]);
  return { observation, key: keyOf(pattern), text: objectText(pattern), rules: [] };
}

function keyOf({ type }: ObjectPattern): Written['key'] {
  switch (type) {
    case 'path':
    case 'kind':
    case 'family':
      return type;
    default:
      return 'address';
  }
}

function pathOf(
  observation: Observation,
  path: Bytes,
  socket: boolean,
  evidence: Evidence,
  sensitive: readonly PathPattern[],
): Written {
  const names = namesOf(path);
  const sighting = evidence.sighting(observation, names);
  const texts = new Map<number, { text: string; rule: string }>();
  for (const { name: rule, apply } of GENERALISING_RULES)
    for (const [index, text] of apply(sighting)) if (!texts.has(index)) texts.set(index, { text, rule });
  if (texts.size === 0) return literally(observation);
  const text = `/${names.map((name, index) => texts.get(index)?.text ?? literalText(name)).join('/')}`;
  const pattern = parsePath(text, () => null);
  if (sensitive.some((other) => overlaps(looksLike(other) ? patternOf(path) : pattern, other)))
    return literally(observation);
  const rules = [...new Set([...texts.values()].map(({ rule }) => rule))];
  return { observation, key: socket ? 'address' : 'path', text: socket ? `unix:${text}` : text, rules };
}

/** Does a sensitive entry tell what names look like (`*.key`), and not which they are? */
function looksLike({ components }: PathPattern): boolean {
  const last = components.at(-1);
  return last?.kind === 'glob' && last.tokens[0]?.kind === 'star';
}

function namesOf(path: Bytes): Bytes[] {
  return path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
}

/** What one program did as a whole. */
class Evidence {
  readonly #made = new Set<string>();
  readonly #removed = new Set<string>();
  /** Names that differ by their number alone, by what else they have in common; most stand alone. */
  readonly #numbers = new Map<string, string | Set<string>>();
  /** Beginnings and ends of paths by number: an application has many long ones that share them. */
  readonly #fronts = new Interned();
  readonly #ends = new Interned();
  /** Protocols on which port 0 was bound: the kernel chose. */
  readonly #anyPort = new Set<string>();

  constructor(observations: readonly Observation[]) {
    for (const { operation, object } of observations) {
      if (object.type === 'inet' && operation === 'bind' && object.port === 0) this.#anyPort.add(object.protocol);
      if (object.type !== 'path' && object.type !== 'unix') continue;
      if (operation === 'create' || operation === 'bind') this.#made.add(object.path);
      if (operation === 'delete') this.#removed.add(object.path);
      const names = namesOf(object.path);
      this.#keys(operation, names).forEach((key, index) => {
        if (key === null) return;
        const name = names[index] as string;
        const seen = this.#numbers.get(key);
        if (seen === undefined) this.#numbers.set(key, name);
        else if (typeof seen !== 'string') seen.add(name);
        else if (seen !== name) this.#numbers.set(key, new Set([seen, name]));
      });
    }
  }

  sighting({ operation, pids }: Observation, names: readonly Bytes[]): Sighting {
    const path = `/${names.join('/')}`;
    let end = 0;
    const ends = names.map(({ length }) => {
      end += 1 + length;
      return end;
    });
    const upTo = (index: number): string => path.slice(0, ends[index]);
    let keys: readonly (string | null)[] | undefined;
    return {
      operation,
      names,
      made: (index) => this.#made.has(upTo(index)),
      removed: (index) => this.#removed.has(upTo(index)),
      pid: (number) => pids.has(Number(number)),
      numbers: (index) => {
        keys ??= this.#keys(operation, names);
        const seen = this.#numbers.get(keys[index] ?? '');
        return seen === undefined ? 0 : typeof seen === 'string' ? 1 : seen.size;
      },
    };
  }

  /** For each name with a number, what it has in common with its siblings: all of the path but the number itself. */
  #keys(operation: string, names: readonly Bytes[]): (string | null)[] {
    const ends = new Array<number>(names.length + 1).fill(0);
    for (let at = names.length - 1; at >= 0; at--)
      ends[at] = this.#ends.of(ends[at + 1] as number, names[at] as string);
    let front = 0;
    return names.map((name, index) => {
      const key = /[0-9]/.test(name)
        ? `${operation} ${front} ${numberless(name, '\0')} ${names.length} ${ends[index + 1]}`
        : null;
      front = this.#fronts.of(front, name);
      return key;
    });
  }

  ephemeral({ protocol, port }: Extract<AccessObject, { type: 'inet' }>): boolean {
    return this.#anyPort.has(protocol) && port >= EPHEMERAL.first && port <= EPHEMERAL.last;
  }
}

/** Numbers for lists of names, each made of a shorter list and one name more. */
class Interned {
  readonly #ids = new Map<string, number>();

  of(list: number, name: string): number {
    const key = `${list} ${name}`;
    const known = this.#ids.get(key) ?? this.#ids.size + 1;
    this.#ids.set(key, known);
    return known;
  }
}
