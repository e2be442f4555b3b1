// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { chunks, cut, cutMiddle, ends, pad, safe, widthOf, wrap } from '../../src/view/model/text.js';

t.test('nothing that a terminal obeys is left', async (t) => {
  t.equal(safe('a\u001b[2Jb\u0007\u009bc\nd\te'), 'a\\x1b[2Jb\\x07\\xc2\\x9bc\\x0ad\\x09e');
  t.equal(safe('\u202eabc\u2028\u200b'), '\\xe2\\x80\\xaeabc\\xe2\\x80\\xa8\\xe2\\x80\\x8b');
  t.equal(safe('/tmp/Grüße/日本'), '/tmp/Grüße/日本');
});

t.test('columns', async (t) => {
  for (const [text, width] of [
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['\u{1f600}', 2],
  ] as const)
    t.equal(widthOf(text), width, text);
});

t.test('cut, at the end and in the middle', async (t) => {
  t.equal(cut('abcdef', 6), 'abcdef');
  t.equal(cut('abcdefg', 6), 'abc...');
  t.equal(cut('日本語日本語', 6), '日...');
  t.equal(cutMiddle('/var/lib/something/very/long/name.db', 20), '/var/l...ong/name.db');
  t.equal(cutMiddle('/short', 20), '/short');
  for (const width of [1, 4, 7, 12, 13]) {
    const text = cutMiddle('/日本語/e\u0301e\u0301e\u0301/日本語日本語日本語', width);
    t.ok(widthOf(text) <= width, `${width}: ${text}`);
  }
});

t.test('filled up, and two on a line', async (t) => {
  t.equal(pad('日', 4), '日  ');
  t.equal(ends('left', 'right', 12), 'left   right');
  t.equal(ends('longer left', 'right', 12), 'lon... right');
});

t.test('broken', async (t) => {
  t.same(chunks('/a b/cc', 3), ['/a ', 'b/c', 'c'], 'every space of a name is kept');
  t.same(chunks('', 3), ['']);
  t.same(wrap('one two three', 8), ['one two', 'three']);
  t.same(wrap('/without/any/space', 8), ['/without', '/any/spa', 'ce']);
});
