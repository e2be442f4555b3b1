// SPDX-License-Identifier: GPL-2.0-only
/** Classic files as a session's policies: which of them hold, how the flags take them, and edits while they hold. */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { type ClassicManner, ClassicSource } from '../../src/classic/source.js';
import { decide } from '../../src/decide/decide.js';
import { Gate } from '../../src/kernel/gate.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { Operation } from '../../src/policy/operations.js';
import { imagesOf, Numbering } from '../../src/session/images.js';
import { Session } from '../../src/session/session.js';
import { PolicyKeeper } from '../../src/supervise/reload.js';
import { fakeHost } from '../session/fake-host.js';

const user = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' };
const around = surroundingsOf(user, '/work', []);
const MANNER: ClassicManner = { asks: 'deny', inherit: false, unaliased: false };

interface Stage {
  readonly root: string;
  readonly told: string[];
  write(file: string, text: string): void;
  source(manner?: Partial<ClassicManner>, more?: { file?: string; entry?: string; user?: null }): ClassicSource;
}

function stage(test: Test): Stage {
  // Below the checkout, for who may write /tmp may not be trusted with policies.
  const root = realpathSync(mkdtempSync(join(process.cwd(), '.classic-')));
  test.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['home', 'etc', 'bin']) mkdirSync(join(root, folder));
  const told: string[] = [];
  return {
    root,
    told,
    write: (file, text) => writeFileSync(join(root, file), text.replaceAll('ROOT', root)),
    source: (manner = {}, { file, entry = '/bin/a', user: none } = {}) =>
      new ClassicSource({
        places: {
          user: none === null ? null : join(root, 'home'),
          system: join(root, 'etc'),
          file: file === undefined ? null : join(root, file),
        },
        manner: { ...MANNER, ...manner },
        ...{ entry, path: [join(root, 'bin')], around, tell: (line) => told.push(line.replaceAll(root, '')) },
      }),
  };
}

const policy = (program: string, ...lines: string[]): string =>
  `Policy: ${program}, Emulation: native\n${lines.map((line) => `\tnative-${line}\n`).join('')}`;
const reads = (file: string): string => `fsread: filename eq "${file}" then permit`;

/** What a program may do with a file: `permit`, `deny`, with the line that says so. */
async function verdict(
  source: ClassicSource,
  program: string,
  file: string,
  operation: Operation = 'read',
): Promise<string> {
  const { policies } = await source.load();
  const found = policies.find((one) => one.policy.program === program);
  if (found === undefined) return 'no policy';
  const access = { operations: [operation], object: { type: 'path', path: bytesOf(file) } } as const;
  const { verdict: said, deciding } = decide(found.policy, { ...access, uid: 0, gid: 0 });
  const { rule } = deciding;
  return rule === null ? said : `${said} ${rule.place.file.split('/').at(-1)}:${rule.place.line}`;
}

t.test('the file of -f, then the folder of the user, then that of the system; never two of one program', async (t) => {
  const { write, source, told } = stage(t);
  write('etc/srv_a', policy('/srv/a', reads('/system')));
  write('etc/srv_b', policy('/srv/b', reads('/system')));
  t.equal(await verdict(source(), '/srv/a', '/system'), 'permit srv_a:2');
  write('home/srv_a', policy('/srv/a', reads('/user')));
  t.equal(await verdict(source(), '/srv/a', '/user'), 'permit srv_a:2');
  t.equal(await verdict(source(), '/srv/a', '/system'), 'deny', 'what the system has is not put to it');
  t.equal(await verdict(source({}, { user: null }), '/srv/a', '/system'), 'permit srv_a:2', '-U');
  write('more', `${policy('/srv/b', reads('/file'))}${policy('/srv/c', reads('/file'))}`);
  const more = source({}, { file: 'more' });
  t.equal(await verdict(more, '/srv/a', '/user'), 'permit srv_a:2');
  t.equal(await verdict(more, '/srv/b', '/file'), 'permit more:2');
  t.equal(await verdict(more, '/srv/c', '/file'), 'permit more:4', 'several policies a file');
  t.same(told, []);
});

