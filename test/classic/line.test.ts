// SPDX-License-Identifier: GPL-2.0-only
/** The classic line, field for field, and the ways it goes: a datagram socket of the test's own, a file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { classicLine } from '../../src/classic/line.js';
import { Stream, Syslog } from '../../src/classic/outlet.js';
import { ClassicSink } from '../../src/classic/sink.js';
import type { EventRecord } from '../../src/events/record.js';
import { addon } from '../../src/kernel/addon.js';
import type { Bytes } from '../../src/policy/bytes.js';

const folder = mkdtempSync(join(tmpdir(), 'callgate-classic-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const IDENTD: EventRecord = {
  ...{ v: 1, seq: 1, time: '2026-11-29T04:00:00.000000Z', session: 'identd', policy: '/usr/libexec/identd' },
  ...{ digest: 'sha256:0', rule: null, line: null, operation: ['read'], object: '/etc/spwd.db', verdict: 'deny' },
  ...{ enforced: true, errno: 'EPERM', pid: 27046, tid: 27046, ppid: 12989, uid: 0, gid: 0 },
  ...{ exe: '/usr/libexec/identd', comm: 'identd', count: 1 },
};
const POLICY = { number: 1, filters: 24, emulation: 'native' };
const facts = (aliased = true) => ({ user: '_identd', policy: POLICY, aliased });
const HEAD =
  'user: _identd, prog: /usr/libexec/identd, pid: 27046(1)[12989], policy: /usr/libexec/identd, filters: 24, syscall: native-';

t.test('field for field', (t) => {
  const lines: [Partial<EventRecord>, string][] = [
    [{}, `deny ${HEAD}fsread(2), filename: /etc/spwd.db`],
    [{ verdict: 'permit', rule: 3 }, `permit ${HEAD}fsread(2), filename: /etc/spwd.db`],
    [{ operation: ['write', 'create'], object: '/tmp/x y' }, `deny ${HEAD}fswrite(2), filename: /tmp/x y`],
    [{ operation: ['delete'] }, `deny ${HEAD}fswrite(87), filename: /etc/spwd.db`],
    [{ operation: ['stat'] }, `deny ${HEAD}fsread(4), filename: /etc/spwd.db`],
    [{ operation: ['exec'], object: '/bin/sh' }, `deny ${HEAD}execve(59), filename: /bin/sh`],
    [{ operation: ['load'] }, `deny ${HEAD}mmap(9), prot: PROT_READ|PROT_EXEC`],
    [{ operation: ['link'], from: '/a', object: '/b' }, `deny ${HEAD}link(86), filename: /a, filename: /b`],
    [{ operation: ['connect'], object: 'tcp:192.0.2.1:80' }, `deny ${HEAD}connect(42), sockaddr: inet-[192.0.2.1]:80`],
    [
      { operation: ['bind'], object: 'udp:[2001:db8::53]:53' },
      `deny ${HEAD}bind(49), sockaddr: inet-[2001:db8::53]:53`,
    ],
    [{ operation: ['connect'], object: 'unix:/dev/log' }, `deny ${HEAD}connect(42), sockaddr: /dev/log`],
    [{ operation: ['connect'], object: 'unix:@name' }, `deny ${HEAD}connect(42), sockaddr: `],
    [{ operation: ['send'], object: 'family 16, kind 3, protocol 0' }, `deny ${HEAD}sendto(44), sockaddr: family(16)`],
    [
      { operation: ['socket'], object: 'family 16, kind 3, protocol 0' },
      `deny ${HEAD}socket(41), sockdom: AF_UNKNOWN(16), socktype: SOCK_RAW`,
    ],
    [{ operation: ['listen'], object: 'tcp:0.0.0.0:80' }, `deny ${HEAD}listen(50), args: 48`],
    [{ type: 'floor', reason: 'ptrace', object: '?', operation: [] }, `deny ${HEAD}ptrace(101), args: 48`],
    [{ object: '/a\\x0ab\\x1bc\\\\d' }, `deny ${HEAD}fsread(2), filename: /a\\nb\\033c\\d`],
    // Of what is attempted, that which is decided.
    [{ operation: ['read', 'write'], decided: ['read'] }, `deny ${HEAD}fsread(2), filename: /etc/spwd.db`],
  ];
  for (const [changed, line] of lines)
    t.equal(classicLine({ ...IDENTD, ...changed }, facts()), line, line.slice(HEAD.length));
  const real = (changed: Partial<EventRecord>): string =>
    classicLine({ ...IDENTD, ...changed }, facts(false)).slice(5 + HEAD.length);
  t.equal(real({}), 'open(2), filename: /etc/spwd.db, oflags: ro', 'by real names');
  t.equal(real({ operation: ['read', 'write', 'create'] }), 'open(2), filename: /etc/spwd.db, oflags: rwc');
  t.end();
});

/** Whoever reads the log: each message ends in a zero on its standard output. */
async function reader(name: string): Promise<{ next: () => Promise<string>; stop: () => Promise<void> }> {
  const child = spawn('perl', [
    '-e',
    `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0) or die; bind(S, pack_sockaddr_un($ARGV[0])) or die $!;
     $| = 1; print "\\0"; while (defined(recv(S, $m, 65536, 0))) { print "$m\\0"; }`,
    name,
  ]);
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  const next = async (): Promise<string> => {
    while (!text.includes('\0')) await once(child.stdout, 'data');
    const [message = '', ...rest] = text.split('\0');
    text = rest.join('\0');
    return message;
  };
  await next();
  return {
    next,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

t.test('to syslog', async (t) => {
  const socket = join(folder, 'log');
  const at = (): Date => new Date(2026, 10, 9, 8, 7, 6);
  const syslog = new Syslog(addon(), socket, at);
  const sink = new ClassicSink(syslog, { policyOf: () => POLICY, aliased: true, isLogged: () => true });
  const line = (changed: Partial<EventRecord>) => ({ record: { ...IDENTD, ...changed }, json: '' });
  sink.records([line({})]);
  t.equal(sink.failure, 'syslog: ENOENT', 'nobody reads the log');
  const first = await reader(socket);
  sink.records([
    line({ object: '/second' }),
    line({ learnt: true }),
    line({ type: 'exec' }),
    line({ type: 'question' }),
  ]);
  const message = (file: string): string =>
    `<12>Nov  9 08:07:06 systrace: deny ${HEAD.replace('_identd', 'root')}fsread(2), filename: ${file}`;
  t.equal(await first.next(), message('/etc/spwd.db'), 'what waited comes first');
  t.equal(await first.next(), message('/second'));
  t.equal(sink.failure, null);
  await first.stop();
  rmSync(socket);
  const second = await reader(socket);
  sink.records([line({ object: '/third' })]);
  t.equal(await second.next(), message('/third'), 'the daemon was started anew');
  sink.records([line({ verdict: 'permit', object: '/fourth' })]);
  t.equal(await second.next(), message('/fourth').replace('deny', 'permit'));
  await second.stop();
  sink.records([line({})]);
  sink.close();
  t.equal(sink.lost, 1, 'what could not be told is counted');
});

t.test('to a file', (t) => {
  const file = join(folder, 'systrace.log');
  for (const text of ['first', 'second']) {
    const stream = Stream.file(file);
    stream.say(text as Bytes);
    stream.close();
  }
  t.equal(readFileSync(file, 'latin1'), 'systrace: first\nsystrace: second\n', 'it is appended to');
  symlinkSync(file, `${file}.link`);
  t.throws(() => Stream.file(`${file}.link`), { message: `${file}.link: the log cannot be opened (ELOOP)` });
  t.throws(() => Stream.file('/dev/null'), { message: '/dev/null: the log is no regular file' });
  t.end();
});
