import t from 'tap';
import { markCommand } from '../../src/cli/words.js';

const flags = {
  policies: { type: 'option', char: 'p' },
  quiet: { type: 'boolean', char: 'q' },
} as const;
const marked = (line: string): string => markCommand(line.split(' '), flags).join(' ');

t.test('the command begins at the first word that is no flag', async (t) => {
  t.equal(marked('cat -n x'), '-- cat -n x');
  t.equal(marked('--quiet cat --quiet'), '--quiet -- cat --quiet');
  t.equal(marked('--policies D cat -n x'), '--policies D -- cat -n x');
  t.equal(marked('-p D -q cat --help'), '-p D -q -- cat --help');
  t.equal(marked('--policies=D cat'), '--policies=D -- cat');
});

t.test('a -- that is there stays the only one', async (t) => {
  t.equal(marked('-- cat -- x'), '-- cat -- x');
  t.equal(marked('--policies D -- cat'), '--policies D -- cat');
  t.equal(marked('cat -- x'), '-- cat -- x', 'one behind the command is the command’s');
});

t.test('flags alone stay as they are', async (t) => {
  t.equal(marked('--help'), '--help');
  t.equal(marked('--unknown cat'), '--unknown -- cat', 'what is wrong is told by the parser');
});
