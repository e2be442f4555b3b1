/** From the flags that `learn` and `run` share to what is to be run. */
import { join, resolve } from 'node:path';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { type Host, systemHost } from '../host/host.js';
import type { Request } from '../supervise/begin.js';
import { findProgram, identityOf, requireCommand } from '../supervise/program.js';

/**
 * @param words the program's command line
 * @throws ProgramNotFound (127), Refusal (126), or a Failure where no program is named
 */
export function requestOf(
  command: 'learn' | 'run',
  words: readonly string[],
  flags: { readonly policies?: string | undefined; readonly user?: string | undefined },
): { request: Request; around: Surroundings } {
  const line = requireCommand(words, command);
  const host = systemHost();
  const cwd = process.cwd();
  const identity = identityOf(flags.user ?? null, process.env);
  const program = findProgram(line[0], identity.env.PATH, cwd);
  const folder = flags.policies === undefined ? defaultFolder(host, program.name) : resolve(cwd, flags.policies);
  const request = { host, program, command: line, folder, user: flags.user ?? null, identity, cwd };
  return { request, around: surroundingsOf(identity.user, cwd, host.groups) };
}

/** Where an application of this name has its policies when nobody says otherwise. */
export function defaultFolder(host: Pick<Host, 'policies'>, name: string): string {
  return join(host.policies, name);
}
