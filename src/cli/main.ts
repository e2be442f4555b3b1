/** The entry. Everything else is loaded by oclif, one command at a time. */
import { execute, settings } from '@oclif/core';
import { ROOT } from '../host/host.js';
import { markCommand } from './words.js';

// Without this oclif looks for the TypeScript sources and compiles them.
settings.enableAutoTranspile = false;

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2);
  await execute({ dir: ROOT, args: [...(command === undefined ? [] : [command]), ...(await marked(command, rest))] });
}

/** The words behind the command, with `--` before the program's command line where the command takes one. */
async function marked(command: string | undefined, words: string[]): Promise<string[]> {
  switch (command) {
    case 'learn':
      return markCommand(words, (await import('../commands/learn.js')).default.flags);
    case 'run':
      return markCommand(words, (await import('../commands/run.js')).default.flags);
    default:
      return words;
  }
}

await main();
