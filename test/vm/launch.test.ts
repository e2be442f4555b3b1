// SPDX-License-Identifier: GPL-2.0-only
/** The program that runs under callgate is the program that runs without it; odd names have policies; scripts as natively. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Background, callgate, folder, holdGate, prepare } from './callgate.js';
import { needsLsm } from './machine.js';
import { conditionsIn, SURROUNDINGS, told } from './surroundings.js';

const BIN = fileURLToPath(new URL('../../../bin/callgate', import.meta.url));
const TRACE = fileURLToPath(new URL('../../../out/test/trace', import.meta.url));
/** Conditions that are tried under `learn` too, which launches as `run` does. */
const LEARNT = ['descriptors above', 'ignored', 'no text', 'removed', 'foreground'];
const shell = realpathSync('/bin/sh');

function policy(program: string): string {
  return `version: 1\nprogram: ${JSON.stringify(program)}\ndefault: permit\nrules:\n`;
}

t.setTimeout(1_200_000);

t.test('launch', { skip: needsLsm() }, async (t) => {
  prepare();
  const free = await holdGate();
  const work = folder('launch');

  await t.test('surroundings, under learn and under run', async (t) => {
    const [learnt, permitted] = [`${work}/learnt`, `${work}/permitted`];
    mkdirSync(permitted);
    writeFileSync(`${permitted}/s.yaml`, policy(SURROUNDINGS));
    for (const [name, conditions] of Object.entries(conditionsIn(work))) {
      const native = told(work, conditions, []);
      t.equal(native.status, 7, `${name}: natively`);
      const under = told(work, conditions, [BIN, 'run', '--policies', permitted, '--']);
      t.same({ ...under, stderr: '' }, { ...native, stderr: '' }, `${name}: run`);
      if (!LEARNT.some((each) => name.includes(each))) continue;
      const watched = told(work, conditions, [BIN, 'learn', '--policies', learnt]);
      t.same({ ...watched, stderr: '' }, { ...native, stderr: '' }, `${name}: learn`);
    }
  });

  await t.test('descriptors of a shell: substitution, a lock, the end of a pipe', async (t) => {
    const policies = `${work}/shell`;
    mkdirSync(policies);
    writeFileSync(`${policies}/sh.yaml`, policy(shell));
    writeFileSync(`${policies}/cat.yaml`, policy('/usr/bin/cat'));
    const bash = (script: string): string =>
      spawnSync('bash', ['-c', script], { encoding: 'utf8', env: { ...process.env, C: BIN, P: policies } }).stdout;
    t.equal(bash('"$C" run --policies "$P" cat <(echo hello)'), 'hello\n');
    t.equal(bash(`exec 9>${work}/x; flock 9; "$C" run --policies "$P" -- sh -c 'echo >&9 && echo held'`), 'held\n');
    t.equal(bash('"$C" run --policies "$P" -- sh -c "echo a" 5>&1 | cat'), 'a\n');
    // The program gives its end away and runs on; whoever reads it sees the end at once.
    t.equal(
      bash(
        'coproc R { cat; echo end; }; "$C" run --policies "$P" -- sh -c "exec 5>&-; read x; echo \\$x" 5>&${R[1]} <<<in; exec {R[1]}>&-; cat <&${R[0]}',
      ),
      'in\nend\n',
    );
  });

  await t.test('a signal that is ignored ends neither callgate nor the program', async (t) => {
    const policies = `${work}/sleep`;
    mkdirSync(policies);
    writeFileSync(`${policies}/sleep.yaml`, policy('/usr/bin/sleep'));
    const script = `trap '' HUP; exec ${BIN} run --policies ${policies} -- sleep 100000`;
    const run = spawnSync(
      'bash',
      [
        '-c',
        `(${script}) & C=$!
      until [ "$(cat /proc/$C/task/$C/children 2>/dev/null)" ] && grep -qx sleep /proc/$(cut -d' ' -f1 /proc/$C/task/$C/children)/comm 2>/dev/null; do sleep 0.1; done
      P=$(cut -d' ' -f1 /proc/$C/task/$C/children); kill -HUP $C $P; sleep 0.5; kill -0 $C && kill -0 $P && echo alive; kill $C; wait $C; echo $?`,
      ],
      {
        encoding: 'utf8',
        timeout: 120_000,
      },
    );
    t.equal(run.stdout, 'alive\n143\n');
  });

  await t.test('odd names have a policy that run finds', async (t) => {
    const place = `${work}/names`;
    mkdirSync(place);
    const names = [
      ...[
        'back\\slash',
        'dev\\x2dsda',
        '\\x41',
        'new\nline',
        'esc\x1b[31m',
        'tab\t',
        'two words',
        'é',
        '*',
        '[a]',
        '{a,b}',
        "it's",
        '${HOME}',
      ],
      ...['caf\xe9', '\xff', 'x'.repeat(255), `${'y'.repeat(254)}z`],
    ].map((name) => Buffer.from(name, /[\x80-\xff]/.test(name) && name !== 'é' ? 'latin1' : 'utf8'));
    const files = names.map((name) => Buffer.concat([Buffer.from(`${place}/`), name]));
    for (const file of files) copyFileSync('/usr/bin/true', file);
    // The names come from the folder: a script cannot hold all of them.
    const all = `${work}/all.sh`;
    writeFileSync(all, `for file in ${place}/*; do "$file" || exit 9; done\n`);
    const policies = `${work}/odd-names`;
    const learnt = callgate('learn', '--policies', policies, '--', 'sh', all);
    t.equal(learnt.status, 0, learnt.stderr);
    t.notMatch(learnt.stderr, /[^\P{Cc}\n\t]/u, 'nothing that a terminal obeys');
    t.equal(readdirSync(policies).length, names.length + 1, 'a policy each, and the shell’s');
    t.ok(readdirSync(policies).every((name) => Buffer.byteLength(name) <= 255));
    const run = callgate('run', '--policies', policies, '--', 'sh', all);
    t.same({ status: run.status, stderr: run.stderr }, { status: 0, stderr: '' }, 'all of them run');
    const again = callgate('learn', '--policies', policies, '--', 'sh', all);
    t.equal(again.status, 0, again.stderr);
    t.equal(readdirSync(policies).length, names.length + 1, 'learned again, each file is its program’s own');
    // Each as the entry, by its bytes: what the shell hands over.
    const entry = spawnSync(
      'bash',
      [
        '-c',
        `for file in ${place}/{back,caf,new,x}*; do ${BIN} run --policies ${policies} -- "$file" || echo "$file"; done`,
      ],
      {
        encoding: 'utf8',
      },
    );
    t.same({ out: entry.stdout, err: entry.stderr }, { out: '', err: '' });
    chmodSync(all, 0o644);
  });

  await t.test(
    'scripts: a chain of interpreters, as the entry and as a child; none at all; lines of Windows',
    async (t) => {
      const script = (name: string, text: string): string => {
        writeFileSync(`${work}/${name}`, text, { mode: 0o755 });
        return `${work}/${name}`;
      };
      const inner = script('inner', '#!/bin/sh\nread -r line <"$1"\necho "inner $line"\n');
      const outer = script('outer', `#!${inner}\n`);
      const policies = `${work}/scripts`;
      const same = (...line: string[]): void => {
        const [first = '', ...rest] = line;
        const native = spawnSync('env', [first, ...rest], { encoding: 'utf8' });
        const learnt = callgate('learn', '--policies', policies, '--', ...line);
        t.same(
          [learnt.status, learnt.stdout],
          [native.status, native.stdout],
          `learn ${line.join(' ')}: ${learnt.stderr}`,
        );
        const run = callgate('run', '--policies', policies, '--', ...line);
        t.same([run.status, run.stdout, run.stderr], [native.status, native.stdout, ''], `run ${line.join(' ')}`);
      };
      same(outer, 'x');
      const written = readFileSync(`${policies}/${outer.slice(1).replaceAll('/', '_')}.yaml`, 'utf8');
      t.equal(/^interpreter: (.*)$/m.exec(written)?.[1], shell);
      same('/bin/sh', '-c', `${outer} y; ${inner} ${outer}`);
      same(script('no-line', 'echo "none $0 $1"\nexit 3\n'), 'x');
      const crlf = callgate('run', '--policies', policies, '--', script('crlf', '#!/bin/sh\r\necho\r\n'));
      t.equal(crlf.status, 127);
      t.ok(crlf.stderr.includes('with a carriage return'), crlf.stderr);
    },
  );

  await t.test('the end of a program that a tracer holds on to', async (t) => {
    const policies = `${work}/held`;
    mkdirSync(policies);
    writeFileSync(`${policies}/sh.yaml`, policy(shell));
    writeFileSync(`${policies}/sleep.yaml`, policy('/usr/bin/sleep'));
    const go = `${work}/go`;
    execFileSync('mkfifo', [go]);
    const run = new Background('run', '--policies', policies, '--', 'sh', '-c', `echo $$; read x <${go}; exit 9`);
    await run.until(() => /^\d+\n/.test(run.output));
    const tracer = spawn(TRACE, [String(Number.parseInt(run.output, 10))], { stdio: ['pipe', 'pipe', 'inherit'] });
    let told = '';
    tracer.stdout.on('data', (chunk: Buffer) => {
      told += chunk;
      if (told === 'traces\n') writeFileSync(go, '\n');
      if (told.endsWith('ended\n')) tracer.stdin.end();
    });
    await new Promise((resolve) => tracer.on('close', resolve));
    t.equal(told, 'traces\nended\n');
    t.equal(await run.ended(), 9);
  });

  await free();
});
