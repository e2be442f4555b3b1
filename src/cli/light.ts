// SPDX-License-Identifier: GPL-2.0-only
/**
 * The light entry: a command's own function, without oclif, out of one file (scripts/bundle.mjs puts it together). What it does
 * not take on (light-words.ts), and help, is left to main.ts, where nothing has been touched by then.
 */
import { ignoreWhatIsIgnored } from './caller.js';
import { ownWords } from './command-line.js';
import { type LightShape, type LightWords, lightWords } from './light-words.js';

/** A command's class, built over the Command of light-core.ts. */
export type LightClass = new (id: string, argv: readonly string[], given: LightWords) => { start(): Promise<void> };

export interface LightCommand {
  readonly shape: LightShape;
  readonly load: () => Promise<LightClass>;
}

/** Variables by which oclif does something else. */
const HEEDED = ['DEBUG', 'CALLGATE_CONTENT_TYPE'];
/** Behind their flags a program's command line follows. */
const PROGRAM = ['run', 'learn'];

/**
 * Begins the command, where the words name it.
 *
 * @param words behind `callgate`
 * @returns false: it is not for here, and nothing was done
 */
export function begin({ shape, load }: LightCommand, words: readonly string[]): boolean {
  if (HEEDED.some((name) => process.env[name] !== undefined)) return false;
  const named = shape.id.split(':');
  const own = ownWords(words, PROGRAM.includes(shape.id) ? shape.flags : null);
  if (named.some((word, at) => own[at] !== word)) return false;
  const rest = own.slice(named.length);
  const given = lightWords(shape, rest);
  if (given === null) return false;
  ignoreWhatIsIgnored();
  void load().then((Command) => new Command(shape.id, rest, given).start());
  return true;
}
