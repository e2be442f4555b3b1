// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { describe } from '../../src/cli/command.js';
import { closedToUs, Failure } from '../../src/host/failure.js';
import { asRoot } from '../../src/host/shell.js';

const refused = Object.assign(new Error("EACCES: permission denied, scandir '/run/callgate'"), {
  code: 'EACCES',
  path: '/run/callgate',
});

t.test('what is closed to a user takes root', async (t) => {
  t.equal(closedToUs(refused, 1000), '/run/callgate is closed to user 1000 (EACCES)');
  const wrapped = new Failure('/p/x.yaml: cannot be written (EACCES)', 'ls -ld /p', refused);
  t.equal(closedToUs(wrapped, 1000), '/p/x.yaml: cannot be written (EACCES)');
  t.equal(closedToUs(refused, 0), null, 'root is told what failed');
  t.equal(closedToUs(Object.assign(new Error('x'), { code: 'ENOENT', path: '/x' }), 1000), null);
  t.equal(closedToUs(new Failure('anything'), 1000), null);
});

t.test('every command says so, with the line to type', async (t) => {
  const uid = process.geteuid;
  process.geteuid = () => 1000;
  const { argv } = process;
  process.argv = ['node', 'callgate', 'audit', 'denials', "it's", '--since', '1 hour'];
  t.teardown(() => {
    process.argv = argv;
    if (uid !== undefined) process.geteuid = uid;
  });
  t.same(describe(refused, undefined), {
    message: 'this needs root: /run/callgate is closed to user 1000 (EACCES)',
    remedy: "sudo callgate audit denials 'it'\\''s' --since '1 hour'",
  });
  t.equal(asRoot(['status']), 'sudo callgate status');
});
