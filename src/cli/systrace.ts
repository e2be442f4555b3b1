// SPDX-License-Identifier: GPL-2.0-only
/** The entry of `systrace`: the classic command line. launcher/callgate.c has read its flags already, to know what to become. */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { surroundingsOf } from '../application/surroundings.js';
import { type ClassicPlaces, SYSTEM_FOLDER } from '../classic/files.js';
import { type Flags, parseFlags, USAGE, UsageError } from '../classic/flags.js';
import { runAsOf } from '../classic/identity.js';
import { type Outlet, Stream, Syslog } from '../classic/outlet.js';
import { runClassic } from '../classic/run.js';
import type { Called } from '../classic/setting.js';
import { Speech } from '../classic/speech.js';
import { Failure, Refusal } from '../host/failure.js';
import { currentFolder } from '../host/folder.js';
import { type Host, ROOT, systemHost } from '../host/host.js';
import { plain } from '../host/plain.js';
import { requireRoot } from '../host/privileges.js';
import { bytesFrom, textOf } from '../policy/bytes.js';
import { variableOf } from '../supervise/environment.js';
import { exitStatus } from '../supervise/foreground.js';
import { findProgram, identityOf, requireCommand } from '../supervise/program.js';
import { type Caller, caller as callerOf, ignoreWhatIsIgnored } from './caller.js';
import { describe } from './command.js';

const WRONG_USAGE = 1;
/** Of what the process that is held reads in the place of its orders (launcher/held.h, HELD_QUIT). */
const QUIT = 'x'.charCodeAt(0);

const caller = callerOf();
ignoreWhatIsIgnored();
/** Nobody else speaks to the process that is to be the program. */
let holding = caller !== null;
/** How the person is spoken to, once that is known. */
let speech: Speech | null = null;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tell(error as Error);
}
if (holding && caller !== null) quit(caller, Number(process.exitCode ?? 0));

async function main(words: readonly string[]): Promise<number> {
  const { flags, own } = parseFlags(words);
  if (flags.version) {
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
    process.stdout.write(`systrace of callgate ${version}, back end linux/bpf-lsm\n`);
    return 0;
  }
  showAs(words);
  requireRoot();
  const ended = await runClassic(calledWith(flags, own));
  return exitStatus(ended);
}

/** `ps` shows what was typed. */
function showAs(words: readonly string[]): void {
  process.title = ['systrace', ...words].join(' ');
  // Setting the title sets this name too, to its beginning.
  writeFileSync('/proc/self/comm', 'systrace');
}

function calledWith(flags: Flags, own: number): Called {
  const host = systemHost();
  const cwd = currentFolder();
  const words = caller?.words.slice(1 + own) ?? process.argv.slice(2 + own).map((word) => Buffer.from(word));
  const env = caller?.env ?? Object.entries(process.env).map(([name, value]) => Buffer.from(`${name}=${value}`));
  const argv = requireCommand(words, 'run');
  const program = findProgram(argv[0], variableOf(env, 'PATH'));
  const identity = flags.runAs === null ? identityOf(null) : runAsOf(flags.runAs);
  const places = placesOf(flags, env, cwd);
  const outlet = outletOf(flags, host, cwd);
  speech = new Speech(host.addon, outlet, flags.toStderr);
  return {
    flags,
    request: {
      ...{ host, program, argv, env, identity, cwd },
      held: caller?.held ?? null,
      watcher: caller?.watcher ?? null,
      unload: false,
      folder: places.user ?? places.system,
      command: argv.map((word) => textOf(bytesFrom(word))),
      user: flags.runAs === null ? null : identity.user.name,
    },
    around: surroundingsOf(identity.user, cwd, host.groups),
    places,
    path: (variableOf(env, 'PATH')?.toString() ?? '').split(':').filter((folder) => folder.startsWith('/')),
    outlet,
    speech,
    starting: () => {
      holding = false;
    },
  };
}

function placesOf(flags: Flags, env: readonly Buffer[], cwd: string | null): ClassicPlaces {
  const file = flags.file === null ? null : absolute(flags.file, cwd);
  if (flags.systemOnly) return { user: null, system: SYSTEM_FOLDER, file };
  if (flags.folder !== null) return { user: absolute(flags.folder, cwd), system: SYSTEM_FOLDER, file };
  const home = variableOf(env, 'HOME')?.toString();
  if (home === undefined || !isAbsolute(home))
    throw new Refusal('$HOME names no folder, so that $HOME/.systrace is none', 'systrace -d DIR ..., or -U');
  return { user: join(home, '.systrace'), system: SYSTEM_FOLDER, file };
}

function outletOf(flags: Flags, host: Host, cwd: string | null): Outlet {
  if (flags.logFile !== null) return Stream.file(absolute(flags.logFile, cwd));
  return flags.toStderr ? Stream.stderr(host.addon) : new Syslog(host.addon);
}

function absolute(path: string, cwd: string | null): string {
  if (isAbsolute(path)) return resolve(path);
  if (cwd === null) throw new Refusal(`${path}: the current folder has no path`, 'write an absolute one');
  return resolve(cwd, path);
}

/** The exit status of a failure, which is told. */
function tell(error: Error): number {
  const say = speech?.say ?? ((line: string): void => void process.stderr.write(plain(`systrace: ${line}\n`)));
  if (error instanceof UsageError) {
    say(`${error.message}\n${USAGE}`);
    return WRONG_USAGE;
  }
  const { message, remedy } = describe(error, undefined);
  say(`${message}${remedy === undefined ? '' : `\n  do: ${remedy}`}`);
  if (process.env.CALLGATE_DEBUG !== undefined && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return error instanceof Failure ? error.exit : 125;
}

/** Has the process that was to be the program end with this status: in the background the shell waits for it, not for us. */
function quit({ held }: Caller, status: number): void {
  try {
    writeSync(held.control, Buffer.from([QUIT, status]));
  } catch {
    // It has ended.
  }
}
