// SPDX-License-Identifier: GPL-2.0-only
/** What the text of a policy needs of this machine: users, groups, the folders that hold groups of rules. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { findGroup, findUser, type User } from '../host/accounts.js';
import { codeOf } from '../host/failure.js';
import { readSecure } from '../host/secure.js';
import type { Surroundings } from '../policy/surroundings.js';

export type { Surroundings } from '../policy/surroundings.js';

/** The host's name without its domain: `${HOST}`. */
export function hostName(): string {
  return hostname().replace(/\..*$/s, '');
}

/**
 * @param user whom the program is run as: the source of `${HOME}`, `${USER}` and `${UID}`
 * @param cwd the folder it is started in: `${CWD}`; null: it has no path
 * @param folders searched in this order for NAME.yaml of a group
 */
export function surroundingsOf(user: User, cwd: string | null, folders: readonly string[]): Surroundings {
  const values = { HOME: user.home, USER: user.name, UID: String(user.uid), CWD: cwd, HOST: hostName() };
  return {
    variable: (name) => values[name],
    user: (name) => findUser(name)?.uid ?? null,
    group: (name) => findGroup(name) ?? null,
    rules: (name) => {
      for (const folder of folders) {
        const file = join(folder, `${name}.yaml`);
        try {
          return { file, text: readSecure(file) };
        } catch (error) {
          if (codeOf(error) !== 'ENOENT') throw error;
        }
      }
      return null;
    },
  };
}
