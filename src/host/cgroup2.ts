// SPDX-License-Identifier: GPL-2.0-only
/** A cgroup of the unified hierarchy (cgroups(7)), and who is in it. */
import { readdirSync, readFileSync, realpathSync, statfsSync, statSync, watch } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { codeOf, Refusal } from './failure.js';

/** Of statfs(2), linux/magic.h. */
const MAGIC = 0x63677270;
const MOUNTED = '/sys/fs/cgroup';

export interface Cgroup {
  /** Its directory. */
  readonly path: string;
  /** As the kernel numbers it. */
  readonly group: bigint;
}

/**
 * The cgroup that is meant: by its directory, or from the root of the hierarchy on.
 *
 * @throws Refusal where there is none, or it is the root, which everybody is in
 */
export function findCgroup(word: string): Cgroup {
  const named = isAbsolute(word) && isCgroup(word) ? word : join(MOUNTED, word);
  if (!isCgroup(named))
    throw new Refusal(
      `${word}: no cgroup of the unified hierarchy (cgroup2)`,
      `ls ${MOUNTED}; a directory there, such as system.slice/nginx.service`,
    );
  const path = realpathSync(named);
  const { ino } = statSync(path, { bigint: true });
  // The root has no such file (cgroups(7)).
  if (!hasFile(path, 'cgroup.events')) throw new Refusal(`${path}: everybody is in it`, 'name a cgroup below it');
  return { path, group: ino };
}

function isCgroup(path: string): boolean {
  try {
    return statfsSync(path).type >>> 0 === MAGIC && statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function hasFile(path: string, name: string): boolean {
  return readdirSync(path).includes(name);
}

/** Processes in it and below. They come and go meanwhile. */
export function membersOf(path: string): number[] {
  try {
    const own = readFileSync(join(path, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => membersOf(join(path, name)))];
  } catch (error) {
    // ENODEV, ENOENT: it was removed. EOPNOTSUPP: of a threaded one, whose processes are told above it.
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP', 'ENOTSUP'].includes(codeOf(error) ?? '')) return [];
    throw error;
  }
}

/** Resolves once the directory is gone. */
export function cgroupGone(path: string): { readonly done: Promise<void>; cancel(): void } {
  let look: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    look = () => {
      if (!isCgroup(path)) resolve();
    };
  });
  const watcher = watch(path, look);
  watcher.on('error', look);
  // It may have gone before it was watched.
  look();
  return { done, cancel: () => watcher.close() };
}
