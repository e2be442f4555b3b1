// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const BIN = fileURLToPath(new URL('../../../bin/callgate', import.meta.url));
const STDIO = fileURLToPath(new URL('../../src/cli/stdio.cjs', import.meta.url));
/** Touches each stream as libraries do, copies its input, and says what others find of the descriptors then. */
const SCRIPT = `
const flags = () => [0, 1, 2].map((fd) => /flags:\\t(\\d+)/.exec(require('fs').readFileSync('/proc/self/fdinfo/' + fd, 'latin1'))[1]).join();
const before = flags();
if (process.argv[1] !== '') require(process.argv[1]).keepStdio();
const touched = [process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY, process.stdout.fd];
let said = '';
process.stdin.on('data', (chunk) => { said += chunk; });
process.stdin.on('end', () => {
  process.stdout.write('x'.repeat(1 << 20) + said);
  process.stderr.write(before === flags() ? 'kept' : 'changed');
});
`;

function tell(how: string): { out: string; err: string } {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', SCRIPT, how], {
    encoding: 'utf8',
    input: 'some text',
    maxBuffer: 1 << 22,
    timeout: 20_000,
  });
  return { out: stdout, err: stderr };
}

t.test('descriptors that are shared stay as they are', async (t) => {
  const whole = `${'x'.repeat(1 << 20)}some text`;
  t.same(tell(STDIO), { out: whole, err: 'kept' });
  t.same(tell(''), { out: whole, err: 'changed' }, 'as they do not, of themselves');
});

/** Says what it hears, and that it listens; a stream that ends by a mistake says which. */
const LISTENER = `
require(process.argv[1]).keepStdio();
process.stdin.on('data', (chunk) => { process.stdout.write('heard ' + chunk); });
process.stdin.on('error', ({ code }) => { process.stdout.write('lost by ' + code); });
setTimeout(() => process.stdout.write('listens '), 50);
`;

t.test('input that is not there yet is waited for, whoever made the descriptor non-blocking', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-stdio-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const input = openSync(fifo, constants.O_RDWR);
  // Node makes what it hands on blocking.
  const making = 'use Fcntl; fcntl(STDIN, F_SETFL, O_RDWR | O_NONBLOCK); exec @ARGV';
  const words = ['-e', making, process.execPath, '-e', LISTENER, STDIO];
  const child = spawn('perl', words, { stdio: [input, 'pipe', 'inherit'] });
  let said = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said === 'listens ') writeSync(input, 'a line');
      else if (said.startsWith('listens ')) resolve();
    });
    child.on('exit', () => resolve());
  });
  child.kill('SIGKILL');
  t.equal(said, 'listens heard a line');
});

t.test('what stands in standard input is no word of a command', async (t) => {
  const { status, stderr } = spawnSync(BIN, ['policy', 'check'], { encoding: 'utf8', input: '/etc/passwd\n' });
  t.equal(status, 2);
  t.ok(stderr.startsWith('callgate: Missing 1 required arg: policies: '), stderr);
});

t.test('the version is what oclif says it is', async (t) => {
  const said = (words: string[]): string => spawnSync(BIN, words, { encoding: 'utf8', timeout: 20_000 }).stdout;
  const version = said(['--version']);
  t.match(version, /^callgate\/\d+\.\d+\.\d+ linux-x64 node-v\d+\.\d+\.\d+\n$/);
  // With another word behind it, it is told by oclif.
  t.equal(said(['--version', 'please']), version);
});
