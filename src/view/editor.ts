// SPDX-License-Identifier: GPL-2.0-only
/** The person's own editor, on this terminal. */
import { spawn } from 'node:child_process';
import { messageOf } from '../host/failure.js';

/** Its name as environ(7) has it: words for a shell. */
export function editorOf({ VISUAL: visual, EDITOR: editor }: NodeJS.ProcessEnv): string {
  return [visual, editor].find((name) => name !== undefined && name.trim() !== '') ?? 'vi';
}

/** Edits a file, while everything else goes on. Resolves with how it failed; null: it did not. */
export function edit(file: string, env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const editor = editorOf(env);
  return new Promise((resolve) => {
    // By a shell, since an editor may be named with its flags; the file's name is no part of what the shell reads.
    const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], { stdio: 'inherit', env });
    child.once('error', (error) => resolve(`${editor}: ${messageOf(error)}`));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(null);
      else resolve(`${editor} ended ${signal === null ? `with status ${code}` : `by ${signal}`}`);
    });
  });
}
