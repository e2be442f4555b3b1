// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is moved or linked is granted no more at its new name than at its old one (decide/moves.ts): so what was done to it at
 * the new name is learned of the old one too. First from what was observed, before rules are made; then, where the rules
 * grant more than was observed, from the rules.
 */
import { decide } from '../decide/decide.js';
import { makesKernelAct } from '../decide/kernel-acts.js';
import { namesOf } from '../decide/match.js';
import { type More, movesToMore, placesBelow } from '../decide/moves.js';
import { objectDescription } from '../decide/text.js';
import type { Bytes } from '../policy/bytes.js';
import { KERNEL_OPERATIONS, KERNEL_PATHS } from '../policy/kernel-acts.js';
import type { AccessObject, Decision, ObjectPattern, PathPattern, Policy, Rule } from '../policy/model.js';
import { ALIKE, NAMING, type Operation } from '../policy/operations.js';
import { parsePath, pathText } from '../policy/path.js';
import type { Generaliser } from './generalise.js';
import type { Move, Observation } from './observation.js';
import { overlaps } from './overlap.js';
import type { Written } from './written.js';

/** Moves in a row that are followed back: two folders that are moved into each other would have no end. */
const STEPS_MAX = 8;
/** Observations that are added to one program's at most. */
const ADDED_MAX = 50_000;
/** Moves of one program that are held against its policy at most; each is compared operation by operation. */
const CHECKED_MAX = 1_000;
/** Times the policy is mended: each adds what some move still lacked. */
const ROUNDS_MAX = 16;

const DONE: Readonly<Partial<Record<Operation, string>>> = {
  ...{ list: 'listed', write: 'written', create: 'created', delete: 'deleted', link: 'linked', mknod: 'made' },
  ...{ stat: 'looked at', exec: 'run', load: 'loaded', receive: 'received', bind: 'bound', listen: 'listened on' },
  ...{ accept: 'accepted from', connect: 'connected to', send: 'sent to' },
};

/** `moved to /x, read there`. */
function evidence(way: 'to' | 'from', text: string, operation: Operation): string {
  return `moved ${way} ${text}, ${DONE[operation] ?? operation} there`;
}

/**
 * The observations of one program, and what follows from them by its moves, to the last. An exec is not followed: it leads to
 * a policy by the program's name, and no rule leads there by another name.
 */
export function followMoves(observations: readonly Observation[], moves: readonly Move[]): Observation[] {
  if (moves.length === 0) return [...observations];
  const back = indexed(moves, ({ to }) => to);
  const ahead = indexed(moves, ({ from }) => from);
  const known = new Map<string, Observation>();
  for (const observation of observations) known.set(keyOf(observation), observation);
  let pending = [...known.values()];
  for (let step = 0; step < STEPS_MAX && pending.length > 0; step++) {
    const fresh = new Map<string, Observation>();
    for (const one of pending.flatMap((observation) => elsewhere(observation, back, ahead))) {
      const key = keyOf(one);
      const old = known.get(key);
      const joint = old === undefined ? one : joined(old, one);
      if (joint === old) continue;
      if (old === undefined && known.size >= observations.length + ADDED_MAX) return [...known.values()];
      known.set(key, joint);
      fresh.set(key, joint);
    }
    pending = [...fresh.values()];
  }
  return [...known.values()];
}

function indexed(moves: readonly Move[], end: (move: Move) => AccessObject): Map<string, Move[]> {
  const index = new Map<string, Move[]>();
  for (const move of moves) {
    const object = end(move);
    if (object.type !== 'path') continue;
    const list = index.get(object.path);
    if (list === undefined) index.set(object.path, [move]);
    else list.push(move);
  }
  return index;
}

type Index = ReadonlyMap<string, readonly Move[]>;

