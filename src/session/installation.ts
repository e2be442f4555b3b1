// SPDX-License-Identifier: GPL-2.0-only
/**
 * What runs when a command of callgate is run: its own folders and those of the packages that it depends on. Not what npm put
 * beside them for building, nor Node, the libraries of the system and the link in PATH, which are the system's.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../host/failure.js';

export interface Installation {
  /** Absolute, each with all folders below it. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** The launcher; the addon, as a checkout builds it or as a package brings it; the commands; groups; what `learn --vm` runs. */
const FOLDERS: readonly string[] = ['bin', 'build/Release', 'prebuilds', 'dist/src', 'policies', 'scripts/vm'];
/** Read at the start of a command. The folder they stand in may be one that is worked in. */
const FILES: readonly string[] = ['package.json', 'oclif.manifest.json'];

/**
 * Looks at an installation. What is not there is left out.
 *
 * @param root the folder that holds package.json
 */
export function installationOf(root: string): Installation {
  const folders = new Set(FOLDERS.flatMap((name) => below(join(root, name))));
  for (const module of modulesOf(root)) {
    for (const folder of below(module)) folders.add(folder);
    // One that is looked for and not there is nobody's to bring.
    for (let above = dirname(module); above.startsWith(`${root}/`); above = dirname(above))
      if (/\/node_modules(\/@[^/]*)?$/.test(above)) folders.add(above);
  }
  return { folders: [...folders], files: FILES.map((name) => join(root, name)) };
}

/** Folders of the packages that a package depends on, and those that they do, as Node finds them. */
function modulesOf(root: string): Set<string> {
  const found = new Set<string>();
  const pending = [root];
  for (let from = pending.pop(); from !== undefined; from = pending.pop())
    for (const name of dependenciesOf(from)) {
      const module = resolved(name, from);
      if (module === null || found.has(module)) continue;
      found.add(module);
      pending.push(module);
    }
  return found;
}

function dependenciesOf(folder: string): string[] {
  const text = orNull(() => readFileSync(join(folder, 'package.json'), 'utf8'));
  if (text === null) return [];
  const { dependencies, optionalDependencies } = JSON.parse(text) as Record<string, object | undefined>;
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

/** In the `node_modules` of the folder, or of one above; null: it was not installed. */
function resolved(name: string, from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = orNull(() => realpathSync.native(join(folder, 'node_modules', name)));
    if (found !== null || folder === dirname(folder)) return found;
  }
}

/** A folder and all below it; none where it is not there. */
function below(folder: string): string[] {
  const entries = orNull(() => readdirSync(folder, { withFileTypes: true }));
  if (entries === null) return [];
  return [folder, ...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => below(join(folder, name)))];
}

function orNull<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return null;
    throw error;
  }
}
