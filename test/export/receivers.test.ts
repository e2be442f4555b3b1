// SPDX-License-Identifier: GPL-2.0-only
/** Receivers: rsyslogd itself, journald's socket by a process of its own, and such that hang, close or answer garbage. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Log } from '../../src/audit/log.js';
import { readCursor } from '../../src/export/cursor.js';
import { addon } from '../../src/kernel/addon.js';
import { event, events, folder, run, SESSION, text, until } from './build.js';

t.setTimeout(240_000);
const RSYSLOGD = '/usr/sbin/rsyslogd';
const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Ends a process that a test began, by its pid, and waits until it has. */
async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill(signal);
  await over;
}

function rsyslogd(t: Test, at: string, port: number): ChildProcess {
  writeFileSync(
    join(at, 'rsyslog.conf'),
    `module(load="imuxsock" SysSock.Use="off")
module(load="imtcp" MaxSessions="20")
global(workDirectory="${at}" maxMessageSize="64k")
template(name="line" type="string" string="%pri%|%timereported:::date-rfc3339%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
input(type="imuxsock" Socket="${at}/log" UseSpecialParser="off" ParseHostname="on" IgnoreTimestamp="off" RateLimit.Interval="0")
input(type="imtcp" address="127.0.0.1" port="${port}")
action(type="omfile" file="${at}/out" template="line" flushOnTXEnd="on")
`,
  );
  const child = spawn(RSYSLOGD, ['-n', '-f', join(at, 'rsyslog.conf'), '-i', join(at, 'pid')], { stdio: 'inherit' });
  t.teardown(() => end(child, 'SIGKILL'));
  return child;
}

/** The numbers of the export, and whole lines, as rsyslogd wrote them. */
function received(at: string): { numbers: number[]; lines: string[] } {
  const lines = existsSync(join(at, 'out')) ? readFileSync(join(at, 'out'), 'utf8').trimEnd().split('\n') : [];
  return { numbers: lines.map((line) => Number(/\[meta sequenceId="(\d+)"\]/.exec(line)?.[1])), lines };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const skipRsyslog = existsSync(RSYSLOGD) ? false : 'rsyslogd is not installed (scripts/setup --tests)';

t.test('rsyslogd, by its socket and over TCP', { skip: skipRsyslog }, async (t) => {
  const at = folder(t);
  const port = await freePort();
  const child = rsyslogd(t, at, port);
  await until(() => existsSync(join(at, 'log')), 'the socket of rsyslogd');
  const file = join(at, 's-1.jsonl');
  const odd = event(4, { object: '/tmp/a"]\\xff\\\\ ä', comm: 'x\ny', enforced: false });
  writeFileSync(file, text([SESSION, ...events(1, 3), odd]));
  const one = await run(file, `syslog:${at}/log`);
  t.same(
    { ...one, to: '' },
    {
      session: 's-1',
      to: '',
      exported: 5,
      gone: 0,
      refused: 0,
      bad: 0,
      unconfirmed: 0,
      number: 5,
      unended: [{ session: 's-1', last: 4, living: false }],
      failure: null,
      said: [],
    },
  );
  await until(() => received(at).lines.length === 5, 'five lines');
  const { numbers, lines } = received(at);
  t.same(numbers, [1, 2, 3, 4, 5]);
  t.equal(
    lines[0],
    '85|2026-11-29T08:00:00.000Z|callgate|SESSION|[meta sequenceId="1"][callgate@32473 export="1" session="s-1" kind="run" command="cat" folder="/p"]|run cat, policies in /p',
  );
  t.match(
    lines[1],
    /^84\|2026-11-29T08:00:00\.000001Z\|callgate\|ACCESS\|\[meta sequenceId="2"\]\[callgate@32473 export="2" seq="1" /,
  );
  t.match(
    lines[4],
    / object="\/tmp\/a\\"\\\]\\\\xff\\\\\\\\ ä" .* comm="x\\\\x0ay" .*\]\|would deny \(EPERM\) read \/tmp\/a"\]/,
  );
  const two = await run(file, `syslog:tcp:127.0.0.1:${port}`);
  t.same([two.exported, two.unconfirmed, two.failure], [5, 0, null], 'it closed the connection, so it read all');
  await until(() => received(at).lines.length === 10, 'ten lines');
  t.same(received(at).lines.slice(5), lines, 'the same, by either way');
  await end(child);
});

