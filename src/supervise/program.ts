// SPDX-License-Identifier: GPL-2.0-only
/** The program to start: which file it is, what is handed to exec, as whom it runs. Names are bytes, as the kernel's are. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { findUser, groupsOf, type User } from '../host/accounts.js';
import { codeOf, Failure, ProgramNotFound, Refusal } from '../host/failure.js';
import { shellWord } from '../host/shell.js';
import { bufferOf, bytesFrom, readText, textOf } from '../policy/bytes.js';
import { type Chain, chainOf } from './interpreter.js';

/** What execvp(3) runs a file with that the kernel takes for no program. */
const SHELL = Buffer.from('/bin/sh');

export interface Program {
  /** As the kernel will name it: absolute, without links, as events print it. A script is itself, not its interpreter. */
  readonly path: string;
  /** What is handed to exec: as it was typed, or as it was found along PATH. */
  readonly file: Buffer;
  /** The name of what was asked for, as events print names. */
  readonly name: string;
  /** Words in the place of the first one; empty: it stays as it was typed. */
  readonly before: readonly Buffer[];
}

/**
 * Finds the program as execvp(3) would. A text that does not say what reads it is read by /bin/sh, which is then the
 * program: `callgate run ./file` is `callgate run /bin/sh ./file`.
 *
 * @param word the first word of the command line
 * @param path the PATH to look along
 * @throws ProgramNotFound (127); Refusal (126) for a file that cannot be run
 */
export function findProgram(word: Buffer, path: Buffer | undefined): Program {
  const typed = textOf(bytesFrom(word));
  const file = word.includes('/') ? word : lookUp(word, path ?? Buffer.from('/bin:/usr/bin'));
  const name = typed.split('/').at(-1) ?? typed;
  const there = isRunnable(file);
  if (there === null) throw new ProgramNotFound(`${typed}: no such program (${missing(file)})`);
  if (!there)
    throw statSync(file).isFile()
      ? new Refusal(`${textOf(bytesFrom(file))}: not an executable file`, `chmod +x ${shellWord(file)}`)
      : new Refusal(`${textOf(bytesFrom(file))}: no file, and so no program`, 'name a program');
  const chain = chainOf(file, isRunnable);
  if (chain.end === 'text') return { path: resolved(SHELL), file: SHELL, name, before: [SHELL, file] };
  refuseBroken(file, chain);
  return { path: resolved(file), file, name, before: [] };
}

/** A script that the kernel would not run says so with the words of another fault: the script's own name, "no such file". */
function refuseBroken(file: Buffer, { interpreters, end }: Chain): void {
  const script = textOf(bytesFrom(interpreters.at(-2) ?? file));
  const last = interpreters.at(-1);
  if (last === undefined) return;
  const interpreter = textOf(bytesFrom(last));
  const where = `${script}: its first line names the interpreter ${interpreter}`;
  const returned = last.at(-1) === 0x0d;
  if (end === 'missing')
    throw new ProgramNotFound(
      returned
        ? `${where}, with a carriage return: its lines end as Windows writes them`
        : `${where}, which is not there`,
      returned ? `sed -i 's/\\r$//' ${shellWord(interpreters.at(-2) ?? file)}` : `ls -l ${shellWord(last)}`,
    );
  if (end === 'barred') throw new Refusal(`${where}, which is not an executable file`, `ls -l ${shellWord(last)}`);
  if (end === 'long')
    throw new Refusal(
      `${textOf(bytesFrom(file))}: interpreters that are scripts themselves, more than the kernel follows`,
    );
}

function lookUp(word: Buffer, path: Buffer): Buffer {
  for (const folder of path.toString('latin1').split(':')) {
    const file = Buffer.concat([Buffer.from(`${folder === '' ? '.' : folder}/`, 'latin1'), word]);
    if (isRunnable(file)) return file;
  }
  throw new ProgramNotFound(`${textOf(bytesFrom(word))}: not found along PATH (${textOf(bytesFrom(path))})`);
}

/** Null: it is not there. */
function isRunnable(file: Buffer): boolean | null {
  try {
    if (!statSync(file).isFile()) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    return codeOf(error) === 'EACCES' ? false : null;
  }
}

function missing(file: Buffer): string {
  try {
    statSync(file);
    return 'error';
  } catch (error) {
    return codeOf(error) ?? 'error';
  }
}

function resolved(file: Buffer): string {
  return textOf(bytesFrom(realpathSync.native(file, { encoding: 'buffer' })));
}

/**
 * The last interpreter of a script's chain, resolved: the image that is mapped. Those before it are read as any file is.
 * Undefined for what is no script, and for one that the kernel would not run.
 *
 * @param program as events print it
 */
export function interpreterOf(program: string): string | undefined {
  const { interpreters, end } = chainOf(bufferOf(readText(program)), isRunnable);
  const last = interpreters.at(-1);
  // One that is named relative to a folder is another in each.
  if (last === undefined || end !== 'image' || last[0] !== 0x2f) return undefined;
  try {
    return resolved(last);
  } catch {
    return undefined;
  }
}

/** As whom a program runs. */
export interface Identity {
  readonly user: User;
  /** Absent: as the caller is, nothing to switch. */
  readonly switchTo?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
}

/**
 * The user to run as.
 *
 * @param name null: the caller's own
 * @throws Refusal where there is no such user
 */
export function identityOf(name: string | null): Identity {
  if (name === null) {
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    return { user: findUser(uid) ?? { name: String(uid), uid, gid, home: process.env.HOME ?? '/', shell: '/bin/sh' } };
  }
  const user = findUser(name);
  if (user === undefined) throw new Refusal(`${name}: no such user`, 'getent passwd');
  return { user, switchTo: { uid: user.uid, gid: user.gid, groups: groupsOf(user) } };
}

/** The command line of a program: throws a usage Failure where there is none. */
export function requireCommand(words: readonly Buffer[], command: string): [Buffer, ...Buffer[]] {
  const [first, ...rest] = words;
  if (first === undefined) throw new Failure('no program was named', `callgate ${command} -- cat /etc/hostname`);
  return [first, ...rest];
}
