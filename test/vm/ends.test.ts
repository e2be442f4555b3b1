// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who is left: subjects that outlive what is believed of them, and those that dodge every walk over the tasks there are. To be
 * run with preempt=full and two processors too: 6.1 then hides a task's storage now and then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ENUMS } from '../../src/abi/abi.gen.js';
import { readLog } from '../../src/audit/read.js';
import { isEvent } from '../../src/events/record.js';
import { systemHost } from '../../src/host/host.js';
import { addon } from '../../src/kernel/addon.js';
import { encodeArmedSubject } from '../../src/kernel/records.js';
import { releaseGate } from '../../src/session/acquire.js';
import { look } from '../../src/session/living.js';
import { readStates, type SessionState } from '../../src/session/state.js';
import { signalSubjects, subjectProcesses, subjectsGone } from '../../src/session/subjects.js';
import { stopSession } from '../../src/supervise/stop.js';
import { Background, callgate, folder } from './callgate.js';
import { open } from './calls.js';
import { permit } from './checks.js';
import { eventually } from './client.js';
import { Confined, ROOT, SESSION, told } from './confined.js';
import { needsLsm } from './machine.js';

t.setTimeout(1_500_000);

const ENDS = `${ROOT}/bin/ends`;
const DIR = `${ROOT}/ends`;
const SECRET = `${DIR}/secret`;
const SUPERVISOR = fileURLToPath(new URL('./supervisor-process.js', import.meta.url));
const FORKS = Number(process.env.FORKS ?? 10_000);
const OTHERS = 4000;
/** The session that keeps the gate while sessions of commands come and go. */
const KEEPER = 255;

t.test('ends', { skip: needsLsm(), timeout: 1_500_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  mkdirSync(DIR);
  writeFileSync(SECRET, 'secret');
  for (const part of [counted, outlived, reused, bombs, zombies, dodgers, killed])
    await t.test(part.name, { timeout: 1_200_000 }, (t) => part(t, confined));
});

interface Started {
  readonly pid: number;
  readonly ended: Promise<{ code: number | null; signal: number | null }>;
}

/** The program as a subject of a session that is begun for it, in which all is permitted. */
async function begin(confined: Confined, words: readonly string[], output = '/dev/null'): Promise<Started> {
  const native = addon();
  confined.renew();
  confined.gate.native.putRing(SESSION, 1 << 20);
  confined.swap({ rules: [], default: 'permit' });
  // Nothing ever comes on it, and no end.
  const stdin = openSync(`${ROOT}/pipe`, 'r+');
  const stdout = openSync(output, 'w');
  const child = native.hold({
    ...{ file: ENDS, argv: ['ends', ...words], env: [], cwd: '/', detached: false },
    stdio: [stdin, stdout, 2],
  });
  native.mark(
    confined.gate.native,
    child.pidfd,
    encodeArmedSubject(1, SESSION, confined.cookie, child.device, child.inode),
  );
  const ended = child.wait();
  ended.catch(() => undefined);
  await child.release();
  closeSync(stdin);
  closeSync(stdout);
  return { pid: child.pid, ended };
}

function stateOf(confined: Confined): SessionState {
  const cookie = confined.cookie.toString(16).padStart(16, '0');
  return { name: 'test-1', number: SESSION, cookie } as SessionState;
}

/** Each birth and each end is counted once, those that came to nothing too. */
async function counted(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const before = gate.whole();
  const output = `${DIR}/failed`;
  const { ended } = await begin(confined, ['forks', String(FORKS)], output);
  t.same(await ended, { code: 0, signal: null });
  t.equal(Number(readFileSync(output, 'utf8')), Math.floor(FORKS / 4), 'so many forks failed half-way');
  await eventually('the last is freed', () => gate.life(SESSION)?.living === 0);
  t.same(gate.life(SESSION), { cookie: confined.cookie, living: 0, born: FORKS + 1, ending: false });
  const after = gate.whole();
  t.same([after.living - before.living, after.born - before.born], [0, FORKS + 1]);
  t.equal(look(gate, SESSION).over, true);
}

/** A subject that outlives its session, whose numbers are another's then. */
async function outlived(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const host = systemHost();
  const acts = [open(SECRET), 'wait', open(SECRET), 'fork', open(SECRET)];
  const rules = [permit('read', SECRET)];
  const before = gate.whole().strays;
  const { results, counts, events } = await confined.run(acts, {
    rules,
    midway: () => {
      // What a supervisor does that believes it over.
      gate.setSlot(1, null);
      gate.setSession(SESSION, null);
      t.equal(releaseGate(host, gate), false, 'the gate stays while a subject of no session lives');
      confined.renew();
      confined.swap({ rules });
    },
  });
  t.same(results, ['ok', 'ok', 'EPERM', 'EPERM', 'EPERM'], 'it is refused what both policies permit, and may not fork');
  t.same(told(events), []);
  t.same(
    [counts.denied, counts.sequence, counts.unresolved.reduce((sum, count) => sum + count)],
    [0, 0, 0],
    'nothing of it is counted as the next session’s',
  );
  const { strays, stray } = gate.whole();
  t.ok(strays - before >= 3, `but as a stray’s (${strays - before})`);
  t.equal(stray?.comm, 'act');
  const again = await confined.run([open(SECRET)], { rules });
  t.same([again.results, again.counts.denied], [['ok'], 0], 'the next session’s own subject is permitted it');
}

