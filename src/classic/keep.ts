// SPDX-License-Identifier: GPL-2.0-only
/** Rules into the user's file of a program: behind what is there, with what the system's had, for the user's hides it. */
import { dirname, join } from 'node:path';
import { codeOf, Failure } from '../host/failure.js';
import { replaceFile } from '../host/replace-file.js';
import { ownFolder, readSecure } from '../host/secure.js';
import { type Bytes, bufferOf, bytesOf, readText } from '../policy/bytes.js';
import { printPolicy } from '../systrace/print.js';
import { type ClassicPlaces, type FoundPolicy, findClassic } from './files.js';
import { type CalledAs, classicFileName } from './names.js';
import { type Added, addRules, type NewRule } from './write.js';

export interface UserPlaces extends ClassicPlaces {
  readonly user: string;
  /** The one that is started: a person looks for its file by the name that they gave. */
  readonly entry: CalledAs | null;
}

export interface Kept extends Omit<Added, 'text'> {
  readonly file: string;
}

/**
 * Writes rules into the file of a program.
 *
 * @param wanted which of them, where the program has a policy already; absent: all
 * @throws Failure where the file cannot be written, or a name is no UTF-8
 */
export function keepRules(
  places: UserPlaces,
  name: string,
  rules: readonly NewRule[],
  wanted: (rule: NewRule) => boolean = () => true,
): Kept {
  const folder = ownFolder(places.user);
  const program = readText(name);
  const path = (process.env.PATH ?? '').split(':').filter((one) => one.startsWith('/'));
  const { policies } = findClassic({ ...places, user: folder }, name, path);
  const found = policies.find((one) => one.policy.program === program);
  const own = found !== undefined && dirname(found.file) === folder && found.file !== places.file ? found : undefined;
  const called = found === undefined && places.entry?.path === name ? places.entry.called : null;
  const file = own?.file ?? join(folder, classicFileName(called ?? name));
  const there = textAt(file);
  const base = found === undefined || own !== undefined ? there : `${there ?? ''}${printPolicy(withoutUnread(found))}`;
  const names = own !== undefined ? [own.written] : called !== null ? [readText(called)] : [];
  const chosen = found === undefined ? rules : rules.filter(wanted);
  const { text, added, long } = addRules(base as Bytes | null, program, names, chosen);
  if (added > 0 || found === undefined) replaceFile(file, shown(text, file));
  return { file, added, long };
}

/** Writes that a program is not monitored; one that has a file keeps it. */
export function writeDetached(user: string, program: string): void {
  const file = join(ownFolder(user), classicFileName(program));
  if (textAt(file) === null)
    replaceFile(file, shown(`Policy: ${readText(program)}, Emulation: native\ndetached\n` as Bytes, file));
}

function withoutUnread({ policy, unread }: FoundPolicy): FoundPolicy['policy'] {
  return { ...policy, rules: policy.rules.filter((rule) => !unread.has(rule)) };
}

function textAt(file: string): Bytes | null {
  try {
    return bytesOf(readSecure(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function shown(text: Bytes, file: string): string {
  const read = bufferOf(text).toString('utf8');
  if (!Buffer.from(read).equals(bufferOf(text)))
    throw new Failure(`${file}: a name in it is no UTF-8, and a classic policy has no other way to write it`);
  return read;
}
