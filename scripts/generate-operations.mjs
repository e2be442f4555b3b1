#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// generate-operations.mjs [--check]: writes the tables of operations and hooks in docs/operations.md, from what the code has. With
// --check it writes nothing and fails where the page says something else. The code must be built.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HOOKS } from '../dist/src/policy/hooks.js';
import { OPERATIONS, sortOf, versionOf } from '../dist/src/policy/operations.js';
import { KEYS } from '../dist/src/policy/rule.js';

const page = fileURLToPath(new URL('../docs/operations.md', import.meta.url));
const [BEGIN, END] = ['<!-- made by scripts/generate-operations.mjs -->\n', '<!-- end of what is made -->\n'];

const hooks = Object.entries(HOOKS).sort(([one], [other]) => (one < other ? -1 : 1));
const named = ([hook, { since, later }]) => `\`${hook}\`${later ? '*' : ''}${since === undefined ? '' : ` (${since})`}`;
const code = (word) => `\`${word}\``;

function operations() {
  const rows = OPERATIONS.map((operation) => {
    const judging = hooks.filter(([, { judges }]) => judges.includes(operation));
    if (judging.length === 0) throw new Error(`no hook judges ${operation}`);
    const sort = sortOf(operation);
    const own = sort === operation ? [operation] : [];
    const keys = [...new Set([...own, ...KEYS[sort]])].map(code).join(', ');
    return `| \`${operation}\` | ${versionOf(operation)} | ${keys} | ${judging.map(named).join(', ')} |`;
  });
  return ['| operation | version | objects | hooks |', '| --- | --- | --- | --- |', ...rows];
}

function others() {
  const rows = hooks.flatMap(([hook, facts]) =>
    facts.also === undefined ? [] : [`| ${named([hook, facts])} | ${facts.also} |`],
  );
  return ['| hook | is there for |', '| --- | --- |', ...rows];
}

const text = readFileSync(page, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`${page}: the marks are gone`);
const made = `${before}${BEGIN}\n${[...operations(), '', ...others()].join('\n')}\n\n${END}${after}`;
if (made === text) process.exit(0);
if (process.argv.includes('--check')) {
  process.stderr.write('docs/operations.md is not what the code has: run node scripts/generate-operations.mjs\n');
  process.exit(1);
}
writeFileSync(page, made);
