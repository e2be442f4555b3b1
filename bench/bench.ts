// SPDX-License-Identifier: GPL-2.0-only
/** The benchmark: what callgate costs, beside what else one could use. `--help` says what its words mean. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureHere, measureRun } from './commands.js';
import { measureCosts } from './costs.js';
import { type Figure, PARTS, type Part } from './figure.js';
import { compared, tables } from './report.js';

const KERNELS = ['6.12', '6.1', '7.2'];
const HELP = `usage: npm run bench -- [--part PART]... [--short] [--kernel K]... [--json FILE] [--compare OLD.json]

  --part PART     what is measured (repeatable; all parts where none is named):
    costs         system calls, counted in instructions of an emulated guest: nothing, seccomp, Landlock, AppArmor and
                  callgate in the same boot; on 6.12, 6.1 and 7.2
    commands      how long commands take to start: --version and policy check beside \`node -e 0\`, here; \`run -- true\` with
                  and without a loaded gate, counted in a guest
  --short         of the costs a dozen, with callgate alone, on 6.12, and no other part
  --kernel K      6.1, 6.12 or 7.2, instead of all three for the costs and 6.12 for the other parts (repeatable)
  --json FILE     writes the figures: operation, mechanism, kernel, base, added, spread; part and unit
  --compare OLD   names each figure that moved by more than 1 % of what the operation costs altogether, and, of what is timed
                  and not counted, by more than its spread. Ends with 1 where a counted one rose by more than 2 %, or is missing

examples:
  npm run bench -- --short --compare bench/baseline.json
  npm run bench -- --kernel 6.12 --json today.json
  npm run bench -- --part commands
`;

const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);

/** @param kernel null: what is measured here, outside of a VM */
async function measure(part: Part, kernel: string, short: boolean): Promise<Figure[]> {
  switch (part) {
    case 'costs':
      return measureCosts(kernel, short, say);
    case 'commands':
      return [...(await measureRun(kernel, say)), ...measureHere(say)];
  }
}

/** @throws Error for a word that is no part */
function partNamed(word: string): Part {
  const part = PARTS.find((one) => one === word);
  if (part === undefined) throw new Error(`--part ${word}: it is one of ${PARTS.join(', ')}`);
  return part;
}

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true },
    short: { type: 'boolean', default: false },
    kernel: { type: 'string', multiple: true },
    json: { type: 'string' },
    compare: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const figures: Figure[] = [];
const parts = values.part?.map(partNamed) ?? (values.short ? ['costs' as const] : PARTS);
for (const part of parts)
  for (const kernel of values.kernel ?? (part === 'costs' && !values.short ? KERNELS : ['6.12'])) {
    figures.push(...(await measure(part, kernel, values.short)));
    // After each: what was measured in an hour must not be lost with what fails behind it.
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 1)}\n`);
  }
process.stdout.write(tables(figures));
if (values.compare !== undefined) {
  const { lines, worse } = compared(JSON.parse(readFileSync(values.compare, 'utf8')) as Figure[], figures);
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.exitCode = worse ? 1 : 0;
}
