// SPDX-License-Identifier: GPL-2.0-only
/** What `callgate policy` does: finding policies, checking, showing and formatting them. Changes nothing but what fmt writes. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Stats, stagesOf } from '../compile/compile.js';
import { describe, STAGES, type Stage } from '../compile/describe.js';
import { codeOf, Failure } from '../host/failure.js';
import { replaceFile } from '../host/replace-file.js';
import { readSecure } from '../host/secure.js';
import { formatPolicy } from '../policy/format.js';
import type { Policy } from '../policy/model.js';
import { isPolicyFile, type LoadedPolicy, loadApplication, loadPolicy, readPolicy } from './application.js';
import { compile } from './compiled.js';
import { linkedPaths, systemReadLink } from './links.js';
import { applicationNotes } from './notes.js';
import { type Problem, problemsOf } from './problem.js';
import type { Surroundings } from './surroundings.js';

export { STAGES, type Stage };

/** What a word of the command line means: one policy, or a folder of them. */
export interface Meant {
  readonly files: readonly string[];
  /** A folder, its policies in the order of their names. */
  readonly folder: boolean;
  /** Of the file or the folder, absolute. */
  readonly path: string;
}

/** The files that a word means: a policy, the policies of a folder, or those of an application by its name. Throws Failure where it means none. */
export function policyFiles(word: string, cwd: string, applications: string): readonly string[] {
  const { files } = wordMeans(word, cwd, applications);
  if (files.length === 0) throw new Failure(`${word}: no policy in it`, 'name a policy, or a folder that has some');
  return files;
}

/** The same, and whether it is a folder. Throws Failure where it means nothing. */
export function wordMeans(word: string, cwd: string, applications: string): Meant {
  const path = resolve(cwd, word);
  for (const candidate of word.includes('/') ? [path] : [path, join(applications, word)]) {
    try {
      if (!statSync(candidate).isDirectory()) return { files: [candidate], folder: false, path: candidate };
      const names = readdirSync(candidate).filter(isPolicyFile).sort();
      return { files: names.map((name) => join(candidate, name)), folder: true, path: candidate };
    } catch (error) {
      if (codeOf(error) === 'ELOOP')
        throw new Failure(`${candidate}: a symbolic link that leads to itself`, `ls -l ${candidate}`, error);
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  throw new Failure(
    `${word}: no file, no folder, and no application in ${applications}`,
    'name a policy file, a folder of them, or an application',
  );
}

/** An image that is looked at and thrown away needs none, and OpenSSL would have to be loaded for it. */
const NO_DIGEST = Buffer.alloc(32);

/** What a check found in one file. */
export interface Checked {
  readonly file: string;
  /** Null where the file is no policy. */
  readonly program: string | null;
  readonly rules: number;
  readonly problems: readonly Problem[];
  readonly stats: Stats | null;
}

/**
 * Checks one policy file as far as it goes without a kernel: text, links, limits.
 *
 * @param load reads it
 */
export function checkPolicy(file: string, around: Surroundings, load: typeof loadPolicy = loadPolicy): Checked {
  let loaded: LoadedPolicy;
  try {
    loaded = load(file, around);
  } catch (error) {
    return { file, program: null, rules: 0, problems: problemsOf(missing(error, file), ''), stats: null };
  }
  const { policy, text } = loaded;
  const { program } = policy;
  try {
    const { stats } = compile(policy, [program], 1, NO_DIGEST);
    return { file, program, rules: policy.rules.length, problems: [], stats };
  } catch (error) {
    return { file, program, rules: policy.rules.length, problems: problemsOf(error, text), stats: null };
  }
}

/** A loadPolicy() that reads no file twice. */
export function loadedOnce(): typeof loadPolicy {
  const loaded = new Map<string, LoadedPolicy>();
  return (file, around) => {
    const known = loaded.get(file) ?? loadPolicy(file, around);
    loaded.set(file, known);
    return known;
  };
}

/** Checks a folder as an application: what concerns two of its files is found too. */
export function checkFolder(
  folder: string,
  around: Surroundings,
  load: typeof loadPolicy = loadPolicy,
): readonly Problem[] {
  try {
    loadApplication(folder, around, load);
    return [];
  } catch (error) {
    return problemsOf(error, '');
  }
}

/** What is no mistake, and yet to be known, of the files of a folder that has none. */
export function folderNotes(
  folder: string,
  files: readonly string[],
  around: Surroundings,
  load: typeof loadPolicy = loadPolicy,
): readonly string[] {
  const application = loadApplication(folder, around, load);
  return application === undefined ? [] : applicationNotes(application, files);
}

/** One policy by a file, or by an application's name; a Failure where the word means several. */
export function onePolicy(word: string, cwd: string, applications: string, around: Surroundings): LoadedPolicy {
  const { files } = wordMeans(word, cwd, applications);
  const [first] = files;
  if (first === undefined) throw new Failure(`${word}: no policy in it`, `callgate learn --policies ${word} -- CMD`);
  if (files.length === 1) return loadOne(first, around);
  const loaded = files.map((file) => loadOne(file, around));
  const named = loaded.find(({ policy }) => policy.program === word || policy.program.split('/').at(-1) === word);
  if (named !== undefined) return named;
  throw new Failure(`${word}: ${files.length} policies are there: ${files.join(', ')}`, 'name one of them');
}

/** A policy by its file. Throws Failure or BadPolicy. */
export function loadOne(file: string, around: Surroundings): LoadedPolicy {
  try {
    return loadPolicy(file, around);
  } catch (error) {
    throw missing(error, file);
  }
}

function missing(error: unknown, file: string): unknown {
  return codeOf(error) === 'ENOENT' ? new Failure(`${file}: no such file`, undefined, error) : error;
}

/** All policies of the folder that one stands in, itself among them. Throws as loadApplication does. */
export function policiesBeside({ file, policy }: LoadedPolicy, around: Surroundings): readonly Policy[] {
  const all = loadApplication(dirname(file), around)?.policies.map((loaded) => loaded.policy) ?? [];
  return [policy, ...all.filter(({ program }) => program !== policy.program)];
}

/** A stage of the compilation of a policy, as text. */
export function stageText(policy: Policy, stage: Stage): string {
  return describe(stagesOf(policy, { programs: [policy.program] }), stage);
}

/** What formatting would write. */
export interface Formatted {
  readonly file: string;
  readonly text: string;
  readonly changed: boolean;
}

/**
 * Formats a policy file.
 *
 * @param resolveLinks paths that go through symbolic links are replaced by what they resolve to
 * @param write false: nothing is written
 */
export function formatFile(file: string, around: Surroundings, resolveLinks: boolean, write: boolean): Formatted {
  const text = readSecure(file);
  const policy = readPolicy(file, text, around);
  const replacements = new Map<string, string>();
  if (resolveLinks)
    for (const { written, instead } of linkedPaths(policy, systemReadLink))
      if (instead !== null) replacements.set(written, instead);
  const formatted = formatPolicy(text, replacements);
  // What was written must still be a policy, and the same one where nothing was to be replaced.
  readPolicy(file, formatted, around);
  const changed = formatted !== text;
  if (write && changed) replaceFile(file, formatted);
  return { file, text: formatted, changed };
}
