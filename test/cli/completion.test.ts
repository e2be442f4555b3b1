// SPDX-License-Identifier: GPL-2.0-only
/** Completions, asked of the shells themselves, and the pages of the manual, by groff. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { bashCompletion } from '../../src/cli/completion/bash.js';
import { fishCompletion } from '../../src/cli/completion/fish.js';
import { completionOf, type Declared, firstWords, OPERANDS } from '../../src/cli/completion/model.js';
import { zshCompletion } from '../../src/cli/completion/zsh.js';
import { BIN } from '../commands/transcript.js';

t.setTimeout(120_000);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
  readonly commands: Readonly<Record<string, Declared>>;
};
const { oclif } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly oclif: { readonly topics: Readonly<Record<string, { readonly description: string }>> };
};
const completion = completionOf(
  Object.values(manifest.commands),
  Object.fromEntries(Object.entries(oclif.topics).map(([name, { description }]) => [name, description])),
);
const work = mkdtempSync(join(tmpdir(), 'callgate-completion-'));
t.teardown(() => rmSync(work, { recursive: true }));
for (const folder of ['run/nginx-1', 'run/cat-2', 'logs', 'policies/nginx', 'here/sub'])
  mkdirSync(join(work, folder), { recursive: true });
for (const file of ['logs/old-1.jsonl', 'here/a.yaml', 'here/b.txt']) writeFileSync(join(work, file), '');
/** The places of this machine are those of the test. */
const moved = (text: string): string =>
  text
    .replaceAll('/run/callgate', join(work, 'run'))
    .replaceAll('/var/log/callgate', join(work, 'logs'))
    .replaceAll('/etc/callgate/policies', join(work, 'policies'));
const there = (shell: string): boolean => spawnSync(shell, ['--version']).error === undefined;

t.test('each command has its operands, and no other', async (t) => {
  t.same(completion.commands.map(({ words }) => words.join(' ')).sort(), Object.keys(OPERANDS).sort());
  t.throws(() => completionOf([{ id: 'policy:nothing' }], {}), /what stands behind policy nothing\?/);
  t.equal(new Set(firstWords(completion).map(({ name }) => name)).size, firstWords(completion).length);
});