t.test('rsyslogd is ended and begun anew, in the middle', { skip: skipRsyslog }, async (t) => {
  for (const way of ['socket', 'tcp'] as const) {
    const at = folder(t);
    const port = await freePort();
    const to = way === 'socket' ? `syslog:${at}/log` : `syslog:tcp:127.0.0.1:${port}`;
    let child = rsyslogd(t, at, port);
    await until(() => existsSync(join(at, 'log')), 'the socket of rsyslogd');
    const file = join(at, 's-1.jsonl');
    const cursor = join(at, 'cursor');
    const log = new Log(file);
    t.teardown(() => log.close());
    let living = true;
    const exporting = run(file, to, {
      follow: true,
      cursor,
      sessions: () => new Set(living ? ['s-1'] : []),
      most: null,
    });
    const total = 3000;
    for (let seq = 1; seq <= total; seq += 10) {
      log.write(events(seq, seq + 9).map((one) => JSON.stringify(one)));
      if (seq === 1001) await until(() => received(at).lines.length > 500, 'some lines');
      if (seq === 1501) {
        // What lies unread in a socket goes with whoever ends, and no sender of datagrams is told.
        if (way === 'socket') await until(() => received(at).numbers.length >= seq + 9, 'all that was sent');
        await end(child);
        unlinkIfThere(join(at, 'log'));
        child = rsyslogd(t, at, port);
      }
      if (seq % 100 === 1) await after(5);
    }
    living = false;
    const result = await exporting;
    t.same([result.exported, result.gone, result.refused, result.failure], [total, 0, 0, null], way);
    await until(() => new Set(received(at).numbers).size >= total, `all lines by ${way}`);
    t.same(
      [...new Set(received(at).numbers)].sort((one, other) => one - other),
      count(1, total),
      `${way}: none is missing`,
    );
    t.equal(readCursor(cursor, 's-1', to)?.number, total);
    await end(child);
  }
});

function unlinkIfThere(file: string): void {
  if (existsSync(file)) unlinkSync(file);
}

/** Writes each datagram as a line of hex, those of a memfd behind `memfd`, with its seals. */
const JOURNAL = `
import array, fcntl, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('ready', flush=True)
while True:
    data, control, flags, _ = s.recvmsg(1 << 22, socket.CMSG_SPACE(4))
    if control:
        fd = array.array('i', control[0][2])[0]
        seals = fcntl.fcntl(fd, 1034)
        size = os.fstat(fd).st_size
        print('memfd', seals, len(data), os.pread(fd, size, 0).hex(), flush=True)
    else:
        print(data.hex(), flush=True)
`;

