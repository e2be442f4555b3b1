// SPDX-License-Identifier: GPL-2.0-only
/** Lines typed into a pipe that stays open: whoever reads them ends when it wants to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const STDIO = fileURLToPath(new URL('../../src/cli/stdio.cjs', import.meta.url));
const ADDON = new URL('../../src/kernel/addon.js', import.meta.url).href;
const VIEW = new URL('../../src/attach/view.js', import.meta.url).href;

/** As the command does it: lines are awaited, and something else says that it is over. */
const READER = `
  require(${JSON.stringify(STDIO)}).keepStdio();
  Promise.all([import(${JSON.stringify(VIEW)}), import(${JSON.stringify(ADDON)})]).then(async ([{ typedLines }, { addon }]) => {
    const lines = typedLines(addon());
    const input = lines[Symbol.asyncIterator]();
    for (let last = ''; last !== 'over'; ) {
      const { done, value } = await input.next();
      last = done ? 'over' : value;
      console.log(done ? 'end' : value);
    }
    const waiting = input.next();
    lines.close();
    await waiting;
    console.log('ended');
  });
`;

/** Node's own pipes are sockets; the shell's are none. */
async function read(said: string, ends: boolean, pipe: boolean): Promise<{ code: number | null; output: string }> {
  const words = pipe ? ['-c', '"$0" -e "$1" < <(cat)', process.execPath, READER] : ['-e', READER];
  const child = spawn(pipe ? 'bash' : process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stdin.write(said);
  if (ends) child.stdin.end();
  const [code] = (await once(child, 'close')) as [number | null];
  child.stdin.destroy();
  return { code, output };
}

for (const pipe of [false, true]) {
  const name = pipe ? 'a pipe' : 'a socket';
  t.test(`${name} that stays open keeps nobody`, async (t) => {
    const { output } = await read('one\ntwo\nover\n', false, pipe);
    t.equal(output, 'one\ntwo\nover\nended\n');
  });
  t.test(`and the end of ${name} is the end`, async (t) => {
    t.equal((await read('one\ntw', true, pipe)).output, 'one\ntw\nend\nended\n');
  });
}
