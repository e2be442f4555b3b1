// SPDX-License-Identifier: GPL-2.0-only
/** Policies tried by the cases that are kept beside them: decided by the reference, no kernel asked. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { judge } from '../decide/decide.js';
import { type Explanation, explain } from '../decide/explain.js';
import { codeOf, Failure } from '../host/failure.js';
import { readSecure } from '../host/secure.js';
import { textOf } from '../policy/bytes.js';
import type { Access, Decision, Policy, Verdict } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import type { LoadedPolicy } from './application.js';
import { type Case, readCases, type Wanted } from './cases.js';
import { judgedPath, systemReadLink } from './links.js';
import { loadOne, wordMeans } from './policies.js';
import type { Surroundings } from './surroundings.js';

/** The name of the file beside policies. */
export const CASES = 'cases';

/** A case and what became of it. */
export interface Tried {
  readonly line: number;
  readonly text: string;
  /** The file of the policy that was asked. */
  readonly policy: string;
  readonly passed: boolean;
  readonly verdict: Verdict;
  readonly errno?: string;
  /** What of the case is not so, in words; empty where it passed. */
  readonly wrong: readonly string[];
  /** Why it came to that, where it did not pass. */
  readonly explanation: Explanation | null;
}

export interface TriedFile {
  readonly file: string;
  readonly cases: readonly Tried[];
}

export interface TestResult {
  readonly passed: number;
  readonly failed: number;
  readonly files: readonly TriedFile[];
}

/**
 * Tries the cases of what a word means: of one policy, of a folder's policies, of an application, or of all folders in a folder.
 *
 * @throws Failure where there are no cases, or where they or a policy cannot be read
 */
export function testPolicies(word: string, cwd: string, applications: string, around: Surroundings): TestResult {
  const files = casesOf(word, cwd, applications).map(({ file, only }) => tryFile(file, only, around));
  const all = files.flatMap(({ cases }) => cases);
  if (all.length === 0) throw none(word);
  const passed = all.filter((one) => one.passed).length;
  return { passed, failed: all.length - passed, files };
}

/** Files of cases; `only`: the policy whose cases alone count. */
function casesOf(word: string, cwd: string, applications: string): { file: string; only: string | null }[] {
  const { files, folder, path } = wordMeans(word, cwd, applications);
  if (!folder) return [{ file: join(dirname(path), CASES), only: files[0] as string }];
  const folders = isThere(join(path, CASES))
    ? [path]
    : readdirSync(path)
        .sort()
        .map((name) => join(path, name))
        .filter((one) => isThere(join(one, CASES)));
  if (folders.length === 0) throw none(word);
  return folders.map((one) => ({ file: join(one, CASES), only: null }));
}

/** Whatever it is that is no folder: what cannot be read is told then, not passed over. */
function isThere(file: string): boolean {
  try {
    return !lstatSync(file).isDirectory();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}

function none(word: string): Failure {
  return new Failure(
    `${word}: no cases beside its policies`,
    `write some into a file ${CASES} there: deny read /etc/shadow`,
  );
}

function tryFile(file: string, only: string | null, around: Surroundings): TriedFile {
  const folder = dirname(file);
  const text = readOf(file, only);
  const { cases, problems } = readCases(file, text);
  if (problems.length > 0)
    throw new Failure(problems.map(({ rendered }) => rendered).join('\n'), 'callgate policy test --help');
  const loaded = new Map<string, LoadedPolicy>();
  const load = (name: string): LoadedPolicy => {
    const known = loaded.get(name) ?? loadOne(join(folder, name), around);
    loaded.set(name, known);
    return known;
  };
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.startsWith('.'));
  const tried = cases.flatMap((one): Tried[] => {
    const name = policyOf(one, file, names, load);
    if (only !== null && name !== basename(only)) return [];
    return [tryCase(one, load(name))];
  });
  return { file, cases: tried };
}

function readOf(file: string, only: string | null): string {
  try {
    return readSecure(file, 'file of cases');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw none(only ?? file);
    throw error;
  }
}

/** The name of the file of the policy that a case is about. */
function policyOf(one: Case, file: string, names: readonly string[], load: (name: string) => LoadedPolicy): string {
  const { section, line } = one;
  if (section === null) {
    const [first] = names;
    if (first !== undefined && names.length === 1) return first;
    throw new Failure(
      `${file}:${line}: whose case is this? ${names.length === 0 ? 'there is no policy' : `there are ${names.join(', ')}`}`,
      'put a line with the name of the policy file, without .yaml, before it',
    );
  }
  const name = section.startsWith('/')
    ? names.find((each) => load(each).policy.program === section)
    : names.find((each) => each === `${section}.yaml` || each === section);
  if (name !== undefined) return name;
  throw new Failure(`${file}:${line}: there is no policy ${section} beside it`, `name one of ${names.join(', ')}`);
}

function tryCase({ line, text, access, wanted }: Case, { policy, file }: LoadedPolicy): Tried {
  const { verdict, errno, decisions } = judge(policy, access);
  const wrong = [...wrongOf(wanted, policy, verdict, errno, decisions), ...wrongThroughLinks(access, wanted, policy)];
  return {
    line,
    text,
    policy: file,
    passed: wrong.length === 0,
    verdict,
    ...(errno === undefined ? {} : { errno }),
    wrong,
    explanation: wrong.length === 0 ? null : explain(policy, access),
  };
}

/** The folder of a name that is created: links on the way to it are followed, one at its end is not. */
const IN_FOLDER: readonly Operation[] = ['create'];

/**
 * What a case says of a name that is a link, or stands behind one. The kernel judges what a name resolves to: of a link itself the case holds
 * for both, and what stands behind a folder that is one is no name of the kernel's.
 */
function wrongThroughLinks(access: Access, wanted: Wanted, policy: Policy): string[] {
  const { object, operations } = access;
  if (object.type !== 'path' && object.type !== 'unix') return [];
  const named = judgedPath(object.path, IN_FOLDER, systemReadLink);
  if (named !== object.path)
    return [`it goes through a link, and the kernel judges resolved paths: write ${textOf(named)}`];
  const target = judgedPath(object.path, operations, systemReadLink);
  if (target === object.path) return [];
  const { verdict, errno, decisions } = judge(policy, { ...access, object: { ...object, path: target } });
  return wrongOf(wanted, policy, verdict, errno, decisions).map(
    (one) => `at ${textOf(target)}, to which it is a link, ${one}`,
  );
}

function wrongOf(
  wanted: Wanted,
  { mode }: Policy,
  verdict: Verdict,
  errno: string | undefined,
  decisions: readonly Decision[],
): string[] {
  const wrong: string[] = [];
  if (verdict !== wanted.verdict) {
    const words = { permit: 'permitted', deny: `denied with ${errno}`, ask: 'asked' }[verdict];
    wrong.push(`it is ${words}${mode === 'complain' && verdict !== 'permit' ? ' (complain mode: only logged)' : ''}`);
  } else if (wanted.errno !== undefined && wanted.errno !== errno) wrong.push(`it is denied with ${errno}`);
  if (wanted.log !== undefined && decisions.some(({ log }) => log) !== wanted.log)
    wrong.push(wanted.log ? 'it is not logged' : 'it is logged');
  const transition = decisions.find(({ operation }) => operation === 'exec')?.transition;
  if (wanted.transition !== undefined && verdict === 'permit' && transition !== wanted.transition)
    wrong.push(`what it runs has the policy ${transition}`);
  return wrong;
}
