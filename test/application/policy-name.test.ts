import t from 'tap';
import { policyFileName } from '../../src/application/policy-name.js';

t.test('the file of a program’s policy', async (t) => {
  t.equal(policyFileName('/usr/sbin/inetd', []), 'usr_sbin_inetd.yaml');
  t.equal(policyFileName('/usr/sbin/inetd', ['usr_sbin_inetd.yaml']), 'usr_sbin_inetd.2.yaml');
  t.equal(
    policyFileName('/usr/sbin/inetd', ['usr_sbin_inetd.yaml', 'usr_sbin_inetd.2.yaml']),
    'usr_sbin_inetd.3.yaml',
    'two programs whose names fold to one',
  );
  t.equal(policyFileName('/.hidden', []), 'hidden.yaml', 'a policy is no hidden file');
});
