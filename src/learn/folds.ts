// SPDX-License-Identifier: GPL-2.0-only
/** Names that were too many to be kept: of each folder how many, and of folders that are too many those above them. */
import type { Bytes } from '../policy/bytes.js';
import type { Operation } from '../policy/operations.js';
import { either, type Numbers } from './numbers.js';
import { runsOf } from './observation.js';

/** Folders of which only the number of names is kept, for one operation of one program; of more only those above them. */
const FOLDS_MOST = 1_000;

const ROOT = '/' as Bytes;

/** Names below one folder that were too many to be kept. */
export interface Fold {
  readonly program: string;
  readonly operation: Operation;
  readonly folder: Bytes;
  /** Attempts on names that are not kept. */
  readonly count: number;
  /** Some of them were deeper than in the folder itself. */
  readonly deep: boolean;
  readonly first: string;
  readonly last: string;
  readonly uids: Numbers;
  readonly runs?: Numbers;
}

/** The folds of one operation of one program. */
class Folder {
  readonly #folds = new Map<Bytes, Fold>();
  /** How many of them are deep: below these nothing has a fold of its own. */
  #deep = 0;

  put(fold: Fold): void {
    const at = this.#placeOf(fold.folder);
    const old = this.#folds.get(at);
    const deep = fold.deep || at !== fold.folder || old?.deep === true;
    if (deep && old?.deep !== true) this.#deep++;
    if (old === undefined) {
      this.#folds.set(at, { ...fold, folder: at, deep });
      return;
    }
    this.#folds.set(at, {
      ...old,
      count: old.count + fold.count,
      deep,
      first: old.first < fold.first ? old.first : fold.first,
      last: old.last > fold.last ? old.last : fold.last,
      uids: either(old.uids, fold.uids),
      ...runsOf(old.runs, fold.runs),
    });
  }

  all(): Iterable<Fold> {
    return this.#folds.values();
  }

  /** A fold that is deep already has what is below it; else its own, while there are few; else that of a folder above it. */
  #placeOf(folder: Bytes): Bytes {
    const [own, full] = [this.#folds.get(folder), this.#folds.size >= FOLDS_MOST];
    if (own?.deep === true || (this.#deep === 0 && (own !== undefined || !full))) return folder;
    const above = foldersAbove(folder);
    const deep = above.find((one) => this.#folds.get(one)?.deep === true);
    if (deep !== undefined) return deep;
    if (own !== undefined || !full) return folder;
    const known = above.find((one) => this.#folds.has(one));
    if (known !== undefined) return known;
    // The nearer the root, the fewer there can be.
    const places = [above.at(-2), above.at(-1), ROOT].filter((one) => one !== undefined);
    return places.find((_, index) => this.#folds.size < (index + 2) * FOLDS_MOST) ?? ROOT;
  }
}

/** Names that were too many, of all programs. */
export class Folds {
  /** By operation and program. */
  readonly #all = new Map<string, Folder>();

  /** Takes in names that are not kept: into the fold of their folder, of one above it, or a new one. */
  put(fold: Fold): void {
    const who = `${fold.operation} ${fold.program}`;
    const known = this.#all.get(who) ?? new Folder();
    this.#all.set(who, known);
    known.put(fold);
  }

  all(): Fold[] {
    return [...this.#all.values()].flatMap((folder) => [...folder.all()]);
  }
}

/** The folder itself and those above it, the nearest first, without the root. */
function foldersAbove(folder: Bytes): Bytes[] {
  const all: Bytes[] = [];
  for (let at: string = folder; at !== '' && at !== '/'; at = at.slice(0, at.lastIndexOf('/'))) all.push(at as Bytes);
  return all;
}
