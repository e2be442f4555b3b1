// SPDX-License-Identifier: GPL-2.0-only
/** The entry by oclif, for what the light one (light.ts) leaves to it. Everything else is loaded by oclif, one command at a time. */
import { execute, settings } from '@oclif/core';
import { ROOT } from '../host/host.js';
import { ignoreWhatIsIgnored } from './caller.js';
import { ownWords } from './command-line.js';
import type { FlagShape } from './words.js';

// Without this oclif looks for the TypeScript sources and compiles them.
settings.enableAutoTranspile = false;

const words = process.argv.slice(2);
ignoreWhatIsIgnored();
await execute({ dir: ROOT, args: ownWords(words, await flagsOf(words[0])) });

/** The flags of a command that runs a program; null for the others. */
async function flagsOf(command: string | undefined): Promise<Readonly<Record<string, FlagShape>> | null> {
  switch (command) {
    case 'learn':
      return (await import('../commands/learn.js')).default.flags;
    case 'run':
      return (await import('../commands/run.js')).default.flags;
    default:
      return null;
  }
}
