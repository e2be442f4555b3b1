// SPDX-License-Identifier: GPL-2.0-only
/** Users and groups of this system. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The user of a name or number; undefined where there is none. Asks getent where /etc/passwd does not know it. */
export function findUser(user: string | number): User | undefined {
  const key = String(user);
  const matches = (fields: string[]): boolean => fields[0] === key || fields[2] === key;
  const fields = entry('passwd', key, matches);
  if (fields === undefined) return undefined;
  const [name = '', , uid = '', gid = '', , home = '/', shell = '/bin/sh'] = fields;
  return { name, uid: Number(uid), gid: Number(gid), home, shell };
}

/** The number of a group; undefined where there is none. */
export function findGroup(group: string): number | undefined {
  const fields = entry('group', group, (candidate) => candidate[0] === group);
  return fields?.[2] === undefined ? undefined : Number(fields[2]);
}

/** All groups of a user, as initgroups(3) would set them. */
export function groupsOf(user: User): number[] {
  try {
    const line = execFileSync('getent', ['initgroups', user.name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ids = line.trim().split(/\s+/).slice(1).map(Number);
    return [...new Set([user.gid, ...ids])];
  } catch {
    const ids = lines('/etc/group').flatMap((fields) =>
      (fields[3] ?? '').split(',').includes(user.name) ? [Number(fields[2])] : [],
    );
    return [...new Set([user.gid, ...ids])];
  }
}

function entry(database: string, key: string, matches: (fields: string[]) => boolean): string[] | undefined {
  const local = lines(`/etc/${database}`).find(matches);
  if (local !== undefined) return local;
  // A name service may know more; without getent there is none to ask.
  try {
    const line = execFileSync('getent', [database, key], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return line.trim().split(':');
  } catch {
    return undefined;
  }
}

function lines(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
