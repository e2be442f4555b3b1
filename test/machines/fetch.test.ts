// SPDX-License-Identifier: GPL-2.0-only
/** scripts/vagrant/fetch, with an ssh that answers as a machine does whose root is nobody to be trusted. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../../src/host/host.js';

const base = mkdtempSync(join(tmpdir(), 'callgate-test-'));
t.teardown(() => rmSync(base, { recursive: true }));
for (const folder of ['scripts/vagrant', 'scripts/vm', 'bin', 'cache/vagrant', 'out/vagrant', 'machine/cat'])
  mkdirSync(join(base, folder), { recursive: true });
for (const file of ['vagrant/fetch', 'vagrant/common.bash', 'vm/common.bash'])
  cpSync(join(ROOT, 'scripts', file), join(base, 'scripts', file));
writeFileSync(join(base, 'cache/vagrant/key'), '');
writeFileSync(join(base, 'bin/ssh'), `#!/bin/sh\ncat ${base}/archive\n`, { mode: 0o755 });

/** What is in the machine comes back: what is said, the exit status, and which files are here then. */
function fetched(): { said: string; status: number | null; files: string[] } {
  const { stderr, status } = spawnSync(join(base, 'scripts/vagrant/fetch'), {
    ...{ cwd: base, encoding: 'utf8' },
    env: { ...process.env, PATH: `${base}/bin:${process.env.PATH}`, CALLGATE_CACHE: join(base, 'cache') },
  });
  const files = readdirSync(join(base, 'out/vagrant'), { recursive: true, withFileTypes: true });
  const plain = files.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  return { said: stderr, status, files: plain.map((file) => file.slice(base.length + '/out/vagrant/'.length)).sort() };
}

const pack = (): void => void spawnSync('tar', ['-C', join(base, 'machine'), '-cf', join(base, 'archive'), '.']);

t.test('policies come back, and nothing else', async (t) => {
  t.same(fetched(), { said: 'vagrant/fetch: there is no machine here: vagrant up\n', status: 125, files: [] });
  writeFileSync(join(base, 'out/vagrant/settings'), 'port=2300\n');
  const policy = join(base, 'machine/cat/usr_bin_cat.yaml');
  writeFileSync(policy, 'one');
  for (const folder of ['two words', 'cat/deeper']) mkdirSync(join(base, 'machine', folder));
  for (const file of ['top.yaml', 'two words/a.yaml', 'cat/deeper/a.yaml', 'cat/notes', 'cat/a\tb.yaml'])
    writeFileSync(join(base, 'machine', file), 'no');
  symlinkSync('/etc/hostname', join(base, 'machine/cat/link.yaml'));
  symlinkSync('/etc', join(base, 'machine/etc'));
  pack();
  const files = ['lock', 'policies/cat/usr_bin_cat.yaml', 'settings'];
  t.same(fetched(), {
    said:
      "vagrant/fetch: left there, by its name: $'cat/a\\tb.yaml'\nvagrant/fetch: left there, by its name: 'two words/a.yaml'\n" +
      'vagrant/fetch: back from the machine, in out/vagrant/policies: cat/usr_bin_cat.yaml\n',
    ...{ status: 0, files },
  });
  for (const odd of ['two words', 'cat/a\tb.yaml']) rmSync(join(base, 'machine', odd), { recursive: true });
  pack();
  t.same(fetched(), { said: '', status: 0, files });
  writeFileSync(policy, 'another');
  pack();
  t.equal(fetched().said, 'vagrant/fetch: back from the machine, in out/vagrant/policies: cat/usr_bin_cat.yaml\n');
  t.equal(readFileSync(join(base, 'out/vagrant/policies/cat/usr_bin_cat.yaml'), 'utf8'), 'another');
});

t.test('an archive that is cut short changes nothing', async (t) => {
  const whole = readFileSync(join(base, 'archive'));
  for (const length of [1, 512, 700, 1024, 1536, 2048]) {
    writeFileSync(join(base, 'archive'), whole.subarray(0, length));
    const { said, status, files } = fetched();
    t.same(
      { said, status, files },
      {
        said: 'vagrant/fetch: what the machine sent is cut short: nothing was brought back\n',
        ...{ status: 125, files: ['lock', 'policies/cat/usr_bin_cat.yaml', 'settings'] },
      },
      `${length} bytes`,
    );
  }
  t.equal(readFileSync(join(base, 'out/vagrant/policies/cat/usr_bin_cat.yaml'), 'utf8'), 'another');
});
