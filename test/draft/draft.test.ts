// SPDX-License-Identifier: GPL-2.0-only
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { decide } from '../../src/decide/decide.js';
import { draftOf, MACHINE } from '../../src/draft/draft.js';
import { folderStatements, isOwnConfiguration } from '../../src/draft/folders.js';
import { HINTS, hintLines, LATER_HINTS } from '../../src/draft/hints.js';
import { newPolicy } from '../../src/draft/new.js';
import { packageOf } from '../../src/draft/packages.js';
import { scriptOf } from '../../src/draft/script.js';
import { readObject } from '../../src/events/object.js';
import { GROUP_FOLDERS } from '../../src/host/host.js';
import { newFile } from '../../src/host/replace-file.js';
import { Sensitive } from '../../src/learn/sensitive.js';
import { formatPolicy } from '../../src/policy/format.js';
import type { AccessObject, Policy } from '../../src/policy/model.js';
import type { Operation, Version } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { parsePath } from '../../src/policy/path.js';

t.setTimeout(120_000);
const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', GROUP_FOLDERS);
const NONE = { ...MACHINE, dpkg: '/nowhere' };

function folder(t: Test): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-draft-')));
  t.teardown(() => rmSync(made, { recursive: true }));
  return made;
}
const verdict = (policy: Policy, operation: Operation, object: string): string =>
  decide(policy, { operations: [operation], object: readObject(object) as AccessObject, uid: 0, gid: 0 }).verdict;
const read = (text: string): Policy => parsePolicy(text, 'x.yaml', around);

/** Every statement of a text has a comment above it. */
function commented(text: string): boolean {
  const lines = text.split('\n');
  return lines.every((line, index) => !line.startsWith('  - ') || (lines[index - 1] ?? '').startsWith('  # '));
}

t.test('a program: its libraries and the groups that it shows to want', async (t) => {
  const program = realpathSync('/usr/bin/bash');
  const text = draftOf({ program, script: null, version: 1 }, around, NONE);
  const policy = read(text);
  t.same(policy.use, ['libc', 'locale', 'names', 'terminals']);
  t.equal(policy.mode, 'complain');
  t.ok(commented(text));
  t.equal(formatPolicy(text), text, 'in the one form');
  const lib = realpathSync('/usr/lib/x86_64-linux-gnu/libc.so.6');
  t.same(
    [verdict(policy, 'load', lib), verdict(policy, 'write', lib), verdict(policy, 'read', '/etc/shadow')],
    ['permit', 'deny', 'deny'],
  );
  t.match(text, /of no package/);
  t.match(text, / {2}# execve: it can run programs/);
});

t.test('what a hint says to write is a rule, of the version that has it', async (t) => {
  for (const [version, hints] of [
    [1, HINTS],
    [2, LATER_HINTS],
  ] as const)
    for (const [functions, hint] of hints) {
      const said = /permit: (.*)$/.exec(hint)?.[1]?.replace(/ \([^)]*\)|, and .*/g, '') ?? '';
      const [operations, keys = 'path: /srv/x'] = said.split(' with ');
      const known = keys.replace('NAME', 'root').replaceAll(' and ', '\n    ');
      const text = `version: ${version}\nprogram: /usr/bin/x\nrules:\n  - permit: ${operations}\n    ${known}\n`;
      t.equal(read(text).rules.length, 1, hint);
      if (version === 2) t.throws(() => read(text.replace('version: 2', 'version: 1')), hint);
      const imports = new Set(functions);
      t.same(hintLines(imports, 1).length, version === 1 ? 1 : 0);
      t.same(hintLines(imports, 2), [`${functions.slice(0, 3).join(', ')}: ${hint}`]);
    }
});

t.test('what is neither program nor script is told', async (t) => {
  const file = join(folder(t), 'x');
  writeFileSync(file, '\0\0\0\0 nothing\n'.repeat(20));
  t.throws(
    () => draftOf({ program: file, script: null, version: 1 }, around, NONE),
    /neither an ELF file nor a script/,
  );
});