/** A number that is another process's by now. */
async function reused(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const first = await begin(confined, ['threads', '1']);
  await eventually('it is there', () => subjectProcesses(gate, SESSION)[0]?.threads === 2);
  const processes = subjectProcesses(gate, SESSION);
  t.same(
    processes.map(({ pid }) => pid),
    [first.pid],
  );
  t.equal(signalSubjects(addon(), gate, processes, 0), 1, 'itself is reached');
  t.equal(signalSubjects(addon(), gate, processes, 9), 1);
  await first.ended;
  let other: ChildProcess | undefined;
  for (let tries = 0; other?.pid !== first.pid && tries < 50; tries++) {
    other?.kill('SIGKILL');
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(first.pid - 1));
    other = spawn('sleep', ['100000'], { stdio: 'ignore' });
  }
  t.equal(other?.pid, first.pid, 'the number is used again');
  t.equal(signalSubjects(addon(), gate, processes, 9), 0, 'and who has it now is sent nothing');
  t.equal(other?.exitCode, null);
  other?.kill('SIGTERM');
  const signal = await new Promise((resolve) => other?.on('exit', (_code, signal) => resolve(signal)));
  t.equal(signal, 'SIGTERM', 'it lived on');
}

/** Forks are refused while a session is being killed, or the signal would never catch up. */
async function bombs(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const { ended } = await begin(confined, ['bomb']);
  await eventually('it has grown', () => (gate.life(SESSION)?.born ?? 0) > 100);
  t.equal(look(gate, SESSION).over, false);
  const stopped = await stopSession(systemHost(), gate, stateOf(confined), true);
  t.equal(stopped.signal, 'SIGKILL');
  await ended;
  // A look at tasks that are being freed proves nothing: it did once, or stopSession had waited on.
  await eventually('nobody is left', () => look(gate, SESSION).over);
  t.equal(gate.life(SESSION)?.ending, true);
  t.ok(
    (gate.session(SESSION)?.floor[ENUMS.floor.FLOOR_ENDING] ?? 0) > 0,
    'and the forks that were refused are counted',
  );
}

/** Who is dead and held by another is no reason to stay; who lives is. */
async function zombies(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const { pid } = await begin(confined, ['threads', '0']);
  const tracer = spawn(ENDS, ['hold', String(pid)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => tracer.stdout.once('data', resolve));
  t.equal(look(gate, SESSION).over, false, 'it lives');
  process.kill(pid, 'SIGKILL');
  t.equal(await subjectsGone(addon(), gate, SESSION, AbortSignal.timeout(60_000)), true);
  t.equal(gate.life(SESSION)?.living, 1, 'its tracer holds it');
  t.equal(releaseGate(systemHost(), gate), false, 'a session is in use');
  const gone = new Promise((resolve) => tracer.on('exit', resolve));
  tracer.stdin.end();
  await gone;
}

/** Supervisors of programs that no walk over the tasks need meet. */
async function dodgers(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  gate.setSession(SESSION, null);
  gate.setSession(KEEPER, 1n);
  const crowd = spawn(ENDS, ['threads', String(OTHERS)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => crowd.stdout.once('data', resolve));
  for (const [name, count] of [
    ['chain', 600],
    ['hop', 60],
  ] as const) {
    const last = `${DIR}/${name}-last`;
    const run = spawn(process.execPath, [SUPERVISOR, ENDS, name, String(count), last], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const code = await new Promise((resolve) => run.on('exit', (code) => resolve(code)));
    t.equal(code, 0, name);
    t.equal(existsSync(last), true, `${name}: its supervisor stayed to the last of ${count}`);
    t.same(readStates(systemHost()), []);
    t.same(gate.sessions(), [KEEPER], 'and took the session out of the gate');
  }
  crowd.kill('SIGKILL');
}

/** What a supervisor that is killed had not written, the next command writes. */
async function killed(t: Test, confined: Confined): Promise<void> {
  const { gate } = confined;
  const [tries, last] = [12_000, `${DIR}/tries-last`];
  const policies = folder('ends');
  const rules = [
    { permit: 'read', path: '/proc/self/exe' },
    { permit: ['create', 'write'], path: last },
  ];
  writeFileSync(`${policies}/ends.yaml`, JSON.stringify({ version: 1, program: ENDS, default: 'deny', rules }));
  const log = '/var/log/callgate/ends-1.jsonl';
  const words = ['--quiet', '--policies', policies, '--', ENDS, 'tries', String(tries), SECRET, last];
  const run = new Background('run', ...words);
  await run.until(() => existsSync(log) && readFileSync(log, 'utf8').split('\n').length > 100);
  // The second half comes when nobody reads.
  t.equal(existsSync(last), false);
  run.process.kill('SIGKILL');
  await run.ended();
  const [state] = readStates(systemHost());
  await eventually('the program has ended', () => existsSync(last) && look(gate, state?.number ?? 0).over);
  const told = callgate('status');
  t.equal(told.status, 0, told.stderr);
  t.same(readStates(systemHost()), [], 'the session is freed');
  const { records } = readLog(log);
  const numbers = records
    .filter(isEvent)
    .map(({ seq }) => seq)
    .sort((one, other) => one - other);
  t.same(
    numbers,
    Array.from({ length: tries }, (_, at) => at + 1),
    'each event stands in the log, once',
  );
  const end = records.at(-1);
  t.same(
    end?.type === 'end' && [end.unattended, end.sequence, end.denied, end.events, end.dropped],
    [true, tries, tries, tries, 0],
    'and the end, with what was counted',
  );
  t.equal(records.filter(({ type }) => type === 'end').length, 1);
}
