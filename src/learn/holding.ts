// SPDX-License-Identifier: GPL-2.0-only
/**
 * Every move that was seen, held against the policy that was learned: where the rules grant more at the new name than at the old
 * one, what is lacking is added, or said.
 */
import { decide } from '../decide/decide.js';
import { makesKernelAct } from '../decide/kernel-acts.js';
import { type More, movesToMore } from '../decide/moves.js';
import { objectDescription } from '../decide/text.js';
import type { AccessObject, Decision, PathPattern, Policy } from '../policy/model.js';
import { NAMING, type Operation } from '../policy/operations.js';
import type { Generaliser } from './generalise.js';
import { mirrored, type Seen } from './mirrored.js';
import { movedWhy } from './moved.js';
import type { Move, Observation } from './observation.js';
import type { Written } from './written.js';

/** Moves of one program that are held against its policy at most; each is compared operation by operation. */
const CHECKED_MAX = 1_000;
/** Times the policy is mended: each adds what some move still lacked. */
const ROUNDS_MAX = 16;

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

/** With what is asked of each move, found once. */
interface Checking extends Holding {
  readonly uids: readonly number[];
  /** Paths that are sockets. */
  readonly sockets: ReadonlySet<string>;
}

export interface Held {
  /** What the policy needs besides. */
  readonly more: readonly Written[];
  /** Moves that it will refuse all the same, and why; a line for each. */
  readonly refused: readonly string[];
}

/** Holds every move against the policy that was learned, and adds what it lacks. */
export function holdMoves(held: Holding): Held {
  const holding: Checking = {
    ...held,
    uids: [...new Set(held.observations.flatMap(({ uids }) => [...uids]))],
    sockets: new Set(held.observations.flatMap(({ object }) => (object.type === 'unix' ? [object.path] : []))),
  };
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
  { programs, sockets }: Checking,
  { from, to, folder }: Move,
): ReturnType<typeof movesToMore> {
  const paths = [from, to].flatMap((object) => (object.type === 'path' ? [object.path] : []));
  const socket = paths.some((path) => sockets.has(path));
  return movesToMore(policy, programs, from, to, folder ? 'folder' : socket ? 'socket' : 'file');
}

function whyOf(policy: Policy, holding: Checking, move: Move): string {
  const more = moreOf(policy, holding, move);
  return more === null || more === 'unknown' ? 'the rules are too many to tell' : excess(more);
}

function excess({ operation, after }: More): string {
  return `${operation} ${objectDescription(after)} is permitted there and not where it was`;
}

/** What the policy lacks for the move; a word on why nothing can be done; null: it lacks nothing. */
function lackOf(policy: Policy, holding: Checking, move: Move): Written[] | string | null {
  const more = moreOf(policy, holding, move);
  if (more === null) return null;
  if (more === 'unknown') return 'the rules are too many to tell';
  const { operation, before, after } = more;
  // Neither is learned: the one leads to a policy by the program's name, the other takes a rule that a person writes.
  const unlearnt = (one: Operation, object: AccessObject): boolean => one === 'exec' || makesKernelAct(one, object);
  if (unlearnt(operation, before) || unlearnt(operation, after)) return excess(more);
  const { uids } = holding;
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
    seenAt(move.program, one, object, new Set(whose), [movedWhy(way, objectDescription(granted), one)]);
  if (sameObject(lacking, here)) return operations.map((one) => holding.generaliser.of(seen(lacking, one)));
  return mirrored(holding, move.program, granting, operations, here, there, seen);
}

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
