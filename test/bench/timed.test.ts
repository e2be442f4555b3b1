// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { readTimed } from '../../bench/timed.js';

t.test('what bench/timed.c says', async (t) => {
  t.same(readTimed('979 1180 1044 0\n5 6 7 0\n'), [
    { processor: 979, wall: 1180, resident: 1044 },
    { processor: 5, wall: 6, resident: 7 },
  ]);
  t.throws(() => readTimed('979 1180 1044 0\n5 6 7 127\n'), {
    message: 'the command that is measured: ended with 127 (5 6 7 127)',
  });
});
