// SPDX-License-Identifier: GPL-2.0-only
/** Which cgroup is meant. What is in one is tried where there are some (test/vm/entering.test.ts). */
import t from 'tap';
import { cgroupGone, findCgroup, membersOf } from '../../src/host/cgroup2.js';

t.test('what is no cgroup is told', (t) => {
  const folder = t.testdir({});
  for (const word of [folder, '/nowhere', 'no.slice/none.service'])
    t.throws(() => findCgroup(word), {
      message: `${word}: no cgroup of the unified hierarchy (cgroup2)`,
      remedy: 'ls /sys/fs/cgroup; a directory there, such as system.slice/nginx.service',
    });
  t.end();
});

t.test('members of one and below, as far as they can be read', (t) => {
  const folder = t.testdir({
    'cgroup.procs': '7\n8\n',
    below: { 'cgroup.procs': '9\n', deeper: { 'cgroup.procs': '' } },
    gone: {},
  });
  t.same(membersOf(folder), [7, 8, 9]);
  t.same(membersOf(`${folder}/none`), []);
  t.end();
});

t.test('one that is gone is told at once', async (t) => {
  const { done, cancel } = cgroupGone(t.testdir({}));
  await done;
  cancel();
});
