// SPDX-License-Identifier: GPL-2.0-only
/** What `policy show --syscalls` tells: a policy's system calls as people know them, and what they come to with those of its children. */
import { type GroupedCalls, groupCalls } from '../policy/call-groups.js';
import { counted } from '../policy/counted.js';
import type { Policy } from '../policy/model.js';
import { permittedCalls, refusedWith } from '../policy/syscalls.js';
import { callsOf, unfilteredText } from './calls.js';

export interface ShownCalls {
  readonly program: string;
  /** Null: the policy says nothing of system calls, and all are permitted. */
  readonly calls: {
    /** What the others get: `kill`, or the name of an error. */
    readonly refused: string;
    /** Its own. */
    readonly groups: readonly GroupedCalls[];
    /** What the programs besides that it may come to run have to be permitted, where it is started. */
    readonly inherited: { readonly programs: readonly string[]; readonly groups: readonly GroupedCalls[] };
    /** Why no filter refuses the others; null: one does. */
    readonly unfiltered: string | null;
  } | null;
}

/** @param policies those of its folder */
export function showCalls(policy: Policy, policies: readonly Policy[]): ShownCalls {
  const { program } = policy;
  const own = permittedCalls(policy);
  const union = callsOf(policy, policies);
  if (own === null || union === null) return { program, calls: null };
  const [, ...others] = union.programs;
  return {
    program,
    calls: {
      refused: refusedWith(policy),
      groups: groupCalls(own),
      inherited: { programs: others, groups: groupCalls(union.calls.filter((call) => !own.includes(call))) },
      unfiltered: union.unfiltered === undefined ? null : unfilteredText(union.unfiltered),
    },
  };
}

/** The same for people. */
export function renderCalls({ program, calls }: ShownCalls): string {
  if (calls === null) return `${program}: no syscalls: in its policy, so every system call is permitted`;
  const { refused, groups, inherited, unfiltered } = calls;
  const count = groups.reduce((sum, group) => sum + group.calls.length, 0);
  const [usual, aside] = [groups.filter(({ apart }) => !apart), groups.filter(({ apart }) => apart)];
  const gets = refused === 'kill' ? 'ends the process (SIGSYS)' : `gets ${refused}`;
  return [
    `${program}: ${counted(count, 'system call')}; any other ${gets}`,
    ...groupLines(usual),
    ...(aside.length === 0 ? [] : ['', 'rare, or of wide reach:', ...groupLines(aside)]),
    ...(inherited.groups.length === 0
      ? []
      : [
          '',
          `permitted besides, for what it runs (${inherited.programs.join(', ')}):`,
          ...groupLines(inherited.groups),
        ]),
    ...(unfiltered === null ? [] : ['', `no filter holds it: ${unfiltered}`]),
  ].join('\n');
}

const WIDTH = 100;

/** A group a paragraph, its name in front. */
function groupLines(groups: readonly GroupedCalls[]): string[] {
  return groups.flatMap(({ group, about, calls }) => {
    const lines: string[] = [];
    for (const call of calls) {
      const last = lines.at(-1);
      if (last === undefined || last.length + call.length + 1 > WIDTH) lines.push(call);
      else lines[lines.length - 1] = `${last} ${call}`;
    }
    return [`  ${group}: ${about}`, ...lines.map((line) => `      ${line}`)];
  });
}
