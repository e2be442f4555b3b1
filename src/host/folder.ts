// SPDX-License-Identifier: GPL-2.0-only
/** The folder this process was started in. */
import { readlinkSync, statSync } from 'node:fs';

/** A name for it that holds for this process whatever became of the folder. */
export const HERE = '/proc/self/cwd';

/** Its absolute path; null where it has none any more, or one that is no UTF-8. */
export function currentFolder(): string | null {
  const bytes = readlinkSync(HERE, { encoding: 'buffer' });
  const path = bytes.toString('utf8');
  if (!Buffer.from(path).equals(bytes)) return null;
  // What was removed is told with " (deleted)" behind it, which may be a name as well; outside of a chroot there is no path.
  if (!path.startsWith('/')) return null;
  try {
    const [named, here] = [statSync(path), statSync('.')];
    return named.ino === here.ino && named.dev === here.dev ? path : null;
  } catch {
    return null;
  }
}
