// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is moved or linked is granted no more at its new name than at its old one (decide/moves.ts): so what was done to it at
 * the new name is learned of the old one too. Here from what was observed, before rules are made; in holding.ts, where the rules
 * grant more than was observed, from the rules.
 */
import { objectDescription } from '../decide/text.js';
import type { Bytes } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import { ALIKE, NAMING, type Operation } from '../policy/operations.js';
import { either, isWithin } from './numbers.js';
import type { Move, Observation } from './observation.js';

/** Moves in a row that are followed back: two folders that are moved into each other would have no end. */
const STEPS_MAX = 8;
/** Observations that are added to one program's at most. */
const ADDED_MAX = 10_000;

const DONE: Readonly<Partial<Record<Operation, string>>> = {
  ...{ list: 'listed', write: 'written', create: 'created', delete: 'deleted', link: 'linked', mknod: 'made' },
  ...{ stat: 'looked at', exec: 'run', load: 'loaded', receive: 'received', bind: 'bound', listen: 'listened on' },
  ...{ accept: 'accepted from', connect: 'connected to', send: 'sent to' },
};

/** Why it is taken for seen: `moved to /x, read there`. */
export function movedWhy(way: 'to' | 'from', text: string, operation: Operation): string {
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
    : of(back, path).flatMap(({ from }) => at(from, '', movedWhy('to', text, operation)));
  const above: string[] = [];
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) above.push(path.slice(0, end));
  const below = above.flatMap((folder) => {
    const rest = path.slice(folder.length);
    const folders = (index: Index): Move[] => of(index, folder).filter((move) => move.folder);
    return [
      ...folders(back).flatMap(({ from }) => at(from, rest, movedWhy('to', text, operation))),
      ...(ALIKE.includes(operation)
        ? folders(ahead).flatMap(({ to }) => at(to, rest, movedWhy('from', text, operation)))
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
  if (isWithin(other.uids, old.uids) && isWithin(other.owners, old.owners)) return old;
  return {
    ...old,
    uids: either(old.uids, other.uids),
    pids: either(old.pids, other.pids),
    owners: either(old.owners, other.owners),
    moved: [...new Set([...(old.moved ?? []), ...(other.moved ?? [])])],
  };
}
