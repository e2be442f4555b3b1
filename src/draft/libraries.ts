// SPDX-License-Identifier: GPL-2.0-only
/** Which files the loader would map for a program, found as ld.so(8) looks for them; nothing is run. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Elf, readElf } from './elf.js';

export interface Library {
  /** Without links; null: it was not found. */
  readonly path: string | null;
  /** As it is asked for. */
  readonly name: string;
  /** The file that asks for it first. */
  readonly by: string;
}

/** Folders that ld.so looks through last, whatever its configuration says. */
const TRUSTED: readonly string[] = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'];

/** Where libraries are looked for; a test brings its own. */
export interface Places {
  /** The loader's configuration (ld.so.conf). */
  readonly configuration: string;
  readonly trusted: readonly string[];
}

export const SYSTEM: Places = { configuration: '/etc/ld.so.conf', trusted: TRUSTED };

/** All libraries that a program needs, and those that they need, each once, in the order in which they are asked for. */
export function librariesOf(program: string, elf: Elf, places: Places = SYSTEM): Library[] {
  const configured = [...configuredFolders(places.configuration, new Set()), ...places.trusted];
  const found = new Map<string, Library>();
  const pending: { readonly file: string; readonly elf: Elf; readonly above: readonly string[] }[] = [
    { file: program, elf, above: [] },
  ];
  for (const { file, elf: asking, above } of pending) {
    const own = asking.paths.map((path) => path.replaceAll(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(file)));
    for (const name of asking.needed) {
      if (found.has(name)) continue;
      const at = look(name, [...own, ...above, ...configured], elf);
      found.set(name, { name, path: at?.path ?? null, by: file });
      if (at !== null) pending.push({ file: at.path, elf: at.elf, above: own });
    }
  }
  return [...found.values()];
}

function look(name: string, folders: readonly string[], wanted: Elf): { path: string; elf: Elf } | null {
  const files = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
  for (const file of files) {
    try {
      if (!statSync(file).isFile()) continue;
      const path = realpathSync.native(file);
      const elf = readElf(path);
      if (elf !== null && elf.bits === wanted.bits && elf.machine === wanted.machine) return { path, elf };
    } catch {
      // Not there, or no library that fits: the loader goes on looking too.
    }
  }
  return null;
}

/** The folders of ld.so.conf, with what it includes (ldconfig(8)). */
function configuredFolders(file: string, seen: Set<string>): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const said = line.replace(/#.*/, '').trim();
    if (said === '') return [];
    const pattern = /^include\s+(\S+)$/.exec(said)?.[1];
    if (pattern === undefined) return [said];
    return included(pattern.startsWith('/') ? pattern : join(dirname(file), pattern)).flatMap((one) =>
      configuredFolders(one, seen),
    );
  });
}

/** Files by a pattern with `*` in its last name. */
function included(pattern: string): string[] {
  const folder = dirname(pattern);
  const [before = '', ...behind] = pattern.slice(folder.length + 1).split('*');
  if (behind.length === 0) return [pattern];
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(before) && name.endsWith(behind.at(-1) ?? ''))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
