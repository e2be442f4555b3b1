// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { bytesMatch } from '../../src/decide/tokens.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { readName, tokensText } from '../../src/policy/glob.js';

const read = (text: string) => readName(text, 0, 'component').tokens;

t.test('a count stands for the tokens written one by one', async (t) => {
  t.same(read('[0-9]{3}'), read('[0-9][0-9][0-9]'));
  t.same(read('?{2}x'), read('??x'));
  t.same(read('[a-c]{1-3}'), read('[a-c]{,[a-c],[a-c][a-c]}'));
  t.same(read('[ab]{2,3}'), [...read('[ab]'), ...read('{2,3}')], 'choices are no count');
});

t.test('tokens are written by counts, and read back as the same', async (t) => {
  for (const text of [
    '.*.[0-9A-Za-z]{6}',
    'host[0-9]{1-7}.log',
    '[0-9]{0-2}x',
    '?{9}',
    '????',
    '[0-9]',
    '{[0-9]{2},x[a-z]{1-4}}y',
    '[0-9]{2,3}',
    '[0-9]{20}[a-f]{1-2}',
  ]) {
    t.equal(tokensText(read(text), 'component'), text);
    t.same(read(tokensText(read(text), 'component')), read(text), text);
  }
});

t.test('what a count matches', async (t) => {
  const matches = (text: string, name: string): boolean => bytesMatch(read(text), name as Bytes);
  t.equal(matches('[0-9]{1-3}', '12'), true);
  t.equal(matches('[0-9]{1-3}', ''), false);
  t.equal(matches('[0-9]{1-3}', '1234'), false);
  t.equal(matches('[0-9]{1-3}', '1.key'), false);
});
