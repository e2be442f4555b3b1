// SPDX-License-Identifier: GPL-2.0-only
/**
 * A command line read without oclif, which takes three times as long to load as all the rest of a command. Read is only what
 * leaves no question: whatever is wrong, rare or unclear is null, and oclif reads it, and says what there is to be said. What is
 * read comes to what oclif would make of it (test/cli/light.test.ts holds both against each other).
 */

/** A flag, as far as it can be read here. */
export interface LightFlag {
  readonly type: 'boolean' | 'option';
  /** Where it is given, oclif must read it; where not, it may have a default. */
  readonly unread: boolean;
  readonly required: boolean;
  readonly default?: boolean | number | string;
  /** What its value may be, where that is a list. */
  readonly options?: readonly string[];
}

export interface LightArg {
  readonly name: string;
  readonly required: boolean;
  readonly default?: string;
  readonly options?: readonly string[];
}

/** What a command takes (scripts/bundle.mjs asks the command). */
export interface LightShape {
  /** Its words with colons between, as oclif names it. */
  readonly id: string;
  /** No words but its arguments. */
  readonly strict: boolean;
  readonly flags: Readonly<Record<string, LightFlag>>;
  readonly args: readonly LightArg[];
}

/** As oclif's parser gives it. */
export interface LightWords {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

/** @param words those behind the command's own name; null: oclif must read it */
export function lightWords(shape: LightShape, words: readonly string[]): LightWords | null {
  const flags: Record<string, unknown> = {};
  const given: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '') return null;
    if (!word.startsWith('-')) {
      given.push(word);
      continue;
    }
    const [, name = '', value] = /^--([a-z-]+)(?:=(.+))?$/s.exec(word) ?? [];
    const flag = Object.hasOwn(shape.flags, name) ? shape.flags[name] : undefined;
    if (flag === undefined || flag.unread || Object.hasOwn(flags, name)) return null;
    if (flag.type === 'boolean') {
      if (value !== undefined) return null;
      flags[name] = true;
      continue;
    }
    const taken = value ?? words[++at];
    if (taken === undefined || taken === '' || taken.startsWith('-')) return null;
    if (flag.options?.includes(taken) === false) return null;
    flags[name] = taken;
  }
  for (const [name, flag] of Object.entries(shape.flags)) {
    if (Object.hasOwn(flags, name)) continue;
    if (flag.required) return null;
    if (flag.default !== undefined) flags[name] = flag.default;
  }
  const args = argsOf(shape, given);
  if (args === null) return null;
  // oclif puts them in the order of their first places on the command line, where a flag's value has a place too.
  const argv = given.toSorted((one, other) => words.indexOf(one) - words.indexOf(other));
  return { flags, args, argv: [...argv, ...Object.values(args).slice(given.length)] };
}

function argsOf({ args, strict }: LightShape, given: readonly string[]): Record<string, string> | null {
  if (strict && given.length > args.length) return null;
  const found: Record<string, string> = {};
  for (const [at, { name, required, default: otherwise, options }] of args.entries()) {
    const word = given[at];
    if (word === undefined) {
      if (required) return null;
      if (otherwise !== undefined) found[name] = otherwise;
      continue;
    }
    if (options?.includes(word) === false) return null;
    found[name] = word;
  }
  return found;
}
