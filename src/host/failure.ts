// SPDX-License-Identifier: GPL-2.0-only
/**
 * What ends a command, and with which exit status: 125 callgate itself failed, 126 it refused to start the program, 127
 * there is no such program. `message` says what and where, `remedy` what to do next (a command to type, where there is one).
 */
export class Failure extends Error {
  readonly exit: number = 125;
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** The program was not started, because starting it would have promised what cannot be kept. */
export class Refusal extends Failure {
  override readonly exit = 126;
}

/** There is no such program. */
export class ProgramNotFound extends Failure {
  override readonly exit = 127;
}

/** The `code` of an error of Node or of the addon (an errno name), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : undefined;
}

/** An error's message on one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trimEnd();
}

/** What a user who is not root was kept from, as a sentence; null where that is not what failed. */
export function closedToUs(error: unknown, uid = process.geteuid?.()): string | null {
  if (uid === 0) return null;
  for (let at = error; at instanceof Error; at = at.cause) {
    const { path, code } = at as NodeJS.ErrnoException;
    if (path === undefined || (code !== 'EACCES' && code !== 'EPERM')) continue;
    return error instanceof Failure ? error.message : `${path} is closed to user ${uid} (${code})`;
  }
  return null;
}
