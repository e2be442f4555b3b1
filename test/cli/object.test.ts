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

t.test('one socket of another family, by the words of policies', async (t) => {
  for (const [word, same] of [
    ['netlink:raw:route', 'family 16, kind 3, protocol 0'],
    ['netlink:dgram:generic', 'family 16, kind 2, protocol 16'],
    ['packet:raw:768', 'family 17, kind 3, protocol 768'],
    ['45:dgram:3', null],
    ['vsock:stream', null],
    ['netlink:route', null],
    ['netlink', null],
  ] as const) {
    if (same !== null) t.same(parseObject(word), parseObject(same), word);
    // A number could be anything, and the rest are many sockets.
    else t.throws(() => parseObject(word), { message: `${word}: no object`, remedy: /netlink:raw:route/ }, word);
  }
  t.throws(() => parseObject('netlink:raw:rote'), {
    message: 'netlink:raw:rote: rote is neither a kind of socket nor a protocol of netlink',
  });
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

t.test('what no policy permits, or no rule decides, is told as in a policy', async (t) => {
  for (const [word, message] of [
    [
      'kernel:bpf',
      'no policy permits bpf: with it a program runs code of its own in the kernel, or takes the gate off',
    ],
    ['kernel:clock', 'clock is what the capability sys_time opens'],
    [
      'ioctl:TIOCSTI:/dev/tty',
      'no policy permits TIOCSTI, nor need it be denied: what others type, or their keys, is changed by it',
    ],
    [
      'ioctl:FIOCLEX:/dev/tty',
      'FIOCLEX takes no rule: it is about the descriptor, or about what its opening permitted',
    ],
    ['mount:proc:/mnt', '"proc" is no file system that a policy can permit to be mounted'],
    ['capability:net_rwa', 'unknown capability "net_rwa"'],
    ['namespace:x', 'unknown kind of namespaces, "x"'],
  ] as const)
    t.throws(() => parseObject(word), { name: 'Failure', message: `${word}: ${message}` }, word);
  t.throws(() => parseObject('mount:tmpfs'), { message: 'mount:tmpfs: no object' }, 'no place');
  t.equal(objectDescription(parseObject('ioctl:TCSETS:/dev/tty')), 'ioctl:TCSETS:/dev/tty');
});