/** The same observation at the other names of the object and, below moved folders, of what is above it. */
function elsewhere(observation: Observation, back: Index, ahead: Index): Observation[] {
  const { operation, object, text } = observation;
  if ((object.type !== 'path' && object.type !== 'unix') || operation === 'exec' || operation === 'socket') return [];
  const at = (end: AccessObject, below: string, why: string): Observation[] => {
    if (end.type !== 'path' && (object.type === 'unix' || below !== '')) return [];
    const other: AccessObject =
      end.type === 'path' ? { type: object.type, path: `${end.path === '/' ? '' : end.path}${below}` as Bytes } : end;
    return [{ ...observation, object: other, text: objectDescription(other), count: 0, moved: [why] }];
  };
  const of = (index: Index, path: string): readonly Move[] => index.get(path) ?? [];
  const { path } = object;
  const itself = NAMING.includes(operation)
    ? []
    : of(back, path).flatMap(({ from }) => at(from, '', evidence('to', text, operation)));
  const above: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) above.push(path.slice(0, end));
  const below = above.flatMap((folder) => {
    const rest = path.slice(folder.length);
    const folders = (index: Index): Move[] => of(index, folder).filter((move) => move.folder);
    return [
      ...folders(back).flatMap(({ from }) => at(from, rest, evidence('to', text, operation))),
      ...(ALIKE.includes(operation)
        ? folders(ahead).flatMap(({ to }) => at(to, rest, evidence('from', text, operation)))
        : []),
    ];
  });
  return [...itself, ...below];
}

function keyOf({ operation, text }: Observation): string {
  return `${operation} ${text}`;
}

/** What was seen there, by whoever did it there or at another name; the same value where that is nobody new. */
function joined(old: Observation, other: Observation): Observation {
  if (within(other.uids, old.uids) && within(other.owners, old.owners)) return old;
  return {
    ...old,
    uids: new Set([...old.uids, ...other.uids]),
    pids: new Set([...old.pids, ...other.pids]),
    owners: new Set([...old.owners, ...other.owners]),
    moved: [...new Set([...(old.moved ?? []), ...(other.moved ?? [])])],
  };
}

function within<T>(some: ReadonlySet<T>, all: ReadonlySet<T>): boolean {
  return [...some].every((one) => all.has(one));
}

/** What a program's moves are held against. */
export interface Holding {
  readonly programs: readonly string[];
  readonly sensitive: readonly PathPattern[];
  /** With what follows by moves. */
  readonly observations: readonly Observation[];
  readonly moves: readonly Move[];
  /** The policy with these besides. */
  readonly policyWith: (more: readonly Written[]) => Policy;
  readonly generaliser: Generaliser;
}

export interface Held {
  /** What the policy needs besides. */
  readonly more: readonly Written[];
  /** Moves that it will refuse all the same, and why; a line for each. */
  readonly refused: readonly string[];
}

/** Holds every move against the policy that was learned, and adds what it lacks. */
export function holdMoves(holding: Holding): Held {
  const all = oncePerPattern(holding);
  const moves = all.slice(0, CHECKED_MAX);
  const more: Written[] = [];
  const tried = new Set<string>();
  const refused = new Map<Move, string>();
  for (let round = 0; ; round++) {
    const policy = holding.policyWith(more);
    const before = more.length;
    for (const move of moves) {
      if (refused.has(move)) continue;
      const lack = lackOf(policy, holding, move);
      if (lack === null) continue;
      const news = typeof lack === 'string' ? [] : lack.filter((one) => !tried.has(nameOf(one)));
      for (const one of news) tried.add(nameOf(one));
      more.push(...news);
      if (typeof lack === 'string') refused.set(move, lack);
      else if (round >= ROUNDS_MAX) refused.set(move, 'more is permitted there, by too many rules');
      else if (news.length === 0) refused.set(move, whyOf(policy, holding, move));
    }
    if (more.length === before) break;
  }
  return {
    more,
    refused: [
      ...[...refused].map(([{ fromText, toText }, why]) => `${fromText} is not moved to ${toText}: ${why}`),
      ...(all.length > moves.length ? [`${all.length - moves.length} moves were not held against the rules`] : []),
    ],
  };
}

