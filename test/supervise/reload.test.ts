// SPDX-License-Identifier: GPL-2.0-only
/** Policies that change, move and go while they hold: each is said once, and what can be taken in is. */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FolderSource } from '../../src/application/source.js';
import { surroundingsOf } from '../../src/application/surroundings.js';
import type { Host } from '../../src/host/host.js';
import { Gate } from '../../src/kernel/gate.js';
import { imagesOf, Numbering } from '../../src/session/images.js';
import { Session } from '../../src/session/session.js';
import { PolicyKeeper } from '../../src/supervise/reload.js';
import { FakeAddon } from '../session/fake-addon.js';

interface Stage {
  readonly root: string;
  readonly keeper: PolicyKeeper;
  /** What was said and taken in since the last time. */
  said(): string[];
  /** Resolves when something was said or taken in behind the act. */
  after(act: () => void): Promise<string[]>;
}

const policy = (program: string, path: string): string =>
  `version: 1\nprogram: ${program}\nrules:\n  - permit: read\n    path: ${path}\n`;
const user = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' };

/** Policies behind a link, as a deployment has them. */
async function stage(test: Test): Promise<Stage> {
  // Below the checkout, for who may write /tmp may not be trusted with policies.
  const root = realpathSync(mkdtempSync(join(process.cwd(), '.reload-')));
  for (const folder of ['one', 'two']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'one/d.yaml'), policy('/srv/d', '/srv/1'));
  writeFileSync(join(root, 'one/e.yaml'), policy('/srv/e', '/srv/1'));
  symlinkSync('one', join(root, 'p'));
  const at = (name: string): string => join(root, name);
  const host: Host = {
    ...{ addon: new FakeAddon(), pins: at('bpf'), run: at('run'), journals: at('lib') },
    ...{ logs: at('log'), policies: at('policies'), groups: [], installation: at('lib') },
  };
  const gate = new Gate(host.addon.load({ directory: host.pins }));
  const source = new FolderSource(at('p'), [], surroundingsOf(user, '/', []));
  const application = await source.load();
  if (application === undefined) throw new Error('no policies');
  const numbering = new Numbering();
  const images = imagesOf(application, numbering, 'as-written');
  const session = Session.open(
    host,
    gate,
    {
      name: 'd-1',
      kind: 'run',
      command: ['d'],
      folder: at('p'),
      user: null,
      log: '/dev/null',
      journal: null,
      mode: null,
    },
    images,
  );
  const said: string[] = [];
  let wake = (): void => undefined;
  const say = (words: string): void => {
    said.push(words.replaceAll(root, ''));
    wake();
  };
  const keeper = new PolicyKeeper({
    ...{ session, source, numbering, mode: 'as-written', folder: application.folder },
    taken: (taken) => say(`taken ${taken.map(({ program, generation }) => `${program} ${generation}`).join(', ')}`),
    refused: (problem) => say(`refused ${problem}`),
    noticed: (words) => say(words),
  });
  const alive = setInterval(() => undefined, 1000);
  test.teardown(async () => {
    clearInterval(alive);
    await keeper.stop();
    rmSync(root, { recursive: true });
  });
  return {
    root,
    keeper,
    said: () => said.splice(0),
    after: async (act) => {
      await new Promise<void>((resolve) => {
        wake = resolve;
        act();
      });
      // What is said in the same turn belongs to it.
      await keeper.reload();
      return said.splice(0);
    },
  };
}

t.test('a file that is removed: what held holds on, said once', async (t) => {
  const { root, keeper, said } = await stage(t);
  rmSync(join(root, 'one/e.yaml'));
  await keeper.reload();
  await keeper.reload();
  t.same(said(), ['/p has no policy of /srv/e any more: what held before holds on for /srv/e']);
  writeFileSync(join(root, 'one/e.yaml'), policy('/srv/e', '/srv/2'));
  await keeper.reload();
  t.same(said(), ['taken /srv/e 2'], 'until it is there again');
  rmSync(join(root, 'one/e.yaml'));
  await keeper.reload();
  t.same(said(), ['/p has no policy of /srv/e any more: what held before holds on for /srv/e'], 'and gone again');
});

t.test('a file that is for another program now', async (t) => {
  const { root, keeper, said } = await stage(t);
  writeFileSync(join(root, 'one/e.yaml'), policy('/srv/f', '/srv/1'));
  await keeper.reload();
  await keeper.reload();
  t.same(said(), [
    '/one/e.yaml is for /srv/f now, and no more for /srv/e: what held before holds on for /srv/e',
    'taken /srv/d 2, /srv/f 1',
  ]);
});

t.test('a folder that is gone, and comes again', async (t) => {
  const { root, keeper, said } = await stage(t);
  renameSync(join(root, 'one'), join(root, 'away'));
  await keeper.reload();
  await keeper.reload();
  t.same(said(), ['/p is gone: what held before holds on']);
  renameSync(join(root, 'away'), join(root, 'one'));
  await keeper.reload();
  t.same(said(), [], 'as it was');
});

t.test('a link that is swapped while it is watched: what it leads to now is taken in, and from then on', async (t) => {
  const { root, keeper, after } = await stage(t);
  writeFileSync(join(root, 'two/d.yaml'), policy('/srv/d', '/srv/2'));
  writeFileSync(join(root, 'two/e.yaml'), policy('/srv/e', '/srv/1'));
  keeper.watch();
  symlinkSync('two', join(root, 'new'));
  t.same(await after(() => renameSync(join(root, 'new'), join(root, 'p'))), [
    '/p leads to /two now, and no more to /one',
    'taken /srv/d 2',
  ]);
  t.same(await after(() => writeFileSync(join(root, 'two/d.yaml'), policy('/srv/d', '/srv/3'))), ['taken /srv/d 3']);
});

t.test('a folder that is replaced while it is watched', async (t) => {
  const { root, keeper, after } = await stage(t);
  keeper.watch();
  writeFileSync(join(root, 'two/d.yaml'), policy('/srv/d', '/srv/2'));
  writeFileSync(join(root, 'two/e.yaml'), policy('/srv/e', '/srv/1'));
  t.same(await after(() => renameSync(join(root, 'one'), join(root, 'old'))), [
    '/p is gone: what held before holds on',
  ]);
  t.same(await after(() => renameSync(join(root, 'two'), join(root, 'one'))), ['taken /srv/d 2']);
  t.same(await after(() => writeFileSync(join(root, 'one/d.yaml'), policy('/srv/d', '/srv/3'))), ['taken /srv/d 3']);
});
