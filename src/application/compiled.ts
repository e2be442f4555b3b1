// SPDX-License-Identifier: GPL-2.0-only
/** A policy of an application as the kernel half takes it. */
import { createHash } from 'node:crypto';
import { compilePolicy, type Image } from '../compile/compile.js';
import { withGeneration } from '../compile/encode.js';
import { interpreterRule } from '../decide/decide.js';
import type { Policy, Rule } from '../policy/model.js';
import { BadPolicy, problemsOf } from './problem.js';

/** Policies do not change, and several ask for the same digest, which is a part of what a compilation takes. */
const digests = new WeakMap<Policy, Buffer>();

/** SHA-256 over all that decides: the rules, those of the groups taken in with them, as they were parsed. */
export function digestOf(policy: Policy): Buffer {
  const known = digests.get(policy);
  if (known !== undefined) return known;
  const { file: _file, ...rest } = policy;
  const digest = createHash('sha256').update(JSON.stringify(rest, withoutPlaces)).digest();
  digests.set(policy, digest);
  return digest;
}

/** The digest as states and events have it. */
export function digestText(policy: Policy): string {
  return `sha256:${digestOf(policy).toString('hex')}`;
}

/** Where a rule stands in its file decides nothing. */
function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'place' ? undefined : value;
}

/**
 * Compiles a policy for its place among the application's programs.
 *
 * @param digest what the image carries of it
 * @throws BadPolicy where a limit is exceeded, naming the rule
 */
export function compile(
  policy: Policy,
  programs: readonly string[],
  generation: number,
  digest = digestOf(policy),
): Image {
  try {
    return compilePolicy(policy, { programs }, BigInt(generation), digest);
  } catch (error) {
    throw new BadPolicy(problemsOf(error, ''), policy.file, error);
  }
}

/** What of an image enters the gate. */
export type Compiled = Pick<Image, 'class' | 'bytes'>;
export type Compiler = (policy: Policy, programs: readonly string[], generation: number) => Compiled;

/** A policy, and what it becomes while nobody attends. */
const REMEMBERED = 2;

/**
 * A compile() that has the last images of each program at hand: whoever attends and leaves, and whoever takes a change back, waits for no
 * compilation.
 */
export function remembering(): Compiler {
  const recent = new Map<string, readonly { readonly key: string; readonly image: Compiled }[]>();
  return (policy, programs, generation) => {
    const key = [digestText(policy), ...programs].join('\n');
    const known = recent.get(policy.program) ?? [];
    const found = known.find((one) => one.key === key);
    const { class: imageClass, bytes } = found?.image ?? compile(policy, programs, generation);
    const image = { class: imageClass, bytes: found === undefined ? bytes : withGeneration(bytes, BigInt(generation)) };
    recent.set(policy.program, [{ key, image }, ...known.filter((one) => one !== found)].slice(0, REMEMBERED));
    return image;
  };
}

/** The rules by the number that an event gives, less 1: as compiled, the one that `interpreter:` stands for comes last. */
export function rulesOf(policy: Policy): readonly Rule[] {
  const interpreter = interpreterRule(policy);
  return interpreter === null ? policy.rules : [...policy.rules, interpreter];
}
