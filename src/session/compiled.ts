/** A policy of an application as the kernel half takes it. */
import { createHash } from 'node:crypto';
import { compilePolicy, type Image } from '../compile/compile.js';
import type { Policy } from '../policy/model.js';
import { BadPolicy, problemsOf } from './problem.js';

/** SHA-256 over all that decides: the rules, those of the groups taken in with them, as they were parsed. */
export function digestOf(policy: Policy): Buffer {
  const { file: _file, ...rest } = policy;
  return createHash('sha256').update(JSON.stringify(rest, withoutPlaces)).digest();
}

/** Where a rule stands in its file decides nothing. */
function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'place' ? undefined : value;
}

/**
 * Compiles a policy for its place among the application's programs.
 *
 * @throws BadPolicy where a limit is exceeded, naming the rule
 */
export function compile(policy: Policy, programs: readonly string[], generation: number): Image {
  try {
    return compilePolicy(policy, { programs }, BigInt(generation), digestOf(policy));
  } catch (error) {
    throw new BadPolicy(problemsOf(error, ''), policy.file, error);
  }
}
