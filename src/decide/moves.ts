// SPDX-License-Identifier: GPL-2.0-only
/**
 * May a thing be given another name? Only where the new name grants it no more than the old one, to itself and, where it is
 * a folder, to whatever may be below it. This is the reference: it goes on from both names at once, one name after
 * another, as long as the patterns of the rules tell anything apart, and decides the same attempt at both. What it finds is
 * an example, which `explain` can show.
 */
import type { Bytes } from '../policy/bytes.js';
import { KERNEL_PATHS } from '../policy/kernel-acts.js';
import type { Access, AccessObject, Decision, IdRange, PathPattern, Policy } from '../policy/model.js';
import { ALIKE, FILE_OPERATIONS, FIRST_OPERATIONS, NAMING, type Operation } from '../policy/operations.js';
import { decide, rulesInOrder } from './decide.js';
import { namesOf } from './match.js';
import { namesApart, type Pattern } from './names.js';
import { bytesMatch } from './tokens.js';

export type Moved = 'file' | 'socket' | 'folder';
/** Whose eyes: of a policy in force, or of a learner, who permits what no rule decides. */
export type View = 'enforce' | 'learn';

/** One attempt that the new name grants and the old one does not (or, of a name below a folder, the other way round). */
export interface More {
  readonly operation: Operation;
  /** The object at both names. */
  readonly before: AccessObject;
  readonly after: AccessObject;
}

/** Pairs of places looked at before it is given up. */
const PLACES_MAX = 2_000;
const CALLERS_MAX = 256;

const BELOW = FIRST_OPERATIONS.filter((operation) => operation !== 'socket');

const OF_ITSELF: Readonly<Record<Moved, readonly Operation[]>> = {
  file: FILE_OPERATIONS.filter((operation) => !NAMING.includes(operation) && operation !== 'list'),
  socket: FIRST_OPERATIONS.filter((operation) => !NAMING.includes(operation) && operation !== 'list'),
  folder: FILE_OPERATIONS.filter((operation) => !NAMING.includes(operation)),
};

/**
 * An example of what the thing would be granted more at the new name; null: nothing; `unknown`: the patterns are too many
 * to tell. `programs`: the application's, for an exec leads to their policies. Callers of all kinds count, not only the one
 * that moves it.
 */
export function movesToMore(
  policy: Policy,
  programs: readonly string[],
  from: AccessObject,
  to: AccessObject,
  moved: Moved,
  view: View = 'enforce',
): More | 'unknown' | null {
  const callers = callersOf(policy);
  if (callers === null) return 'unknown';
  const levels = new LevelsOf(policy, programs, view, callers);
  for (const operation of OF_ITSELF[moved]) {
    const [before, after] = [objectOf(operation, from), objectOf(operation, to)];
    if (!levels.within(operation, before, after)) return { operation, before, after };
  }
  if (moved !== 'folder' || from.type !== 'path' || to.type !== 'path') return null;
  return below(policy, levels, from.path, to.path);
}

/** Is the operation permitted or asked, for some caller? */
export function mayEver(policy: Policy, operation: Operation, object: AccessObject, view: View): boolean {
  const callers = callersOf(policy);
  return callers === null || new LevelsOf(policy, [], view, callers).mayEver(operation, object);
}

/** What differs below two folders. */
function below(policy: Policy, levels: LevelsOf, from: Bytes, to: Bytes): More | 'unknown' | null {
  const ruled = rulesInOrder(policy)
    .flatMap(({ objects }) => objects)
    .flatMap((object): PathPattern[] => (object.type === 'path' || object.type === 'unix' ? [object.pattern] : []));
  const after = (pattern: PathPattern, path: Bytes): Places => placesBelow(pattern, namesOf(path));
  const acts = KERNEL_PATHS.filter((pattern) => after(pattern, from).length > 0 || after(pattern, to).length > 0);
  const patterns = [...ruled, ...acts];
  const along = (path: Bytes): Places[] => patterns.map((pattern) => after(pattern, path));
  const seen = new Set<string>();
  const pending = [{ olds: along(from), news: along(to), from, to }];
  const key = (places: readonly Places[]): string => places.map((set) => set.join()).join('|');
  for (let at = pending.shift(); at !== undefined; at = pending.shift()) {
    const components = patterns.flatMap((pattern, index) =>
      [...(at.olds[index] as Places), ...(at.news[index] as Places)].flatMap((place): Pattern[] => {
        const component = pattern.components[place];
        return component === undefined || component.kind === 'deep' ? [] : [component];
      }),
    );
    const names = namesApart(components);
    if (names === null) return 'unknown';
    for (const name of names) {
      const next = {
        olds: patterns.map((pattern, index) => step(pattern, at.olds[index] as Places, name)),
        news: patterns.map((pattern, index) => step(pattern, at.news[index] as Places, name)),
        from: under(at.from, name),
        to: under(at.to, name),
      };
      const both = `${key(next.olds)} ${key(next.news)}`;
      if (seen.has(both)) continue;
      if (seen.size > PLACES_MAX) return 'unknown';
      seen.add(both);
      for (const operation of BELOW) {
        const before = objectOf(operation, { type: 'path', path: next.from });
        const after = objectOf(operation, { type: 'path', path: next.to });
        if (
          !levels.within(operation, before, after) ||
          (ALIKE.includes(operation) && !levels.within(operation, after, before))
        )
          return { operation, before, after };
      }
      pending.push(next);
    }
  }
  return null;
}

