// SPDX-License-Identifier: GPL-2.0-only
/**
 * Loads a light entry (light.ts): one file for each command, with what V8 made of it when it was last
 * tried beside it, so that nothing is looked for, parsed or compiled again. Another Node takes no notice of what is beside it,
 * and compiles; it stands in the same folder as the code, for the same hands.
 */
import fs = require('node:fs');
import modules = require('node:module');
import path = require('node:path');
import vm = require('node:vm');
import type { LightShape } from './light-words.js' with { 'resolution-mode': 'import' };

interface Light {
  readonly shape: LightShape;
  /** Begins what the words say; false: it is not for here. */
  readonly start: (words: readonly string[]) => boolean;
  /** Does what the first steps of its commands do, so that V8 has compiled them. */
  readonly warm: () => Promise<void>;
}

const FOLDER = path.join(__dirname, '../light');

function cacheOf(file: string): string {
  return `${file}.cache`;
}

/** The light entry that the first words of a command line name; null: none. */
function lightOf([first = '', second = '']: readonly string[]): Light | null {
  if (!/^[a-z]+$/.test(first)) return null;
  const below = /^[a-z]+$/.test(second) ? loadLight(`${first}-${second}`) : null;
  return (below ?? loadLight(first))?.light ?? null;
}

/** Null where there is none of this name. @throws Error where there is, and it cannot be run */
function loadLight(
  name: string,
  cached = true,
): { readonly light: Light; readonly script: vm.Script; readonly source: Buffer } | null {
  const file = path.join(FOLDER, `${name}.cjs`);
  const source = read(file);
  if (source === null) return null;
  const cachedData = cached ? madeOf(source, read(cacheOf(file))) : null;
  // The file is ASCII: one byte a character, and none to be looked at.
  const script = new vm.Script(modules.wrap(source.toString('latin1')), {
    filename: file,
    ...(cachedData === null ? {} : { cachedData }),
  });
  const own: { exports: unknown } = { exports: {} };
  script.runInThisContext()(own.exports, modules.createRequire(file), own, file, FOLDER);
  return { light: own.exports as Light, script, source };
}

/**
 * What V8 made of this very source, of what is kept: the source, and behind it what was made. V8 itself looks at nothing but the
 * length of a source, and an old file's code would run where a new one is as long.
 */
function madeOf(source: Buffer, kept: Buffer | null): Buffer | null {
  return kept?.subarray(0, source.length).equals(source) ? kept.subarray(source.length) : null;
}

function read(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch {
    return null;
  }
}

export = { lightOf, loadLight, cacheOf, madeOf, FOLDER };
