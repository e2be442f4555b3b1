// SPDX-License-Identifier: GPL-2.0-only
import { constants } from 'node:os';
import t from 'tap';
import { errnoName, errnoNumber } from '../../src/policy/errno.js';

t.test('the numbers are those of this Linux', async (t) => {
  for (const [name, number] of Object.entries(constants.errno)) t.equal(errnoNumber(name), number, name);
  t.equal(errnoNumber('ENOSUCH'), undefined);
  t.equal(errnoNumber('toString'), undefined);
});

t.test('a number has one name', async (t) => {
  t.equal(errnoName(1), 'EPERM');
  t.equal(errnoName(11), 'EAGAIN');
  t.equal(errnoName(95), 'EOPNOTSUPP');
  t.equal(errnoName(0), undefined);
});