t.test('files are looked for by the names of their programs', async (t) => {
  const { root, write, source, told } = stage(t);
  write('home/other', policy('/srv/a', reads('/x')));
  t.equal(await verdict(source(), '/srv/a', '/x'), 'no policy');
  t.same(told, ['/home/other: not used: systrace looks for srv_a']);
  symlinkSync('/usr/bin/env', join(root, 'bin/env'));
  const name = `${root}/bin/env`.replace(/[^A-Za-z0-9]/g, '_').replace(/^_+/, '');
  write(`home/${name}`, policy('ROOT/bin/env', reads('/x')));
  t.equal(await verdict(source(), '/usr/bin/env', '/x'), `permit ${name}:2`, 'a link is the program it leads to');
});

t.test('a line that cannot be read ends the file', async (t) => {
  const { write, source, told } = stage(t);
  const text = policy(
    '/srv/a',
    reads('/before'),
    'nonsense',
    reads('/behind'),
    'open: filename eq "/before" then deny',
  );
  write('home/srv_a', `${text}${policy('/srv/b', reads('/x'))}`);
  const one = source();
  t.equal(await verdict(one, '/srv/a', '/behind'), 'deny');
  t.equal(
    await verdict(one, '/srv/a', '/before'),
    'deny srv_a:5',
    'a denial behind it stays, for it was looked at first',
  );
  t.equal(await verdict(one, '/srv/b', '/x'), 'no policy');
  t.equal(told.filter((line) => line === '/home/srv_a:3: syntax error.').length, 1, 'told once');
});

t.test('wildcards of -f', async (t) => {
  const { root, write, source, told } = stage(t);
  write('more', `${policy('*/a', reads('/x'))}${policy('*/env', reads('/y'))}${policy('*/nowhere', reads('/z'))}`);
  symlinkSync('/usr/bin/env', join(root, 'bin/env'));
  const one = source({}, { file: 'more', entry: '/srv/deep/a' });
  t.equal(await verdict(one, '/srv/deep/a', '/x'), 'permit more:2', 'the program that is started');
  t.equal(await verdict(one, '/usr/bin/env', '/y'), 'permit more:4', 'one that is found along PATH');
  t.same(told, ['/more:5: no program nowhere is found along PATH: its policy is for none']);
});

t.test('the manner of the flags', async (t) => {
  const { write, source } = stage(t);
  const exec = 'execve: filename eq "/srv/b" then permit';
  const asks = 'fsread: filename eq "/asked" then ask';
  const lines = [exec, asks, reads('/asked'), 'open: filename eq "/real" then permit'];
  write('home/srv_a', policy('/srv/a', ...lines));
  write('home/srv_b', policy('/srv/b', reads('/b')));
  const a = { entry: '/srv/a' };
  t.equal(await verdict(source({}, a), '/srv/a', '/asked'), 'deny srv_a:3', 'under -a nobody is asked');
  t.equal(await verdict(source({ asks: 'learn' }, a), '/srv/a', '/asked'), 'permit srv_a:4', 'nor under -A');
  t.equal(await verdict(source({ asks: 'ask' }, a), '/srv/a', '/asked'), 'ask srv_a:3');
  t.equal(await verdict(source({ asks: 'ask' }, a), '/srv/a', '/unsaid'), 'ask', 'what no rule says is asked');
  t.equal(await verdict(source({ unaliased: true }, a), '/srv/a', '/real'), 'permit srv_a:5', '-u');
  t.equal(await verdict(source({ unaliased: true }, a), '/srv/a', '/asked'), 'deny', '-u: fsread is no call');
  const [own] = (await source({}, a).load()).policies;
  t.equal(own?.policy.rules.find(({ operations }) => operations.includes('exec'))?.transition, undefined);
  const { policies } = await source({ inherit: true }, a).load();
  t.same(
    policies.map(({ policy: one }) => one.program),
    ['/srv/a'],
    '-i: no policy but the first program’s',
  );
  t.equal(policies[0]?.policy.rules.find(({ operations }) => operations.includes('exec'))?.transition, 'inherit');
});

