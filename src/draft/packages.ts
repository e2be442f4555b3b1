// SPDX-License-Identifier: GPL-2.0-only
/** What dpkg knows of a program: its database is read, no command is run. Where there is no dpkg nothing is known. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Package {
  readonly name: string;
  /** The packages of the same source that it depends on, which often hold its configuration. */
  readonly companions: readonly string[];
  /** Configuration files of all of these that are there. */
  readonly conffiles: readonly Owned[];
  /** Folders that no other package has anything in; of those one in another the upper alone. */
  readonly folders: readonly Owned[];
}

/** A path and the package that brings it. */
export interface Owned {
  readonly path: string;
  readonly package: string;
  /** Of a folder: the package brings libraries in it. */
  readonly code?: true;
}

interface Stanza {
  readonly name: string;
  readonly source: string;
  readonly depends: readonly string[];
  readonly conffiles: readonly string[];
}

/** The package that owns a file; null: none does. `admin`: dpkg's folder. */
export function packageOf(file: string, admin = '/var/lib/dpkg'): Package | null {
  const lists = listsIn(join(admin, 'info'));
  // Of a merged /usr a list may still name the old place.
  const names = [file, file.replace(/^\/usr(?=\/(?:bin|sbin|lib))/, '')];
  const owner = [...lists].find(([, paths]) => names.some((name) => paths.has(name)))?.[0];
  if (owner === undefined) return null;
  const stanzas = readStanzas(join(admin, 'status'));
  const source = stanzas.get(owner)?.source ?? owner;
  const companions: string[] = [];
  const pending = [owner];
  for (const name of pending)
    for (const other of stanzas.get(name)?.depends ?? [])
      if (stanzas.get(other)?.source === source && !pending.includes(other)) {
        pending.push(other);
        companions.push(other);
      }
  const conffiles = pending.flatMap((name) =>
    (stanzas.get(name)?.conffiles ?? []).filter(isThere).map((path): Owned => ({ path, package: name })),
  );
  return { name: owner, companions, conffiles, folders: foldersOf(pending, lists) };
}

/** By package, what it brings. */
function listsIn(folder: string): Map<string, ReadonlySet<string>> {
  let files: string[];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith('.list'));
  } catch {
    return new Map();
  }
  return new Map(
    files.map((file) => [
      file.slice(0, -'.list'.length).replace(/:[^:]*$/, ''),
      new Set(readFileSync(join(folder, file), 'utf8').split('\n')),
    ]),
  );
}

/** dpkg's database (deb-control(5)): continuation lines begin with a space. */
function readStanzas(file: string): Map<string, Stanza> {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return new Map();
  }
  const stanzas = text.split('\n\n').map((stanza): readonly [string, Stanza] => {
    const field = (name: string): string =>
      new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, 'm').exec(stanza)?.[1]?.trim() ?? '';
    const name = field('Package');
    const depends = `${field('Depends')},${field('Pre-Depends')}`
      .split(/[,|]/)
      .map((one) => one.trim().split(/[\s:(]/)[0] ?? '')
      .filter((one) => one !== '');
    const conffiles = field('Conffiles')
      .split('\n')
      .filter((line) => !line.endsWith(' obsolete'))
      .map((line) => line.trim().split(/\s+/)[0] ?? '')
      .filter((path) => path.startsWith('/'));
    return [name, { name, source: field('Source').split(' ')[0] || name, depends, conffiles }];
  });
  return new Map(stanzas);
}

function foldersOf(packages: readonly string[], lists: ReadonlyMap<string, ReadonlySet<string>>): Owned[] {
  const mine = packages.flatMap((name) => [...(lists.get(name) ?? [])].map((path): Owned => ({ path, package: name })));
  const others = new Set<string>();
  for (const [name, paths] of lists) if (!packages.includes(name)) for (const path of paths) others.add(path);
  const own = mine.filter(({ path }) => path.startsWith('/') && path !== '/.' && !others.has(path) && isFolder(path));
  const paths = new Set(own.map(({ path }) => path));
  const seen = new Set<string>();
  return own
    .filter(({ path }) => {
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
        if (paths.has(path.slice(0, end))) return false;
      return !seen.has(path) && seen.add(path);
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map((owned) =>
      mine.some(({ path }) => path.startsWith(`${owned.path}/`) && /\.so(\.|$)/.test(path))
        ? { ...owned, code: true }
        : owned,
    );
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
