// SPDX-License-Identifier: GPL-2.0-only
/** What of two policies differs beside the judgement of attempts. */
import { counted } from '../policy/counted.js';
import type { Policy } from '../policy/model.js';
import { permittedCalls, refusedWith } from '../policy/syscalls.js';

/** A key of the file and what either policy has there, what is absent written out. */
export interface Setting {
  readonly key: 'program' | 'version' | 'mode' | 'asking' | 'errno' | 'syscalls';
  readonly first: string;
  readonly second: string;
}

/** The keys that differ. `errno` counts where questions are asked: it is what one fails with that nobody answers. */
export function settingsApart(first: Policy, second: Policy): Setting[] {
  const asked = asks(first) || asks(second);
  const settings: Setting[] = [
    { key: 'program', first: first.program, second: second.program },
    { key: 'version', first: String(first.version), second: String(second.version) },
    { key: 'mode', first: first.mode, second: second.mode },
    ...(asked
      ? ([
          { key: 'asking', first: askingText(first), second: askingText(second) },
          { key: 'errno', first: first.errno, second: second.errno },
        ] as const)
      : []),
    { key: 'syscalls', first: syscallsText(first, second), second: syscallsText(second, first) },
  ];
  return settings.filter((setting) => setting.first !== setting.second);
}

function asks({ default: last, rules }: Policy): boolean {
  return last === 'ask' || rules.some(({ verdict }) => verdict === 'ask');
}

function askingText({ asking }: Policy): string {
  const deadline = asking?.deadline === undefined ? 'no deadline' : `deadline ${asking.deadline}s`;
  return `fallback ${asking?.fallback ?? 'deny'}, ${deadline}`;
}

/** What the other one's list does not have, groups written out: two lists that come to the same do not differ. */
function syscallsText(policy: Policy, other: Policy): string {
  const [calls, others] = [permittedCalls(policy), permittedCalls(other)];
  if (calls === null) return 'all';
  const refused = `the rest gets ${refusedWith(policy)}`;
  if (others === null) return `${counted(calls.length, 'call')} (${calls.join(', ')}), ${refused}`;
  const own = calls.filter((call) => !others.includes(call));
  const what = own.length === 0 ? 'the same and no more' : `besides ${own.join(', ')}`;
  return refusedWith(policy) === refusedWith(other) ? what : `${what}, ${refused}`;
}
