#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// man.mjs FILE: writes callgate(1) from the commands' own declarations (oclif.manifest.json), so that page and --help cannot
// differ.
import { readFileSync, writeFileSync } from 'node:fs';

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('usage: man.mjs FILE\n');
  process.exit(2);
}
const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const { version, oclif } = read('package.json');
const commands = Object.values(read('oclif.manifest.json').commands).sort((a, b) => (a.id < b.id ? -1 : 1));

/** Text as roff takes it: no line begins with a control sign, and - is a minus. */
const roff = (text) =>
  text
    .replaceAll('<%= config.bin %>', 'callgate')
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1');
const paragraphs = (text) => roff(text).split('\n\n').join('\n.PP\n');

function flagLines([name, { char, type, helpValue, description = '' }]) {
  const value = type === 'option' ? ` \\fI${roff(helpValue ?? 'VALUE')}\\fR` : '';
  const short = char === undefined ? '' : `\\fB\\-${char}\\fR, `;
  return [`.TP`, `${short}\\fB\\-\\-${roff(name)}\\fR${value}`, roff(description)];
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
    '.PP',
    paragraphs(description ?? ''),
    ...Object.entries(flags).flatMap(flagLines),
    ...(examples.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', '.RS', ...examples.map(roff), '.RE', '.fi']),
  ];
}

writeFileSync(
  target,
  [
    `.TH CALLGATE 1 "" "callgate ${version}" "User Commands"`,
    '.SH NAME',
    'callgate \\- learn what a program asks of the kernel, and have the kernel refuse everything else',
    '.SH SYNOPSIS',
    '.B callgate',
    '.I COMMAND',
    '[\\fIOPTION\\fR]... [\\fB\\-\\-\\fR] [\\fIARGUMENT\\fR]...',
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH FILES',
    ...[
      ['/etc/callgate/policies/NAME/', 'policies of an application, a file for each of its programs'],
      ['/etc/callgate/groups/', 'groups of rules of this machine, before those that come with callgate'],
      ['/var/log/callgate/SESSION.jsonl', 'what was refused and seen, a JSON object a line'],
      ['/var/lib/callgate/', 'journals of learners'],
      ['/run/callgate/', 'living sessions, and the lock'],
      ['/sys/fs/bpf/callgate/', 'the gate, pinned'],
    ].flatMap(([file, what]) => ['.TP', `.I ${roff(file)}`, `${roff(what)}.`]),
    '.SH SEE ALSO',
    `The policy language and the events stand in /usr/share/doc/${oclif.bin}, or in docs/ of the source.`,
    '',
  ].join('\n'),
);
