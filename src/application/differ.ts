// SPDX-License-Identifier: GPL-2.0-only
/** Two policies, or two folders of them, compared program by program. */
import { CompileError } from '../compile/errors.js';
import { type Comparison, compare } from '../difference/difference.js';
import { TooManyPairs } from '../difference/meetings.js';
import { Failure } from '../host/failure.js';
import type { LoadedPolicy } from './application.js';
import { loadOne, wordMeans } from './policies.js';
import { BadPolicy, problemsOf } from './problem.js';
import type { Surroundings } from './surroundings.js';

/** One program's policies. Null: it has none there, and what it lacks is not compared. */
export interface ProgramDifference extends Comparison {
  readonly program: string;
  readonly first: string | null;
  readonly second: string | null;
}

export interface PoliciesDifference {
  readonly same: boolean;
  /** Programs whose policies differ, by their path. */
  readonly programs: readonly ProgramDifference[];
}

/** What a word of the command line means. */
interface Meant {
  readonly word: string;
  /** A folder, and not one policy. */
  readonly folder: boolean;
  readonly policies: readonly LoadedPolicy[];
}

/**
 * Compares what two words mean: two policies with each other, whichever program they are for; two folders program by program; of
 * a folder and a policy the program's of that policy.
 *
 * @throws Failure or BadPolicy
 */
export function diffPolicies(
  first: string,
  second: string,
  cwd: string,
  applications: string,
  around: Surroundings,
): PoliciesDifference {
  const [one, other] = [first, second].map((word) => meant(word, cwd, applications, around)) as [Meant, Meant];
  const programs = pairs(one, other).map(([before, after]) => ofProgram(before, after));
  const differing = programs.filter(
    ({ first, second, settings, differences }) =>
      first === null || second === null || settings.length > 0 || differences.length > 0,
  );
  return { same: differing.length === 0, programs: differing };
}

function meant(word: string, cwd: string, applications: string, around: Surroundings): Meant {
  const { files, folder } = wordMeans(word, cwd, applications);
  if (files.length === 0) throw new Failure(`${word}: no policy in it`, 'name a policy, or a folder that has some');
  const policies = files.map((file) => loadOne(file, around));
  const programs = policies.map(({ policy }) => policy.program);
  const twice = programs.find((program, index) => programs.indexOf(program) !== index);
  if (twice !== undefined)
    throw new Failure(`${word}: two policies in it are for ${twice}`, `callgate policy check ${word}`);
  return { word, folder, policies };
}

type Before = LoadedPolicy | undefined;

function pairs(one: Meant, other: Meant): (readonly [Before, Before])[] {
  const [first] = one.policies;
  const [second] = other.policies;
  if (!one.folder && !other.folder) return [[first, second]];
  const of = ({ policies }: Meant, program: string): Before =>
    policies.find(({ policy }) => policy.program === program);
  const single = one.folder ? (other.folder ? undefined : second) : first;
  const programs =
    single === undefined
      ? new Set([...one.policies, ...other.policies].map(({ policy }) => policy.program))
      : [single.policy.program];
  return [...programs].sort().map((program) => [of(one, program), of(other, program)] as const);
}

function ofProgram(before: Before, after: Before): ProgramDifference {
  const program = (before ?? after)?.policy.program ?? '';
  const files = { program, first: before?.file ?? null, second: after?.file ?? null };
  if (before === undefined || after === undefined) return { ...files, settings: [], differences: [] };
  try {
    return { ...files, ...compare(before.policy, after.policy) };
  } catch (error) {
    if (error instanceof TooManyPairs)
      throw new Failure(`${before.file} and ${after.file}: ${error.message}`, 'compare them in parts', error);
    if (!(error instanceof CompileError)) throw error;
    const { text } = error.place.file === after.file ? after : before;
    throw new BadPolicy(problemsOf(error, text), error.place.file, error);
  }
}
