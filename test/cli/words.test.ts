// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { splitCommand } from '../../src/cli/words.js';

const flags = {
  policies: { type: 'option', char: 'p' },
  quiet: { type: 'boolean', char: 'q' },
} as const;
/** `own | program`, with the words that belong to neither left out. */
const split = (line: string): string => {
  const words = line.split(' ');
  const { own, program } = splitCommand(words, flags);
  return `${words.slice(0, own).join(' ')} | ${words.slice(program).join(' ')}`;
};

t.test('the command begins at the first word that is no flag', async (t) => {
  t.equal(split('cat -n x'), ' | cat -n x');
  t.equal(split('--quiet cat --quiet'), '--quiet | cat --quiet');
  t.equal(split('--policies D cat -n x'), '--policies D | cat -n x');
  t.equal(split('-p D -q cat --help'), '-p D -q | cat --help');
  t.equal(split('--policies=D cat'), '--policies=D | cat');
});

t.test('a -- in front of it belongs to nobody, one behind to the program', async (t) => {
  t.equal(split('-- cat -- x'), ' | cat -- x');
  t.equal(split('--policies D -- cat'), '--policies D | cat');
  t.equal(split('-- -q'), ' | -q', 'a program may be called like a flag');
  t.equal(split('cat -- x'), ' | cat -- x');
  t.equal(split('echo a b a -x 1 -x 2'), ' | echo a b a -x 1 -x 2', 'words that come twice stay where they are');
  t.equal(split('--policies -- cat'), '--policies -- | cat', 'a value is a value, whatever it looks like');
});

t.test('flags alone stay as they are', async (t) => {
  t.equal(split('--help'), '--help | ');
  t.equal(split('--unknown cat'), '--unknown | cat', 'what is wrong is told by the parser');
  t.equal(split('--quiet --'), '--quiet | ');
});
