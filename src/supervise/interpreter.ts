// SPDX-License-Identifier: GPL-2.0-only
/** What the kernel makes of a file that is to be run: the chain of interpreters, read as fs/binfmt_script.c reads it. */
import { closeSync, openSync, readSync } from 'node:fs';

/** BINPRM_BUF_SIZE: what the kernel reads of a file. */
const HEAD_BYTES = 256;
/** Interpreters that may stand in a chain (fs/exec.c, exec_binprm: the fifth rewrite is the last). */
const CHAIN_MOST = 5;

export interface Chain {
  /** The interpreters as the first lines name them, the first one first; empty for what is no script. */
  readonly interpreters: readonly Buffer[];
  /**
   * How it ends: `image` the kernel is asked (ELF, and what binfmt_misc may know); `text` it would say ENOEXEC, and a shell
   * reads it; `missing` and `barred` the last interpreter is not there, or cannot be run; `long` the chain has too many.
   */
  readonly end: 'image' | 'text' | 'missing' | 'barred' | 'long';
}

/**
 * Reads the chain of a file.
 *
 * @param runnable whether a file is there and may be run; null: it is not there
 */
export function chainOf(file: Buffer, runnable: (file: Buffer) => boolean | null): Chain {
  const interpreters: Buffer[] = [];
  for (let at = file; ; ) {
    const kind = kindOf(at);
    if (kind === 'image' || kind === 'text') return { interpreters, end: kind };
    if (interpreters.length === CHAIN_MOST) return { interpreters, end: 'long' };
    interpreters.push(kind);
    const there = runnable(kind);
    if (there !== true) return { interpreters, end: there === null ? 'missing' : 'barred' };
    at = kind;
  }
}

/** The interpreter of a script; `text` for what a shell reads; `image` for the rest. */
function kindOf(file: Buffer): Buffer | 'image' | 'text' {
  const head = headOf(file);
  if (head === undefined) return 'image';
  if (head.subarray(0, 2).toString('latin1') === '#!') {
    const end = head.indexOf(0x0a);
    const line = head.toString('latin1', 2, end < 0 ? head.length : end);
    const name = /^[ \t]*([^ \t\0]+)/.exec(line)?.[1];
    // A name that is cut off is no name: the kernel says ENOEXEC, as where there is none.
    const cut = end < 0 && head.length === HEAD_BYTES && !/^[ \t]*[^ \t\0]+[ \t\0]/.test(line);
    return name === undefined || cut ? 'text' : Buffer.from(name, 'latin1');
  }
  // As a shell tells: a zero before the first line's end is no text.
  const end = head.indexOf(0x0a);
  return head.subarray(0, end < 0 ? head.length : end).includes(0) ? 'image' : 'text';
}

function headOf(file: Buffer): Buffer | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    const fd = openSync(file, 'r');
    try {
      return head.subarray(0, readSync(fd, head, 0, head.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
