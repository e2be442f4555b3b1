// SPDX-License-Identifier: GPL-2.0-only
/** Which package owns a folder, by dpkg's lists. Where there is no dpkg nobody owns anything. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bytes, bytesFrom } from '../policy/bytes.js';

/** What several packages own. */
const SEVERAL = '';

/**
 * The one package that has a folder in its list, asked by the folder's path. A list names the folders above its files too (dpkg-query(1),
 * -L), so what is in the folder is of no other package. The lists are read once, when a folder is first asked for.
 *
 * @param lists dpkg's folder of lists
 */
export function packageOwners(lists = '/var/lib/dpkg/info'): (folder: Bytes) => string | null {
  let owners: ReadonlyMap<string, string> | undefined;
  return (folder) => {
    owners ??= readOwners(lists);
    // Of a merged /usr (usr-is-merged) a list may still name the old place.
    const owner = owners.get(folder) ?? owners.get(folder.replace(/^\/usr(?=\/(?:bin|sbin|lib))/, ''));
    return owner === undefined || owner === SEVERAL ? null : owner;
  };
}

function readOwners(lists: string): Map<string, string> {
  const owners = new Map<string, string>();
  for (const file of listsIn(lists)) {
    // `libc6:amd64.list`: one package for each architecture.
    const name = file.slice(0, -'.list'.length).replace(/:[^:]*$/, '');
    for (const path of bytesFrom(readFileSync(join(lists, file))).split('\n')) {
      const known = owners.get(path);
      if (known === undefined) owners.set(path, name);
      else if (known !== name) owners.set(path, SEVERAL);
    }
  }
  return owners;
}

function listsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.list'));
  } catch {
    // Another system's packages, or none.
    return [];
  }
}
