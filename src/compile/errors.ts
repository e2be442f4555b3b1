// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a policy that reads well but cannot become an image. The table is closed. */
import type { Place, Policy, Rule } from '../policy/model.js';

/** The facts each error needs to be told. */
interface Facts {
  'unknown-errno': { name: string };
  'relative-program': { path: string };
  'program-twice': { path: string };
  'chain-too-long': { operation: string; most: number };
  'too-many-ranges': { list: 'user' | 'group'; ranges: number; most: number };
  'pattern-too-complex': { pattern: string; most: number };
  'too-many-states': { most: number };
  'image-full': { table: string; needed: number; most: number };
  'names-collide': { literals: number };
}

export type CompileErrorCode = keyof Facts;

interface Text<F> {
  readonly message: (facts: F) => string;
  readonly remedy: string;
}

const TEXTS: { readonly [C in CompileErrorCode]: Text<Facts[C]> } = {
  'unknown-errno': {
    message: ({ name }) => `"${name}" is no error name of Linux`,
    remedy: 'write a name such as EPERM, EACCES or ENOENT',
  },
  'relative-program': {
    message: ({ path }) => `"${path}" is no absolute path`,
    remedy: 'write the path from the root, without a slash at its end',
  },
  'program-twice': {
    message: ({ path }) => `two policies of the application name the program ${path}`,
    remedy: 'keep one policy for each program in a folder',
  },
  'chain-too-long': {
    message: ({ operation, most }) =>
      `more than ${most} rules with conditions compete for one object and the operation ${operation}`,
    remedy: 'join rules that differ only in their users or groups into one with a list, or put one without `if` first',
  },
  'too-many-ranges': {
    message: ({ list, ranges, most }) =>
      `the condition lists ${ranges} separate ranges of ${list} ids, at most ${most}`,
    remedy: 'name ranges instead of single ids, or split the rule in two',
  },
  'pattern-too-complex': {
    message: ({ pattern, most }) =>
      `the names matched by ${pattern}, together with the globs beside it, need more than ${most} states`,
    remedy: 'use fewer `*` in one name, or fewer globs with a `*` in front in the same folder',
  },
  'too-many-states': {
    message: ({ most }) => `the patterns together need more than ${most} states; most of them come from this rule`,
    remedy: 'use fewer patterns with `**` in the middle, or name the folder in front of the `**`',
  },
  'image-full': {
    message: ({ table, needed, most }) =>
      `the policy needs ${needed} ${table}, and the largest image holds ${most}; this rule needs most of them`,
    remedy: 'name folders with `**` instead of single files, or split the application into more programs',
  },
  'names-collide': {
    message: ({ literals }) => `the ${literals} names of the policy find no place in the largest image`,
    remedy: 'name folders with `**` instead of single files',
  },
};

/** A policy that cannot be compiled: what, where, and what to do. `rule` is absent where no single rule is the cause. */
export class CompileError extends Error {
  override readonly name = 'CompileError';

  constructor(
    readonly code: CompileErrorCode,
    /** What is wrong, without the place. */
    readonly reason: string,
    readonly place: Place,
    readonly remedy: string,
    readonly rule?: Rule,
  ) {
    super(`${place.file}:${place.line}:${place.column}: ${reason}; ${remedy}`);
  }
}

/** The error of a rule. */
export function ruleError<C extends CompileErrorCode>(code: C, rule: Rule, facts: Facts[C]): CompileError {
  return new CompileError(code, TEXTS[code].message(facts), rule.place, TEXTS[code].remedy, rule);
}

/** The error of a policy as a whole, told at its first line. */
export function policyError<C extends CompileErrorCode>(code: C, policy: Policy, facts: Facts[C]): CompileError {
  return new CompileError(code, TEXTS[code].message(facts), headOf(policy), TEXTS[code].remedy);
}

/** The place that stands for the whole file. */
export function headOf(policy: Pick<Policy, 'file'>): Place {
  return { file: policy.file, line: 1, column: 1 };
}
