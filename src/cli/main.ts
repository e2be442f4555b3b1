// SPDX-License-Identifier: GPL-2.0-only
/** The entry. Everything else is loaded by oclif, one command at a time. */
import { execute, settings } from '@oclif/core';
import { ROOT } from '../host/host.js';
import { ignoreWhatIsIgnored } from './caller.js';
import { ownWords } from './command-line.js';

// Without this oclif looks for the TypeScript sources and compiles them.
settings.enableAutoTranspile = false;

ignoreWhatIsIgnored();
await execute({ dir: ROOT, args: await ownWords(process.argv.slice(2)) });
