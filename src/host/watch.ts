// SPDX-License-Identifier: GPL-2.0-only
/**
 * Watching folders of policies, so that what a person saves takes effect. A folder is watched as a path: each folder on its way
 * tells when the next name leads elsewhere (renamed, replaced, a link swapped), and then the watches are put up anew.
 */
import { type FSWatcher, readlinkSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from './failure.js';

/** Editors write a file in several steps: changes are taken together until the folder has been quiet for so long. */
const QUIET_MS = 100;
/** As many links as the kernel follows (path_resolution(7)). */
const LINKS_MAX = 40;

export interface Watch {
  stop(): void;
}

/** A folder to watch, and the one name in it that matters; null: all of them do. */
interface Step {
  readonly folder: string;
  readonly name: string | null;
}

/**
 * Calls `changed` after something changed in one of the folders, or one of the paths leads elsewhere, once they are quiet;
 * never twice at a time: what changes while it works is told by a call after it. A folder that is not there is waited for.
 * Does not hold the event loop open.
 *
 * @param failed what `changed` rejected with; the watch goes on
 */
export function watchFolders(
  folders: readonly string[],
  changed: () => Promise<void>,
  failed: (error: unknown) => void,
): Watch {
  let timer: NodeJS.Timeout | undefined;
  let working = false;
  let again = false;
  let stopped = false;

  const work = async (): Promise<void> => {
    if (working) {
      again = true;
      return;
    }
    working = true;
    try {
      await changed();
    } finally {
      working = false;
      if (again && !stopped) {
        again = false;
        soon();
      }
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => work().catch(failed), QUIET_MS);
  };
  const ways = folders.map((folder) => new Way(folder, soon, failed));
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      for (const way of ways) way.close();
    },
  };
}

/** The watches of one path. */
class Way {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;
  #watchers: FSWatcher[] = [];
  #closed = false;

  constructor(path: string, changed: () => void, failed: (error: unknown) => void) {
    this.#path = resolve(path);
    this.#changed = changed;
    this.#failed = failed;
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  /** A folder is watched before what stands in it is looked up: what changes after the look is told. */
  #arm(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    for (const step of stepsOf(this.#path)) this.#watchers.push(...this.#watch(step));
  }

  #watch({ folder, name }: Step): FSWatcher[] {
    const told = (_event: string, what: string | null): void => {
      if (this.#closed || (name !== null && what !== null && what !== name)) return;
      try {
        if (name !== null) this.#arm();
      } catch (error) {
        // No more watches to be had (ENOSPC, EMFILE): what is watched still tells.
        this.#failed(error);
      }
      this.#changed();
    };
    try {
      const watcher = watch(folder, { persistent: false }, told);
      // A folder that is removed ends its watch; the one above tells when another takes its place.
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch (error) {
      // Gone between two looks, or closed to us: what stands above it is watched.
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) return [];
      throw error;
    }
  }
}

/** The folders that decide what a path leads to, each with the name that is looked up in it; the last one is what it leads to. */
function* stepsOf(path: string): Generator<Step> {
  let names = path.split('/').filter((name) => name !== '');
  let folder = '/';
  for (let links = 0; names.length > 0; ) {
    const [name = '', ...rest] = names;
    names = rest;
    if (name === '.') continue;
    if (name === '..') {
      folder = dirname(folder);
      continue;
    }
    yield { folder, name };
    const target = linkAt(join(folder, name));
    if (target === null) {
      folder = join(folder, name);
      continue;
    }
    if (++links > LINKS_MAX) return;
    if (target.startsWith('/')) folder = '/';
    names = [...target.split('/').filter((part) => part !== ''), ...names];
  }
  yield { folder, name: null };
}

function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
