// SPDX-License-Identifier: GPL-2.0-only
/** Why a word is no object, where a policy has words for that. */
import { isAct, parseWhich } from './acts.js';
import { Fault } from './errors.js';
import { isFamily, parseFamily } from './family.js';
import { parseCapability, parseIpc, parseNamespace, parseSurface } from './numbers.js';

/** What is wrong with a word that is no object, as a policy is told of it where a rule has it; null: nothing is known of it. */
export function objectFault(word: string): Fault | null {
  const [, key = '', name = ''] = /^([a-z]+):([^:]+)/.exec(word) ?? [];
  try {
    if (isAct(key)) parseWhich(key, name);
    else if (key === 'capability') parseCapability(name, false);
    else if (key === 'namespace') parseNamespace(name);
    else if (key === 'kernel') parseSurface(name);
    else if (key === 'ipc') parseIpc(name);
    else if (isFamily(key)) parseFamily(word);
    return null;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