t.test("journald's socket: datagrams, and memfds for what is longer", async (t) => {
  const at = folder(t);
  const child = spawn('python3', ['-c', JOURNAL, `${at}/socket`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => end(child, 'SIGKILL'));
  let out = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  await until(() => out.startsWith('ready\n'), 'the socket');
  const file = join(at, 's-1.jsonl');
  const long = event(2, { comm: 'x'.repeat(600_000) });
  writeFileSync(file, text([event(1), long, event(3)]));
  const result = await run(file, `journald:${at}/socket`);
  t.same([result.exported, result.refused, result.failure], [3, 0, null]);
  await until(() => out.split('\n').length >= 5, 'three entries');
  const [, first = '', second = '', third = ''] = out.split('\n');
  const field = (hex: string, name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(Buffer.from(hex, 'hex').toString())?.[1];
  t.equal(field(first, 'CALLGATE_RECORD'), JSON.stringify(event(1)));
  t.match(
    Buffer.from(first, 'hex').toString(),
    /^MESSAGE=denied .*\nPRIORITY=4\nSYSLOG_IDENTIFIER=callgate\nCALLGATE_EXPORT=1\n/,
  );
  const [word, seals, length, memory = ''] = second.split(' ');
  t.same([word, seals, length], ['memfd', '15', '0'], 'sealed: nothing of it can change any more');
  t.equal(field(memory, 'CALLGATE_RECORD'), JSON.stringify(long));
  t.same([field(memory, 'CALLGATE_EXPORT'), field(third, 'CALLGATE_EXPORT')], ['2', '3']);
  await end(child);
});

t.test('what is too long for syslog has its number, and is told', async (t) => {
  const at = folder(t);
  const child = spawn('python3', ['-c', JOURNAL, `${at}/socket`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => end(child, 'SIGKILL'));
  let out = '';
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  await until(() => out.startsWith('ready\n'), 'the socket');
  const file = join(at, 's-1.jsonl');
  writeFileSync(file, text([event(1), event(2, { comm: 'x'.repeat(600_000) }), event(3)]));
  const result = await run(file, `syslog:${at}/socket`);
  t.same([result.exported, result.refused, result.number], [2, 1, 4]);
  await until(() => out.split('\n').length >= 5, 'three messages');
  const messages = out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((hex) => Buffer.from(hex, 'hex').toString());
  t.same(
    messages.map((one) => Number(/ export="(\d+)"/.exec(one)?.[1])),
    [1, 3, 4],
  );
  t.match(messages[1], / LOST .* unwritten="1" sink="export"\] lost 1 record that the export could not take/);
  await end(child);
});

t.test('a socket that nobody reads, and one that is not there', async (t) => {
  const at = folder(t);
  const file = join(at, 's-1.jsonl');
  writeFileSync(file, text(events(1, 2000)));
  const cursor = join(at, 'cursor');
  const absent = await run(file, `syslog:${at}/socket`, { most: 300, cursor });
  t.match(absent.failure, /socket takes nothing \(ENOENT\)/);
  t.same([absent.exported, existsSync(cursor)], [0, false]);
  // Stopped, it reads nothing.
  const child = spawn('python3', ['-c', JOURNAL, `${at}/socket`], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => end(child, 'SIGKILL'));
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (piece: Buffer) => {
    const all = (rest + piece.toString()).split('\n');
    rest = all.pop() ?? '';
    lines.push(...all);
  });
  await until(() => lines[0] === 'ready', 'the socket');
  child.kill('SIGSTOP');
  const hung = await run(file, `syslog:${at}/socket`, { most: 1500, cursor });
  t.match(hung.failure, /takes nothing \(EAGAIN\)/);
  t.same([hung.said.length, hung.gone, hung.refused], [1, 0, 0], 'it is told once');
  t.ok(hung.exported < 2000);
  child.kill('SIGCONT');
  const rest_ = await run(file, `syslog:${at}/socket`, { cursor });
  t.same([rest_.exported + hung.exported, rest_.number, rest_.failure], [2000, 2000, null]);
  await until(() => lines.length === 2001, 'all of them');
  t.same(
    lines.slice(1).map((hex) => Number(/ export="(\d+)"/.exec(Buffer.from(hex, 'hex').toString())?.[1])),
    count(1, 2000),
    'each once, in order',
  );
  await end(child);
  const tcp = await run(file, 'syslog:tcp:127.0.0.1:1', { most: 300 });
  t.match(tcp.failure, /takes nothing \(ECONNREFUSED\)/);
});

/** A TCP receiver that reads frames, as `how` says: what it does with a connection. */
async function receiver(
  t: Test,
  how: (socket: Socket, connection: number) => void,
): Promise<{ port: number; frames: () => string[] }> {
  const streams: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const at = streams.push(Buffer.alloc(0)) - 1;
    socket.on('data', (piece) => {
      streams[at] = Buffer.concat([streams[at] as Buffer, piece]);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    how(socket, at);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, frames: () => streams.flatMap(framesIn) };
}

/** Whole frames of octet counting. */
function framesIn(stream: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; ; ) {
    const space = stream.indexOf(0x20, at);
    const length = Number(stream.toString('latin1', at, space < 0 ? at : space));
    if (space < 0 || space + 1 + length > stream.length) return frames;
    frames.push(stream.toString('utf8', space + 1, space + 1 + length));
    at = space + 1 + length;
  }
}
const numbersOf = (frames: readonly string[]): number[] =>
  frames.map((frame) => Number(/ export="(\d+)"/.exec(frame)?.[1]));
const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((one, other) => one - other);

t.test('TCP: a receiver that answers garbage', async (t) => {
  const file = join(folder(t), 's-1.jsonl');
  writeFileSync(file, text(events(1, 500)));
  const { port, frames } = await receiver(t, (socket) => {
    socket.on('data', () => socket.write(Buffer.alloc(1000, 0xff)));
  });
  const result = await run(file, `syslog:tcp:127.0.0.1:${port}`);
  t.same([result.exported, result.unconfirmed, result.failure], [500, 0, null]);
  t.same(numbersOf(frames()), count(1, 500));
});

t.test('TCP: a receiver that closes in the middle, in order or not', async (t) => {
  for (const way of ['end', 'reset'] as const) {
    const file = join(folder(t), 's-1.jsonl');
    writeFileSync(file, text(events(1, 3000)));
    const { port, frames } = await receiver(t, (socket, connection) => {
      let bytes = 0;
      socket.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (connection >= 3 || bytes < 100_000) return;
        if (way === 'end') socket.end();
        else socket.resetAndDestroy();
      });
    });
    const result = await run(file, `syslog:tcp:127.0.0.1:${port}`);
    t.same([result.exported, result.unconfirmed, result.failure], [3000, 0, null], way);
    t.same(sorted(numbersOf(frames())), count(1, 3000), `${way}: none is missing`);
  }
});

