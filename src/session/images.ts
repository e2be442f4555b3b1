// SPDX-License-Identifier: GPL-2.0-only
/** From an application to what goes into the gate: each policy compiled with its number among the programs. */

import type { Application } from '../application/application.js';
import { type Compiler, compile, digestText } from '../application/compiled.js';
import type { SlotMode } from '../kernel/records.js';
import type { Policy } from '../policy/model.js';
import type { Version } from '../policy/operations.js';
import { heldAs, type Posture } from '../policy/posture.js';
import type { Image } from './session.js';
import type { PolicyState } from './state.js';

/**
 * The numbers of an application's programs. They only grow while a session lives: images that hold a number stay right
 * when a policy is added.
 */
export class Numbering {
  readonly #programs: string[] = [];

  /** The programs in the order of their numbers, from 1. */
  get programs(): readonly string[] {
    return this.#programs;
  }

  /** Takes in programs that are new; true if there was one. */
  add(application: Application): boolean {
    return this.addPrograms(application.policies.map(({ policy }) => policy.program));
  }

  /** The same by their names. */
  addPrograms(programs: readonly string[]): boolean {
    const fresh = programs.filter((name) => !this.#programs.includes(name));
    this.#programs.push(...fresh);
    return fresh.length > 0;
  }

  of(program: string): number {
    return this.#programs.indexOf(program) + 1;
  }
}

/** How a session takes its policies' `mode`. */
export type ModeChoice = 'as-written' | 'enforce' | 'complain' | 'learn';

/** The image of one policy. Throws BadPolicy where a limit is exceeded. */
export function imageOf(
  policy: Policy,
  file: string,
  numbering: Numbering,
  generation: number,
  mode: ModeChoice,
  compiler: Compiler = compile,
): Image {
  const { class: imageClass, bytes } = compiler(policy, numbering.programs, generation);
  return {
    index: numbering.of(policy.program),
    program: policy.program,
    file,
    digest: digestText(policy),
    generation,
    mode: slotMode(policy, mode),
    version: policy.version,
    class: imageClass,
    bytes,
  };
}

/** The application as it is held by who is there. */
export function applicationAs(application: Application, posture: Posture): Application {
  const policies = application.policies.map((loaded) => ({ ...loaded, policy: heldAs(loaded.policy, posture) }));
  return { ...application, policies };
}

/** All images of an application that enters the gate. */
export function imagesOf(application: Application, numbering: Numbering, mode: ModeChoice): Image[] {
  numbering.add(application);
  return application.policies.map(({ policy, file }) => imageOf(policy, file, numbering, 1, mode));
}

/** The images of the policies that are new or differ from what the gate holds. */
export function changedImages(
  application: Application,
  numbering: Numbering,
  held: readonly PolicyState[],
  mode: ModeChoice,
  compiler: Compiler,
): Image[] {
  const grown = numbering.add(application);
  return application.policies.flatMap(({ policy, file }) => {
    const old = held.find(({ program, index }) => index > 0 && program === policy.program);
    const digest = digestText(policy);
    // A new program is a new answer in every image: where exec leads to.
    if (old !== undefined && !grown && old.digest === digest) return [];
    return [imageOf(policy, file, numbering, (old?.generation ?? 0) + 1, mode, compiler)];
  });
}

/** The policy of programs that have none, while learning: nothing is decided, all is permitted and reported. */
export function emptyPolicy(program: string, version: Version): Policy {
  return {
    version,
    program,
    mode: 'enforce',
    default: 'deny',
    errno: 'EPERM',
    use: [],
    rules: [],
    file: '(none yet)',
  };
}

/** The image for programs without a policy; `program` is the entry's path, if it is one of them. */
export function emptyImage(program: string, numbering: Numbering, version: Version): Image {
  const policy = emptyPolicy(program, version);
  const { class: imageClass, bytes } = compile(policy, numbering.programs, 1);
  const digest = digestText(policy);
  return { index: 0, program, file: null, digest, generation: 1, mode: 'learn', version, class: imageClass, bytes };
}

function slotMode(policy: Policy, choice: ModeChoice): SlotMode {
  return choice === 'as-written' ? policy.mode : choice;
}
