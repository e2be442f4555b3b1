// SPDX-License-Identifier: GPL-2.0-only
/** That the watcher (launcher/watcher.c) is there as long as the supervisor is: where it goes first, a person hears of it. */
import { codeOf } from '../host/failure.js';
import type { Session } from '../session/session.js';
import { lives } from '../session/state.js';

/**
 * Says once that the watcher of a session is gone. Of a session that never had one nothing is said.
 *
 * @returns what ends the watch
 */
export function watchWatcher({ host, state }: Session, say: (words: string) => void): () => void {
  const { watcher } = state;
  if (watcher === undefined || watcher === null) return () => undefined;
  const gone = `the watcher (${watcher.pid}) is gone: if this supervisor is killed now, its hooks stay on until callgate is called again`;
  let pidfd: number;
  try {
    pidfd = host.addon.openPidfd(watcher.pid);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
    say(gone);
    return () => undefined;
  }
  if (!lives(watcher)) {
    host.addon.closeFd(pidfd);
    say(gone);
    return () => undefined;
  }
  const { done, cancel } = host.addon.waitPidfd(pidfd);
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    cancel();
    host.addon.closeFd(pidfd);
  };
  void done.then(() => {
    if (over) return;
    end();
    say(gone);
  });
  return end;
}
