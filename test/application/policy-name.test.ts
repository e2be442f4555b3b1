// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { fileStem, policyFileName } from '../../src/application/policy-name.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { bytesOf, readText, textOf } from '../../src/policy/bytes.js';
import { literalText } from '../../src/policy/glob.js';
import { parseProgram } from '../../src/policy/path.js';

t.test('a policy’s file is named after its program', async (t) => {
  t.equal(policyFileName('/usr/sbin/inetd', []), 'usr_sbin_inetd.yaml');
  t.equal(policyFileName('/usr/sbin/inetd', ['usr_sbin_inetd.yaml']), 'usr_sbin_inetd.2.yaml');
  t.equal(policyFileName('/srv/new\\x0aline', []), 'srv_new_x0aline.yaml');
  t.equal(policyFileName('/.hidden', []), 'hidden.yaml');
  t.equal(fileStem(''), 'program');
});

t.test('a long one is cut, and told from its neighbours by a hash', async (t) => {
  const long = `/srv/${'x'.repeat(255)}/${'y'.repeat(255)}`;
  const names = [long, `${long}z`, `/srv/${'\\xff'.repeat(255)}`].map((program) => policyFileName(program, []));
  for (const name of names) {
    t.match(name, /^srv_.{100,}-[0-9a-f]{16}\.yaml$/);
    t.ok(name.length <= 255 - '.9999'.length, 'with room for a number');
  }
  t.equal(new Set(names).size, 3);
  t.equal(policyFileName(long, []), names[0], 'the same each time');
});

t.test('a program is written as events write it, and read back as the same', async (t) => {
  for (const name of [
    'plain',
    'back\\slash',
    '\\x41',
    'new\nline',
    '\xff\xfe',
    bytesOf('é'),
    '*',
    '[a]',
    '{a,b}',
    '\\\\',
    '\x1b[31m',
    '\\\xff',
  ]) {
    const bytes = `/srv/${name}` as Bytes;
    const text = textOf(bytes);
    t.equal(readText(text), bytes, text);
    t.equal(parseProgram(literalText(bytes)), text, `program: ${literalText(bytes)}`);
  }
});
