// SPDX-License-Identifier: GPL-2.0-only
/** What a guest hands out is told from what the program in it wrote, wherever the pieces of its output end. */
import t from 'tap';
import { Handed, type HandedOut } from '../../src/machines/handed.js';

const TOKEN = '0123456789abcdef0123456789abcdef';

function taken(whole: Buffer, size: number): { output: string; handed: HandedOut | null } {
  const pieces: Buffer[] = [];
  const handed = new Handed(TOKEN, (bytes) => void pieces.push(Buffer.from(bytes)));
  for (let at = 0; at < whole.length; at += size) handed.push(whole.subarray(at, at + size));
  const end = handed.end();
  return { output: Buffer.concat(pieces).toString('latin1'), handed: end };
}

t.test('output, status and files, in pieces of any size', async (t) => {
  const first = Buffer.from(`{"v":1}\n\n${TOKEN} 9\n\xff`, 'latin1');
  const second = Buffer.alloc(0);
  const output = `said\n\n${TOKEN.slice(0, 31)} no\n\xfe and no newline`;
  const whole = Buffer.concat([
    Buffer.from(`${output}\n${TOKEN} 3\n`, 'latin1'),
    ...[Buffer.from(`${first.length} a run.run\n`), first, Buffer.from(`0 b.run\n`), second],
    Buffer.from(`${TOKEN} end\n`),
  ]);
  const files = [
    { name: 'a run.run', bytes: first },
    { name: 'b.run', bytes: second },
  ];
  for (const size of [1, 2, 7, 33, 34, 35, 64, whole.length])
    t.same(taken(whole, size), { output, handed: { status: 3, files } }, `${size} bytes at a time`);
});

t.test('a guest that ends before its time', async (t) => {
  t.same(taken(Buffer.from('said'), 1), { output: 'said', handed: null });
  t.same(taken(Buffer.alloc(0), 1), { output: '', handed: null });
  const whole = `x\n${TOKEN} 0\n4 a.run\nrun\n${TOKEN} end\n`;
  t.same(taken(Buffer.from(whole), 5).handed, { status: 0, files: [{ name: 'a.run', bytes: Buffer.from('run\n') }] });
  const began = whole.indexOf(TOKEN) + TOKEN.length + 1;
  for (let length = began; length < whole.length; length++)
    t.throws(() => taken(Buffer.from(whole.slice(0, length)), 5), /ended while it handed out/, `cut at ${length}`);
});

t.test('what is no name of a file is not taken', async (t) => {
  for (const line of ['4 ../a.run', '4 /a.run', 'x a.run', '4', '-1 a.run'])
    t.throws(() => taken(Buffer.from(`\n${TOKEN} 0\n${line}\nrun\n${TOKEN} end\n`), 9), /ended while/, line);
});
