// SPDX-License-Identifier: GPL-2.0-only
/** -c: as whom the program runs. */
import { findGroup, findUser, groupsOf, type User } from '../host/accounts.js';
import { Refusal } from '../host/failure.js';
import type { Identity } from '../supervise/program.js';

/**
 * Reads `user:group` or `uid:gid`. The group may be left out behind a user's name: then it is the user's, with all that the
 * user is in; with a group that is written there are no others.
 *
 * @throws Refusal where there is no such user or group
 */
export function runAsOf(text: string): Identity {
  const [name = '', group, ...more] = text.split(':');
  if (name === '' || group === '' || more.length > 0)
    throw new Refusal(`-c ${text}: it is user:group, or uid:gid`, 'systrace -c nobody:nogroup ...');
  const numbered = /^\d{1,10}$/.test(name);
  const found = findUser(name);
  if (found === undefined && !numbered) throw new Refusal(`-c ${text}: there is no user ${name}`, 'getent passwd');
  if (numbered && group === undefined)
    throw new Refusal(
      `-c ${text}: behind a number stands the group's`,
      `systrace -c ${name}:${found?.gid ?? name} ...`,
    );
  const uid = found?.uid ?? Number(name);
  const gid = group === undefined ? (found?.gid as number) : groupNumber(text, group);
  const user: User = { ...(found ?? { name, home: '/', shell: '/bin/sh' }), uid, gid };
  const groups = group === undefined ? groupsOf(user) : [gid];
  return { user, switchTo: { uid, gid, groups } };
}

function groupNumber(text: string, group: string): number {
  const number = /^\d{1,10}$/.test(group) ? Number(group) : findGroup(group);
  if (number === undefined) throw new Refusal(`-c ${text}: there is no group ${group}`, 'getent group');
  return number;
}
