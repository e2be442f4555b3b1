// SPDX-License-Identifier: GPL-2.0-only
/** Differences for people: a line for the attempt, and one for what either policy says of it. */
import type { Comparison, Difference, Direction, Said } from './difference.js';

/** As diff(1) marks lines: what the first policy alone permits, what the second does, and what is otherwise. */
const SIGNS: Readonly<Record<Direction, string>> = { refused: '-', permitted: '+', otherwise: '!' };

/** The comparison of one program's policies, a line each; none where they say the same. */
export function renderComparison({ settings, differences }: Comparison): string[] {
  return [
    ...settings.map(({ key, first, second }) => `! ${key}: ${first} -> ${second}`),
    ...differences.flatMap(differenceLines),
  ];
}

function differenceLines(difference: Difference): string[] {
  const { direction, operations, object, first, second } = difference;
  return [
    `${SIGNS[direction]} ${operations.join(',')} ${object}${callerText(difference)}`,
    `    was: ${saidText(first, second, operations.includes('exec'))}`,
    `    now: ${saidText(second, first, operations.includes('exec'))}`,
  ];
}

/** Nothing where root calls and owns what has an owner: that is what `explain` takes for granted as well. */
function callerText({ uid, gid, owner }: Difference): string {
  const parts = [
    ...(uid === 0 ? [] : [`uid ${uid}`]),
    ...(gid === 0 ? [] : [`gid ${gid}`]),
    ...(owner === undefined || owner === uid ? [] : [`owner ${owner}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** What one side says; beside the verdict only that by which the other differs. */
function saidText(said: Said, other: Said, exec: boolean): string {
  const { verdict, errno, log, transition, rule } = said;
  const parts = [
    errno === undefined ? verdict : `${verdict} ${errno}`,
    ...(transition === undefined || (transition === other.transition && exec) ? [] : [`policy ${transition}`]),
    ...(log === other.log || verdict !== other.verdict ? [] : [log ? 'logged' : 'not logged']),
  ];
  return `${parts.join(', ')}, ${deciderText(rule)}`;
}

function deciderText(rule: Said['rule']): string {
  if (rule === null) return 'no rule';
  if (rule.number === 0) return `interpreter (${rule.file})`;
  const { number, group, file, line, pattern } = rule;
  return `rule ${number}${group === undefined ? '' : ` of group ${group}`} (${file}:${line}) ${pattern}`;
}