/** One move of all whose names come to the same patterns: thousands of temporary files are one. */
function oncePerPattern({ moves, generaliser }: Holding): Move[] {
  if (moves.length === 0) return [];
  const ends = moves.flatMap(({ program, from, to }) =>
    [from, to].map((object) => seenAt(program, 'list', object, new Set(), [])),
  );
  const texts = ends.map((end) => generaliser.of(end).text);
  const once = new Map<string, Move>();
  moves.forEach((move, index) => {
    const key = `${move.folder} ${texts[2 * index]}\0${texts[2 * index + 1]}`;
    if (!once.has(key)) once.set(key, move);
  });
  return [...once.values()];
}

function nameOf({ observation: { operation, uids }, key, text }: Written): string {
  return `${operation} ${key} ${text} ${[...uids].sort().join()}`;
}

function moreOf(
  policy: Policy,
  { programs, observations }: Holding,
  { from, to, folder }: Move,
): ReturnType<typeof movesToMore> {
  const paths = [from, to].flatMap((object) => (object.type === 'path' ? [object.path] : []));
  const socket = observations.some(({ object }) => object.type === 'unix' && paths.includes(object.path));
  return movesToMore(policy, programs, from, to, folder ? 'folder' : socket ? 'socket' : 'file');
}

function whyOf(policy: Policy, holding: Holding, move: Move): string {
  const more = moreOf(policy, holding, move);
  return more === null || more === 'unknown' ? 'the rules are too many to tell' : excess(more);
}

function excess({ operation, after }: More): string {
  return `${operation} ${objectDescription(after)} is permitted there and not where it was`;
}

/** What the policy lacks for the move; a word on why nothing can be done; null: it lacks nothing. */
function lackOf(policy: Policy, holding: Holding, move: Move): Written[] | string | null {
  const more = moreOf(policy, holding, move);
  if (more === null) return null;
  if (more === 'unknown') return 'the rules are too many to tell';
  const { operation, before, after } = more;
  // Neither is learned: the one leads to a policy by the program's name, the other takes a rule that a person writes.
  const unlearnt = (one: Operation, object: AccessObject): boolean => one === 'exec' || makesKernelAct(one, object);
  if (unlearnt(operation, before) || unlearnt(operation, after)) return excess(more);
  const uids = [...new Set(holding.observations.flatMap((observation) => [...observation.uids]))];
  const decided = (one: Operation, object: AccessObject, uid: number): Decision =>
    decide(policy, { operations: [one], object, uid, gid: uid }).deciding;
  const between = (granted: AccessObject, lacking: AccessObject): number[] =>
    uids.filter(
      (uid) =>
        decided(operation, granted, uid).verdict === 'permit' && decided(operation, lacking, uid).verdict !== 'permit',
    );
  const forth = between(after, before);
  const whose = forth.length > 0 ? forth : between(before, after);
  const [granted, lacking] = forth.length > 0 ? [after, before] : [before, after];
  const [uid] = whose;
  if (uid === undefined) return excess(more);
  if (decided(operation, lacking, uid).rule !== null) return `${excess(more)}, which a rule denies`;
  const granting = decided(operation, granted, uid).rule;
  // Of what the same rule permits, all that is lacking for the same reason: one by one would take as many rounds.
  const operations = [operation, ...(granting?.operations ?? [])].filter(
    (one, index, all) =>
      all.indexOf(one) === index &&
      !unlearnt(one, lacking) &&
      (one === operation || (!NAMING.includes(one) && decided(one, granted, uid).verdict === 'permit')) &&
      decided(one, lacking, uid).verdict !== 'permit' &&
      decided(one, lacking, uid).rule === null,
  );
  const [way, here, there] =
    forth.length > 0 ? (['to', move.from, move.to] as const) : (['from', move.to, move.from] as const);
  const seen: Seen = (object, one) =>
    seenAt(move.program, one, object, new Set(whose), [evidence(way, objectDescription(granted), one)]);
  if (sameObject(lacking, here)) return operations.flatMap((one) => written(holding, seen(lacking, one)));
  return mirrored(holding, move.program, granting, operations, here, there, seen);
}

