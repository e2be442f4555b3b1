#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// completion.mjs FOLDER: writes what `callgate completion` prints for bash, zsh and fish, from the built code and oclif.manifest.json.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashCompletion } from '../dist/src/cli/completion/bash.js';
import { fishCompletion } from '../dist/src/cli/completion/fish.js';
import { completionOf } from '../dist/src/cli/completion/model.js';
import { zshCompletion } from '../dist/src/cli/completion/zsh.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: completion.mjs FOLDER\n');
  process.exit(2);
}
const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const { topics } = read('package.json').oclif;
const completion = completionOf(
  Object.values(read('oclif.manifest.json').commands),
  Object.fromEntries(Object.entries(topics).map(([name, { description }]) => [name, description])),
);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'callgate.bash'), bashCompletion(completion));
writeFileSync(join(folder, '_callgate'), zshCompletion(completion));
writeFileSync(join(folder, 'callgate.fish'), fishCompletion(completion));
