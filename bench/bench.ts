// SPDX-License-Identifier: GPL-2.0-only
/** The benchmark: what callgate costs, beside what else one could use. `--help` says what its words mean. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureHere, measureRun } from './commands.js';
import { measureCosts } from './costs.js';
import { curvesOf, draw } from './curves.js';
import { measureEvents } from './events.js';
import { type Figure, PARTS, type Part } from './figure.js';
import { measureMemory } from './memory.js';
import { measurePrograms } from './programs.js';
import { compared, tables } from './report.js';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const KERNELS = ['6.12', '6.1', '7.2'];
/** The kernel of the README's table and curves, and of what is measured on one alone. */
const DRAWN = '6.12';
const HELP = `usage: npm run bench -- [--part PART]... [--short] [--kernel K]... [--json FILE] [--compare OLD.json]

  --part PART     what is measured (repeatable; all parts where none is named):
    costs         system calls, counted in instructions of an emulated guest: nothing, seccomp, Landlock, AppArmor and
                  callgate in the same boot; on 6.12, 6.1 and 7.2
    programs      nginx, redis, sqlite, git status, gcc, find and a storm of fork+exec, a unit of work each, counted like the costs:
                  nothing, AppArmor, and callgate enforcing what it learned in the same boot
    memory        of the kernel: the gate, policies of 10 to 10,000 rules, a session, a subject; of supervisor and launcher
    events        floods of denials through the ring buffer in a guest, each written or counted as lost; and what the reader
                  takes from record to JSON line, here, fed with records of that ring
    commands      how long commands take to start: --version and policy check beside \`node -e 0\`, here; \`run -- true\` on
                  a bare kernel, a kept gate and an attached one, and an open of who is confined by nothing, counted in a guest
  --short         of the costs a dozen, with callgate alone, on 6.12, and no other part
  --kernel K      6.1, 6.12 or 7.2, instead of all three for the costs and 6.12 for the other parts (repeatable)
  --json FILE     writes the figures: operation, mechanism, kernel, base, added, spread; part and unit
  --compare OLD   names each figure that moved by more than 1 % of what the operation costs altogether, and, of what is timed
                  and not counted, by more than its spread. Ends with 1 where a counted one rose by more than 2 %, or is missing
  --draw FILE     measures nothing: draws docs/cost-by-*.svg of the costs on 6.12 that FILE has

Exit status: 0; 1 something became worse; 2 a wrong word; 125 it could not be measured.

examples:
  npm run bench -- --short --compare bench/baseline.json
  npm run bench -- --kernel 6.12 --json today.json
  npm run bench -- --part commands --part memory
  npm run bench -- --draw today.json
`;

const OPTIONS = {
  part: { type: 'string', multiple: true },
  short: { type: 'boolean' },
  kernel: { type: 'string', multiple: true },
  json: { type: 'string' },
  compare: { type: 'string' },
  draw: { type: 'string' },
  help: { type: 'boolean' },
} as const;
type Words = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

async function measure(part: Part, kernel: string, short: boolean): Promise<Figure[]> {
  switch (part) {
    case 'costs':
      return measureCosts(kernel, short, say);
    case 'programs':
      return measurePrograms(kernel, say);
    case 'memory':
      return measureMemory(kernel, say);
    case 'events':
      return measureEvents(kernel, say);
    case 'commands':
      return [...(await measureRun(kernel, say)), ...measureHere(say)];
  }
}

class Usage extends Error {}

function partNamed(word: string): Part {
  const part = PARTS.find((one) => one === word);
  if (part === undefined) throw new Usage(`--part ${word}: it is one of ${PARTS.join(', ')}`);
  return part;
}

function kernelNamed(word: string): string {
  if (!KERNELS.includes(word)) throw new Usage(`--kernel ${word}: it is one of ${KERNELS.join(', ')}`);
  return word;
}

function readFigures(file: string): Figure[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Figure[];
  } catch (error) {
    throw new Usage(`${file}: ${(error as Error).message}: name a file that --json wrote`);
  }
}

function words(): Words {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}

function drawAll(file: string): void {
  const curves = curvesOf(readFigures(file), DRAWN);
  if (curves.length === 0) throw new Usage(`${file}: it has no costs on ${DRAWN}: write it by --part costs`);
  for (const curve of curves) {
    writeFileSync(`${DOCS}${curve.name}.svg`, draw(curve));
    process.stdout.write(`docs/${curve.name}.svg\n`);
  }
}

async function main(): Promise<void> {
  const { help, draw: from, short = false, json, compare, ...chosen } = words();
  if (help) return void process.stdout.write(HELP);
  if (from !== undefined) return drawAll(from);
  const old = compare === undefined ? null : readFigures(compare);
  const parts = chosen.part?.map(partNamed) ?? (short ? ['costs' as const] : PARTS);
  const kernels = chosen.kernel?.map(kernelNamed);
  const figures: Figure[] = [];
  for (const part of parts)
    for (const kernel of kernels ?? (part === 'costs' && !short ? KERNELS : [DRAWN])) {
      figures.push(...(await measure(part, kernel, short)));
      // After each: what was measured in an hour must not be lost with what fails behind it.
      if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 1)}\n`);
    }
  process.stdout.write(tables(figures));
  if (old === null) return;
  const { lines, worse } = compared(old, figures);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.exitCode = worse ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `bench: ${(error as Error).message}\n${error instanceof Usage ? '  do: npm run bench -- --help\n' : ''}`,
  );
  process.exitCode = error instanceof Usage ? 2 : 125;
});
