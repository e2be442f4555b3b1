// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { unseenErrnos } from '../../src/application/errnos.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

t.test('of a denied capability no error of the policy is seen', async (t) => {
  const rule = (operation: string, errno: string): string =>
    `  - deny: ${operation}\n    ${operation === 'capable' ? 'capability: chown' : 'path: /srv'}\n    errno: ${errno}\n`;
  const notes = (...rules: string[]): string[] => {
    const text = `version: 2\nprogram: /usr/bin/x\nrules:\n${rules.join('')}`;
    return unseenErrnos(parsePolicy(text, '/a/x.yaml', around));
  };
  t.same(notes(rule('chroot', 'ENOENT'), rule('capable', 'ENOSYS')), [
    '/a/x.yaml:7: of a capability that is denied the program sees what the kernel makes of it, EPERM or EACCES, not ENOSYS',
  ]);
  t.same(notes(rule('capable', 'EPERM'), rule('chroot', 'ENOENT')), []);
});
