// SPDX-License-Identifier: GPL-2.0-only
/** systrace as its tutorials have it: inetd and its child learned, held to the classic files, a denial in the classic line, an edit. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { folder, holdGate, inside, prepare } from './callgate.js';
import { ask, eventually, listens } from './client.js';
import { needsLsm } from './machine.js';

const SYSTRACE = fileURLToPath(new URL('../../../bin/systrace', import.meta.url));
const INETD = '/usr/sbin/inetd';
const CHILD = '/usr/sbin/nullidentd';

/** The syslog daemon of this test: what it was told, a message a line. */
async function daemon(file: string): Promise<() => string[]> {
  const script = `use Socket; unlink "/dev/log"; socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un("/dev/log")) or die $!;
    open(O, ">>", $ARGV[0]); select(O); $| = 1; while (defined(recv(S, $m, 65536, 0))) { print "$m\\n"; }`;
  const child = spawn('perl', ['-e', script, file], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  await eventually('the log is read', () => existsSync('/dev/log'));
  return () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
}

t.setTimeout(1_500_000);

t.test('inetd under systrace', { skip: needsLsm(), timeout: 1_500_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const work = folder('classic');
  chmodSync(work, 0o755);
  const home = inside(work, 'home');
  chmodSync(home, 0o700);
  const log = await daemon(`${work}/log`);
  const conf = `${work}/inetd.conf`;
  writeFileSync(
    conf,
    `127.0.0.1:daytime stream tcp nowait root internal\n127.0.0.1:ident stream tcp nowait nobody ${CHILD} nullidentd\n`,
  );
  const running = (...words: string[]): string =>
    spawnSync('pgrep', ['-af', words.join(' ')], { encoding: 'utf8' }).stdout;
  const start = (flags: string): ReturnType<typeof spawn> => {
    const env = { ...process.env, HOME: home };
    return spawn(SYSTRACE, [flags, INETD, '-i', conf], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const ended = (child: ReturnType<typeof spawn>): Promise<number | null> =>
    new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal === null ? code : -1)));
  const workload = async (): Promise<string[]> => {
    await eventually('inetd listens', () => listens(13));
    return [(await ask(13)).toString().replace(/\d+/g, 'N'), (await ask(113, '1000, 25\r\n')).toString()];
  };

  const learner = start('-A');
  const learnt = await workload();
  t.match(learnt[1], /1000 ?, ?25 ?: ?USERID/);
  t.match(running(`systrace -A ${INETD}`), /^\d+ systrace -A \/usr\/sbin\/inetd -i /m, 'ps shows what was typed');
  t.match(
    readFileSync(`/proc/${learner.pid}/cmdline`, 'utf8'),
    /^\/usr\/sbin\/inetd\0-i\0/,
    'and the process that was started is the program',
  );
  const learned = ended(learner);
  learner.kill('SIGTERM');
  await learned;
  const files = (): string[] =>
    existsSync(`${home}/.systrace`) ? readdirSync(`${home}/.systrace`).filter((name) => !name.startsWith('.')) : [];
  await eventually('the files are written', () => files().length === 2 && running(`systrace -A ${INETD}`) === '');
  t.same(files().sort(), ['usr_sbin_inetd', 'usr_sbin_nullidentd']);
  const file = `${home}/.systrace/usr_sbin_inetd`;
  const text = readFileSync(file, 'utf8');
  const bind = '\tnative-bind: sockaddr eq "inet-[127.0.0.1]:13" then permit\n';
  t.ok(text.startsWith('Policy: /usr/sbin/inetd, Emulation: native\n\t# written by systrace\n'));
  t.ok(text.includes(bind) && text.includes(`\tnative-execve: filename eq "${CHILD}" then permit\n`), text);

  const held = start('-a');
  t.same(await workload(), learnt, 'the same answers under the files');
  t.same(
    log().filter((line) => line.includes('systrace: deny')),
    [],
    'and no denial',
  );
  // An edit: the line that lets the child be run is taken out, and put back.
  const exec = `\tnative-execve: filename eq "${CHILD}" then permit\n`;
  const answers = async (): Promise<boolean> => (await ask(113, '1000, 25\r\n')).toString() === learnt[1];
  writeFileSync(file, text.replace(exec, ''));
  await eventually('the edit holds', async () => !(await answers()));
  const denied = (): string | undefined => log().find((line) => line.includes('systrace: deny'));
  await eventually('the denial is logged', () => denied() !== undefined);
  const [, child = '', parent = ''] = /pid: (\d+)\(\d+\)\[(\d+)\]/.exec(denied() ?? '') ?? [];
  t.equal(parent, String(held.pid), 'inetd forked, and its child was refused');
  const [, filters = ''] = /filters: (\d+)/.exec(denied() ?? '') ?? [];
  t.equal(
    denied()?.replace(/^<12>\w{3} [ \d]\d \d\d:\d\d:\d\d /, ''),
    `systrace: deny user: nobody, prog: ${INETD}, pid: ${child}(${/\((\d+)\)\[/.exec(denied() ?? '')?.[1]})[${parent}], ` +
      `policy: ${INETD}, filters: ${filters}, syscall: native-execve(59), filename: ${CHILD}`,
  );
  t.equal(Number(filters), text.split('\n').length - 4, 'as many rules as the file has');
  writeFileSync(file, text);
  await eventually('what was put back holds', answers);
  const over = ended(held);
  held.kill('SIGTERM');
  await over;
  await eventually('systrace is gone', () => running(`systrace -a ${INETD}`) === '');
  rmSync(work, { recursive: true });
  await release();
});
