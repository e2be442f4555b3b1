// SPDX-License-Identifier: GPL-2.0-only
/** Who else refuses: what callgate permits may fail all the same, and then a person looks in the wrong place. */
import { type Stats, statSync } from 'node:fs';
import { findUser, groupsOf } from '../host/accounts.js';
import { codeOf } from '../host/failure.js';
import { securityModules } from '../host/lsm.js';
import { bufferOf, textOf } from '../policy/bytes.js';
import type { Access } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** Needs of the file itself, as bits of a mode; of the folder it stands in, as bits of that one's. */
const NEEDS: Readonly<Partial<Record<Operation, { readonly self?: number; readonly folder?: number }>>> = {
  read: { self: 4 },
  list: { self: 4 },
  write: { self: 2 },
  load: { self: 4 },
  exec: { self: 1 },
  create: { folder: 3 },
  delete: { folder: 3 },
};

/**
 * Sentences about what else would refuse the attempt on this machine, now; empty where nothing was found. Root is asked too:
 * CAP_DAC_OVERRIDE opens all but the running of a file that nobody may run.
 */
export function refusedElsewhere({ operations, object, uid, gid }: Access): string[] {
  if (object.type !== 'path') return modules();
  const names = textOf(object.path).split('/').slice(1);
  const found: string[] = [];
  let path = '';
  for (const name of names.slice(0, -1)) {
    path = `${path}/${name}`;
    const stat = look(path);
    if (stat !== null && !allows(stat, 1, uid, gid)) found.push(sentence(path, stat, 'look into', uid));
  }
  const folder = look(path === '' ? '/' : path);
  const self = look(bufferOf(object.path));
  for (const operation of operations) {
    const needs = NEEDS[operation];
    if (needs?.folder !== undefined && folder !== null && !allows(folder, needs.folder, uid, gid))
      found.push(sentence(path === '' ? '/' : path, folder, operation, uid));
    if (needs?.self === undefined) continue;
    if (self === null) found.push(`${textOf(object.path)} is not there (or cannot be looked at)`);
    else if (!allows(self, needs.self, uid, gid)) found.push(sentence(textOf(object.path), self, operation, uid));
  }
  return [...found, ...(found.length === 0 ? modules() : [])];
}

function look(path: string | Buffer): Stats | null {
  try {
    return statSync(path);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return null;
  }
}

function allows(stat: Stats, bits: number, uid: number, gid: number): boolean {
  const { mode } = stat;
  if (uid === 0) return (bits & 1) === 0 || stat.isDirectory() || (mode & 0o111) !== 0;
  const user = findUser(uid);
  const groups = user === undefined ? [gid] : [gid, ...groupsOf(user)];
  const shift = stat.uid === uid ? 6 : groups.includes(stat.gid) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

function sentence(path: string, { mode, uid: owner, gid }: Stats, what: string, uid: number): string {
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  return `file permissions: ${path} has mode ${octal}, owner ${owner}, group ${gid}, which does not let uid ${uid} ${what} it`;
}

/** Modules that refuse nothing by rules of their own that a person would look for. */
const HARMLESS: readonly string[] = ['capability', 'bpf', 'lockdown', 'yama', 'landlock', 'ima', 'evm', 'integrity'];

function modules(): string[] {
  const others = (securityModules() ?? []).filter((name) => !HARMLESS.includes(name));
  return others.length === 0
    ? []
    : [`other security modules are active here and keep their own logs: ${others.join(', ')}`];
}
