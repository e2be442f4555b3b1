// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files of callgate's own that no subject may change, whatever its policy permits: told to the gate by inode, so that no
 * other name, mount or descriptor of theirs leads round it.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NUMBERS } from '../abi/abi.gen.js';
import { cgroupFolders } from '../host/cgroups.js';
import { codeOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { type Installation, installationOf } from './installation.js';
import { type SessionState, sessionFolder } from './state.js';

const { PROTECT_ENTRIES, PROTECT_FIXED, PROTECT_SEALED, PROTECT_CONTROLS } = NUMBERS;
const FOLDER = PROTECT_ENTRIES | PROTECT_FIXED | PROTECT_SEALED;
/** Node does not name it: a descriptor that opens nothing (open(2)). */
const O_PATH = 0o10000000;

/** Descriptors of what is protected: an inode that is open keeps its number. */
export interface Held {
  close(): void;
}

/** Paths and their CG_PROTECT_* flags. What is not there is left out by who opens it. */
class Protected {
  readonly flags = new Map<string, number>();

  add(path: string, more: number): void {
    this.flags.set(path, (this.flags.get(path) ?? 0) | more);
  }

  folder(path: string): void {
    this.add(path, FOLDER);
    this.above(path);
  }

  file(path: string): void {
    this.add(path, PROTECT_SEALED);
    this.above(path);
  }

  /** Whoever could move a folder above could put another in its place. */
  above(path: string): void {
    for (let parent = dirname(path); parent !== dirname(parent); parent = dirname(parent))
      this.add(parent, PROTECT_FIXED);
  }

  installation(root: string): void {
    const { folders, files } = installed(root);
    for (const path of folders) this.folder(path);
    for (const path of files) this.file(path);
  }
}

/** All that these sessions use. */
export function protectedPaths(host: Host, states: readonly SessionState[]): Map<string, number> {
  const all = new Protected();
  for (const path of [host.run, host.journals, host.logs, host.policies, ...host.groups]) all.folder(path);
  for (const name of subfolders(host.policies)) all.folder(join(host.policies, name));
  for (const state of states) {
    all.folder(state.folder);
    all.folder(sessionFolder(host, state.name));
    for (const file of state.policies.flatMap((policy) => policy.file ?? [])) all.add(file, PROTECT_SEALED);
    // A log may stand in a folder that others write in, so it is held to by itself.
    for (const file of [state.log, ...(state.journal === null ? [] : [state.journal])]) {
      for (const name of rotationsOf(file)) all.add(name, PROTECT_SEALED);
      all.above(file);
    }
    for (const path of cgroupFolders(state.supervisor.pid)) all.add(path, PROTECT_CONTROLS | PROTECT_FIXED);
  }
  // From where each supervisor runs, and what is run meanwhile. Where there is no session nobody is confined.
  for (const root of new Set(states.flatMap((state) => [state.installation ?? [], host.installation].flat())))
    all.installation(root);
  return all.flags;
}

/** What runs when a command of callgate is run. */
export function installedPaths(root: string): Map<string, number> {
  const all = new Protected();
  all.installation(root);
  return all.flags;
}

const installations = new Map<string, Installation>();

/** Looked at once by a process: it runs what it found then. */
function installed(root: string): Installation {
  const known = installations.get(root) ?? installationOf(root);
  installations.set(root, known);
  return known;
}

interface ProtectedFile {
  readonly device: number;
  readonly inode: bigint;
  readonly directory: boolean;
  readonly flags: number;
}

/** Protects what these sessions use, and nothing else any more. Call under the lock. Throws what else than their absence keeps a file from being told. */
export function protectFiles(host: Host, gate: Gate, states: readonly SessionState[]): Held {
  // Where one of them is missing a subject could make it, and what is in it would be believed.
  for (const path of [host.run, host.journals, host.logs]) make(path, 0o700);
  for (const path of [host.policies, ...host.groups]) make(path, 0o755);
  const descriptors: number[] = [];
  const close = (): void => descriptors.splice(0).forEach((fd) => closeSync(fd));
  const identified = ([path, flags]: readonly [string, number]): ProtectedFile[] => {
    const fd = orNothing(() => openSync(path, constants.O_RDONLY | O_PATH), null);
    if (fd === null) return [];
    descriptors.push(fd);
    const stat = fstatSync(fd);
    // A log may be a device (/dev/null), which is everybody's.
    if (!stat.isFile() && !stat.isDirectory()) return [];
    return [{ ...gate.native.identify(fd), directory: stat.isDirectory(), flags }];
  };
  let files: ProtectedFile[];
  try {
    files = [...protectedPaths(host, states)].flatMap(identified);
  } catch (error) {
    close();
    throw error;
  }
  // Two names of one file.
  const merged = new Map<string, ProtectedFile>();
  for (const file of files) {
    const key = `${file.device}:${file.inode}`;
    merged.set(key, { ...file, flags: file.flags | (merged.get(key)?.flags ?? 0) });
  }
  gate.protection.protect([...merged.values()]);
  return { close };
}

function make(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch {
    // A file system that is read-only takes no subject's either.
  }
}

/** What `look` finds, or `nothing` where the path is not there: any other failure leaves the protection as it was. */
function orNothing<T, N>(look: () => T, nothing: N): T | N {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return nothing;
    throw error;
  }
}

/** A file and what stands beside it under its name and a dot: LOG, LOG.1 ... */
function rotationsOf(file: string): string[] {
  const names = orNothing(() => readdirSync(dirname(file)), []).filter((name) => name.startsWith(`${basename(file)}.`));
  return [file, ...names.map((name) => join(dirname(file), name))];
}

function subfolders(path: string): string[] {
  return orNothing(() => readdirSync(path, { withFileTypes: true }), [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
