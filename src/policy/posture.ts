// SPDX-License-Identifier: GPL-2.0-only
/** A policy as it is held, which differs from what is written where nobody answers, or where somebody wants to be asked. */
import type { Policy } from './model.js';

/** Who is there for a session's questions. */
export interface Posture {
  /** Somebody answers. */
  readonly attended: boolean;
  /** What is denied by default is asked instead. Only while attended. */
  readonly ask: boolean;
}

export const UNATTENDED: Posture = { attended: false, ask: false };

/**
 * The policy to compile. The kernel half denies what is asked of nobody, so that only two things are to be changed: a fallback
 * that permits, and a default that is opened for asking. Rules keep their numbers and places.
 */
export function heldAs(policy: Policy, { attended, ask }: Posture): Policy {
  if (attended) return ask && policy.default === 'deny' ? { ...policy, default: 'ask' } : policy;
  const asks = policy.default === 'ask' || policy.rules.some(({ verdict }) => verdict === 'ask');
  if (policy.asking?.fallback !== 'permit' || !asks) return policy;
  return {
    ...policy,
    default: policy.default === 'ask' ? 'permit' : policy.default,
    rules: policy.rules.map((rule) => (rule.verdict === 'ask' ? { ...rule, verdict: 'permit' } : rule)),
  };
}

/** Is the policy held the same way by both? */
export function heldAlike(policy: Policy, one: Posture, other: Posture): boolean {
  return wayOf(policy, one) === wayOf(policy, other);
}

function wayOf(policy: Policy, posture: Posture): string {
  if (heldAs(policy, posture) === policy) return 'as written';
  return posture.attended ? 'asking' : 'permitting';
}
