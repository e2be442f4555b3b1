// SPDX-License-Identifier: GPL-2.0-only
/**
 * What callgate costs, counted in instructions of an emulated guest, beside other mechanisms in the same boot:
 *
 *   npm run bench -- [--short] [--kernel K]... [--json FILE] [--compare OLD.json]
 *
 * --short measures a dozen operations, without and with callgate alone, on 6.12; --compare names every figure that moved by more
 * than 1 % of what the operation costs altogether, and ends with 1 where one rose by more than 2 %.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Figure, MECHANISMS, SHORT } from './mechanisms.js';
import { compared, tables } from './report.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KERNELS = ['6.12', '6.1', '7.2'];
const SECONDS = 1500;

/** One line of the guest. */
interface Told {
  readonly mechanism: string;
  readonly operation: string;
  /** Null where the operation failed; `least` is the errno then. */
  readonly median: number | null;
  readonly least: number;
  readonly most: number;
}

/** Runs bench/guest.ts in one boot of the kernel. Throws where it ends otherwise than well. */
async function measured(kernel: string, short: boolean): Promise<Told[]> {
  const env = short
    ? ['--env', `CALLGATE_ONLY=${SHORT.join()}`, '--env', 'CALLGATE_MECHANISMS=nothing;callgate']
    : ['--env', 'CALLGATE_SCALE=1'];
  const words = [
    '--icount',
    '--memory',
    '2048',
    '--timeout',
    String(SECONDS),
    ...env,
    '--',
    'node',
    'dist/bench/guest.js',
  ];
  const child = spawn('./scripts/vm/run', [kernel, ...words], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const told: Told[] = [];
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines.filter((one) => one.startsWith('figure '))) {
      const one = JSON.parse(line.slice('figure '.length)) as Told;
      if (one.mechanism !== told.at(-1)?.mechanism) process.stderr.write(`bench: ${kernel}: ${one.mechanism}\n`);
      told.push(one);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`kernel ${kernel}: the guest ended with ${code}`);
  return told;
}

function figuresOf(kernel: string, told: readonly Told[]): Figure[] {
  const bases = new Map(told.filter(({ mechanism }) => mechanism === MECHANISMS[0]).map((one) => [one.operation, one]));
  return told.flatMap(({ mechanism, operation, median, least, most }): Figure[] => {
    const base = bases.get(operation)?.median;
    if (base === undefined || base === null) return [];
    if (median === null) {
      process.stderr.write(`bench: ${kernel}: ${mechanism}: ${operation} failed (errno ${least})\n`);
      return [];
    }
    return mechanism === MECHANISMS[0]
      ? []
      : [{ kernel, mechanism, operation, base, added: median - base, spread: most - least }];
  });
}

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    kernel: { type: 'string', multiple: true },
    json: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    'usage: npm run bench -- [--short] [--kernel 6.1|6.12|7.2]... [--json FILE] [--compare OLD.json]\n',
  );
  process.exit(0);
}
const figures: Figure[] = [];
for (const kernel of values.kernel ?? (values.short ? ['6.12'] : KERNELS))
  figures.push(...figuresOf(kernel, await measured(kernel, values.short)));
process.stdout.write(tables(figures));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 1)}\n`);
if (values.compare !== undefined) {
  const { lines, worse } = compared(JSON.parse(readFileSync(values.compare, 'utf8')) as Figure[], figures);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.exitCode = worse ? 1 : 0;
}
