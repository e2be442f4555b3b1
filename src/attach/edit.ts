// SPDX-License-Identifier: GPL-2.0-only
/** A policy in the person's editor. */
import { spawn } from 'node:child_process';
import { Failure } from '../host/failure.js';
import { shellWord } from '../host/shell.js';

/**
 * Opens the file in $VISUAL, $EDITOR or vi, in the terminal of this process; resolves when it is closed.
 *
 * @throws Failure where it cannot be run, or says that it failed
 */
export function edit(file: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const editor = env.VISUAL ?? env.EDITOR ?? 'vi';
  return new Promise((resolve, reject) => {
    // As git does: the variable may hold words for the editor.
    const child = spawn('/bin/sh', ['-c', `${editor} ${shellWord(file)}`], { stdio: 'inherit' });
    const fail = (why: string): void => reject(new Failure(`${editor} ${file}: ${why}`, 'export EDITOR=...'));
    child.on('error', ({ message }) => fail(message));
    child.on('exit', (code, signal) => (code === 0 ? resolve() : fail(signal ?? `ended with ${code}`)));
  });
}
