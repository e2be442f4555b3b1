// SPDX-License-Identifier: GPL-2.0-only
/** From the flags that `learn` and `run` share to what is to be run. */
import { isAbsolute, join, resolve } from 'node:path';
import { fileStem } from '../application/policy-name.js';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { Refusal } from '../host/failure.js';
import { currentFolder } from '../host/folder.js';
import { type Host, systemHost } from '../host/host.js';
import { bytesFrom, textOf } from '../policy/bytes.js';
import type { Request } from '../supervise/begin.js';
import { environmentOf, variableOf } from '../supervise/environment.js';
import { findProgram, identityOf, type Program, requireCommand } from '../supervise/program.js';
import { requireCaller } from './caller.js';
import { programWords } from './command-line.js';

/**
 * @param elsewhere the program runs in a machine that has files of its own: here it need not be
 * @throws ProgramNotFound (127), Refusal (126), or a Failure where no program is named
 */
export function requestOf(
  command: 'learn' | 'run',
  flags: { readonly policies?: string | undefined; readonly user?: string | undefined; readonly unload: boolean },
  elsewhere = false,
): { request: Request; around: Surroundings } {
  const argv = requireCommand(programWords(), command);
  const { env, held, watcher } = requireCaller();
  const host = systemHost();
  const cwd = currentFolder();
  const identity = identityOf(flags.user ?? null);
  const program = elsewhere ? programElsewhere(argv[0]) : findProgram(argv[0], variableOf(env, 'PATH'));
  const folder = policiesFolder(host, program.name, flags.policies, cwd);
  const request: Request = {
    ...{ host, program, argv, folder, held, watcher, identity, cwd },
    command: argv.map((word) => textOf(bytesFrom(word))),
    env: identity.switchTo === undefined ? env : environmentOf(env, identity.user),
    user: flags.user ?? null,
    unload: flags.unload,
  };
  return { request, around: surroundingsOf(identity.user, cwd, host.groups) };
}

/** All that is known of it here is what it is called. */
function programElsewhere(word: Buffer): Program {
  const path = textOf(bytesFrom(word));
  return { path, file: word, name: path.split('/').at(-1) ?? path, before: [] };
}

/** Where an application of this name has its policies when nobody says otherwise. */
export function defaultFolder(host: Pick<Host, 'policies'>, name: string): string {
  return join(host.policies, fileStem(name));
}

/** The folder that --policies names, or the one of the name's. */
export function policiesFolder(
  host: Pick<Host, 'policies'>,
  name: string,
  policies: string | undefined,
  cwd = currentFolder(),
): string {
  return policies === undefined ? defaultFolder(host, name) : absolute(policies, cwd, 'the folder of policies');
}

function absolute(path: string, cwd: string | null, what: string): string {
  if (isAbsolute(path)) return resolve(path);
  if (cwd === null)
    throw new Refusal(
      `${path}: ${what} is named from the current folder, which is gone or has a name that is no UTF-8`,
      'cd somewhere else, or write an absolute path',
    );
  return resolve(cwd, path);
}
