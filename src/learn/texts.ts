// SPDX-License-Identifier: GPL-2.0-only
/** The names of a path as the rules on names have them. */
import type { Bytes } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Evidence } from './evidence.js';
import type { Observation } from './observation.js';
import { NAME_RULES } from './rules/index.js';

export function namesOf(path: Bytes): Bytes[] {
  return path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
}

/** What the rules on names make of each name, and which of them spoke. */
export function textsOf(
  evidence: Evidence,
  observation: Observation,
  names: readonly Bytes[],
): { texts: string[]; rules: string[] } {
  const sighting = evidence.sighting(observation, names);
  const found = new Map<number, { text: string; rule: string }>();
  for (const { name: rule, apply } of NAME_RULES)
    for (const [index, text] of apply(sighting)) if (!found.has(index)) found.set(index, { text, rule });
  return {
    texts: names.map((name, index) => found.get(index)?.text ?? literalText(name)),
    rules: [...new Set([...found.values()].map(({ rule }) => rule))],
  };
}