t.test('TCP: a receiver that hangs, and one that closes every connection at once', async (t) => {
  const at = folder(t);
  const file = join(at, 's-1.jsonl');
  const big = events(1, 20_000, { object: `/${'x'.repeat(1000)}` });
  writeFileSync(file, text(big));
  const hanging = await receiver(t, (socket) => socket.pause());
  const cursor = join(at, 'cursor');
  const hung = await run(file, `syslog:tcp:127.0.0.1:${hanging.port}`, { most: 1000, cursor });
  t.match(hung.failure, /takes nothing \(it reads nothing\)/);
  t.ok(hung.unconfirmed > 0 && hung.unconfirmed === hung.exported, 'what it was handed counts as not arrived');
  t.notOk(existsSync(cursor), 'and is handed on again');
  const closing = await receiver(t, (socket) => socket.resetAndDestroy());
  writeFileSync(file, text(events(1, 10)));
  const closed = await run(file, `syslog:tcp:127.0.0.1:${closing.port}`, { most: 1000 });
  t.match(closed.failure, /takes nothing/);
  t.same([closed.unconfirmed, closed.gone], [closed.exported, 0]);
  const open = await receiver(t, (socket) => {
    socket.removeAllListeners('end');
  });
  const never = await run(file, `syslog:tcp:127.0.0.1:${open.port}`, { most: 500 });
  t.match(never.failure, /it does not close the connection/);
  t.equal(never.unconfirmed, 10, 'nobody can tell whether it was read');
});

t.test('a live session: nothing waits for a receiver, and what is rotated away meanwhile is counted', async (t) => {
  const at = folder(t);
  const file = join(at, 's-1.jsonl');
  const log = new Log(file, 20_000);
  t.teardown(() => log.close());
  let open = false;
  const { port, frames } = await receiver(t, (socket) => {
    if (!open) socket.pause();
  });
  const enough = new AbortController();
  const stop = new AbortController();
  const cursor = join(at, 'cursor');
  const to = `syslog:tcp:127.0.0.1:${port}`;
  const hung = run(file, to, {
    follow: true,
    cursor,
    sessions: () => new Set(['s-1']),
    most: null,
    enough: enough.signal,
    stop: stop.signal,
  });
  const began = performance.now();
  for (let seq = 1; seq <= 20_000; seq += 100)
    log.write(events(seq, seq + 99, { object: `/${'x'.repeat(500)}` }).map((one) => JSON.stringify(one)));
  t.ok(performance.now() - began < 60_000);
  t.equal(log.lost, 0, 'the log took all of it');
  await after(300);
  enough.abort();
  stop.abort();
  const first = await hung;
  t.same([first.failure, existsSync(cursor)], [null, false]);
  open = true;
  log.write(events(20_001, 20_010).map((one) => JSON.stringify(one)));
  const second = await run(file, to, { cursor });
  t.equal(second.gone + second.exported, 20_010, 'every event is handed on or counted');
  t.ok(second.gone > 0);
  t.equal(second.number, 20_010 + 1, 'the record that tells of it has a number too');
  const [lost = ''] = frames();
  t.match(lost, new RegExp(` LOST .* unwritten="${second.gone}" sink="export"\\]`));
  t.same(numbersOf(frames()), count(second.gone + 1, 20_011), 'and the gap shows');
});

