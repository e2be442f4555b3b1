// SPDX-License-Identifier: GPL-2.0-only
/** Which groups of rules a learned policy uses. */
import type { Policy, Rule } from '../policy/model.js';
import type { Group } from './input.js';
import type { Observation } from './observation.js';
import { Permitted } from './permitted.js';

/** A group is taken in where at least this many different objects that it covers were used. */
const GROUP_EVIDENCE = 2;

/** The groups whose objects were used; each is asked only for what those before it do not cover. */
export function groupsFor(program: string, observations: readonly Observation[], groups: readonly Group[]): string[] {
  const chosen: Rule[] = [];
  const names: string[] = [];
  let open = observations.filter(({ operation }) => operation !== 'stat');
  for (const { name, rules } of groups) {
    const permitted = new Permitted(policyOf(program, [...chosen, ...rules]));
    const covered = new Set(open.filter((observation) => permitted.has(observation)));
    if (new Set([...covered].map(({ text }) => text)).size < GROUP_EVIDENCE) continue;
    names.push(name);
    chosen.push(...rules);
    open = open.filter((observation) => !covered.has(observation));
  }
  return names;
}

function policyOf(program: string, rules: readonly Rule[]): Policy {
  const rest = { mode: 'enforce', default: 'deny', errno: 'EPERM', use: [], file: program } as const;
  return { version: 2, program, ...rest, rules };
}
