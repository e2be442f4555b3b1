#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// bundle.mjs: puts the light entries together, dist/src/light/COMMAND.cjs (src/cli/light.ts), out of what tsc wrote: one for each
// command, as what is read and taken over is most of what a small command costs. oclif is replaced by src/cli/light-core.ts; what a command takes is asked of the command, here, where oclif is.
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist/src`;
/** The view is drawn by what cannot be put into one file; help is oclif's, and completion asks oclif for all commands. */
const LEFT_OUT = ['attach', 'completion', 'help'];
/** Commands that read and compile policies whatever they are asked. */
const READERS = ['policy:check', 'policy:explain', 'policy:show', 'run', 'learn'];
/** Modules of Node that are dear to load and seldom used. */
const LATER = ['node:crypto', 'node:net', 'node:child_process', 'node:worker_threads', 'node:http', 'node:https'];

const { commands } = JSON.parse(readFileSync(`${root}oclif.manifest.json`, 'utf8'));
/** Keys of a declaration that say nothing about how it is read. */
const TALK = [
  'description',
  'summary',
  'helpValue',
  'helpGroup',
  'helpLabel',
  'hidden',
  'name',
  'input',
  'parse',
  'ignoreStdin',
];
const KNOWN = ['type', 'char', 'required', 'default', 'options', 'allowNo', 'multiple', 'noCacheDefault'];

/** What a flag or an argument comes to here, or null where it is more than that. */
async function shapeOf(declared) {
  const rest = Object.entries(declared).filter(([key, value]) => value !== undefined && !TALK.includes(key));
  if (rest.some(([key, value]) => !KNOWN.includes(key) || typeof value === 'function')) return null;
  const { type, required = false, options, default: value, allowNo = false, multiple = false } = declared;
  if (allowNo || multiple) return null;
  // A number, and whatever else is made of the word.
  const word = options?.[0] ?? 'probe';
  if (type !== 'boolean' && (await declared.parse?.(word, {}, declared).catch(() => null)) !== word) return null;
  return {
    type,
    unread: false,
    required,
    ...(options === undefined ? {} : { options }),
    ...(value === undefined ? {} : { default: value }),
  };
}

/** Null where a command needs what cannot be said here. */
async function commandShape(id, command) {
  const flags = { ...(command.enableJsonFlag ? { json: { type: 'boolean', unread: false, required: false } } : {}) };
  for (const [name, declared] of Object.entries(command.flags ?? {})) {
    const { required = false, default: value } = declared;
    const unread = { type: declared.type, unread: true, required, ...(value === undefined ? {} : { default: value }) };
    flags[name] = (await shapeOf(declared)) ?? unread;
    // A function would have to be called as oclif calls it.
    if (typeof value === 'function') return null;
  }
  const args = [];
  for (const [name, declared] of Object.entries(command.args ?? {})) {
    const shape = await shapeOf(declared);
    if (shape === null || !declared.ignoreStdin) return null;
    const { required, options, default: value } = shape;
    if (value !== undefined && typeof value !== 'string') return null;
    args.push({
      ...{ name, required },
      ...(options === undefined ? {} : { options }),
      ...(value === undefined ? {} : { default: value }),
    });
  }
  return { id, strict: command.strict, flags, args };
}

/** They are loaded when something of them is first used. */
const later = {
  name: 'later',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${LATER.join('|')})$`) }, ({ path }) => ({ path, namespace: 'later' }));
    build.onLoad({ filter: /./, namespace: 'later' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default');
      const getters = names.map((name) => `get ${name}() { return load('${path}').${name}; }`);
      // Under this name esbuild leaves it alone.
      return { contents: `const load = require; module.exports = { ${getters.join(', ')} };`, loader: 'js' };
    });
  },
};

const folder = `${dist}/light`;
mkdirSync(folder, { recursive: true });
for (const id of Object.keys(commands).filter((one) => !LEFT_OUT.includes(one))) {
  const file = `./commands/${id.replaceAll(':', '/')}.js`;
  const { default: command } = await import(new URL(file, `file://${dist}/`).href);
  const shape = await commandShape(id, command);
  if (shape === null) continue;
  const contents = `
    import { begin } from './cli/light.js';
    import { warmUp } from './cli/light-warm.js';
    const command = { shape: ${JSON.stringify(shape)}, load: async () => (await import('${file}')).default };
    export const { shape } = command;
    export const start = (words) => begin(command, words);
    export const warm = () => warmUp(command, ${READERS.includes(id)});
  `;
  const name = id.replaceAll(':', '-');
  await build({
    stdin: { contents, resolveDir: dist, sourcefile: `${name}.js` },
    outfile: `${folder}/${name}.cjs`,
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node20', charset: 'ascii', logLevel: 'warning' },
    // Names stay: what is told of a failure under CALLGATE_DEBUG can be read.
    ...{ minifyWhitespace: true, minifySyntax: true },
    alias: { '@oclif/core': `${dist}/cli/light-core.js` },
    define: { 'import.meta.url': 'fileOfThis' },
    banner: { js: "'use strict';const fileOfThis=require('node:url').pathToFileURL(__filename).href;" },
    plugins: [later],
  });
}