t.test('files and streams: on from the cursor, a header once, a full or closed one', async (t) => {
  const at = folder(t);
  const file = join(at, 's-1.jsonl');
  const cursor = join(at, 'cursor');
  writeFileSync(file, text(events(1, 3)));
  await run(file, `csv:${at}/out.csv`, { cursor });
  appendFileSync(file, text(events(4, 5)));
  const again = await run(file, `csv:${at}/out.csv`, { cursor });
  t.same([again.exported, again.number], [2, 5]);
  const lines = readFileSync(`${at}/out.csv`, 'utf8').trimEnd().split('\r\n');
  t.same(
    lines.map((line) => line.split(',')[0]),
    ['export', '1', '2', '3', '4', '5'],
  );
  await t.rejects(run(file, `jsonl:${at}/out.jsonl`, { cursor }), /the cursor of s-1 to csv:/);
  const bad = join(at, 'bad');
  const whole_ = JSON.parse(readFileSync(cursor, 'utf8')) as Record<string, unknown>;
  for (const [what, why] of [
    ['', 'it is empty'],
    ['{"v":1,', 'it is not JSON'],
    [JSON.stringify({ ...whole_, offset: -1 }), 'offset: Too small: expected number to be >=0'],
    ['[]', 'Invalid input: expected object, received array'],
  ] as const) {
    writeFileSync(bad, what);
    await t.rejects(run(file, `csv:${at}/out.csv`, { cursor: bad }), {
      message: `${bad}: no cursor of an export: ${why}`,
      remedy: `--cursor another FILE; or, if it was one: rm ${bad}, and the log is handed on from its beginning`,
    });
  }
  mkdirSync(join(at, 'folder'));
  await t.rejects(run(file, `jsonl:${at}/folder`), /cannot be written \(EISDIR\)/);
  t.match((await run(file, `syslog:${at}/out.csv`, { most: 200 })).failure, /out\.csv takes nothing \(ECONNREFUSED\)/);
  const unlock = addon().lock(`${cursor}.lock`);
  await t.rejects(run(file, `csv:${at}/out.csv`, { cursor }), /another export uses this cursor/);
  unlock();
  const slow = new PassThrough({ highWaterMark: 10 });
  const stuck = await run(file, 'jsonl:-', { stdout: slow, most: 300 });
  t.match(stuck.failure, /nobody reads it/);
  const whole = new PassThrough();
  const result = await run(file, 'jsonl:-', { stdout: whole });
  t.equal(result.failure, null);
  t.same(
    (whole.read() as Buffer)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).export),
    [1, 2, 3, 4, 5],
  );
});

t.test(
  'what is no log, a log that would be written to itself, and a record that lacks what its type has',
  async (t) => {
    const at = folder(t);
    const file = join(at, 's-1.jsonl');
    const [one, two] = events(1, 2).map((event) => JSON.stringify(event));
    writeFileSync(file, `${one}\n{"v":1,"type":"session","time":"2026-11-29T08:00:00.000Z","session":"s-1"}\n${two}\n`);
    const self = join(at, 'self');
    linkSync(file, self);
    await t.rejects(run(file, `jsonl:${self}`), {
      message: `${self}: that is the log itself, which would be read and written without end`,
    });
    const pipe = join(at, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const none of [pipe, at, '/dev/null'])
      await t.rejects(run(none, `jsonl:${at}/out`), {
        ...{ message: `${none}: no log, for it is no regular file`, exit: 125 },
        remedy: 'name a session, or the file of its log',
      });
    t.notOk(existsSync(`${at}/out`), 'nothing was begun');
    const { exported, bad, number } = await run(file, `csv:${at}/out.csv`);
    t.same(
      { exported, bad, number },
      { exported: 2, bad: 1, number: 4 },
      'its number is missing, and the next is of who says so',
    );
  },
);