/** An observation that nobody made, and its reason. */
type Seen = (object: AccessObject, operation: Operation) => Observation;

function sameObject(one: AccessObject, other: AccessObject): boolean {
  return 'path' in one && 'path' in other ? one.path === other.path : one.type === other.type;
}

function seenAt(
  program: string,
  operation: Operation,
  object: AccessObject,
  uids: ReadonlySet<number>,
  moved: readonly string[],
): Observation {
  const nothing = { count: 0, first: '', last: '', pids: new Set<number>(), owners: new Set<number>() };
  return { program, operation, object, text: objectDescription(object), uids, moved, ...nothing };
}

function written({ generaliser }: Holding, observation: Observation): Written[] {
  return [generaliser.of(observation)];
}

/** What a rule permits below one folder, below the other; a word on why it cannot be said. */
function mirrored(
  holding: Holding,
  program: string,
  rule: Rule | null,
  lacking: readonly Operation[],
  here: AccessObject,
  there: AccessObject,
  seen: Seen,
): Written[] | string {
  if (rule === null || here.type !== 'path' || there.type !== 'path') return 'what is below it is not the same';
  const [folder] = written(holding, seen(here, 'list'));
  const prefix = folder?.text === '/' ? '' : (folder?.text ?? '');
  // Looking at a folder is implied by what may be done below it.
  const said = lacking.filter((one) => rule.operations.includes(one));
  const operations = said.length > 0 ? said : rule.operations.filter((one) => one !== 'exec');
  const rests = rule.objects.flatMap((object): { type: 'path' | 'unix'; rest: string }[] =>
    object.type === 'path' || object.type === 'unix'
      ? restsBelow(object, namesOf(there.path)).map((rest) => ({ type: object.type, rest }))
      : [],
  );
  // A person's pattern is meant as it stands; the learner's own has denials in front of it, and so has what follows from it.
  const rules = rule.place.file === program ? ['moved folder'] : [];
  const all = rests.flatMap(({ type, rest }) =>
    operations.map((one): Written => {
      const text = `${prefix}${rest}`;
      return {
        observation: seen({ type, path: here.path }, one),
        ...{ key: type === 'path' ? 'path' : 'address', text: type === 'path' ? text : `unix:${text}`, rules },
      };
    }),
  );
  // What is sensitive wherever it is (`*.key`) is permitted there already: looked at is what is so by its place.
  const closer = holding.sensitive.filter((pattern) => {
    const places = placesBelow(pattern, namesOf(there.path));
    return placesBelow(pattern, namesOf(here.path)).some((place) => !places.includes(place));
  });
  const patterns = rests.map(({ rest }) => parsePath(`${prefix}${rest}`, () => null));
  const acts = operations.some((one) => KERNEL_OPERATIONS.includes(one));
  if (acts && patterns.some((pattern) => KERNEL_PATHS.some((other) => overlaps(pattern, other))))
    return 'what is permitted there would reach what makes the kernel act where it was';
  if (patterns.some((pattern) => closer.some((other) => overlaps(pattern, other))))
    return 'what is permitted there would reach what is sensitive where it was';
  return all;
}

/** What is left of a pattern once the names are taken off it, with the slash before. */
function restsBelow({ pattern }: Extract<ObjectPattern, { type: 'path' | 'unix' }>, names: readonly Bytes[]): string[] {
  return placesBelow(pattern, names).flatMap((place) => {
    const rest = pathText({ ...pattern, components: pattern.components.slice(place) });
    return rest === '/' ? [] : [rest];
  });
}
