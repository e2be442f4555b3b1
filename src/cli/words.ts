/**
 * Where callgate's own flags end and the program's command line begins: at the first word that is no flag. Done before
 * anything else looks at the command line, so that `callgate run cat --help` is cat's help.
 */

/** The part of a flag's declaration that says whether it takes a value. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
}

/**
 * Puts `--` in front of the first word that is neither a flag nor a flag's value.
 *
 * @param words the command line behind the command's name
 * @param flags the command's flags by name
 */
export function markCommand(words: readonly string[], flags: Readonly<Record<string, FlagShape>>): string[] {
  const byChar = new Map(Object.values(flags).map((flag) => [flag.char, flag]));
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') return [...words];
    if (!word.startsWith('-') || word === '-') return [...words.slice(0, at), '--', ...words.slice(at)];
    const flag = word.startsWith('--') ? flags[word.slice(2)] : word.length === 2 ? byChar.get(word[1]) : undefined;
    // A flag written --name=value, or one that is not known, stands alone: what is wrong with it is told later.
    if (flag?.type === 'option') at++;
  }
  return [...words];
}
