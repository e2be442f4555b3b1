// SPDX-License-Identifier: GPL-2.0-only
/** This machine as the rules of learning look at it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Machine } from '../learn/places.js';
import { partsOf, pathsIn } from '../learn/words.js';
import { type Bytes, bufferOf, bytesFrom, textOf } from '../policy/bytes.js';
import { packageOwners } from './packages.js';

/** Names of one folder that are looked at; more of them are no measure of anything. */
const NAMES_MOST = 100_000;

export function thisMachine(): Machine {
  const known = new Map<Bytes, readonly Bytes[] | null>();
  return {
    homes: homes(),
    owner: packageOwners(),
    entries: (folder) => {
      const old = known.get(folder);
      if (old !== undefined) return old;
      const names = namesIn(folder);
      known.set(folder, names);
      return names;
    },
  };
}

function namesIn(folder: Bytes): readonly Bytes[] | null {
  try {
    return readdirSync(bufferOf(folder), { encoding: 'buffer' }).slice(0, NAMES_MOST).map(bytesFrom);
  } catch {
    // No folder, or not readable: nothing is known of it.
    return null;
  }
}

/** Homes of people and of root; a service's folder is its data. */
function homes(): string[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter(([, , uid, , , home]) => home !== undefined && (uid === '0' || Number(uid) >= 1000))
      .map((fields) => fields[5] as string);
  } catch {
    return ['/root'];
  }
}

/** Variables that every process has; what they name says nothing about this run. */
const USUAL =
  /^(HOME|PWD|OLDPWD|PATH|SHELL|_|LS_.*|LESS.*|XDG_.*|SSH_.*|MAIL|MANPATH|CALLGATE_.*|NODE_.*|LANG|TERM.*)$/;

/** Absolute paths that stood on the command line or in the environment, as events print them. */
export function namedPaths(command: readonly Buffer[], env: readonly Buffer[], cwd: string | null): string[] {
  const values = env.flatMap((pair) => {
    const text = pair.toString('latin1');
    const at = text.indexOf('=');
    return USUAL.test(text.slice(0, at)) ? [] : text.slice(at + 1).split(':');
  });
  const words = command.slice(1).flatMap((word) => partsOf(word.toString('latin1')));
  return [...new Set([...pathsIn(words, cwd), ...pathsIn(values, null)])].map(textOf);
}
