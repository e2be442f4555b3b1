// SPDX-License-Identifier: GPL-2.0-only
/** What a script is run by. */
import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { Failure, messageOf } from '../host/failure.js';
import { bufferOf, readText } from '../policy/bytes.js';
import { findProgram, interpreterOf } from '../supervise/program.js';

export interface Script {
  /** The image that the kernel maps, as `interpreter:` names it. */
  readonly interpreter: string;
  /** What reads the script in the end: another one where the interpreter is env(1). */
  readonly runs: string;
  /** As the first line names it. */
  readonly named: string;
}

/** BINPRM_BUF_SIZE: what the kernel reads of a file. */
const HEAD_BYTES = 256;

/**
 * Null where the file is no script.
 *
 * @param path the PATH that env(1) would look along
 * @throws Failure where what is to run it is not there
 */
export function scriptOf(program: string, path: Buffer | undefined): Script | null {
  const interpreter = interpreterOf(program);
  if (interpreter === undefined) return null;
  const [first = '', ...words] = firstLine(program);
  if (!/\/env$/.test(first)) return { interpreter, runs: interpreter, named: first };
  const named = words.find((word) => !word.startsWith('-') && !word.includes('='));
  if (named === undefined) return { interpreter, runs: interpreter, named: first };
  try {
    const { path: found } = findProgram(Buffer.from(named, 'latin1'), path);
    return { interpreter, runs: realpathSync.native(bufferOf(readText(found)), 'utf8'), named };
  } catch (error) {
    throw new Failure(
      `${program}: its first line has env run ${named}: ${messageOf(error)}`,
      `command -v ${named}`,
      error,
    );
  }
}

function firstLine(program: string): string[] {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(bufferOf(readText(program)), 'r');
  try {
    const read = head.toString('latin1', 0, readSync(fd, head, 0, HEAD_BYTES, 0));
    return (read.split('\n')[0] ?? '')
      .slice(2)
      .trim()
      .split(/[ \t]+/);
  } finally {
    closeSync(fd);
  }
}
