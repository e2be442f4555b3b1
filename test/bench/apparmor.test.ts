// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { profileOf } from '../../bench/apparmor.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

t.test('a learned application as a profile of AppArmor', async (t) => {
  const rules = [
    { permit: 'load', path: ['/usr/lib/*.so', '/usr/lib/z.so.[0-9.]{1-16}'] },
    { permit: ['create', 'write'], path: '/srv/out' },
    { permit: 'stat', path: '/etc/passwd' },
    { deny: 'read', path: '/etc/shadow' },
    { permit: 'connect', address: 'tcp:192.0.2.1:80' },
  ];
  const policy = parsePolicy(JSON.stringify({ version: 1, program: '/usr/bin/cat', rules }), 'cat.yaml', around);
  t.same(profileOf('bench', [policy], '/usr/bin/timed').split('\n'), [
    'profile bench flags=(attach_disconnected) {',
    '  "/usr/bin/timed" ix,',
    '  "/usr/bin/cat" rmix,',
    '  "/usr/lib/*.so" rm,',
    '  "/usr/lib/z.so.[0-9.]*" rm,',
    '  "/srv/out" wk,',
    '  "/srv/out/" w,',
    '  capability,',
    '  network,',
    '  unix,',
    '  signal,',
    '  ptrace,',
    '}',
    '',
  ]);
});
