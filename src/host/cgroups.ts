// SPDX-License-Identifier: GPL-2.0-only
/** Where a process's cgroups are mounted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Mount {
  /** The cgroup that is mounted, and where. */
  readonly root: string;
  readonly point: string;
  /** Controllers of a first-version hierarchy and `name=...`; null: the second version. */
  readonly words: readonly string[] | null;
}

/**
 * The folders of a process's cgroups and of those above them, as far as they can be seen; none where the process is gone.
 * Sources: cgroups(7), proc(5).
 */
export function cgroupFolders(pid: number): string[] {
  try {
    return foldersOf(readFileSync(`/proc/${pid}/cgroup`, 'latin1'), readFileSync('/proc/self/mountinfo', 'latin1'));
  } catch {
    return [];
  }
}

/** The same from the texts of /proc/PID/cgroup and /proc/self/mountinfo. */
export function foldersOf(cgroups: string, mountinfo: string): string[] {
  const mounts = mountinfo.split('\n').flatMap(mountOf);
  const folders = new Set<string>();
  for (const line of cgroups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const { root, point, words } of mounts) {
      const same = controllers === '' ? words === null : controllers.split(',').some((word) => words?.includes(word));
      const prefix = root === '/' ? '' : root;
      if (!same || (path !== root && !path.startsWith(`${prefix}/`))) continue;
      let folder = point;
      folders.add(folder);
      for (const name of path.slice(prefix.length).split('/').filter(Boolean)) {
        folder = join(folder, name);
        folders.add(folder);
      }
    }
  }
  return [...folders];
}

function mountOf(line: string): Mount[] {
  const [front = '', back = ''] = line.split(' - ');
  const [, , , root, point] = front.split(' ');
  const [type, , options = ''] = back.split(' ');
  if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
  return [{ root: plain(root), point: plain(point), words: type === 'cgroup' ? options.split(',') : null }];
}

/** Without mountinfo's `\\040` for what would end a word. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
