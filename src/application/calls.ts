// SPDX-License-Identifier: GPL-2.0-only
/** What an application's programs may call between them: the policies that are reached by exec, and what cannot be held to its list. */
import { objectMatches } from '../decide/match.js';
import { readText } from '../policy/bytes.js';
import type { AccessObject, Policy, Rule } from '../policy/model.js';
import { type CallUnion, type Unfiltered, unionOf } from '../policy/syscalls.js';

/**
 * The policies that a program under `policy` may come under by an exec. More rather than fewer: a condition may hold, and what is asked
 * may be answered with yes. `inherit` changes no policy.
 */
function reachedFrom(policy: Policy, policies: readonly Policy[]): ReturnType<Parameters<typeof unionOf>[1]> {
  const execs = policy.rules.filter(({ operations }) => operations.includes('exec'));
  const unconfined = execs.find(({ verdict, transition }) => verdict === 'permit' && transition === 'unconfined');
  return {
    policies: policies.filter(({ program }) => isReached(program, execs, policy.default)),
    unconfined: unconfined?.place.line ?? null,
  };
}

/** May the program come under its own policy by these rules? */
function isReached(program: string, execs: readonly Rule[], fallback: Policy['default']): boolean {
  const object: AccessObject = { type: 'path', path: readText(program) };
  for (const { verdict, objects, transition = 'own', if: holds, unless } of execs) {
    if (!objects.some((one) => objectMatches(one, object))) continue;
    if (verdict !== 'deny' && transition === 'own') return true;
    if (holds === undefined && unless === undefined) return false;
  }
  return fallback !== 'deny';
}

/**
 * What a program may call that starts under `start`, and all that it comes to run.
 *
 * @returns null where that policy says nothing of system calls
 */
export function callsOf(start: Policy, policies: readonly Policy[]): CallUnion | null {
  return unionOf(start, (policy) => reachedFrom(policy, policies));
}

/** Why a policy's list holds nobody to it. */
export function unfilteredText(reason: Unfiltered): string {
  const { program, file } = reason.policy;
  switch (reason.why) {
    case 'unconfined':
      return `${file}:${reason.line} lets ${program} run what is under no policy, and a filter would go with it`;
    case 'all':
      return `${program}, which it may come to run, may make every call (${file} has no syscalls:)`;
    case 'complain':
      return `${program} only complains (${file}: mode)`;
  }
}

/** Why nothing is refused where this policy's program is started; undefined: a filter refuses. */
export function unfilteredNote(policy: Policy, policies: readonly Policy[]): string | undefined {
  const why = callsOf(policy, policies)?.unfiltered;
  if (why === undefined) return undefined;
  const told = why.why === 'complain' ? 'system calls are told, not refused' : 'no system call is refused';
  return `${policy.file}: ${told} where ${policy.program} is started: ${unfilteredText(why)}`;
}
