// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { parseObject } from '../../src/cli/object.js';
import { objectDescription } from '../../src/decide/text.js';

t.test('what an event prints is read back', async (t) => {
  for (const word of [
    '/',
    '/etc/passwd',
    '/tmp/a\\x0ab\\\\c',
    '/tmp/é',
    'tcp:192.0.2.1:80',
    'tcp:[2001:db8::1]:443',
    'udp:[::1]:53',
    'udp:[::]:0',
    'tcp:[1:2:3:4:5:6:7:8]:1',
    'unix:/run/x',
    'unix:@name/with\\x00zero',
    'unix:',
    'memfd',
    'family 16, kind 3, protocol 0',
  ])
    t.equal(objectDescription(parseObject(word)), word);
});

t.test('a mapped address is IPv4', async (t) => {
  t.same(parseObject('tcp:[::ffff:192.0.2.1]:80'), parseObject('tcp:192.0.2.1:80'));
});

t.test('what is no object says what is one', async (t) => {
  for (const word of [
    'etc/passwd',
    '/a//b',
    '/a/../b',
    '/a/',
    'tcp:80',
    'tcp:example.org:80',
    'tcp:1.2.3.4:70000',
    'foo',
    '',
  ])
    t.throws(() => parseObject(word), { name: 'Failure', remedy: /write/ }, word);
  // A pattern of a policy, a host's name: an attempt has one address.
  for (const word of ['tcp:80', 'udp:*', 'tcp:example.org:80', 'tcp:1.2.3.4:70000'])
    t.throws(() => parseObject(word, 'an absolute path'), { message: `${word}: no address` }, word);
});
