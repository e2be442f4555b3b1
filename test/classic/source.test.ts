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
  t.equal(await verdict(source({}, { entry: '/srv/a' }), '/srv/a', '/x'), 'no policy');
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
  const one = source({}, { entry: '/srv/a' });
  t.equal(await verdict(one, '/srv/a', '/behind'), 'deny');
  t.equal(
    await verdict(one, '/srv/a', '/before'),
    'deny srv_a:5',
    'a denial behind it stays, for it was looked at first',
  );
  t.equal(await verdict(one, '/srv/b', '/x'), 'no policy');
  t.equal(told.filter((line) => line === '/home/srv_a:3: syntax error.').length, 1, 'told once');
});

t.test('what is told is of the files that this run comes to', async (t) => {
  const { write, source, told } = stage(t);
  const bad = ['kill: deny', 'fswrite: filename eq "/x" then permit', 'nonsense'];
  const exec = (program: string): string => `execve: filename eq "${program}" then permit`;
  write('home/srv_a', policy('/srv/a', exec('/srv/b'), 'execve: filename eq "/srv/d" then permit[inherit]'));
  write('home/srv_b', policy('/srv/b', exec('/srv/c'), exec('/srv/a')));
  for (const name of ['c', 'd', 'e']) write(`home/srv_${name}`, policy(`/srv/${name}`, ...bad));
  write('home/misnamed', policy('/srv/e', reads('/x')));
  write('home/srv_f', 'nonsense\n');
  const said = async (entry: string, manner: Partial<ClassicManner> = {}): Promise<string[]> => {
    told.length = 0;
    await source(manner, { entry }).load();
    return [...told].sort();
  };
  const of = (name: string): string[] =>
    [
      `  the name of the call is missing`,
      `/home/srv_${name}: line 2: not all that is written there is held: callgate policy import /home/srv_${name}`,
      `/home/srv_${name}: line 3: what holds is narrower than what is written: callgate policy import /home/srv_${name}`,
      `/home/srv_${name}:4: syntax error.`,
    ].sort();
  const c = await said('/srv/a');
  t.same(
    c.filter((line) => line.startsWith('/')),
    of('c').filter((line) => line.startsWith('/')),
    'whom it runs, and whom they run; not who is run under its own policy',
  );
  t.same(await said('/srv/b'), c);
  t.same(
    (await said('/srv/e')).filter((line) => line.startsWith('/')),
    ['/home/misnamed: not used: systrace looks for srv_e', ...of('e').filter((line) => line.startsWith('/'))].sort(),
  );
  t.same(
    (await said('/srv/f')).filter((line) => line.startsWith('/')),
    ['/home/srv_f:1: syntax error.'],
    'a file that names no program is told to whom its name is for',
  );
  t.same(await said('/srv/a', { inherit: true }), [], '-i: nobody has a policy but the first');
});

t.test('what systrace wrote itself is read back without a word', async (t) => {
  const { write, source, told } = stage(t);
  const written = [
    'fswrite: filename eq "/dev/null" then permit',
    'open: filename eq "/x" and oflags sub "w" and oflags nsub "c" then permit',
    'mmap: not prot sub "PROT_EXEC" then permit',
    'mkdir: filename eq "/x" then permit',
    'socket: true then permit',
    'mmap: true then deny[enoent]',
  ];
  const marked = `Policy: /bin/a, Emulation: native\n\t# written by systrace\n`;
  const lines = (some: readonly string[]): string => some.map((line) => `\tnative-${line}\n`).join('');
  write('home/bin_a', `${marked}${lines(written)}`);
  await source().load();
  t.same(told, []);
  write('home/bin_a', policy('/bin/a', ...written));
  await source().load();
  t.equal(told.length, 2, 'of the like by a person it is told what they come to');
  told.length = 0;
  write('home/bin_a', `${marked}${lines([...written, 'kill: deny', 'mkdir: filename match "/y/*" then permit'])}`);
  await source().load();
  t.same(
    told.map((line) => line.replace(/ callgate policy import.*/, '')),
    [
      '/home/bin_a: line 10: what holds is narrower than what is written:',
      '/home/bin_a: line 9: not all that is written there is held:',
    ],
    'nor of what a person put behind it is anything kept back',
  );
});

t.test('a denial of mmap is held, with its error', async (t) => {
  const { write, source } = stage(t);
  const library = '/usr/lib/libx.so';
  const of = async (line: string, file = library): Promise<readonly (string | undefined)[]> => {
    write('home/bin_a', policy('/bin/a', 'fsread: true then permit', line));
    const { policies } = await source({ asks: 'ask' }).load();
    const access = { operations: ['load'], object: { type: 'path', path: bytesOf(file) }, uid: 0, gid: 0 } as const;
    const { verdict: said, errno } = decide((policies[0] as (typeof policies)[0]).policy, access);
    return [said, errno];
  };
  t.same(await of('mmap: true then deny[enoent]'), ['deny', 'ENOENT']);
  t.same(await of('mmap: deny[eacces]'), ['deny', 'EACCES']);
  t.same(await of('mmap: prot eq "PROT_READ|PROT_EXEC" then deny'), ['deny', 'EPERM']);
  t.same(await of('mmap: prot eq "PROT_READ" then deny'), ['ask', undefined], 'another is not meant');
  t.same(await of('mmap: permit'), ['permit', undefined]);
  t.same(
    await of('mmap: true then deny[enoent]', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
    ['permit', undefined],
    'the loader is the kernel’s to map',
  );
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
