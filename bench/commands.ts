// SPDX-License-Identifier: GPL-2.0-only
/**
 * How long callgate's commands take to start: those that need no kernel here, each beside `node -e 0` in the same turns;
 * `run -- true` in a VM (bench/commands-guest.ts).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Figure, medianOf, type Unit } from './figure.js';
import { fillerRules } from './mechanisms.js';
import { interleaved, type Took } from './timed.js';
import { guestTold } from './vm.js';

const BIN = fileURLToPath(new URL('../../bin/callgate', import.meta.url));
const TURNS = 9;
const RULES = [20, 10_000] as const;

/** What the guest tells. */
export interface Told {
  readonly operation: string;
  readonly unit: Unit;
  readonly base: number;
  readonly added: number;
  readonly spread: number;
}

/** @throws Error where a command fails */
export function measureHere(say: (line: string) => void): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
  try {
    const files = RULES.map((rules) => {
      // A folder each: a file is checked with its neighbours, and both are for one program.
      const file = join(folder, String(rules), 'policy.yaml');
      mkdirSync(dirname(file));
      writeFileSync(file, JSON.stringify({ version: 1, program: '/usr/bin/cat', rules: fillerRules(rules) }));
      return file;
    });
    say('the start of commands');
    const words = [['--version'], ...files.map((file) => ['policy', 'check', file])];
    const names = ['--version', ...RULES.map((rules) => `policy check, ${rules} rules`)];
    const [bare = [], ...took] = interleaved([['node', '-e', '0'], ...words.map((each) => [BIN, ...each])], TURNS);
    return took.flatMap((one, at) => [
      figureOf(`${names[at]}, processor time`, bare, one, ({ processor }) => processor),
      figureOf(`${names[at]}, wall clock`, bare, one, ({ wall }) => wall),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function figureOf(operation: string, bare: readonly Took[], took: readonly Took[], of: (took: Took) => number): Figure {
  const base = medianOf(bare.map(of)).median;
  const { median, spread } = medianOf(took.map(of));
  const head = { kernel: 'host', part: 'commands', mechanism: 'callgate', unit: 'microseconds' } as const;
  return { ...head, operation, base, added: median - base, spread };
}

/** `run -- true`, counted. @throws Error where the guest ends otherwise than well */
export async function measureRun(kernel: string, say: (line: string) => void): Promise<Figure[]> {
  const guest = { file: 'commands-guest.js', seconds: 1500, counted: true };
  const told = await guestTold<Told>(kernel, guest, ({ operation, added, unit }) =>
    say(`${kernel}: ${operation}: +${added} ${unit}`),
  );
  return told.map((one) => ({ kernel, part: 'commands', mechanism: 'callgate', ...one }));
}
