// SPDX-License-Identifier: GPL-2.0-only
/** How an observation is written down. */
import { exactly, keyOf, whichOf } from '../decide/exact.js';
import { objectText, type StatementKey } from '../policy/statement.js';
import type { Observation } from './observation.js';

export interface Written {
  readonly observation: Observation;
  readonly key: StatementKey;
  /** As it stands behind the key. */
  readonly text: string;
  /** Of what is done to somebody, or to a file: which signal, which limit, which request. */
  readonly which?: string;
  /** Names of the rules that made it wider than what was seen. */
  readonly rules: readonly string[];
  /** What they went by. */
  readonly evidence?: string;
}

/** As it was seen, and no wider. */
export function literally(observation: Observation): Written {
  const pattern = exactly(observation.object, [observation.operation]);
  const [which] = whichOf(pattern).which ?? [];
  const written = { observation, key: keyOf(pattern), text: objectText(pattern), rules: [] };
  return which === undefined ? written : { ...written, which };
}
