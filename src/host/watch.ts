/** Watching folders of policies, so that what a person saves takes effect. */
import { type FSWatcher, watch } from 'node:fs';
import { codeOf } from './failure.js';

/** Editors write a file in several steps: changes are taken together until the folder has been quiet for so long. */
const QUIET_MS = 100;

export interface Watch {
  stop(): void;
}

/**
 * Calls `changed` after something changed in one of the folders, once they are quiet; never twice at a time: what changes
 * while it works is told by a call after it. A folder that is not there is not watched. Does not hold the event loop open.
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
    }
    if (again && !stopped) {
      again = false;
      soon();
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => work().catch(failed), QUIET_MS);
  };
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, soon);
      // A folder that is removed ends its watch; the policies that hold stay.
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
