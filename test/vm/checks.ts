// SPDX-License-Identifier: GPL-2.0-only
/** How a check is made: one and the same act permitted and refused, with the event and the counters of each. */
import type { Test } from 'tap';
import { type Confined, type Confinement, free, type RuleText, type Run, told } from './confined.js';

/** A statement that permits. */
export function permit(operations: string | readonly string[], path: string | readonly string[]): RuleText {
  return { permit: operations, path };
}

/** The same for addresses. */
export function permitAddress(operations: string | readonly string[], address: string | readonly string[]): RuleText {
  return { permit: operations, address };
}

type Rest = Partial<Omit<Confinement, 'rules'>>;

/** What checks are made of, bound to one gate. */
export interface Checks {
  readonly confined: Confined;
  /** All acts succeed and nothing is denied. */
  permitted(t: Test, name: string, acts: readonly string[], rules: readonly RuleText[], rest?: Rest): Promise<Run>;
  /** The last act fails with the policy's errno, those before succeed; exactly these events come, and are counted. */
  refused(
    t: Test,
    name: string,
    acts: readonly string[],
    rules: readonly RuleText[],
    events: readonly string[],
    rest?: Rest,
  ): Promise<Run>;
  /**
   * Refused under `rules`, permitted when `missing` is added. The event is `missing`'s operation and object where none is
   * given. `undo` is done in between and afterwards, by no subject.
   */
  both(
    t: Test,
    name: string,
    acts: readonly string[],
    rules: readonly RuleText[],
    missing: RuleText,
    events?: readonly string[],
    undo?: readonly string[],
  ): Promise<void>;
}

/** The checks of a gate. */
export function checksOf(confined: Confined): Checks {
  const permitted: Checks['permitted'] = async (t, name, acts, rules, rest = {}) => {
    const run = await confined.run(acts, { ...rest, rules });
    t.same(
      { results: run.results, events: told(run.events), denied: run.counts.denied, code: run.code },
      { results: acts.map(() => 'ok'), events: [], denied: 0, code: 0 },
      name,
    );
    return run;
  };
  const refused: Checks['refused'] = async (t, name, acts, rules, events, rest = {}) => {
    const run = await confined.run(acts, { ...rest, rules });
    const { counts } = run;
    t.same(
      { results: run.results, events: told(run.events), denied: counts.denied, lost: counts.dropped },
      {
        results: acts.map((_, at) => (at === acts.length - 1 ? (rest.errno ?? 'EPERM') : 'ok')),
        events,
        denied: 1,
        lost: 0,
      },
      name,
    );
    return run;
  };
  const both: Checks['both'] = async (t, name, acts, rules, missing, events, undo = []) => {
    const { permit: operation, path, address } = missing as Record<string, unknown>;
    await refused(t, `${name}: refused`, acts, rules, events ?? [`${String(operation)} ${String(path ?? address)}`]);
    if (undo.length > 0) await free(undo);
    await permitted(t, `${name}: permitted`, acts, [...rules, missing]);
    if (undo.length > 0) await free(undo);
  };
  return { confined, permitted, refused, both };
}
