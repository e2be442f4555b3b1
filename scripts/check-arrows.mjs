#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// Checks who imports whom: the arrows of the house. Prints each import that goes against one; exit status 1 if there is any.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

// What each room of src/ may import besides itself. Pure rooms list no room that is not pure.
const MAY = {
  policy: [],
  abi: [],
  compile: ['policy', 'abi'],
  decide: ['policy'],
  difference: ['policy', 'compile', 'decide'],
  events: ['policy', 'abi', 'decide'],
  learn: ['policy', 'decide', 'events'],
  systrace: ['policy', 'decide'],
  ask: ['policy', 'decide', 'events', 'learn'],
  kernel: ['abi'],
  host: ['kernel'],
  application: ['policy', 'compile', 'decide', 'difference', 'systrace', 'events/object', 'host'],
  session: ['policy', 'abi', 'events', 'kernel', 'host', 'application'],
  audit: ['policy', 'abi', 'decide', 'events', 'learn', 'kernel', 'host', 'application', 'session'],
  control: ['ask', 'host'],
  // What it shows is a value made of values; the rest of the room has the terminal.
  'view/model': ['policy', 'ask', 'control/protocol', 'host/plain', 'host/failure'],
  view: ['view/model', 'attach/attached', 'attach/edit', 'control', 'host'],
  asking: ['policy', 'decide', 'events', 'learn', 'ask', 'kernel', 'host', 'application', 'session', 'control'],
  attach: ['policy', 'ask', 'host', 'control'],
  supervise: [
    'asking',
    'attach',
    'ask',
    'learn',
    'policy',
    'events',
    'kernel',
    'host',
    'application',
    'session',
    'audit',
    'control',
  ],
  machines: ['host'],
  training: ['policy', 'decide', 'events', 'learn', 'host', 'application', 'session', 'audit', 'supervise', 'machines'],
  export: ['policy', 'events', 'kernel', 'host', 'audit'],
  draft: ['policy', 'decide', 'learn', 'host', 'application', 'supervise/program', 'training/conclude'],
  classic: [
    ...[
      'policy',
      'decide',
      'events',
      'learn',
      'systrace',
      'kernel',
      'host',
      'application',
      'session',
      'audit',
      'control',
      'ask',
    ],
    ...['supervise', 'training'],
  ],
  // The entry asks two commands for their flags.
  cli: [
    ...['policy', 'decide', 'events', 'host', 'application', 'supervise', 'training', 'classic'],
    ...['commands/learn', 'commands/run'],
  ],
  commands: [
    ...[
      'policy',
      'learn',
      'decide',
      'difference',
      'events',
      'kernel',
      'host',
      'application',
      'session',
      'audit',
      'attach',
      'supervise',
      'training',
      'draft',
      'export',
      'cli',
      'view/view',
      'view/viewable',
    ],
  ],
};
const PURE = ['policy', 'abi', 'compile', 'decide', 'difference', 'learn', 'events', 'systrace', 'ask', 'view/model'];
// What the view takes to draw, nothing else pays for.
const ONLY = { '@oclif/core': ['cli', 'commands'], ink: ['view'], react: ['view'] };
/** The room of a file: the innermost that is listed. */
const roomOf = (path) =>
  MAY[path.split('/', 2).join('/')] === undefined ? path.split('/')[0] : path.split('/', 2).join('/');
/** Modules of Node that reach outside; `node:crypto`, `node:net` (isIPv4) and the like compute. */
const OUTSIDE = /^node:(fs|child_process|os|process|http|https|dgram|worker_threads)/;

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

const source = resolve('src');
const files = readdirSync(source, { recursive: true }).filter((name) => name.endsWith('.ts'));
const wrong = [];
for (const name of files) {
  const file = join(source, name);
  const room = roomOf(name);
  for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from |import\(|import )'([\w@:./-]+)'/g)) {
    const no = (why) => wrong.push(`src/${name}: ${target}: ${why}`);
    if (!target.startsWith('.')) {
      if (PURE.includes(room) && OUTSIDE.test(target)) no(`${room}/ is pure`);
      const only = ONLY[target];
      // A tool of the build is not there where the package is installed.
      const [scope, name] = target.split('/');
      const library = scope.startsWith('@') ? `${scope}/${name}` : scope;
      if (!target.startsWith('node:') && dependencies[library] === undefined) no('is no dependency in package.json');
      if (only !== undefined && !only.includes(room)) no(`only ${only.join(' and ')} may`);
      continue;
    }
    const path = relative(source, resolve(dirname(file), target)).replace(/\.js$/, '');
    const other = roomOf(path);
    if (path.startsWith('..') || other === room) continue;
    if (MAY[room] === undefined) no(`${room}/ is no room of the house (scripts/check-arrows.mjs lists them)`);
    else if (!MAY[room].includes(other) && !MAY[room].includes(path))
      no(`${room}/ may import ${MAY[room].join(', ') || 'nothing'}`);
  }
  const addon = /node-gyp-build/.test(readFileSync(file, 'utf8'));
  if (addon && room !== 'kernel') wrong.push(`src/${name}: loads the addon; only kernel/ does`);
}
for (const line of wrong) console.error(line);
if (files.length === 0) wrong.push('no files');
console.log(`${files.length} files, ${wrong.length} wrong imports`);
process.exit(wrong.length === 0 ? 0 : 1);
