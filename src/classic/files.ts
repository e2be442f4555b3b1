// SPDX-License-Identifier: GPL-2.0-only
/**
 * Classic policies where systrace looked for them: the file named by -f, the user's folder, the system's. The first that has one
 * for a program is the one that holds; they are never put together.
 */
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf } from '../host/failure.js';
import { readSecure, secureFolder } from '../host/secure.js';
import { type Bytes, bufferOf, bytesFrom, bytesOf, textOf } from '../policy/bytes.js';
import { parseClassic } from '../systrace/parse.js';
import { comparisonsOf } from '../systrace/sockets.js';
import type { ClassicPolicy, ClassicRule } from '../systrace/syntax.js';
import { classicFileName } from './names.js';
import { isMark } from './write.js';

/** The system's folder. */
export const SYSTEM_FOLDER = '/etc/systrace';

export interface ClassicPlaces {
  /** $HOME/.systrace, or what -d names; null: user policies are ignored (-U). */
  readonly user: string | null;
  readonly system: string;
  /** -f; null: none. */
  readonly file: string | null;
}

/** A policy that was found. */
export interface FoundPolicy {
  readonly file: string;
  /** Its program is resolved, as the kernel names it. */
  readonly policy: ClassicPolicy;
  /** The program as the header names it. */
  readonly written: Bytes;
  /** Lines that could not be read, as denials of their calls. */
  readonly unread: ReadonlySet<ClassicRule>;
  /** Lines that systrace wrote itself. */
  readonly own: ReadonlySet<ClassicRule>;
}

/** What a person must know of a file, if the file is theirs to use: `FILE:LINE: syntax error.` */
export interface Note {
  readonly text: string;
  readonly file: string;
  /** The programs that the file has policies for; null: it is of the command line. */
  readonly programs: readonly string[] | null;
}

export interface FoundPolicies {
  /** One for each program. */
  readonly policies: readonly FoundPolicy[];
  readonly notes: readonly Note[];
}

/**
 * Looks for all policies.
 *
 * @param entry the program that is started, which a wildcard (`Policy: *\/name`) of its name is bound to
 * @param path folders in which the program of another wildcard is looked for
 * @throws Failure where a file or folder could be changed by others
 */
export function findClassic(places: ClassicPlaces, entry: string, path: readonly string[]): FoundPolicies {
  const notes: Note[] = [];
  const found = new Map<string, FoundPolicy>();
  const add = (policies: readonly FoundPolicy[]): void => {
    for (const one of policies) {
      const program = textOf(one.policy.program);
      if (!found.has(program)) found.set(program, one);
    }
  };
  if (places.file !== null) add(named(places.file, entry, path, notes));
  for (const folder of [places.user, places.system]) if (folder !== null) add(inFolder(folder, notes));
  return { policies: [...found.values()], notes };
}

/** The file that the command line names: all that is wrong with it is told. */
function named(file: string, entry: string, path: readonly string[], notes: Note[]): FoundPolicy[] {
  const found: Note[] = [];
  const policies = readOne(file, found, (text) => boundTo(text, entry, path, file, found));
  notes.push(...found.map((note) => ({ ...note, programs: null })));
  return policies;
}

