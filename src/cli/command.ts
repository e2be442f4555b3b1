// SPDX-License-Identifier: GPL-2.0-only
/** What all commands share: one way to fail, one way to print. */
import { Command } from '@oclif/core';
import { closedToUs, Failure, messageOf } from '../host/failure.js';
import { plain } from '../host/plain.js';
import { asRoot } from '../host/shell.js';

export abstract class CallgateCommand extends Command {
  static override enableJsonFlag = true;

  /** Exit status of a usage error; `run` and `learn` keep small numbers for the program's own. */
  protected usageStatus(): number {
    return 2;
  }

  /** Exit status of any other failure. */
  protected failureStatus(error: Error): number {
    return error instanceof Failure ? error.exit : 125;
  }

  /** Prints a failure as `callgate: what` and the remedy, and ends with its exit status. */
  protected override async catch(error: Error & { exitCode?: number; oclif?: { exit?: number } }): Promise<void> {
    if ((error as { code?: string }).code === 'EEXIT') throw error;
    const usage = error.oclif !== undefined;
    const status = usage && !(error instanceof Failure) ? this.usageStatus() : this.failureStatus(error);
    const { message, remedy } = describe(error, usage ? `callgate ${this.id?.replaceAll(':', ' ')} --help` : undefined);
    if (this.jsonEnabled()) this.logJson({ error: { message, ...(remedy === undefined ? {} : { remedy }), status } });
    else process.stderr.write(plain(`callgate: ${message}\n${remedy === undefined ? '' : `  do: ${remedy}\n`}`));
    if (process.env.CALLGATE_DEBUG !== undefined && error.stack !== undefined)
      process.stderr.write(plain(`${error.stack}\n`));
    process.exitCode = status;
    this.parsed = true;
  }

  /** A line of talk, which never mixes with a result. */
  protected talk(line: string): void {
    process.stderr.write(plain(`callgate: ${line}\n`));
  }

  /** A result. Names that others chose are in it. */
  override log(message?: string, ...args: unknown[]): void {
    super.log(message === undefined ? message : plain(message), ...args);
  }
}

/** What is said of a failure, and what to do about it. */
export function describe(error: Error, usageHelp: string | undefined): { message: string; remedy: string | undefined } {
  const closed = closedToUs(error);
  if (closed !== null) return { message: `this needs root: ${closed}`, remedy: asRoot() };
  if (error instanceof Failure) return { message: error.message, remedy: error.remedy };
  if (usageHelp !== undefined) return { message: inOneLine(messageOf(error)), remedy: usageHelp };
  return { message: messageOf(error), remedy: undefined };
}

/** What oclif says of a usage error, in lines and columns, as one sentence like all other failures. */
function inOneLine(message: string): string {
  const [first = '', ...rest] = message
    .replace(/\nSee more help with --help$/, '')
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}/g, ': '));
  const said = rest.filter((line) => line !== '');
  if (said.length === 0) return first;
  return first.startsWith('The following error') ? said.join('; ') : `${first} ${said.join('; ')}`;
}
