// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { findGroup, findUser, groupsOf } from '../../src/host/accounts.js';

const ROOT = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash' };

t.test('a user is found by name and by number, as getent(1) tells it', async (t) => {
  const [name, , uid, gid, , home, shell] = execFileSync('getent', ['passwd', 'root'], { encoding: 'utf8' })
    .trim()
    .split(':');
  const told = { name, uid: Number(uid), gid: Number(gid), home, shell };
  t.same(findUser('root'), told);
  t.same(findUser(0), told);
  t.same(findUser('0'), told);
  t.same(findUser('root')?.uid, ROOT.uid);
  t.equal(findUser('callgate-no-such-user'), undefined);
  t.equal(findUser(4_000_000_000), undefined);
});

t.test('groups', async (t) => {
  t.equal(findGroup('root'), 0);
  t.equal(findGroup('callgate-no-such-group'), undefined);
  const root = findUser('root') ?? ROOT;
  const ids = execFileSync('id', ['-G', 'root'], { encoding: 'utf8' }).trim().split(' ').map(Number);
  t.same(groupsOf(root).sort(), ids.sort(), 'all of a user, as id(1) tells them');
  t.same(groupsOf({ ...ROOT, name: 'callgate-no-such-user', gid: 77 }), [77], 'of one that no database has, its own');
});
