// SPDX-License-Identifier: GPL-2.0-only
/** Which folders are a process's cgroups, from the kernel's own texts. */
import t from 'tap';
import { foldersOf } from '../../src/host/cgroups.js';

const V2 = '35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';

t.test('the second version: its own and all above it', async (t) => {
  t.same(foldersOf('0::/user.slice/a b\n', V2), [
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/user.slice',
    '/sys/fs/cgroup/user.slice/a b',
  ]);
  t.same(foldersOf('0::/\n', V2), ['/sys/fs/cgroup']);
});

t.test('the first version: one hierarchy for each controller', async (t) => {
  const mounts =
    '36 24 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n' +
    '37 24 0:32 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
    '38 24 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n';
  t.same(foldersOf('4:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/z\n', mounts), [
    '/sys/fs/cgroup/cpu,cpuacct',
    '/sys/fs/cgroup/cpu,cpuacct/x',
    '/sys/fs/cgroup/systemd',
    '/sys/fs/cgroup/systemd/y',
  ]);
});

t.test('a part of a hierarchy that is mounted elsewhere, and one that cannot be seen', async (t) => {
  const mounts = '39 24 0:30 /pod /mnt/c\\040g rw - cgroup2 none rw\n';
  t.same(foldersOf('0::/pod/x\n', mounts), ['/mnt/c g', '/mnt/c g/x']);
  t.same(foldersOf('0::/pods/x\n', mounts), []);
  t.same(foldersOf('0::/../x\n', mounts), []);
  t.same(foldersOf('0::/x\n', 'nonsense\n'), []);
});