/** A path is a file to the one kind of operations, and a socket to the other. */
function objectOf(operation: Operation, object: AccessObject): AccessObject {
  return object.type === 'path' && !FILE_OPERATIONS.includes(operation) ? { type: 'unix', path: object.path } : object;
}

function under(path: Bytes, name: Bytes): Bytes {
  return `${path === '/' ? '' : path}/${name}` as Bytes;
}

/** Components of a pattern that may come next, sorted; the number of all of them: the pattern matches here. */
type Places = readonly number[];

function start(pattern: PathPattern): Places {
  return closed(pattern, [0]);
}

function closed({ components }: PathPattern, places: Iterable<number>): Places {
  const all = new Set(places);
  // A `**` in the middle may stand for no name at all.
  for (const place of all) if (components[place]?.kind === 'deep' && place + 1 < components.length) all.add(place + 1);
  return [...all].sort((left, right) => left - right);
}

function step(pattern: PathPattern, places: Places, name: Bytes): Places {
  const { components, self } = pattern;
  const next = places.flatMap((place): number[] => {
    const component = components[place];
    if (component === undefined) return self ? [place] : [];
    if (component.kind === 'deep') return place + 1 === components.length ? [place, place + 1] : [place];
    const matches = component.kind === 'literal' ? component.name === name : bytesMatch(component.tokens, name);
    return matches ? [place + 1] : [];
  });
  return closed(pattern, next);
}

/** Where in the pattern's components one stands below the folder of these names: what is left from there matches below it. */
export function placesBelow(pattern: PathPattern, folder: readonly Bytes[]): readonly number[] {
  return folder.reduce((places, name) => step(pattern, places, name), start(pattern));
}

type Caller = Pick<Access, 'uid' | 'gid' | 'owner'>;

/** One of each kind of callers that the rules' conditions tell apart; null: too many. */
function callersOf(policy: Policy): Caller[] | null {
  const conditions = policy.rules.flatMap(({ if: onlyIf, unless }) => [onlyIf ?? [], unless ?? []].flat());
  const ends = (ranges: readonly IdRange[]): number[] => [
    ...new Set([0, ...ranges.flatMap(({ first, last }) => [first, last + 1])].filter((id) => id < 0xffffffff)),
  ];
  const uids = ends(conditions.flatMap(({ uids }) => uids ?? []));
  const gids = ends(conditions.flatMap(({ gids }) => gids ?? []));
  const own = conditions.some(({ owner }) => owner !== undefined);
  if (uids.length * gids.length * (own ? 2 : 1) > CALLERS_MAX) return null;
  return uids.flatMap((uid) =>
    gids.flatMap((gid): Caller[] =>
      own
        ? [
            { uid, gid, owner: uid },
            { uid, gid },
          ]
        : [{ uid, gid }],
    ),
  );
}

/** What a decision comes to, such that two of them can be compared: equal words are equal, else the rank decides. */
interface Level {
  readonly word: string;
  readonly rank: number;
}

class LevelsOf {
  readonly #known = new Map<string, readonly Level[]>();

  constructor(
    private readonly policy: Policy,
    private readonly programs: readonly string[],
    private readonly view: View,
    private readonly callers: readonly Caller[],
  ) {}

  /** Does the operation come to no more on `after` than on `before`, whoever calls? */
  within(operation: Operation, before: AccessObject, after: AccessObject): boolean {
    const olds = this.#of(operation, before);
    return this.#of(operation, after).every(({ word, rank }, index) => {
      const old = olds[index] as Level;
      return rank === 0 || word === old.word || rank < old.rank;
    });
  }

  mayEver(operation: Operation, object: AccessObject): boolean {
    return this.#of(operation, object).some(({ rank }) => rank > 0);
  }

  #of(operation: Operation, object: AccessObject): readonly Level[] {
    const key = `${operation} ${JSON.stringify(object)}`;
    const known =
      this.#known.get(key) ??
      this.callers.map((caller) => {
        const { deciding } = decide(this.policy, { operations: [operation], object, ...caller });
        return this.#level(deciding, object);
      });
    this.#known.set(key, known);
    return known;
  }

  #level({ operation, verdict, rule, transition }: Decision, object: AccessObject): Level {
    const permitted = { word: 'permit', rank: 3 };
    // Who holds an object without a path may look at it by its descriptor.
    if (object.type === 'kind' && operation === 'stat') return permitted;
    if (this.view === 'learn' && (verdict === 'permit' || (rule === null && !this.#closed(verdict, object))))
      return permitted;
    if (verdict !== 'permit') return { word: verdict, rank: verdict === 'ask' ? 1 : 0 };
    if (operation !== 'exec') return permitted;
    if (transition !== 'own') return { word: String(transition), rank: transition === 'unconfined' ? 3 : 2 };
    const program = object.type === 'path' ? this.programs.indexOf(object.path) : -1;
    // Without a policy of its own in the application it does not run.
    return program < 0 ? { word: 'deny', rank: 0 } : { word: `own ${program}`, rank: 2 };
  }

  /** Denied whatever the default: no learner permits it. */
  #closed(verdict: Decision['verdict'], object: AccessObject): boolean {
    return object.type === 'kind' && ['detached', 'foreign', 'unreachable'].includes(object.kind) && verdict === 'deny';
  }
}
