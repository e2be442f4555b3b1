// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where callgate's own flags end and the program's command line begins: at the first word that is no flag. Done before
 * anything else looks at the command line, so that `callgate run cat --help` is cat's help; what stands behind is never
 * taken apart and put together again.
 */

/** The part of a flag's declaration that says whether it takes a value. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
}

/** A command line in two: how many words are callgate's own, and at which place the program's begin. */
export interface Split {
  readonly own: number;
  /** Behind `own`, or behind the `--` that stands there. */
  readonly program: number;
}

/**
 * @param words the command line behind the command's name
 * @param flags the command's flags by name
 */
export function splitCommand(words: readonly string[], flags: Readonly<Record<string, FlagShape>>): Split {
  const byChar = new Map(Object.values(flags).map((flag) => [flag.char, flag]));
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') return { own: at, program: at + 1 };
    if (!word.startsWith('-') || word === '-') return { own: at, program: at };
    const flag = word.startsWith('--') ? flags[word.slice(2)] : word.length === 2 ? byChar.get(word[1]) : undefined;
    // A flag written --name=value, or one that is not known, stands alone: what is wrong with it is told later.
    if (flag?.type === 'option') at++;
  }
  return { own: words.length, program: words.length };
}
