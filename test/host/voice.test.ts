// SPDX-License-Identifier: GPL-2.0-only
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const PROCESS = fileURLToPath(new URL('./voice-process.js', import.meta.url));

/**
 * A terminal whose session's leader runs the process in the background, TOSTOP set, and stops the flow (TCOOFF) for a while:
 * whoever blocks or is stopped there never answers. Prints the process's answers and what the terminal showed.
 */
const PTY = `
import json, os, pty, signal, subprocess, sys, termios, threading, time
node, script = sys.argv[1:3]
pid, master = pty.fork()
if pid == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    attributes = termios.tcgetattr(2)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(2, termios.TCSANOW, attributes)
    report = open(sys.argv[3], 'w')
    child = subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0,
        preexec_fn=lambda: signal.signal(signal.SIGTTOU, signal.SIG_DFL))
    def do(line):
        child.stdin.write(line + '\\n'); child.stdin.flush()
        return json.loads(child.stdout.readline())
    answers = [do('in the background')]
    termios.tcflow(2, termios.TCOOFF)
    answers += [do('line %d' % n) for n in range(7)]
    termios.tcflow(2, termios.TCOON)
    answers += [do('hold'), do('held'), do('close')]
    json.dump(answers, report); report.close()
    child.stdin.close(); child.wait()
    os._exit(0)
shown = b''
try:
    while True:
        piece = os.read(master, 4096)
        if not piece: break
        shown += piece
except OSError: pass
os.waitpid(pid, 0)
sys.stdout.write(shown.decode())
`;

const hasPython = spawnSync('python3', ['-c', 'import pty, sys; sys.exit(sys.version_info < (3, 11))']).status === 0;

t.test(
  'a terminal that stops writers, or is stopped, stops no supervisor',
  { skip: !hasPython && 'no python3' },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'callgate-voice-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const report = join(folder, 'report');
    const { stdout, status } = spawnSync('python3', ['-c', PTY, process.execPath, PROCESS, report], {
      ...{ encoding: 'utf8', timeout: 60_000 },
    });
    t.equal(status, 0);
    const answers = JSON.parse(readFileSync(report, 'utf8')) as [boolean, number][];
    t.same(
      answers.map(([shared]) => shared),
      answers.map(() => true),
      'it is the terminal that the program has too',
    );
    t.same(
      answers.slice(0, 8).map(([, unsaid]) => unsaid),
      [0, 0, 0, 0, 0, 0, 1, 2],
      'five lines wait, and what has no room is counted',
    );
    t.same(answers.at(-1)?.[1], 0);
    const lines = stdout.replaceAll('\r', '').split('\n');
    t.same(
      lines.slice(0, 6),
      ['in the background', ...[0, 1, 2, 3, 4].map((n) => `line ${n}`)].map((line) => `callgate: ${line}`),
    );
    t.match(stdout, /callgate: [23] lines were not shown here; the log has what they told/);
  },
);

t.test('a pipe that nobody reads, one that is closed, and a file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-voice-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const child = spawn(process.execPath, [PROCESS], { stdio: ['pipe', 'pipe', 'pipe'] });
  const answers: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const next = (line: string): Promise<string> =>
    new Promise((resolve) => {
      lines.once('line', (answer: string) => {
        answers.push(answer);
        resolve(answer);
      });
      child.stdin.write(`${line}\n`);
    });
  child.stderr.pause();
  t.equal(await next('x'.repeat(1000)), '[false,0]', 'no terminal is shared');
  for (let tries = 0; tries < 2000 && answers.at(-1) === '[false,0]'; tries++) await next('x'.repeat(10_000));
  t.equal(answers.at(-1), '[false,1]', 'it still answers, and counts');
  child.stderr.destroy();
  await next('to nobody');
  child.stdin.end();
  t.equal(await new Promise((resolve) => child.once('exit', resolve)), 0, 'and no signal ended it');
  // Node's pipes are sockets; a shell's are not.
  const script = `for n in {1..40}; do printf '%010000d\\n' $n; done | "$0" "$1" 2>&1 >&3 | sleep 2`;
  const piped = spawnSync('bash', ['-c', `{ ${script}; } 3>&1`, process.execPath, PROCESS], {
    ...{ encoding: 'utf8', timeout: 60_000 },
  });
  t.match(piped.stdout, /\[false,[1-9]\d*\]/, 'a pipe that nobody reads');

  const file = join(folder, 'file');
  const fd = openSync(file, 'a');
  const { status } = spawnSync(process.execPath, [PROCESS], {
    ...{ input: 'one\nhold\ntwo\nclose\n', stdio: ['pipe', 'pipe', fd] },
  });
  closeSync(fd);
  t.equal(status, 0);
  t.equal(readFileSync(file, 'utf8'), 'callgate: one\ncallgate: two\n');
});
