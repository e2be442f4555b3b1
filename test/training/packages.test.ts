// SPDX-License-Identifier: GPL-2.0-only
/** Whose a folder is, by dpkg's lists. */
import { join } from 'node:path';
import t from 'tap';
import type { Bytes } from '../../src/policy/bytes.js';
import { packageOwners } from '../../src/training/packages.js';

t.test('a folder is of the one package that lists it', async (t) => {
  const lists = t.testdir({
    'app.list':
      '/.\n/usr\n/usr/share\n/usr/share/app\n/usr/share/app/a\n/usr/share/both\n/usr/share/both/a\n/lib\n/lib/app\n',
    'other.list': '/.\n/usr\n/usr/share\n/usr/share/both\n/usr/share/both/b\n',
    'twice:amd64.list': '/usr/lib/twice\n',
    'twice:i386.list': '/usr/lib/twice\n',
    'app.md5sums': '/usr/share/sums\n',
  });
  const owner = packageOwners(lists);
  const of = (folder: string): string | null => owner(folder as Bytes);
  t.equal(of('/usr/share/app'), 'app');
  t.equal(of('/usr/lib/app'), 'app', 'listed where it was before /usr was merged');
  t.equal(of('/usr/lib/twice'), 'twice');
  for (const folder of ['/usr/share/both', '/usr/share', '/usr/share/nobody', '/usr/share/sums'])
    t.equal(of(folder), null);
  t.equal(packageOwners(join(lists, 'none'))('/usr/share/app' as Bytes), null, 'no dpkg, no packages');
});