/** The files of a folder; those first that are named for their program. */
function inFolder(folder: string, notes: Note[]): FoundPolicy[] {
  let resolved: string;
  let names: string[];
  try {
    resolved = secureFolder(folder);
    names = readdirSync(resolved)
      .filter((name) => !name.startsWith('.') && statSync(join(resolved, name)).isFile())
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const first: FoundPolicy[] = [];
  const others: FoundPolicy[] = [];
  for (const name of names) {
    const policies = readOne(join(resolved, name), notes);
    const isOwn = (one: FoundPolicy): boolean => namesOf(one).includes(name);
    if (policies.some(isOwn)) for (const one of policies) (isOwn(one) ? first : others).push(one);
    else if (policies.length > 0) {
      const wanted = policies.map(({ written }) => classicFileName(textOf(written)));
      const file = join(resolved, name);
      const programs = policies.map(({ policy }) => textOf(policy.program));
      notes.push({ text: `${file}: not used: systrace looks for ${wanted.join(', ')}`, file, programs });
    }
  }
  return [...first, ...others];
}

/** The file names under which its policy is looked for: as its header names the program, and as that resolves. */
function namesOf({ policy, written }: FoundPolicy): string[] {
  return [classicFileName(textOf(written)), classicFileName(textOf(policy.program))];
}

function readOne(file: string, notes: Note[], prepare: (text: Bytes) => Bytes = (text) => text): FoundPolicy[] {
  let text: string;
  try {
    text = readSecure(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    notes.push({ text: `${file}: no such file`, file, programs: [] });
    return [];
  }
  const { policies, problems, unread } = parseClassic(prepare(bytesOf(text)), file);
  const end = problems[0]?.place.line ?? Number.POSITIVE_INFINITY;
  const programs = policies.map(({ program }) => textOf(resolvedProgram(program)));
  if (problems[0] !== undefined)
    for (const words of [`${file}:${end}: syntax error.`, `  ${problems[0].message}`])
      notes.push({ text: words, file, programs });
  const marks = text.split('\n').flatMap((line, index) => (isMark(line) ? [index + 1] : []));
  // systrace read no further; what stood before held. Denials from there on stay, for one of them may be of a call's own
  // name, which was looked at before an alias.
  const kept = policies.filter(({ place }) => place.line < end);
  return kept.map((policy) => {
    const rules = policy.rules.filter(({ place, action }) => place.line < end || action.verdict === 'deny');
    const read = { ...policy, program: resolvedProgram(policy.program), rules };
    const isOwn = (rule: ClassicRule): boolean =>
      isPlain(rule) && marks.some((line) => line > policy.place.line && line < rule.place.line);
    return { file, policy: read, written: policy.program, unread: new Set(unread), own: new Set(rules.filter(isOwn)) };
  });
}

/** Could systrace have written it? What a person put among its lines says more, mostly. */
function isPlain(rule: ClassicRule): boolean {
  const { verdict, log, predicate, elevation } = rule.action;
  // Asked of a file that is mapped as code, and of nothing else.
  const mapped = rule.call === 'mmap' && verdict === 'deny';
  if ((verdict !== 'permit' && !mapped) || log || predicate !== null || elevation !== null) return false;
  return comparisonsOf(rule).every(({ operator }) => operator === 'eq' || operator === 'sub' || operator === 'nsub');
}

/** As the kernel will name it; one that is not there stays as it is written. */
function resolvedProgram(program: Bytes): Bytes {
  try {
    return bytesFrom(realpathSync.native(bufferOf(program), { encoding: 'buffer' }));
  } catch {
    return program;
  }
}

/**
 * Wildcards bound to programs: systrace bound each to the first image of its name that was run. Here the kernel half must know
 * the program before, so it is the one that is started, or else the one that is found along PATH.
 */
function boundTo(text: Bytes, entry: string, path: readonly string[], file: string, notes: Note[]): Bytes {
  const bound = (name: string): string | null => {
    if (basename(entry) === name) return entry;
    const found = path.map((folder) => join(folder, name)).find(isProgram);
    return found ?? null;
  };
  return text
    .split('\n')
    .map((line, index) => {
      const [, before, name, behind] = /^([ \t]*policy:[ \t]+)\*\/([^/,\s]+)([ \t]*,.*)$/i.exec(line) ?? [];
      if (before === undefined || name === undefined || behind === undefined) return line;
      const program = bound(name);
      if (program !== null) return `${before}${bytesOf(program)}${behind}`;
      const words = `${file}:${index + 1}: no program ${name} is found along PATH: its policy is for none`;
      notes.push({ text: words, file, programs: null });
      return `${before}/${name}${behind}`;
    })
    .join('\n') as Bytes;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
