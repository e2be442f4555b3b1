// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ProgramNotFound, Refusal } from '../../src/host/failure.js';
import { shellWord } from '../../src/host/shell.js';
import { environmentOf, variableOf, withPid } from '../../src/supervise/environment.js';
import { findProgram, identityOf, interpreterOf, type Program } from '../../src/supervise/program.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-program-')));
t.teardown(() => rmSync(folder, { recursive: true }));
const shell = realpathSync('/bin/sh');
const make = (name: string | Buffer, text: string, mode = 0o755): Buffer => {
  const file = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name as string)]);
  writeFileSync(file, text, { mode });
  return file;
};
const script = make('script', '#!/bin/sh -e\necho\n').toString();
symlinkSync(script, join(folder, 'alias'));
make('plain', 'text', 0o644);

const find = (word: string | Buffer, path?: string): Program =>
  findProgram(Buffer.from(word as string), path === undefined ? undefined : Buffer.from(path));
const failure = (word: string | Buffer): { name: string; message: string; exit: number } => {
  try {
    find(word);
    return { name: '', message: '', exit: 0 };
  } catch (error) {
    const { name, message, exit } = error as Refusal;
    return { name, message, exit };
  }
};

t.test('a program is found as execvp would, and named as the kernel does', async (t) => {
  const found = find('alias', `/nowhere:${folder}`);
  t.same(found, { path: script, file: Buffer.from(join(folder, 'alias')), name: 'alias', before: [] });
  t.same(find('../../usr/bin/cat'.replace('../..', '')).file, Buffer.from('/usr/bin/cat'));
  t.equal(find('cat', '/usr/bin').name, 'cat');
  const before = process.cwd();
  process.chdir(folder);
  t.same(find('./script').file, Buffer.from('./script'), 'what was typed is handed to exec');
  t.same(find('script', ':/nowhere').file, Buffer.from('./script'), 'an empty folder is the current one');
  process.chdir(before);
});

t.test('what cannot be found is 127, what cannot be run 126', async (t) => {
  t.throws(() => find('no-such-program', folder), ProgramNotFound);
  t.throws(() => find('/no/such/program', folder), ProgramNotFound);
  t.throws(() => find(join(folder, 'plain'), folder), Refusal);
  t.throws(() => find('plain', folder), ProgramNotFound, 'along PATH only what can be run counts');
  t.throws(() => find(folder, folder), Refusal);
  chmodSync(join(folder, 'plain'), 0o644);
});

t.test('names are bytes', async (t) => {
  const odd: readonly (readonly [name: Buffer, text: string])[] = [
    [Buffer.from('caf\xe9', 'latin1'), 'caf\\xe9'],
    [Buffer.from('café'), 'café'],
    [Buffer.from('new\nline'), 'new\\x0aline'],
    [Buffer.from('back\\slash'), 'back\\\\slash'],
    [Buffer.from('\\x41'), '\\\\x41'],
    [Buffer.from('esc\x1b[31m'), 'esc\\x1b[31m'],
    [Buffer.alloc(255, 'x'), 'x'.repeat(255)],
  ];
  for (const [name, text] of odd) {
    const file = make(name, '#!/bin/sh\n');
    t.same(find(file), { path: `${folder}/${text}`, file, name: text, before: [] }, text);
    t.same(find(name, folder).file, file, `${text} along PATH`);
    t.equal(interpreterOf(`${folder}/${text}`), shell, `the interpreter of ${text}, by the name that events print`);
  }
});

t.test('interpreters: the last of the chain is the image', async (t) => {
  const second = make('second', '#! /bin/sh -x\n');
  const third = make('third', `#!${second} a b\n`);
  t.equal(interpreterOf(third.toString()), shell);
  t.equal(find(third).path, third.toString());
  t.equal(interpreterOf('/usr/bin/cat'), undefined);
  const odd = make(Buffer.from('sh\xe9', 'latin1'), '#!/bin/sh\n');
  writeFileSync(`${folder}/names-odd`, Buffer.concat([Buffer.from('#!'), odd, Buffer.from('\n')]), { mode: 0o755 });
  t.equal(interpreterOf(`${folder}/names-odd`), shell, 'a first line of bytes that are no UTF-8');
});