t.test('scripts, by what reads them in the end', async (t) => {
  const at = folder(t);
  const script = (name: string, line: string): string => {
    const file = join(at, name);
    writeFileSync(file, `#!${line}\necho x\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const path = Buffer.from('/usr/bin:/bin');
  const bash = realpathSync('/usr/bin/bash');
  const env = realpathSync('/usr/bin/env');
  const plain = script('plain', '/usr/bin/bash -e');
  t.same(scriptOf(plain, path), { interpreter: bash, runs: bash, named: '/usr/bin/bash' });
  const asked = script('asked', '/usr/bin/env -S A=1 bash');
  t.same(scriptOf(asked, path), { interpreter: env, runs: bash, named: 'bash' });
  t.throws(() => scriptOf(script('lost', '/usr/bin/env nobody-here'), path), /its first line has env run nobody-here/);
  t.equal(scriptOf(bash, path), null);
  for (const [file, exec] of [
    [plain, 'deny'],
    [asked, 'permit'],
  ] as const) {
    const text = draftOf({ program: file, script: scriptOf(file, path), version: 1 }, around, NONE);
    t.equal(formatPolicy(text), text);
    const policy = read(text);
    t.same(
      [verdict(policy, 'read', file), verdict(policy, 'write', file), verdict(policy, 'exec', bash)],
      ['permit', 'deny', exec],
    );
    t.equal(verdict(policy, 'load', bash), 'permit');
  }
});

t.test("dpkg's database", async (t) => {
  const admin = folder(t);
  const conf = join(admin, 'conf');
  for (const name of ['a.conf', 'gone.conf']) writeFileSync(`${conf}.${name}`, '');
  rmSync(`${conf}.gone.conf`);
  mkdirSync(join(admin, 'own/sub'), { recursive: true });
  mkdirSync(join(admin, 'shared'));
  mkdirSync(join(admin, 'info'));
  const list = (name: string, ...paths: string[]): void =>
    writeFileSync(join(admin, 'info', `${name}.list`), `${['/.', ...paths].join('\n')}\n`);
  list('tool:amd64', '/bin/tool', `${admin}/shared`);
  list('tool-common', `${admin}/own`, `${admin}/own/sub`, `${admin}/own/sub/x.so`, `${admin}/shared`);
  list('other', `${admin}/shared`);
  writeFileSync(
    join(admin, 'status'),
    [
      'Package: tool\nDepends: libc6 (>= 2.3), tool-common (= 1), other | more\nConffiles:\n',
      `Package: tool-common\nSource: tool (1.0)\nConffiles:\n ${conf}.a.conf 0123\n ${conf}.gone.conf 0123\n ${conf}.old.conf 0123 obsolete\n`,
      'Package: other\nConffiles:\n /etc/other 01\n',
    ].join('\n'),
  );
  t.same(packageOf('/usr/bin/tool', admin), {
    name: 'tool',
    companions: ['tool-common'],
    conffiles: [{ path: `${conf}.a.conf`, package: 'tool-common' }],
    folders: [{ path: `${admin}/own`, package: 'tool-common', code: true }],
  });
  t.equal(packageOf('/usr/bin/nothing', admin), null);
  t.equal(packageOf('/usr/bin/tool', join(admin, 'nowhere')), null);
});

t.test('folders, by where they stand', async (t) => {
  const paths = [
    '/etc/x',
    '/etc/logrotate.d',
    '/usr/lib/x',
    '/usr/share/x',
    '/usr/share/doc/x',
    '/usr/lib/systemd/x',
    '/var/lib/x',
    '/var/lib/keys',
    '/srv/x',
  ];
  const folders = paths.map((path) => ({
    path,
    package: 'x',
    ...(path === '/usr/lib/x' ? { code: true as const } : {}),
  }));
  const sensitive = new Sensitive(['/var/lib/keys/**', '/**/*.key'].map((text) => parsePath(text, () => null)));
  const { statements, left } = folderStatements({ name: 'x', companions: [], conffiles: [], folders }, sensitive);
  t.same(
    statements.map(({ verdict, operations, objects }) => `${verdict} ${operations} ${objects.join(' ')}`),
    [
      'permit list /etc/x/***',
      'permit read,list /usr/lib/x/*** /usr/share/x/***',
      'permit load /usr/lib/x/**/*.so',
      'deny read,write,create,delete /var/lib/x/**/*.key',
      'permit read,list,write,create,delete /var/lib/x/***',
    ],
  );
  t.same(left, ['/var/lib/keys/***']);
  t.same(['/etc/nginx/nginx.conf', '/etc/default/nginx', '/etc/init.d/nginx'].map(isOwnConfiguration), [
    true,
    false,
    false,
  ]);
});

t.test('it is written once, and never over another', async (t) => {
  const at = folder(t);
  const first = newPolicy('bash', join(at, 'new'), true, '/nowhere', around, null);
  t.same([first.program, first.file], [realpathSync('/usr/bin/bash'), join(at, 'new', 'usr_bin_bash.yaml')]);
  t.equal(readFileSync(first.file as string, 'utf8'), first.text);
  writeFileSync(first.file as string, first.text.replace('mode: complain', 'mode: enforce'));
  t.throws(
    () => newPolicy('bash', join(at, 'new'), true, '/nowhere', around, null),
    /has a policy already, .*usr_bin_bash\.yaml: it is left/,
  );
  t.match(readFileSync(first.file as string, 'utf8'), /mode: enforce/);
  t.same(newPolicy('bash', join(at, 'none'), false, '/nowhere', around, null), { ...first, file: null });
  t.same(readdirSync(at), ['new']);
  t.throws(() => newPolicy('nobody-here', null, false, '/nowhere', around, null), /not found along PATH/);
  t.throws(() => newFile(first.file as string, 'x'), /is there already/);
  t.throws(() => newFile(join(at, 'gone', 'x'), 'x'), /cannot be written \(ENOENT\)/);
  t.same(readdirSync(join(at, 'new')), ['usr_bin_bash.yaml'], 'nothing is left behind');
});

t.test('its version is that of the policies beside it, or the one that is asked for', async (t) => {
  const at = folder(t);
  const versionOf = (...[program, write, asked]: [string, boolean, Version | null]): Version =>
    read(newPolicy(program, at, write, '/nowhere', around, asked).text).version;
  t.equal(versionOf('cat', true, null), 1);
  t.equal(versionOf('bash', true, null), 1);
  t.equal(versionOf('ls', true, 2), 2);
  t.equal(versionOf('mv', true, null), 2);
  t.equal(versionOf('cp', true, 1), 1);
  t.equal(versionOf('rm', false, null), 1, 'one that is not written stands beside none');
});
