// SPDX-License-Identifier: GPL-2.0-only
/** Times, attributes and terminals of real programs, learned in version 2 and enforced; and the like, which was not learned, refused. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Background, BIN, callgate, eventsOf, folder, holdGate, inside, prepare, sessionIn } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const ACT = fileURLToPath(new URL('../../../out/test/act', import.meta.url));
/** What a system call comes to, under no policy. */
const act = (...words: readonly (string | number)[]): string =>
  execFileSync(ACT, [['call', ...words].join(',')], { encoding: 'utf8' }).trim();
const noted = (path: string): string => act(188, `s:${path}`, 's:user.note', 's:1', 1, 0);
const hasNote = (path: string): string => act(191, `s:${path}`, 's:user.note', 'b:8', 8);
const LATER = ['--version', '2'] as const;
const denied = (stdout: string): string[] =>
  eventsOf(sessionIn(stdout))
    .filter(({ verdict }) => verdict === 'deny')
    .map(({ operation, object }) => `${operation.join()} ${object}`);

t.test('version 2, learned', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  prepare();
  t.teardown(await holdGate());
  const work = folder('preserved');
  const policyOf = (name: string): string => readFileSync(`${work}/${name}/usr_bin_${name}.yaml`, 'utf8');
  const policies = (name: string): readonly string[] => ['--policies', `${work}/${name}`];
  for (const name of ['cp', 'touch', 'tty', 'stty']) mkdirSync(`${work}/${name}`);

  await t.test('cp -a', async (t) => {
    const [from, to] = [inside(work, 'from'), inside(work, 'to')];
    const sets = ['harbour', 'lantern', 'meadow'].map((name) => {
      mkdirSync(`${from}/${name}`);
      writeFileSync(`${from}/${name}/notes.txt`, name);
      const came = noted(`${from}/${name}/notes.txt`);
      execFileSync('touch', ['-d', '2020-02-02', `${from}/${name}/notes.txt`]);
      return { name, came };
    });
    // Before 6.6 this machine's files have none.
    const notes = sets.every(({ came }) => came === 'ok');
    const copy = (name: string): string[] => ['--', '/usr/bin/cp', '-a', `${from}/${name}`, to];
    for (const name of ['harbour', 'lantern']) {
      const learnt = callgate('learn', ...LATER, ...policies('cp'), ...copy(name));
      t.equal(learnt.status, 0, learnt.stderr);
    }
    t.match(policyOf('cp'), /^version: 2$/m);
    t.match(policyOf('cp'), /attribute: times\n {4}path:\n {6}- ".*\/to\/\*"\n {6}- ".*\/to\/\*\/notes.txt"\n/);
    if (notes) t.match(policyOf('cp'), /attribute: user\n {4}path: ".*\/to\/\*\/notes.txt"\n/);
    const ran = callgate('run', '--json', '--quiet', ...policies('cp'), ...copy('meadow'));
    t.equal(ran.status, 0, ran.stderr);
    t.same(denied(ran.stdout), []);
    const copied = `${to}/meadow/notes.txt`;
    t.equal(statSync(copied).mtime.toISOString().slice(0, 4), '2020');
    if (notes) t.equal(hasNote(copied), 'ok');
    const other = inside(work, 'other');
    const refused = callgate(
      'run',
      '--json',
      '--quiet',
      ...policies('cp'),
      '--',
      '/usr/bin/cp',
      '-a',
      `${from}/meadow`,
      other,
    );
    t.not(refused.status, 0, 'to elsewhere');
  });

  await t.test('touch -d', async (t) => {
    const file = `${work}/touched`;
    writeFileSync(file, '');
    writeFileSync(`${file}-not`, '');
    const touch = (path: string): string[] => ['--', '/usr/bin/touch', '-c', '-h', '-d', '2020-02-02', path];
    const learnt = callgate('learn', ...LATER, ...policies('touch'), ...touch(file));
    t.equal(learnt.status, 0, learnt.stderr);
    t.match(policyOf('touch'), new RegExp(`- permit: attribute\n {4}attribute: times\n {4}path: ${file}\n`));
    const ran = callgate('run', '--json', '--quiet', ...policies('touch'), ...touch(file));
    t.equal(ran.status, 0, ran.stderr);
    t.same(denied(ran.stdout), []);
    const refused = callgate('run', '--json', '--quiet', ...policies('touch'), ...touch(`${file}-not`));
    t.equal(refused.status, 1);
    t.same(denied(refused.stdout), [`attribute attribute:times:${file}-not`]);
    t.equal(statSync(`${file}-not`).mtime.getFullYear() > 2020, true, 'not touched');
  });

  await t.test('a policy that becomes one of version 2 while its program runs', async (t) => {
    const [file, turn, folder] = [`${work}/turned`, `${work}/turn`, inside(work, 'dash')];
    writeFileSync(file, '');
    execFileSync('mkfifo', [turn]);
    const policy = (version: number): string =>
      [
        `version: ${version}\nprogram: /usr/bin/dash\ndefault: permit\nrules:`,
        '  - permit: exec\n    path: /usr/bin/touch\n    policy: inherit',
        ...(version === 2 ? ['  - deny: attribute\n    attribute: times\n    path: "/**"'] : []),
        '',
      ].join('\n');
    writeFileSync(`${folder}/usr_bin_dash.yaml`, policy(1));
    // At each line of the pipe one try; what it came to is told by the next line of the output.
    const script = `while read -r word <${turn}; do touch -c -d "$word" ${file} 2>/dev/null && echo "done $word" || echo "refused $word"; done`;
    const held = new Background('run', '--policies', folder, '--', '/usr/bin/dash', '-c', script);
    const tried = async (word: string): Promise<string | undefined> => {
      await writeFile(turn, `${word}\n`);
      const told = new RegExp(`(done|refused) ${word}\\n`);
      await held.until(() => told.test(held.output));
      return told.exec(held.output)?.[1];
    };
    t.equal(await tried('2001-01-01'), 'done', 'version 1 does not govern times');
    writeFileSync(`${folder}/new`, policy(2));
    renameSync(`${folder}/new`, `${folder}/usr_bin_dash.yaml`);
    await held.until(() => held.output.includes('generation 2 holds'));
    t.equal(await tried('2002-02-02'), 'refused', 'version 2 does, from then on');
    t.equal(statSync(file).mtime.getFullYear(), 2001);
    writeFileSync(`${folder}/new`, policy(1));
    renameSync(`${folder}/new`, `${folder}/usr_bin_dash.yaml`);
    await held.until(() => held.output.includes('generation 3 holds'));
    t.equal(await tried('2003-03-03'), 'done', 'and no longer');
    held.process.kill('SIGTERM');
    await held.ended();
  });

  await t.test('tty and stty', async (t) => {
    /** Under a terminal of its own. */
    const typed = (...words: readonly string[]): { status: number | null; stdout: string } => {
      const { status, stdout } = spawnSync('script', ['-qec', [BIN, ...words].join(' '), '/dev/null'], {
        encoding: 'utf8',
      });
      return { status, stdout };
    };
    const tty = ['--', '/usr/bin/tty'];
    const learnt = typed('learn', ...LATER, ...policies('tty'), ...tty);
    t.equal(learnt.status, 0, learnt.stdout);
    t.notMatch(policyOf('tty'), /ioctl/, 'whether it is a terminal takes no rule');
    const ran = typed('run', '--quiet', ...policies('tty'), ...tty);
    t.match(ran.stdout, /^\/dev\/pts\/\d+\r?$/m);
    t.equal(ran.status, 0);

    const stty = (...words: readonly string[]): string[] => ['--', '/usr/bin/stty', ...words];
    const quiet = typed('learn', ...LATER, ...policies('stty'), ...stty('-echo'));
    t.equal(quiet.status, 0, quiet.stdout);
    t.match(policyOf('stty'), /- permit: ioctl\n {4}command: TCSETSW\n {4}path: "?\/dev\/pts\//);
    t.equal(typed('run', '--quiet', ...policies('stty'), ...stty('-echo')).status, 0);
    t.equal(typed('run', '--quiet', ...policies('stty'), ...stty('size')).status, 0, 'how wide it is takes no rule');
    const wider = typed('run', '--quiet', ...policies('stty'), ...stty('rows', '30'));
    t.not(wider.status, 0);
    t.match(wider.stdout, /Operation not permitted/, 'to change it, which was not learned');
  });
});