t.test('as long a chain as the kernel follows', async (t) => {
  for (let depth = 1; depth <= 6; depth++) {
    const file = make(`chain${depth}`, depth === 1 ? '#!/bin/sh\n' : `#!${folder}/chain${depth - 1}\n`).toString();
    let native = true;
    try {
      execFileSync(file, { stdio: 'ignore' });
    } catch {
      native = false;
    }
    t.equal(failure(file).exit, native ? 0 : 126, `${depth} interpreters: ${native}`);
  }
});

t.test('a script that the kernel would not run says why', async (t) => {
  const crlf = make('crlf', '#!/bin/sh\r\necho\r\n');
  t.same(failure(crlf), {
    name: 'ProgramNotFound',
    message: `${crlf}: its first line names the interpreter /bin/sh\\x0d, with a carriage return: its lines end as Windows writes them`,
    exit: 127,
  });
  const gone = make('gone', '#!/no/such/interpreter\n');
  t.same(failure(gone), {
    name: 'ProgramNotFound',
    message: `${gone}: its first line names the interpreter /no/such/interpreter, which is not there`,
    exit: 127,
  });
  const barred = make('barred', `#!${folder}/plain\n`);
  t.equal(failure(barred).exit, 126);
});

t.test('a text without #! is the shell’s, as execvp has it', async (t) => {
  const text = make('no-line', 'echo\n');
  t.same(find(text), {
    path: shell,
    file: Buffer.from('/bin/sh'),
    name: 'no-line',
    before: [Buffer.from('/bin/sh'), text],
  });
  const over = make('over', `#!${text}\n`);
  t.same(find(over).before, [Buffer.from('/bin/sh'), over], 'and one whose interpreter is such a text');
  const empty = make('empty', '');
  t.equal(find(empty).path, shell);
  t.equal(interpreterOf(text.toString()), undefined);
  const binary = make('binary', '\0\x01\x02\n');
  t.equal(find(binary).path, binary.toString(), 'what is no text is left to the kernel');
});

t.test('a user brings groups and an environment', async (t) => {
  const { user, switchTo } = identityOf('nobody');
  t.equal(user.name, 'nobody');
  t.equal(switchTo?.uid, user.uid);
  t.ok(switchTo?.groups.includes(user.gid));
  t.equal(identityOf(null).switchTo, undefined);
  t.throws(() => identityOf('no such user'), Refusal);
  const bytes = (...entries: string[]): Buffer[] => entries.map((entry) => Buffer.from(entry, 'latin1'));
  t.same(
    environmentOf(bytes('A=\xe9', 'HOME=/root', 'A=2', 'USERS=1', 'x'), user),
    bytes('A=\xe9', `HOME=${user.home}`, 'A=2', 'USERS=1', 'x', 'USER=nobody', 'LOGNAME=nobody', `SHELL=${user.shell}`),
    'the rest stays as it is, where it is',
  );
});

t.test('where a service manager means callgate it means the program', async (t) => {
  const bytes = (...entries: string[]): Buffer[] => entries.map((entry) => Buffer.from(entry));
  const env = bytes(
    'LISTEN_FDS=1',
    'LISTEN_PID=10',
    'LISTEN_PIDFDID=7',
    'WATCHDOG_PID=10',
    'SYSTEMD_EXEC_PID=10',
    'X_PID=10',
  );
  t.same(
    withPid(env, 10, 11),
    bytes('LISTEN_FDS=1', 'LISTEN_PID=11', 'WATCHDOG_PID=11', 'SYSTEMD_EXEC_PID=11', 'X_PID=10'),
  );
  t.same(withPid(env, 12, 11), env, 'where it means another it stays');
  t.equal(variableOf(bytes('A=1', 'A=2'), 'A')?.toString(), '1');
  t.equal(variableOf(bytes('AB=1'), 'A'), undefined);
});

t.test('a word as a shell wants it', async (t) => {
  for (const word of ['plain', 'two words', "it's", 'a\nb', 'caf\xe9', '\\x41', 'é', '$HOME', '', "'\x1b"]) {
    const bytes = Buffer.from(word, word === 'caf\xe9' ? 'latin1' : 'utf8');
    const typed = execFileSync('bash', ['-c', `printf %s ${shellWord(bytes)}`]);
    t.same(typed, bytes, shellWord(bytes));
    t.notMatch(shellWord(bytes), /\p{Cc}/u);
  }
});
