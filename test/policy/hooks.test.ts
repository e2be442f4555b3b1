// SPDX-License-Identifier: GPL-2.0-only
/** The table of hooks is what the linked object has: nothing more, nothing less. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { addon } from '../../src/kernel/addon.js';
import { HOOKS } from '../../src/policy/hooks.js';
import { OPERATIONS, versionOf } from '../../src/policy/operations.js';

const OBJECT = fileURLToPath(new URL('../../../out/bpf/callgate.bpf.o', import.meta.url));

t.test('each program of the object is in the table', async (t) => {
  const listed = execFileSync('llvm-readelf', ['-S', '-W', OBJECT], { encoding: 'utf8' });
  const sections = new Map(
    [...listed.matchAll(/ (\??)(?:lsm\/|(?=tp_btf\/))([a-z_/]+) +PROGBITS/g)].map(([, optional, name]) => [
      name as string,
      optional === '?',
    ]),
  );
  t.same([...sections.keys()].sort(), Object.keys(HOOKS).sort());
  for (const [name, { since }] of Object.entries(HOOKS))
    if (since !== undefined) t.equal(sections.get(name), true, `${name} is loaded where there is one`);
});

t.test('what is attached later is what the table says', async (t) => {
  const later = Object.entries(HOOKS).filter(([, hook]) => hook.later === true);
  t.same([...addon().laterHooks].sort(), later.map(([name]) => name).sort());
  // Version 1 judges by none of them.
  t.same(
    later.flatMap(([, { judges }]) => judges.filter((operation) => versionOf(operation) === 1)),
    [],
  );
});

t.test('each operation is judged by a hook', async (t) => {
  const judged = new Set(Object.values(HOOKS).flatMap(({ judges }) => judges));
  t.same(
    OPERATIONS.filter((operation) => !judged.has(operation)),
    [],
  );
});
