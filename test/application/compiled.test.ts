// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { compile, digestText, remembering } from '../../src/application/compiled.js';
import type { Policy } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

const policy = (program: string, ...rules: string[]): Policy =>
  parsePolicy(
    `version: 1\nprogram: ${program}\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`,
    '/p/x.yaml',
    around,
  );
const [one, other] = ['{permit: read, path: /a}', '{permit: read, path: [/a, /b]}'] as const;

t.test('what is remembered is what would be compiled, byte for byte', async (t) => {
  const compiler = remembering();
  let generation = 0;
  const look = (programs: readonly string[], ...of: Parameters<typeof policy>): void => {
    const fresh = compile(policy(...of), programs, ++generation);
    const { class: imageClass, bytes } = compiler(policy(...of), programs, generation);
    t.equal(imageClass, fresh.class);
    t.ok(Buffer.from(bytes).equals(fresh.bytes), `generation ${generation}`);
  };
  for (let round = 0; round < 3; round++) for (const rule of [one, other]) look(['/bin/x'], '/bin/x', rule);
  look(['/bin/y', '/bin/x'], '/bin/x', one);
  look(['/bin/y', '/bin/x'], '/bin/y', one);
  look(['/bin/x'], '/bin/x', one);
  const [first, second] = [1, 2].map((number) => compiler(policy('/bin/x', one), ['/bin/x'], number).bytes);
  t.notOk(Buffer.from(first as Uint8Array).equals(second as Uint8Array), 'an image in use is not written to');
});

t.test('a digest is of what decides, and asked for twice the same', async (t) => {
  const here = policy('/bin/x', one);
  t.equal(digestText(here), digestText(here));
  t.equal(digestText(here), digestText(policy('/bin/x', `${one} # elsewhere`)));
  t.not(digestText(here), digestText(policy('/bin/x', other)));
});
