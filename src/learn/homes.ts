// SPDX-License-Identifier: GPL-2.0-only
/** Places that each user has: what is in a home is the same place for another user in another home, `${HOME}` in a policy. */
import { bytesOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Statement } from '../policy/statement.js';
import type { LearnInput } from './input.js';
import { renamed } from './renamed.js';
import type { Run, RunHeader } from './run.js';

/**
 * The home that `${HOME}` stands for, where policies are to have it: where runs were of several users, or `--user` said whose one was.
 * Null: they are not, as of what root or a service does in its home nobody knows that another would do it in another.
 */
export function homeOf({ runs, around, machine }: Pick<LearnInput, 'runs' | 'around' | 'machine'>): string | null {
  const here = around.variable('HOME');
  if (here === null || !machine.homes.includes(here)) return null;
  const homes = new Set(runs.flatMap(({ header }) => homeIn(header, machine.homes) ?? []));
  const said = runs.some(({ header }) => header.user !== null && homeIn(header, machine.homes) !== null);
  return said || homes.size > 1 ? here : null;
}

function homeIn({ home }: RunHeader, homes: readonly string[]): string | null {
  return home !== undefined && homes.includes(home) ? home : null;
}

/** The runs as if all had been in one home. */
export function inOneHome(runs: readonly Run[], here: string, homes: readonly string[]): Run[] {
  return runs.map((run) => {
    const home = homeIn(run.header, homes);
    return home === null || home === here ? run : moved(run, bytesOf(home), bytesOf(here));
  });
}

function moved({ header, observations }: Run, home: string, here: string): Run {
  const path = <P extends string>(at: P): P =>
    at === home || at.startsWith(`${home}/`) ? (`${here}${at.slice(home.length)}` as P) : at;
  const named = header.named.map(path);
  const configured = header.configured === undefined ? {} : { configured: header.configured.map(path) };
  const given =
    header.given === undefined
      ? {}
      : {
          given: Object.fromEntries(Object.entries(header.given).map(([program, paths]) => [program, paths.map(path)])),
        };
  return { header: { ...header, named, ...configured, ...given }, observations: renamed(observations, path) };
}

/** A statement with `${HOME}` in front of what is in the home. */
export function withHome(statement: Statement, here: string): Statement {
  const home = literalText(bytesOf(here));
  const objects = statement.objects.map((object) => {
    const front = object.startsWith('unix:/') ? 'unix:' : '';
    const rest = object.slice(front.length);
    return rest === home || rest.startsWith(`${home}/`) ? `${front}\${HOME}${rest.slice(home.length)}` : object;
  });
  return statement.key === 'path' || statement.key === 'address' ? { ...statement, objects } : statement;
}
