// SPDX-License-Identifier: GPL-2.0-only
/** What is exported and imported again is the same policy. */
import fc from 'fast-check';
import t from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import type { Bytes } from '../../src/policy/bytes.js';
import type { Policy } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { exportPolicy } from '../../src/systrace/export.js';
import { range } from '../../src/systrace/export-sockets.js';
import { importPolicy } from '../../src/systrace/import.js';
import type { ImportOptions } from '../../src/systrace/options.js';
import { parseClassic } from '../../src/systrace/parse.js';
import type { ClassicPolicy } from '../../src/systrace/syntax.js';
import '../seed.js';
import { policyText } from './arbitraries.js';

const IDS: Readonly<Record<string, number>> = { root: 0 };
const accounts = { user: (name: string) => IDS[name] ?? null, group: (name: string) => IDS[name] ?? null };
const OPTIONS: ImportOptions = { accounts, widen: false, detached: new Set(), unread: new Set() };
const AROUND = { variable: () => '/home/u', ...accounts, rules: () => null };

function imported(text: Bytes): Policy {
  const { policies, problems } = parseClassic(text, 'test');
  if (problems.length > 0) throw new Error(`${JSON.stringify(problems)}\n${text}`);
  const made = importPolicy(policies[0] as ClassicPolicy, OPTIONS);
  return parsePolicy(made.text ?? '', 'test.yaml', AROUND);
}

/** The tables of a policy, as the kernel would get them. */
function tables(policy: Policy): string {
  const image = compilePolicy(policy, { programs: [policy.program] }, 1n, new Uint8Array(32));
  return Buffer.from(image.bytes).toString('hex');
}

t.test('an import that is exported and imported again has the same tables', (t) => {
  let rules = 0;
  fc.assert(
    fc.property(policyText, (text) => {
      const first = imported(text as Bytes);
      const { text: classic } = exportPolicy(first);
      const second = imported(classic);
      rules += first.rules.length;
      if (tables(first) !== tables(second)) {
        const shown = (policy: Policy): string =>
          policy.rules
            .map(
              ({ verdict, operations, objects }) =>
                `${verdict} ${operations} ${objects.map((object) => ('text' in object ? object.text : 'pattern' in object ? `${object.type}:${object.pattern.text}` : object.type))}`,
            )
            .join('\n');
        throw new Error(
          `${text}\n${shown(first)}\n---\n${classic
            .split('\n')
            .filter((line) => !line.endsWith(': permit'))
            .join('\n')}\n${shown(second)}`,
        );
      }
    }),
    { numRuns: 400 },
  );
  t.ok(rules > 400);
  t.end();
});

t.test('ranges of ports as expressions', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }), (one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const expression = new RegExp(`^(${range(first, last)})$`);
      for (const port of [
        0,
        first - 1,
        first,
        first + 1,
        Math.floor((first + last) / 2),
        last - 1,
        last,
        last + 1,
        65535,
      ])
        if (port >= 0 && expression.test(String(port)) !== (port >= first && port <= last))
          throw new Error(`${port} in ${first}-${last}: ${expression}`);
    }),
  );
  t.end();
});
