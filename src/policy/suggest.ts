// SPDX-License-Identifier: GPL-2.0-only
/** The word a person may have meant. */

/** What people write out of habit, and the operation it is here. */
const HABITS: Readonly<Record<string, string>> = {
  open: 'read',
  readlink: 'read',
  readdir: 'list',
  getdents: 'list',
  append: 'write',
  truncate: 'write',
  modify: 'write',
  mkdir: 'create',
  symlink: 'create',
  mkfifo: 'create',
  unlink: 'delete',
  remove: 'delete',
  rmdir: 'delete',
  rm: 'delete',
  rename: 'delete (the old name) and create (the new one)',
  move: 'delete (the old name) and create (the new one)',
  hardlink: 'link',
  getattr: 'stat',
  metadata: 'stat',
  execute: 'exec',
  execve: 'exec',
  run: 'exec',
  mmap: 'load',
  map: 'load',
  recv: 'receive',
  recvmsg: 'receive',
  sendto: 'send',
  sendmsg: 'send',
};

/** The word nearest to `word`; '' where none is near. */
export function nearest(word: string, words: readonly string[]): string {
  const folded = word.toLowerCase();
  let best = '';
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const far = distance(folded, candidate.toLowerCase(), least);
    if (far < least) [best, least] = [candidate, far];
  }
  return best;
}

/** The operation that was meant; '' where it cannot be told. */
export function nearestOperation(word: string, operations: readonly string[]): string {
  return HABITS[word.toLowerCase()] ?? nearest(word, operations);
}

/** Changes, insertions, removals and swaps of neighbours that make one word the other; `most` where there are more. */
function distance(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) >= most) return most;
  let [before, row]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      let far = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        far = Math.min(far, (before[j - 2] as number) + 1);
      next.push(far);
    }
    [before, row] = [row, next];
  }
  return row[other.length] as number;
}