t.test('a program that is not monitored, and one that has no file', async (t) => {
  const { write, source } = stage(t);
  write('home/srv_a', policy('/srv/a', 'execve: filename eq "/srv/b" then permit'));
  write('home/srv_b', 'Policy: /srv/b, Emulation: native\ndetached\n');
  const one = source({ asks: 'ask' });
  const { policies } = await one.load();
  t.same([one.isDetached('/srv/a'), one.isDetached('/srv/b')], [false, true]);
  t.equal(policies[0]?.policy.rules.find(({ operations }) => operations.includes('exec'))?.transition, 'unconfined');
  t.same([one.facts('/srv/a'), one.facts('/srv/c')], [{ filters: 1, emulation: 'native' }, null]);
  one.admit('/srv/c');
  t.equal(await verdict(one, '/srv/c', '/x'), 'ask', 'all that it does is asked');
});

t.test('edits while it holds', async (t) => {
  const { root, write, source } = stage(t);
  const { addon, host } = fakeHost(t);
  const gate = new Gate(addon.load({ directory: host.pins }));
  write('home/srv_a', policy('/srv/a', reads('/one')));
  const one = source({}, { entry: '/srv/a' });
  const application = await one.load();
  const numbering = new Numbering();
  const facts = { name: 'a-1', kind: 'run', command: ['a'], folder: join(root, 'home'), user: null } as const;
  const session = Session.open(
    host,
    gate,
    { ...facts, log: '/dev/null', journal: null, mode: null },
    imagesOf(application, numbering, 'as-written'),
  );
  const said: string[] = [];
  let wake = (): void => undefined;
  const say = (words: string): void => {
    said.push(words.replaceAll(root, ''));
    wake();
  };
  const keeper = new PolicyKeeper({
    ...{ session, source: one, numbering, mode: 'as-written', folder: application.folder },
    taken: (images) => say(`taken ${images.map(({ program, generation }) => `${program} ${generation}`).join(', ')}`),
    refused: (problem) => say(`refused ${problem}`),
    noticed: say,
  });
  const alive = setInterval(() => undefined, 1000);
  t.teardown(async () => {
    clearInterval(alive);
    await keeper.stop();
  });
  keeper.watch();
  const after = async (act: () => void): Promise<string[]> => {
    const next = new Promise<void>((resolve) => {
      wake = resolve;
    });
    act();
    await next;
    return said.splice(0);
  };
  t.same(
    await after(() => write('home/srv_a', policy('/srv/a', reads('/two')))),
    ['taken /srv/a 2'],
    'written in place',
  );
  t.equal(await verdict(one, '/srv/a', '/two'), 'permit srv_a:2');
  t.same(
    await after(() => {
      write('home/.new', policy('/srv/a', reads('/three')));
      renameSync(join(root, 'home/.new'), join(root, 'home/srv_a'));
    }),
    ['taken /srv/a 3'],
    'replaced',
  );
  t.same(
    await after(() => write('etc/srv_b', policy('/srv/b', reads('/b')))),
    ['taken /srv/a 4, /srv/b 1'],
    'a program more',
  );
  t.same(
    await after(() => write('home/srv_b', policy('/srv/b', reads('/c')))),
    ['taken /srv/b 2'],
    'the user’s hides it',
  );
  t.same(
    await after(() => write('home/srv_a', policy('/srv/a', reads('/three'), reads('/four'), 'nonsense'))),
    ['taken /srv/a 5'],
    'what stands before a mistake holds',
  );
  t.equal(await verdict(one, '/srv/a', '/four'), 'permit srv_a:2', 'lines that are alike are one rule');
  t.same(await after(() => rmSync(join(root, 'home/srv_a'))), [
    '/home, /etc has no policy of /srv/a any more: what held before holds on for /srv/a',
  ]);
});
