#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// man.mjs FOLDER: writes callgate.1 from the commands' own declarations (oclif.manifest.json), so that page and --help cannot differ;
// systrace.1 from its usage and docs/systrace.md; callgate.yaml.5 from docs/policy-language.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { USAGE } from '../dist/src/classic/flags.js';
import { inline, plain, sections } from './roff.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: man.mjs FOLDER\n');
  process.exit(2);
}
const text = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { version, oclif } = JSON.parse(text('package.json'));
const commands = Object.values(JSON.parse(text('oclif.manifest.json')).commands).sort((a, b) => (a.id < b.id ? -1 : 1));

const roff = (said) => plain(said.replaceAll('<%= config.bin %>', 'callgate'));
const paragraphs = (said) =>
  said.split('\n\n').flatMap((one) => ['.PP', inline(one.replaceAll('<%= config.bin %>', 'callgate'))]);
const head = (name, section, group) => `.TH ${name} ${section} "" "callgate ${version}" "${group}"`;
const also = (names) => [
  '.SH SEE ALSO',
  `${names.join(', ')}, and the pages in /usr/share/doc/${oclif.bin} or docs/ of the source.`,
];
const files = (list) => ['.SH FILES', ...list.flatMap(([file, what]) => ['.TP', `.I ${roff(file)}`, `${roff(what)}.`])];

function flagLines([name, { char, type, helpValue, options, description = '' }]) {
  const value = type === 'option' ? ` \\fI${roff(String(helpValue ?? options?.join('|') ?? 'VALUE'))}\\fR` : '';
  const short = char === undefined ? '' : `\\fB\\-${char}\\fR, `;
  return ['.TP', `${short}\\fB\\-\\-${roff(name)}\\fR${value}`, inline(description)];
}

function commandLines({ id, summary, description, usage, flags = {}, args = {}, examples = [] }) {
  const words = id.replaceAll(':', ' ');
  const named = Object.entries(args).map(([name, { required }]) =>
    required ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  );
  const uses = usage === undefined ? [[words, ...named].join(' ')] : [usage].flat();
  return [
    `.SS "${roff(words)}"`,
    `${roff(summary)}.`,
    ...uses.flatMap((use) => ['.PP', `\\fBcallgate\\fR ${roff(use)}`]),
    ...(description === undefined ? [] : paragraphs(description)),
    ...Object.entries(flags).flatMap(flagLines),
    ...(examples.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', '.RS', ...examples.map(roff), '.RE', '.fi']),
  ];
}

const callgate = [
  head('CALLGATE', 1, 'User Commands'),
  '.SH NAME',
  'callgate \\- learn what a program asks of the kernel, and have the kernel refuse everything else',
  '.SH SYNOPSIS',
  '.B callgate',
  '.I COMMAND',
  '[\\fIOPTION\\fR]... [\\fB\\-\\-\\fR] [\\fIARGUMENT\\fR]...',
  '.SH COMMANDS',
  ...commands.flatMap(commandLines),
  ...files([
    [
      '/etc/callgate/policies/NAME/',
      'policies of an application, a file for each of its programs; cases beside them are tried by callgate policy test',
    ],
    ['/etc/callgate/groups/', 'groups of rules of this machine, before those that come with callgate'],
    ['/var/log/callgate/SESSION.jsonl', 'what was refused and seen, a JSON object a line'],
    ['/var/lib/callgate/', 'journals of learners'],
    ['/run/callgate/', 'living sessions, and the lock'],
    ['/sys/fs/bpf/callgate/', 'the gate, pinned'],
    ['/usr/share/callgate/schemas/', 'JSON Schemas of policies, groups and events'],
  ]),
  ...also(['\\fBcallgate.yaml\\fR(5)', '\\fBsystrace\\fR(1)']),
];
const systrace = [
  head('SYSTRACE', 1, 'User Commands'),
  '.SH NAME',
  'systrace \\- generate and enforce policies for system calls, by callgate',
  '.SH SYNOPSIS',
  '.nf',
  ...USAGE.replace(/^Usage: /, '')
    .split('\n')
    .map((line) => roff(line.replace(/^\s+/, '         '))),
  '.fi',
  ...sections(text('docs/systrace.md'), 'DESCRIPTION'),
  ...files([
    ['~/.systrace/', 'policies of a user, a file for each program'],
    ['/etc/systrace/', 'policies of the system'],
  ]),
  ...also(['\\fBcallgate\\fR(1)', '\\fBcallgate.yaml\\fR(5)']),
];
const language = [
  head('CALLGATE.YAML', 5, 'File Formats'),
  '.SH NAME',
  'callgate.yaml \\- the policy language of callgate',
  ...sections(text('docs/policy-language.md'), 'DESCRIPTION'),
  ...files([
    ['/etc/callgate/policies/NAME/*.yaml', 'policies of an application'],
    ['/etc/callgate/groups/NAME.yaml', 'groups of rules'],
    ['/usr/share/callgate/schemas/policy.schema.json', 'a JSON Schema, for editors'],
  ]),
  ...also(['\\fBcallgate\\fR(1)']),
];
mkdirSync(folder, { recursive: true });
for (const [name, lines] of Object.entries({
  'callgate.1': callgate,
  'systrace.1': systrace,
  'callgate.yaml.5': language,
}))
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