/** What each line is completed to. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['callgate pol', ['policy']],
  ['callgate policy re', ['replay']],
  ['callgate learn st', ['status']],
  ['callgate policy show --st', ['--stage']],
  ['callgate policy show --stage t', ['tables', 'tree']],
  ['callgate stop ', ['cat-2', 'nginx-1']],
  ['callgate stop n', ['nginx-1']],
  ['callgate audit denials ', ['old-1']],
  ['callgate audit export old-1 --to sys', ['syslog', 'syslog:', 'syslog:tcp:']],
  ['callgate policy check ', ['a.yaml', 'nginx', 'sub']],
  ['callgate policy explain a.yaml rec', ['receive']],
  ['callgate policy explain --uid 5 a.yaml rec', ['receive']],
  ['callgate policy explain a.yaml capable capability', ['capability:']],
  ['callgate policy explain a.yaml read b.', []],
  ['callgate policy explain a.yaml read me', ['memfd']],
  ['callgate completion z', ['zsh']],
  ['callgate doctor ', []],
];

t.test('bash', async (t) => {
  writeFileSync(join(work, 'bash'), moved(bashCompletion(completion)));
  for (const [line, wanted] of CASES) {
    const words = line.split(' ');
    const script = `source ${join(work, 'bash')}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _callgate 2>&1; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
      cwd: join(work, 'here'),
      encoding: 'utf8',
    });
    t.same(
      [
        stdout
          .split('\n')
          .filter((word) => word !== '')
          .sort(),
        stderr,
      ],
      [wanted, ''],
      line,
    );
  }
  const offset = `source ${join(work, 'bash')}; _command_offset() { echo "line from $1"; }; COMP_WORDS=(callgate run --user root -- ls -); COMP_CWORD=6; _callgate`;
  t.equal(spawnSync('bash', ['--norc', '-c', offset], { encoding: 'utf8' }).stdout, 'line from 5\n');
});

t.test('fish', { skip: there('fish') ? false : 'fish is not installed (scripts/setup --tests)' }, async (t) => {
  writeFileSync(join(work, 'callgate.fish'), moved(fishCompletion(completion)));
  for (const [line, wanted] of CASES) {
    const script = `source ${join(work, 'callgate.fish')}; complete -C '${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], {
      cwd: join(work, 'here'),
      encoding: 'utf8',
      env: { ...process.env, HOME: work },
    });
    const got = stdout
      .split('\n')
      .map((one) => one.split('\t')[0]?.replace(/\/$/, '') ?? '')
      .filter((word) => word !== '');
    // fish has files of any name for a policy.
    t.same([got.filter((word) => word !== 'b.txt').sort(), stderr], [wanted, ''], line);
  }
});

t.test('zsh', { skip: there('zsh') ? false : 'zsh is not installed (scripts/setup --tests)' }, async (t) => {
  writeFileSync(join(work, '_callgate'), moved(zshCompletion(completion)));
  t.same(spawnSync('zsh', ['-n', join(work, '_callgate')], { encoding: 'utf8' }).stderr, '');
  const loaded = spawnSync(
    'zsh',
    [
      '-f',
      '-c',
      `fpath=(${work} $fpath); autoload -Uz compinit _callgate; compinit -u -d ${work}/zcompdump; autoload +X _callgate && echo $_comps[callgate]`,
    ],
    { encoding: 'utf8' },
  );
  t.same([loaded.stdout, loaded.stderr], ['_callgate\n', '']);
  // Its completion system needs a terminal; what it is asked for, and with which words, can be seen without.
  const asked = (...words: string[]): string => {
    const stubs = `_describe() { print -r -- "$1: ${'${(P)${@[-1]}}'}" }; _arguments() { print -r -- "$words | $*" }`;
    const script = `${stubs}; words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; source ${join(work, '_callgate')}`;
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' });
    return stdout + stderr;
  };
  t.match(asked('callgate', 'pol'), /^command: .* policy:check, format/);
  t.match(asked('callgate', 'policy', 're'), /^command: .* replay:judge recorded runs/);
  t.match(
    asked('callgate', 'policy', 'show', '--st'),
    /^show --st \| .*--stage\[[^\]]*\]:value:\(grants tree states least tables\) .*1:policy:_callgate_policy/,
  );
  t.match(asked('callgate', 'learn', '--policies', 'x', 'ls'), /^learn --policies x ls \| .*\*::command:_normal/);
  t.match(asked('callgate', 'learn', 'status', 'x'), /^status x \| .*1:policy:_callgate_policy/);
  t.match(asked('callgate', 'stop', ''), /1:session:_callgate_session/);
});

t.test('the command prints the same', async (t) => {
  for (const [shell, text] of [
    ['bash', bashCompletion(completion)],
    ['zsh', zshCompletion(completion)],
    ['fish', fishCompletion(completion)],
  ] as const)
    t.equal(spawnSync(BIN, ['completion', shell], { encoding: 'utf8' }).stdout, text, shell);
  t.equal(spawnSync(BIN, ['completion', 'tcsh']).status, 2);
});

t.test('pages of the manual', async (t) => {
  const man = join(work, 'man');
  t.equal(spawnSync(process.execPath, [join(ROOT, 'scripts/man.mjs'), man], { encoding: 'utf8' }).stderr, '');
  for (const [page, wanted] of [
    ['callgate.1', completion.commands.map(({ words }) => words.join(' '))],
    ['systrace.1', ['[-f file] [-g gui] [-p pid] command', 'callgate policy import']],
    ['callgate.yaml.5', ['asking', 'interpreter', 'syscalls', 'unconfined', '/x/***', 'kernel_log']],
  ] as const) {
    const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=200n', '-P-c', join(man, page)], {
      encoding: 'utf8',
    });
    t.equal(stderr, '', `${page}: no warnings`);
    const shown = stdout.replace(/.[\b]/g, '').replaceAll('\u2212', '-').replaceAll('\u2010', '-');
    for (const word of wanted) t.ok(shown.includes(word), `${page}: ${word}`);
    t.notOk(/\]\(|\*\*[a-z]/.test(shown), `${page}: nothing of Markdown is left`);
  }
});
