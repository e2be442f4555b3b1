// SPDX-License-Identifier: GPL-2.0-only
/** Which files are told to the gate, and what becomes of them when a session comes, changes and goes. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import type { Host } from '../../src/host/host.js';
import { Gate } from '../../src/kernel/gate.js';
import { encodeInode } from '../../src/kernel/records.js';
import { protectedPaths } from '../../src/session/protect.js';
import { Session, type SessionFacts } from '../../src/session/session.js';
import { FakeAddon, type FakeGate } from './fake-addon.js';

const { PROTECT_ENTRIES, PROTECT_FIXED, PROTECT_SEALED } = NUMBERS;
const FOLDER = PROTECT_ENTRIES | PROTECT_FIXED | PROTECT_SEALED;

function setUp(test: Test): { host: Host; gate: Gate; native: FakeGate; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-protect-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  const addon = new FakeAddon();
  const host: Host = {
    addon,
    pins: join(folder, 'bpf'),
    run: join(folder, 'run'),
    journals: join(folder, 'lib'),
    logs: join(folder, 'log'),
    policies: join(folder, 'etc/policies'),
    groups: [join(folder, 'etc/groups')],
    installation: join(folder, 'usr'),
  };
  mkdirSync(join(folder, 'etc/policies/other'), { recursive: true });
  mkdirSync(join(folder, 'work/cat'), { recursive: true });
  writeFileSync(join(folder, 'work/cat/cat.yaml'), '');
  writeFileSync(join(folder, 'log.jsonl'), '');
  const native = addon.load({ directory: host.pins }) as FakeGate;
  return { host, gate: new Gate(native), native, folder };
}

function facts(folder: string): SessionFacts {
  return {
    name: 'cat-1',
    kind: 'run',
    command: ['/usr/bin/cat'],
    folder: join(folder, 'work/cat'),
    user: null,
    log: join(folder, 'log.jsonl'),
    journal: null,

    mode: null,
  };
}

const image = (folder: string) => ({
  index: 1,
  program: '/usr/bin/cat',
  file: join(folder, 'work/cat/cat.yaml'),
  digest: 'sha256:0',
  generation: 1,
  mode: 'enforce' as const,
  version: 1 as const,
  class: 0,
  bytes: Buffer.from('one'),
});

t.test('a session protects what it has in use, and takes it with it', async (t) => {
  const { host, gate, native, folder } = setUp(t);
  const flagsOf = (path: string): number | undefined => {
    const stat = statSync(path, { bigint: true });
    const inode = { device: Number(stat.dev), inode: stat.ino, directory: stat.isDirectory() };
    return native.lookup('protections', encodeInode(inode))?.readUInt32LE(0);
  };
  const session = Session.open(host, gate, facts(folder), [image(folder)]);
  for (const path of [host.run, host.journals, host.logs, host.policies, ...host.groups, join(folder, 'work/cat')])
    t.equal(flagsOf(path), FOLDER, `${path} was made, and is protected`);
  t.equal(flagsOf(join(host.policies, 'other')), FOLDER, 'another application');
  t.equal(flagsOf(join(host.run, 'cat-1')), FOLDER, 'its state');
  t.equal(flagsOf(join(folder, 'work')), PROTECT_FIXED, 'the folder above cannot be moved');
  t.equal(flagsOf(join(folder, 'work/cat/cat.yaml')), PROTECT_SEALED, 'its policy');
  t.equal(flagsOf(join(folder, 'log.jsonl')), PROTECT_SEALED, 'its log, in a folder of others');

  rmSync(join(folder, 'work/cat/cat.yaml'));
  writeFileSync(join(folder, 'work/cat/new'), '');
  writeFileSync(join(folder, 'work/cat/cat.yaml'), 'another');
  session.replace([image(folder)]);
  t.equal(flagsOf(join(folder, 'work/cat/cat.yaml')), PROTECT_SEALED, 'the file that took its place');

  session.free();
  t.equal(flagsOf(join(folder, 'work/cat')), undefined, 'nobody uses it any more');
  t.equal(flagsOf(join(folder, 'log.jsonl')), undefined);
  t.equal(flagsOf(host.logs), FOLDER, 'what all sessions use stays');
});

t.test('what runs of callgate itself is protected, and nothing that stands beside it', async (t) => {
  const { host, gate, native, folder } = setUp(t);
  const root = host.installation;
  const files: Readonly<Record<string, object | string>> = {
    'package.json': { dependencies: { used: '1', '@some/scoped': '1', absent: '1' }, devDependencies: { tool: '1' } },
    'oclif.manifest.json': {},
    'README.md': '',
    'bin/callgate': '',
    'dist/src/cli/start.cjs': '',
    'dist/test/one.js': '',
    'node_modules/used/package.json': { dependencies: { deeper: '1', used: '1' } },
    'node_modules/used/lib/index.js': '',
    'node_modules/used/node_modules/deeper/package.json': {},
    'node_modules/@some/scoped/package.json': { optionalDependencies: { hoisted: '1' } },
    'node_modules/hoisted/package.json': {},
    'node_modules/tool/package.json': {},
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), JSON.stringify(text));
  }
  const names = [
    ...['', 'bin', 'dist', 'dist/src', 'dist/src/cli', 'dist/test', 'package.json', 'oclif.manifest.json', 'README.md'],
    ...['node_modules', 'node_modules/used', 'node_modules/used/lib', 'node_modules/used/node_modules/deeper'],
    ...['node_modules/@some', 'node_modules/@some/scoped', 'node_modules/hoisted', 'node_modules/tool'],
  ];
  const flagged = () =>
    Object.fromEntries(
      names.flatMap((name) => {
        const { dev, ino, mode } = statSync(join(root, name), { bigint: true });
        const inode = { device: Number(dev), inode: ino, directory: (mode & 0o170000n) === 0o40000n };
        const flags = native.lookup('protections', encodeInode(inode))?.readUInt32LE(0);
        return flags === undefined ? [] : [[name, flags]];
      }),
    );
  const session = Session.open(host, gate, facts(folder), [image(folder)]);
  t.equal(session.state.installation, root);
  t.same(flagged(), {
    ...{ '': PROTECT_FIXED, dist: PROTECT_FIXED },
    ...{ bin: FOLDER, 'dist/src': FOLDER, 'dist/src/cli': FOLDER },
    ...{ 'package.json': PROTECT_SEALED, 'oclif.manifest.json': PROTECT_SEALED },
    ...{ node_modules: FOLDER, 'node_modules/used': FOLDER, 'node_modules/used/lib': FOLDER },
    ...{ 'node_modules/used/node_modules/deeper': FOLDER, 'node_modules/@some': FOLDER },
    ...{ 'node_modules/@some/scoped': FOLDER, 'node_modules/hoisted': FOLDER },
  });
  session.free();
  t.same(flagged(), {}, 'with nobody confined there is nobody to keep from it');
});

t.test('a log that is no file is everybody’s', async (t) => {
  const { host, gate, native, folder } = setUp(t);
  const session = Session.open(host, gate, { ...facts(folder), log: '/dev/null' }, []);
  const { dev, ino } = statSync('/dev/null', { bigint: true });
  for (const directory of [true, false])
    t.equal(native.lookup('protections', encodeInode({ device: Number(dev), inode: ino, directory })), null);
  session.free();
});

t.test('the root of the file system is never named', async (t) => {
  const { host, folder } = setUp(t);
  const paths = protectedPaths(host, []);
  t.equal(paths.has('/'), false);
  t.equal(paths.get(dirname(folder)), PROTECT_FIXED);
  t.ok(existsSync(folder));
});
