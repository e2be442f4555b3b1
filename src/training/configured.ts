// SPDX-License-Identifier: GPL-2.0-only
/** The configuration files that a run read, as they are on this machine after it. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { configurationFiles, foldersIn } from '../learn/configured.js';
import type { Observation } from '../learn/observation.js';
import type { Sensitive } from '../learn/sensitive.js';
import { type Bytes, bufferOf } from '../policy/bytes.js';

/** Files that are read, and how long one may be: configurations are short, and of a program few. */
const FILES_MOST = 500;
const BYTES_MOST = 256 * 1024;

/**
 * Folders that stand in configuration files of the run, and in which it used something. A file that cannot be read says nothing.
 *
 * @param sensitive what it names is not looked into: keys, and who may log in
 */
export function configuredFolders(
  observations: readonly Observation[],
  named: readonly string[],
  sensitive: Sensitive,
): string[] {
  const files = configurationFiles(observations, named)
    .filter((file) => !sensitive.has(file))
    .slice(0, FILES_MOST);
  return foldersIn(
    files.flatMap((file) => textIn(file) ?? []),
    observations,
  );
}

/** The text of a regular file; null: it is none, too long, or no text. */
function textIn(file: Bytes): string | null {
  try {
    // What was a file may be a pipe by now, which nobody fills.
    const fd = openSync(bufferOf(file), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const facts = fstatSync(fd);
      if (!facts.isFile() || facts.size > BYTES_MOST) return null;
      const text = readFileSync(fd, 'latin1');
      return text.includes('\0') ? null : text;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
