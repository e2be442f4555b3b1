// SPDX-License-Identifier: GPL-2.0-only
/** A word about what takes long, while the event loop stands still. */
import { spawnSync } from 'node:child_process';
import t from 'tap';

const MODULE = new URL('../../src/host/slow.js', import.meta.url).href;

/** What a process says that does something for so long, whose second is `patience`. */
function said(lasting: number, options: string): { stdout: string; stderr: string } {
  const script = `
    import { slowly } from ${JSON.stringify(MODULE)};
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const result = slowly('loading the gate into the kernel', () => Atomics.wait(flag, 0, 0, ${lasting}), ${options});
    console.log(result);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return { stdout, stderr };
}

t.test('who waits is told what for, on standard error', async (t) => {
  t.same(said(2000, '{ person: true, patience: 10 }'), {
    stdout: 'timed-out\n',
    stderr: 'callgate: loading the gate into the kernel ...\n',
  });
});

t.test('and that it is at it still', async (t) => {
  const { stderr } = said(3000, '{ person: true, patience: 10, again: 500 }');
  const [first, ...more] = stderr.trimEnd().split('\n');
  t.equal(first, 'callgate: loading the gate into the kernel ...');
  t.ok(more.length > 0, stderr);
  for (const line of more) t.match(line, /^callgate: loading the gate into the kernel \.\.\. \d+ s so far$/);
});

t.test('nobody else, and not for what is done at once', async (t) => {
  const silent = { stdout: 'timed-out\n', stderr: '' };
  t.same(said(1, '{ person: true, patience: 60000 }'), silent);
  t.same(said(300, '{ person: false, patience: 10 }'), silent);
  t.same(said(1100, '{}'), silent, 'standard error is no terminal here');
});
