// SPDX-License-Identifier: GPL-2.0-only
/** Who holds a lock on a file, as the kernel tells. */
import { readFileSync, statSync } from 'node:fs';

export interface Holder {
  readonly pid: number;
  readonly comm: string;
}

/** Processes that hold a flock(2) on the file; none where that cannot be told. Source: proc_locks(5). */
export function lockHolders(file: string): Holder[] {
  try {
    const { ino } = statSync(file, { bigint: true });
    const pids = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      // "1: FLOCK  ADVISORY  WRITE 812 00:1a:4711 0 EOF"; the device on overlayfs is none that stat(2) knows.
      .flatMap((line) => {
        const [, pid, inode] = /^\d+: FLOCK\s+\S+\s+\S+\s+(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
        return inode === String(ino) ? [Number(pid)] : [];
      });
    return pids.map((pid) => ({ pid, comm: commOf(pid) }));
  } catch {
    return [];
  }
}

function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return '?';
  }
}
