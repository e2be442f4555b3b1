// SPDX-License-Identifier: GPL-2.0-only
/**
 * Commands run as processes, their whole output held against a file of test/commands/golden: what was typed, standard output,
 * standard error and the exit status. What differs from run to run (times, pids, folders) is replaced by a word first. After
 * a text was changed on purpose: `CALLGATE_GOLDEN=write node dist/test/commands/X.test.js`, then read the difference; in a
 * VM, whose files are thrown away, `=print` prints what would be written (scripts/golden takes it from there).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

/** The command as it is in this tree. */
export const BIN = fileURLToPath(new URL('../../../bin/callgate', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../../../test/commands/golden/', import.meta.url));
const how = process.env.CALLGATE_GOLDEN ?? 'compare';

/** A word for each text that is another one in each run, longest first. */
export type Words = readonly (readonly [RegExp | string, string])[];

const TIMES: Words = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g, 'TIME'],
  // What lasted, or fell into one second.
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( UTC| to (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d)?/g, 'TIME'],
  [/sha256:[0-9a-f]{64}/g, 'DIGEST'],
];

export class Transcript {
  readonly #words: Words;
  readonly #cwd: string;
  #text = '';

  constructor(cwd: string, words: Words = []) {
    this.#cwd = cwd;
    this.#words = [...TIMES, ...words];
  }

  /** Runs callgate and writes down what came of it. Returns its standard output. */
  callgate(...words: string[]): string {
    const result = spawnSync(BIN, words, { cwd: this.#cwd, encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 26 });
    this.add(words, result.stdout, result.stderr, result.status ?? `signal ${result.signal}`);
    return result.stdout;
  }

  /** Writes down what came of a command that was run elsewhere. */
  add(words: readonly string[], stdout: string, stderr: string, status: number | string): void {
    const typed = words.map((word) => (/^[\w./:=@,+-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    const marked = (text: string, mark: string): string =>
      text === ''
        ? ''
        : `${text
            .replace(/\n$/, '')
            .split('\n')
            .map((line) => `${mark}${line}`.trimEnd())
            .join('\n')}\n`;
    this.note(`$ callgate ${typed}\n${marked(stdout, '  ')}${marked(stderr, '! ')}= ${status}\n`);
  }

  /** Writes down a text, such as a file that a command wrote. */
  note(text: string): void {
    let said = text;
    for (const [found, word] of this.#words) said = said.replaceAll(found, word);
    this.#text += this.#text === '' ? said : `\n${said}`;
  }

  /** Holds all of it against the file. */
  compare(t: Test, name: string): void {
    const file = `${GOLDEN}${name}.txt`;
    if (how === 'write') writeFileSync(file, this.#text);
    if (how === 'print') t.comment(`golden ${name} ${Buffer.from(this.#text).toString('base64')}`);
    if (!existsSync(file)) {
      t.fail(`no golden file ${name}: write it (CONTRIBUTING.md)`);
      return;
    }
    const wanted = readFileSync(file, 'utf8');
    t.same(this.#text.split('\n'), wanted.split('\n'), name);
  }
}
