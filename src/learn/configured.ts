// SPDX-License-Identifier: GPL-2.0-only
/** Folders that stand in configuration files which a program read: as good as on its command line. */
import type { Bytes } from '../policy/bytes.js';
import type { Observation } from './observation.js';

/** An absolute path as configurations have it: no signs that quote, separate or stand for others. */
const PATH = /(?<![A-Za-z0-9_./-])\/[A-Za-z0-9_.@+\-/]*[A-Za-z0-9_@+-]/g;

/** What a file is called that holds settings. A script is no such file: what it names is what the program itself does. */
const SETTINGS = /\.(?:conf|cfg|cnf|cf|ini|ya?ml|toml|json|properties|config)$/;

/**
 * Files that are taken for configuration: those of /etc, and those that whoever ran the program named and that are called so, which no
 * program of the application wrote itself.
 *
 * @param named absolute paths of the command line and the environment
 */
export function configurationFiles(observations: readonly Observation[], named: readonly string[]): Bytes[] {
  const given = new Set(named);
  const written = new Set<string>();
  const read = new Set<Bytes>();
  for (const { operation, object, folder } of observations) {
    if (object.type !== 'path' || folder === true) continue;
    if (operation === 'write' || operation === 'create') written.add(object.path);
    if (
      operation === 'read' &&
      (object.path.startsWith('/etc/') || (given.has(object.path) && SETTINGS.test(object.path)))
    )
      read.add(object.path);
  }
  return [...read].filter((path) => !written.has(path)).sort();
}

/** Folders that a text names and in which something was used. What it names besides is not kept. */
export function foldersIn(texts: Iterable<string>, observations: readonly Observation[]): string[] {
  const used = new Set<string>();
  for (const { object } of observations) {
    if (object.type !== 'path') continue;
    for (let end = object.path.lastIndexOf('/'); end > 0; end = object.path.lastIndexOf('/', end - 1)) {
      const folder = object.path.slice(0, end);
      if (used.has(folder)) break;
      used.add(folder);
    }
  }
  const found = new Set<string>();
  for (const text of texts)
    for (const [path] of text.matchAll(PATH)) {
      const folder = path.replace(/\/{2,}/g, '/');
      if (used.has(folder)) found.add(folder);
    }
  return [...found].sort();
}
