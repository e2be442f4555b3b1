// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { fromLine, oneLine } from '../../src/view/model/statement.js';

t.test('a statement on a line, and back', async (t) => {
  for (const [statement, line] of [
    ['- permit: read\n  path: /etc/shadow\n', 'permit: read, path: /etc/shadow'],
    ['permit: [read, list]\npath:\n  - /a\n  - "/b*"\n', 'permit: [read, list], path: [/a, /b*]'],
    ['# why\npermit: connect\naddress: "tcp:*:443"\n', 'permit: connect, address: tcp:*:443'],
    ['permit: read\npath: "/a/{b,c}"\n', 'permit: read, path: "/a/{b,c}"'],
    [
      'permit: exec\npath: /bin/ls\npolicy: inherit\nif: {uid: [0, 5]}\n',
      'permit: exec, path: /bin/ls, policy: inherit, if: {uid: [0, 5]}',
    ],
  ] as const) {
    t.equal(oneLine(statement), line);
    const read = fromLine(line);
    t.equal(read.ok && read.verdict, 'permit', line);
    t.equal(read.ok && oneLine(read.statement), line);
  }
  t.same(fromLine('deny: read, path: /etc/*, errno: ENOENT'), {
    ...{ ok: true, verdict: 'deny', statement: 'deny: read\npath: /etc/*\nerrno: ENOENT\n' },
  });
  t.equal(oneLine('permit: read\npath: /x\n', 'deny'), 'deny: read, path: /x');
  t.equal(oneLine('permit: [\n  \u001b[2J'), 'permit: [, \\x1b[2J', 'what is no YAML is shown as it is');
});

t.test('what is no statement', async (t) => {
  for (const [line, why] of [
    ['', 'it says permit: or deny:, and one of them'],
    ['path: /x', 'it says permit: or deny:, and one of them'],
    ['ask: read, path: /x', 'it says permit: or deny:, and one of them'],
    ['permit: read, deny: write, path: /x', 'it says permit: or deny:, and one of them'],
  ] as const)
    t.same(fromLine(line), { ok: false, why }, line);
  t.equal(fromLine('permit: read, path: [').ok, false);
  t.equal(fromLine('permit: read, path: /x} {').ok, false);
});
