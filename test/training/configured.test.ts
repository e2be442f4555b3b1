// SPDX-License-Identifier: GPL-2.0-only
/** Which folders of configuration files a run keeps: those that it used, of files that are no secret and that it did not write. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Sensitive } from '../../src/learn/sensitive.js';
import { configuredFolders } from '../../src/training/configured.js';
import { runOf, seen, sensitive } from '../learn/build.js';

t.test('folders that stand in what was read', async (t) => {
  const folder = t.testdir({
    'app.conf':
      'root "/srv/www/pages/";\nerror_log /srv/www/logs/error.log;\ninclude /srv/www/zones/*.conf;\n# /srv/unused\n',
    'script.sh': 'cat /srv/script/*',
    'own.conf': '/srv/own',
    'app.secret.conf': '/srv/secret',
    'binary.conf': '/srv/binary\0',
  });
  spawnSync('mkfifo', [join(folder, 'pipe.conf')]);
  mkdirSync(join(folder, 'folder.conf'));
  writeFileSync(join(folder, 'long.conf'), `/srv/long ${'x'.repeat(300_000)}`);
  const names = ['app', 'own', 'app.secret', 'binary', 'pipe', 'folder', 'long', 'gone'].map((name) =>
    join(folder, `${name}.conf`),
  );
  names.push(join(folder, 'script.sh'));
  const used = [
    '/srv/script/x',
    '/srv/www/pages/a.html',
    '/srv/www/zones/b/c',
    '/srv/own/x',
    '/srv/secret/x',
    '/srv/binary/x',
    '/srv/long/x',
  ];
  const { observations } = runOf([
    ...[...names, ...used].map((path) => seen('read', path)),
    seen('write', join(folder, 'own.conf')),
  ]);
  const list = new Sensitive(sensitive);
  t.same(configuredFolders(observations.all(), names, list), ['/srv/www/pages', '/srv/www/zones']);
  t.same(
    configuredFolders(observations.all(), [], list),
    [],
    'what nobody named and is not in /etc is no configuration',
  );
});
