// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { insertions, removal } from '../../src/ask/insert.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

const HEAD = 'version: 1\nprogram: /usr/bin/cat\n';

t.test('in front of a rule and of its comments, with the indent that is there; all else stays', async (t) => {
  const text = `# Mine.\n${HEAD}rules:\n    # One.\n    - permit: read\n      path: /a # kept\n\n    # Two.\n    # Still two.\n    - ask: read\n      path: /b\n`;
  const [first] = insertions(text, 2, '- permit: read\n  path: /b/c', ['why']);
  t.equal(
    first?.text,
    `# Mine.\n${HEAD}rules:\n    # One.\n    - permit: read\n      path: /a # kept\n\n    # why\n    - permit: read\n      path: /b/c\n    # Two.\n    # Still two.\n    - ask: read\n      path: /b\n`,
  );
  t.same({ line: first?.line, number: first?.number }, { line: 10, number: 2 });
  t.equal(removal(first?.text ?? '', first?.block ?? ''), text, 'and out again');
  t.equal(first?.text.split('\n')[(first?.line ?? 0) - 1], '    - permit: read');
});

t.test('at the end, also of an empty list and of a text without a last line feed', async (t) => {
  for (const text of [
    `${HEAD}rules:\n`,
    `${HEAD}rules:`,
    `${HEAD}rules:\n  - ask: read\n    path: /b`,
    `${HEAD}rules: []\n`,
  ]) {
    const found = insertions(text, null, 'permit: read\npath: /x', []).find(({ text: after }) => {
      try {
        return parsePolicy(after, 'p.yaml', around).rules.at(-1)?.verdict === 'permit';
      } catch {
        return false;
      }
    });
    t.ok(found, JSON.stringify(text));
    t.match(found?.text, / {2}- permit: read\n {4}path: \/x\n$/);
  }
});

t.test('a list in one line is written out', async (t) => {
  const text = `${HEAD}rules: [{ask: read, path: /b}]\n`;
  const found = insertions(text, 1, 'permit: read\npath: /x', []).map(({ text: after }) => after);
  t.same(found, [`${HEAD}rules:\n  - permit: read\n    path: /x\n  - ask: read\n    path: /b\n`]);
});

t.test('what was changed since is not taken out', async (t) => {
  const block = '  - permit: read\n    path: /x\n';
  t.equal(removal(`${HEAD}rules:\n${block}`, block), `${HEAD}rules:\n`);
  t.equal(removal(`${HEAD}rules:\n${block.replace('/x', '/y')}`, block), null);
  t.equal(removal(`${HEAD}rules:\n${block}${block}`, block), null, 'nor one of two');
});
