#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// check-licence.mjs [--write]: every file of code says its licence in its first lines; with --write those that do not are told to.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const LINE = 'SPDX-License-Identifier: GPL-2.0-only';
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((name) => /^(addon|bin|bpf|launcher|scripts|src|test|\.ci)\//.test(name));
const missing = [];
for (const name of files) {
  let text;
  try {
    text = readFileSync(name, 'utf8');
  } catch {
    continue; // a link to what is built, or gone
  }
  const script = text.startsWith('#!');
  if (!/\.(c|cc|h|ts|cts|mjs|bash|sh)$/.test(name) && !script) continue;
  if (text.split('\n', 3).some((line) => line.includes(LINE))) continue;
  missing.push(name);
  if (!process.argv.includes('--write')) continue;
  const line = /\.h$/.test(name) ? `/* ${LINE} */` : /\.(c|cc|ts|cts|mjs)$/.test(name) ? `// ${LINE}` : `# ${LINE}`;
  const at = script ? text.indexOf('\n') + 1 : 0;
  writeFileSync(name, `${text.slice(0, at)}${line}\n${text.slice(at)}`);
}
if (missing.length > 0 && !process.argv.includes('--write')) {
  for (const name of missing)
    process.stderr.write(`check-licence: ${name} says no licence: run node scripts/check-licence.mjs --write\n`);
  process.exit(1);
}
