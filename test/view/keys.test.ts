// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { readKeys, restKeys } from '../../src/view/model/keys.js';
import { type } from '../../src/view/model/line.js';

const names = (text: string): string =>
  readKeys(text)
    .keys.map((key) => (key.name === 'sign' ? key.sign : key.name === 'paste' ? `paste:${key.text}` : key.name))
    .join(' ');

t.test('keys as terminals send them', async (t) => {
  t.equal(names('pd?é'), 'p d ? é');
  t.equal(names('\u001b[A\u001b[B\u001bOC\u001b[1;5D'), 'up down right', 'a key with a modifier is no key of ours');
  t.equal(names('\u001b[5~\u001b[6~\u001b[3~\u001b[1~\u001bOF'), 'page-up page-down delete home end');
  t.equal(
    names('\r\t\u007f\b\u0003\u000c\u0015\u0000\u001a'),
    'enter tab backspace backspace interrupt redraw kill-line',
  );
  t.equal(names('\u001b[99;1Xp'), 'p', 'an unknown sequence is nothing, and ends where it ends');
  t.equal(names('\u001bkp'), 'p', 'alt-k does not kill');
});

t.test('a sequence that comes in parts is never letters', async (t) => {
  const sequence = '\u001b[200~k\u001b[201~';
  for (const whole of ['\u001b[A', '\u001b[15~', '\u001bOP', '\u001b[1;5D', sequence])
    for (let at = 1; at < whole.length; at++) {
      const first = readKeys(whole.slice(0, at));
      const second = readKeys(first.rest + whole.slice(at));
      const signs = [...first.keys, ...second.keys].filter(({ name }) => name === 'sign');
      t.same([signs, second.rest], [[], ''], `${JSON.stringify(whole)} in two at ${at}`);
    }
  t.same(readKeys('p\u001b[').keys, [{ name: 'sign', sign: 'p' }]);
  t.same(restKeys('\u001b'), [{ name: 'escape' }]);
  t.same(restKeys('\u001b['), []);
  t.equal(restKeys('\u001b[200~p'), null, 'the rest of a paste is waited for');
});

t.test('what is pasted is a text', async (t) => {
  t.equal(names('p\u001b[200~pdk\ny\u001b[201~q'), 'p paste:pdk\ny q');
});

t.test('a line is typed', async (t) => {
  const after = (text: string, at: number, keys: string) =>
    readKeys(keys).keys.reduce((line, key) => type(line, key) ?? line, { text, at });
  t.same(after('', 0, 'ab\u001b[Dx'), { text: 'axb', at: 2 });
  t.same(after('a\u{1f600}b', 3, '\u007f'), { text: 'ab', at: 1 }, 'a sign of two units is one');
  t.same(after('a\u{1f600}b', 1, '\u001b[3~'), { text: 'ab', at: 1 });
  t.same(after('abc', 3, '\u0001x\u0005y\u0001\u0015'), { text: 'xabcy', at: 0 });
  t.same(after('abc', 2, '\u0015'), { text: 'c', at: 0 });
  t.same(after('', 0, '\u001b[200~/a\nb\u001b[2J\n\u001b[201~'), { text: '/a\\x0ab\\x1b[2J', at: 14 });
});
