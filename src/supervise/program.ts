/** The program to start: which file it is, as whom it runs, with which environment. */
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { findUser, groupsOf, type User } from '../host/accounts.js';
import { codeOf, Failure, ProgramNotFound, Refusal } from '../host/failure.js';

export interface Program {
  /** As the kernel will name it: absolute, without links. A script is itself, not its interpreter. */
  readonly path: string;
  /** What is handed to exec: absolute, as it was found. */
  readonly file: string;
  /** The program's own name, as it was typed. */
  readonly name: string;
  /** Absolute path, without links, of the interpreter on a script's first line. */
  readonly interpreter?: string;
}

/**
 * Finds the program as execvp(3) would.
 *
 * @param word the first word of the command line
 * @param path the PATH to look along
 * @throws ProgramNotFound (127); Refusal (126) for a file that cannot be run
 */
export function findProgram(word: string, path: string | undefined, cwd: string): Program {
  const file = word.includes('/') ? resolve(cwd, word) : lookUp(word, path ?? '/usr/bin:/bin', cwd);
  let real: string;
  try {
    real = realpathSync(file);
  } catch (error) {
    throw new ProgramNotFound(`${word}: no such program (${codeOf(error) ?? 'error'})`, undefined, error);
  }
  if (!isRunnable(real)) throw new Refusal(`${real}: not an executable file`, `chmod +x ${real}`);
  const interpreter = interpreterOf(real);
  return { path: real, file, name: basename(word), ...(interpreter === undefined ? {} : { interpreter }) };
}

function lookUp(word: string, path: string, cwd: string): string {
  for (const folder of path.split(delimiter)) {
    const file = join(isAbsolute(folder) ? folder : resolve(cwd, folder), word);
    if (isRunnable(file)) return file;
  }
  throw new ProgramNotFound(`${word}: not found along PATH (${path})`);
}

function isRunnable(file: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The interpreter that a script names in its first line, resolved; undefined for what is no script, or is not there. */
export function interpreterOf(file: string): string | undefined {
  const head = Buffer.alloc(256);
  let length: number;
  try {
    const fd = openSync(file, 'r');
    try {
      length = readSync(fd, head, 0, head.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
  const name = /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString('latin1', 0, length))?.[1];
  if (name === undefined || !name.startsWith('/')) return undefined;
  try {
    return realpathSync(name);
  } catch {
    return undefined;
  }
}

/** As whom a program runs. */
export interface Identity {
  readonly user: User;
  /** Absent: as the caller is, nothing to switch. */
  readonly switchTo?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The user to run as (null: the caller's own) and the environment that goes with it: that of the caller, with the user's
 * HOME, USER, LOGNAME and SHELL.
 *
 * @throws Refusal where there is no such user
 */
export function identityOf(name: string | null, env: NodeJS.ProcessEnv): Identity {
  const plain = Object.fromEntries(
    Object.entries(env).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, value]])),
  );
  if (name === null) {
    const uid = process.getuid?.() ?? 0;
    const gid = process.getgid?.() ?? 0;
    const user = findUser(uid) ?? { name: String(uid), uid, gid, home: env.HOME ?? '/', shell: '/bin/sh' };
    return { user, env: plain };
  }
  const user = findUser(name);
  if (user === undefined) throw new Refusal(`${name}: no such user`, 'getent passwd');
  return {
    user,
    switchTo: { uid: user.uid, gid: user.gid, groups: groupsOf(user) },
    env: { ...plain, HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell },
  };
}

/** The command line of a program: throws a usage Failure where there is none. */
export function requireCommand(words: readonly string[], command: string): [string, ...string[]] {
  const [first, ...rest] = words;
  if (first === undefined)
    throw new Failure(`callgate ${command}: no program was named`, `callgate ${command} -- cat /etc/hostname`);
  return [first, ...rest];
}
