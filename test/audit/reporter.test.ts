// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ENUMS } from '../../src/abi/abi.gen.js';
import { structBytes, writeNumber } from '../../src/abi/struct.js';
import type { Application } from '../../src/application/application.js';
import { digestText } from '../../src/application/compiled.js';
import { Log } from '../../src/audit/log.js';
import { readLog } from '../../src/audit/read.js';
import { Reporter } from '../../src/audit/reporter.js';
import type { EventSink, Line } from '../../src/audit/sink.js';
import { TerminalSink } from '../../src/audit/terminal.js';
import {
  type CalledNote,
  type EventRecord,
  type GivenNote,
  isEvent,
  type LogRecord,
  type NoteRecord,
} from '../../src/events/record.js';
import type { Host } from '../../src/host/host.js';
import { localTime } from '../../src/host/time.js';
import { Gate } from '../../src/kernel/gate.js';
import { u32, u64 } from '../../src/kernel/records.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { type Image, Session } from '../../src/session/session.js';
import { around } from '../cases.js';
import { argumentBytes, eventBytes, FLAG, OBJECT, TYPE } from '../events/build.js';
import { hasFields } from '../fields.js';
import { FakeAddon, type FakeGate } from '../session/fake-addon.js';

const HEAD = 'version: 1\nprogram: /usr/bin/cat\ndefault: deny\nrules:\n';
const DENY = '  - deny: read\n    path: /etc/shadow\n';

function application(text: string): Application {
  return { folder: '/p', policies: [{ file: '/p/cat.yaml', text, policy: parsePolicy(text, 'cat.yaml', around) }] };
}

function image(from: Application | null, generation: number): Image {
  const policy = from?.policies[0]?.policy;
  return {
    ...{ index: policy === undefined ? 0 : 1, program: '/usr/bin/cat', file: null, generation },
    ...{ digest: policy === undefined ? 'sha256:empty' : digestText(policy), mode: 'enforce', version: 1, class: 0 },
    bytes: Buffer.from('image'),
  };
}

interface Stage {
  readonly session: Session;
  readonly reporter: Reporter;
  readonly said: string[];
  readonly log: () => LogRecord[];
  /** Counts events that the ring had no room for. */
  readonly drop: (dropped: number) => void;
}

function stage(
  test: Test,
  first: Application | null,
  more: readonly EventSink[] = [],
  quiet = false,
  kind: 'run' | 'learn' = 'run',
): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-reporter-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  const addon = new FakeAddon();
  const native = addon.load({ directory: join(folder, 'bpf') }) as FakeGate;
  const host: Host = {
    ...{ addon, pins: join(folder, 'bpf'), run: join(folder, 'run'), journals: join(folder, 'lib') },
    ...{ logs: join(folder, 'log'), policies: join(folder, 'policies'), groups: [], installation: join(folder, 'lib') },
  };
  const log = join(host.logs, 'cat-1.jsonl');
  const session = Session.open(
    host,
    new Gate(native),
    {
      ...{ name: 'cat-1', kind, command: ['/usr/bin/cat', 'x'], folder: '/p', user: null, log },
      ...{ journal: null, mode: null },
    },
    [image(first, 1)],
  );
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const sinks = [new Log(log), ...more, ...(quiet ? [] : [new TerminalSink(say, 'cat-1', log)])];
  const reporter = new Reporter(session, sinks, say);
  if (first !== null) reporter.hold(first);
  const drop = (dropped: number): void => {
    const value = Buffer.from(native.lookup('sessions', u32(session.number)) as Buffer);
    writeNumber(value, 'session', 'dropped', dropped);
    native.update('sessions', u32(session.number), value);
  };
  return { session, reporter, said, log: () => [...readLog(log).records], drop };
}

function same(fd: number, file: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === file;
  } catch {
    return false;
  }
}

/** A sink that keeps what it gets. */
class Kept implements EventSink {
  readonly name: string = 'kept';
  lost = 0;
  failure: string | null = null;
  readonly taken: Line[] = [];

  records(lines: readonly Line<EventRecord>[]): void {
    this.taken.push(...lines);
  }

  note(line: Line<NoteRecord>): void {
    this.taken.push(line);
  }

  async flush(): Promise<void> {}

  close(): void {}
}

const events = (log: readonly LogRecord[]): EventRecord[] => log.filter(isEvent);
const ofType = (log: readonly LogRecord[], type: string): LogRecord[] => log.filter((record) => record.type === type);

t.test('of what a program is run with the log has only what it then uses', async (t) => {
  const { session, reporter, log } = stage(t, application(HEAD + DENY));
  const policy = session.policyOf('/usr/bin/cat')?.number as number;
  const learnt = { policy, verdict: 0, errnum: 0, flags: FLAG.learnt, exe: 1 } as const;
  reporter.deliver(
    Buffer.concat([
      eventBytes('/usr/bin/cat', { ...learnt, type: TYPE.exec, sequence: 1, exe: 0, operations: ['exec'] }),
      argumentBytes('/srv', ['cat', '-phunter2', 'in/a', '/srv/b', '/srv/c', '/srv/d'], { policy, exe: 1 }),
      argumentBytes('/srv', ['cat'], { policy, exe: 1, first: 2 }, 'hunter2'),
      eventBytes('/srv/in/a', { ...learnt, sequence: 2 }),
      eventBytes('/srv/b', { ...learnt, sequence: 3, operations: ['stat'] }),
      eventBytes('/srv/c', { policy, sequence: 4, exe: 1 }),
    ]),
  );
  reporter.deliver(eventBytes('/srv/d/e', { ...learnt, sequence: 5 }));
  reporter.end();
  t.same(
    ofType(log(), 'given').map((note) => [(note as GivenNote).program, (note as GivenNote).path]),
    [
      ['/usr/bin/cat', '/srv/in/a'],
      ['/usr/bin/cat', '/srv/d'],
    ],
    'what was only looked at, or refused, was not used',
  );
  hasFields(t, ofType(log(), 'unread'), [{ unread: 0, cut: 1 }]);
  t.same(
    events(log()).map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
    'and what it was run with is no event',
  );
  t.notMatch(JSON.stringify(log()), /hunter2/);
});

t.test('a log begins with its session, has each event, and ends with the counters', async (t) => {
  const { session, reporter, said, log } = stage(t, application(HEAD + DENY));
  const number = session.policyOf('/usr/bin/cat')?.number as number;
  reporter.deliver(
    Buffer.concat([
      eventBytes('/etc/shadow', { policy: number, rule: 1, sequence: 1 }),
      eventBytes('/etc/motd', { policy: number, verdict: 0, errnum: 0, sequence: 2 }),
    ]),
  );
  reporter.problem('the changed policy is bad');
  reporter.end();
  hasFields(t, log(), [
    { type: 'session', session: 'cat-1', kind: 'run', folder: '/p', command: ['/usr/bin/cat', 'x'] },
    { seq: 1, policy: '/usr/bin/cat', rule: 1, line: 5, verdict: 'deny', session: 'cat-1' },
    { seq: 2, verdict: 'permit' },
    { type: 'problem', problem: 'the changed policy is bad' },
    { type: 'end', dropped: 0 },
  ]);
  t.equal(log().length, 5);
  t.same(
    said,
    ['denied (EPERM) read /etc/shadow: cat[812] uid 1000, rule 1 (line 5)'],
    'what was permitted is not told',
  );
});

t.test(
  'told: refusals and the floor. Not told: what runs, what is learnt, and nothing where nobody listens',
  async (t) => {
    for (const quiet of [false, true]) {
      const { reporter, said, log } = stage(t, application(HEAD), [], quiet);
      reporter.deliver(
        Buffer.concat([
          eventBytes('', { type: TYPE.floor, object: OBJECT.none, reason: 5 }),
          eventBytes('/x', { flags: 0 }),
          eventBytes('/x', { flags: 2, verdict: 0 }),
          eventBytes('/x', { type: TYPE.exec, verdict: 0 }),
        ]),
      );
      reporter.end();
      hasFields(t, said, quiet ? [] : [/^refused chroot/, /^would deny/]);
      t.equal(said.length, quiet ? 0 : 2);
      t.equal(events(log()).length, 4, 'the log has them all');
    }
  },
);

t.test('a policy that is replaced: events on their way still mean the rules that judged them', async (t) => {
  const old = application(HEAD + DENY);
  const { session, reporter, log } = stage(t, old);
  const number = session.policyOf('/usr/bin/cat')?.number as number;
  const changed = application(`${HEAD}  - permit: read\n    path: /etc/motd\n${DENY}`);
  // In the order of src/session/reload.ts: held, then in the gate.
  reporter.hold(changed);
  session.replace([image(changed, 2)]);
  reporter.deliver(
    Buffer.concat([
      eventBytes('/etc/shadow', { policy: number, rule: 1, generation: 1, sequence: 1 }),
      eventBytes('/etc/shadow', { policy: number, rule: 2, generation: 2, sequence: 2 }),
    ]),
  );
  reporter.end();
  const digest = (from: Application): string => image(from, 1).digest;
  hasFields(t, events(log()), [
    { seq: 1, rule: 1, line: 5, digest: digest(old) },
    { seq: 2, rule: 2, line: 7, digest: digest(changed) },
  ]);
});

t.test('while learning, a program without a policy is named by what runs', async (t) => {
  const sink = new Kept();
  const { session, reporter } = stage(t, null, [sink]);
  const policy = session.policyOf('/usr/bin/anything')?.number as number;
  reporter.deliver(
    Buffer.concat([
      eventBytes('/usr/bin/sed', { type: TYPE.exec, verdict: 0, policy, sequence: 1 }),
      eventBytes('/x', { verdict: 0, flags: 2, policy, sequence: 2, exe: 1 }),
    ]),
  );
  reporter.end();
  hasFields(t, sink.taken.map(({ record }) => record).filter(isEvent), [
    { type: 'exec', object: '/usr/bin/sed' },
    { policy: '/usr/bin/sed', digest: 'sha256:empty' },
  ]);
});

t.test('losses are told when they happen, each once', async (t) => {
  const { reporter, log, drop } = stage(t, application(HEAD));
  reporter.deliver(eventBytes('/a'));
  t.same(ofType(log(), 'lost'), []);
  drop(5);
  reporter.deliver(eventBytes('/b'));
  reporter.deliver(eventBytes('/c'));
  drop(7);
  const bad = eventBytes('/d');
  bad.writeUInt8(99, 4);
  reporter.deliver(bad);
  hasFields(t, ofType(log(), 'lost'), [
    { dropped: 5, malformed: 0 },
    { dropped: 2, malformed: 1 },
  ]);
  t.equal(ofType(log(), 'lost').length, 2);
  drop(8);
  reporter.end();
  hasFields(t, ofType(log(), 'lost')[2], { dropped: 1, malformed: 0 }, 'those behind the last batch');
  hasFields(t, ofType(log(), 'end'), [{ dropped: 8 }]);
});

t.test('a flood does not drown the person', async (t) => {
  const { reporter, said, log } = stage(t, application(HEAD));
  for (let sequence = 1; sequence <= 500; sequence++) reporter.deliver(eventBytes(`/f${sequence}`, { sequence }));
  reporter.end();
  t.ok(said.length >= 21 && said.length <= 63, `${said.length} lines`);
  const told = said.filter((line) => line.startsWith('denied')).length;
  const more = said.map((line) => Number(/^(\d+) more denials, in /.exec(line)?.[1] ?? 0)).reduce((a, b) => a + b);
  t.equal(told + more, 500);
  t.equal(events(log()).length, 500);
});

t.test('a disk that takes nothing is told once, and stops nothing', async (t) => {
  const { session, reporter, said } = stage(t, application(HEAD));
  const { log } = session.state;
  // The log's descriptor, put to one of the same file that may not write.
  const fds = Array.from({ length: 4096 }, (_, fd) => fd).filter((fd) => same(fd, log));
  t.equal(fds.length, 1);
  closeSync(fds[0] as number);
  t.equal(openSync(log, 'r'), fds[0]);
  reporter.deliver(eventBytes('/a', { verdict: 0 }));
  reporter.deliver(eventBytes('/b', { verdict: 0 }));
  hasFields(t, said, [/the log cannot be written \(.*cat-1\.jsonl: EBADF\)/]);
  t.equal(said.length, 1);
  reporter.end();
  t.match(said[1], /^lost 4 records of the log/, 'two events, the problem and the end');
  t.equal(readFileSync(log, 'utf8').trim().split('\n').length, 1);
});

t.test('a sink that fails is told to the others, and stops none', async (t) => {
  const waits = new Kept();
  const throws: EventSink = {
    ...{ name: 'throws', lost: 0, failure: null, note: () => undefined, flush: () => Promise.reject(new Error('no')) },
    records: () => {
      throw new Error('broken');
    },
    close: () => {
      throw new Error('broken');
    },
  };
  const { reporter, said, log } = stage(t, application(HEAD), [throws, waits], true);
  reporter.deliver(eventBytes('/a', { sequence: 1 }));
  waits.failure = 'EPIPE';
  reporter.deliver(eventBytes('/b', { sequence: 2 }));
  waits.lost = 3;
  waits.failure = null;
  reporter.deliver(eventBytes('/c', { sequence: 3 }));
  await reporter.flush();
  reporter.end();
  t.same(
    events(log()).map(({ seq }) => seq),
    [1, 2, 3],
    'the log has all',
  );
  t.same(
    log().flatMap((record) => (record.type === 'problem' ? [record.problem] : [])),
    ['the throws cannot be written: broken', 'the kept cannot be written: EPIPE'],
  );
  t.same(
    log().flatMap((record) => (record.type === 'lost' ? [[record.sink, record.unwritten]] : [])),
    [
      ['kept', 3],
      ['throws', 3],
    ],
    'what worked again at once, what never did at the end',
  );
  t.same(said.slice(2), ['lost 3 records of the throws (broken)', 'lost 3 records of the kept']);
});

t.test('each record is serialised once, and what it is written as is what it is', async (t) => {
  const one = new Kept();
  const two = new Kept();
  const { reporter } = stage(t, application(HEAD), [one, two]);
  reporter.deliver(eventBytes('/a'));
  reporter.end();
  t.equal(one.taken.length, 3);
  for (const [at, line] of one.taken.entries()) {
    t.equal(two.taken[at]?.json, line.json);
    t.same(JSON.parse(line.json), line.record);
  }
});

t.test('the end names its counters', async (t) => {
  const { session, reporter, log } = stage(t, application(HEAD));
  const { native } = session.gate;
  const value = Buffer.from(native.lookup('sessions', u32(session.number)) as Buffer);
  writeNumber(value, 'session', 'denied', 2);
  writeNumber(value, 'session', 'floor', 7, ENUMS.floor.FLOOR_MOUNT);
  writeNumber(value, 'session', 'unresolved', 4, ENUMS.unresolved.UNRESOLVED_RACE);
  native.update('sessions', u32(session.number), value);
  reporter.end();
  const [end] = ofType(log(), 'end');
  const { time: _time, ...facts } = end as LogRecord & { time: string };
  t.same(facts, {
    ...{ v: 1, type: 'end', session: 'cat-1', sequence: 0, events: 0, dropped: 0, repeats: 0, denied: 2 },
    ...{ complained: 0, learnt: 0, silent: 0, unresolved: { race: 4 }, floor: { mount: 7 }, deniedBy: {} },
  });
});

t.test('while the program has the terminal denials are held, and told at its end, each kind once', async (t) => {
  const said: string[] = [];
  const terminal = new TerminalSink((line) => void said.push(line), 'cat-1', '/l.jsonl');
  const { reporter, log } = stage(t, application(HEAD), [terminal], true);
  terminal.hold();
  for (let sequence = 1; sequence <= 3; sequence++) reporter.deliver(eventBytes('/etc/shadow', { sequence }));
  t.same(said, []);
  terminal.release();
  const [{ time }] = events(log()).slice(-1) as [EventRecord];
  t.same(said.splice(0), [
    "refused while it ran, and held back for the terminal was the program's (each is in /l.jsonl):",
    `/usr/bin/cat: read /etc/shadow (EPERM), 3 times, last ${localTime(time, false)}, event cat-1:3\n` +
      '  - permit: read\n    path: /etc/shadow',
  ]);
  reporter.deliver(eventBytes('/etc/shadow', { sequence: 4 }));
  t.same(said.splice(0), ['denied (EPERM) read /etc/shadow: cat[812] uid 1000, no rule matches'], 'then as they come');
  terminal.hold();
  for (let sequence = 5; sequence < 1505; sequence++) reporter.deliver(eventBytes(`/f${sequence}`, { sequence }));
  reporter.end();
  t.equal(said.length, 3, 'what is held at the end is told, within bounds');
  t.equal((said[1] ?? '').split('event').length - 1, 20);
  t.equal(said[2], '1100 more denials: callgate audit denials cat-1');
});

t.test('while learning, each system call is told once, by the program that made it', async (t) => {
  const { session, reporter, log } = stage(t, null, [], true, 'learn');
  const { native } = session.gate;
  const policy = session.state.policies[0]?.number ?? 0;
  const made = (exe: bigint, architecture: number, word: bigint, cookie = session.cookie): void => {
    const bits = Buffer.alloc(structBytes('called'));
    bits.writeBigUInt64LE(word);
    native.update('called', Buffer.concat([u64(cookie), u64(exe), u32(policy), u32(architecture)]), bits);
  };
  const told = (): unknown[] =>
    ofType(log(), 'called').map((note) => {
      const { program, architecture, calls } = note as CalledNote;
      return [program, architecture, ...calls];
    });
  made(0n, 0, 0b11n);
  made(5n, 2, 0b10n);
  made(0n, 0, 0b100n, 1n);
  reporter.noteCalled();
  t.same(told(), [['/usr/bin/cat', 'x86_64', 'read', 'write']], 'the other is not known yet');
  reporter.deliver(eventBytes('/bin/b', { type: TYPE.exec, sequence: 5, policy, operations: ['exec'], verdict: 0 }));
  made(0n, 0, 0b1011n);
  reporter.noteCalled();
  reporter.end();
  t.same(told().slice(1), [
    ['/bin/b', 'i386', 'exit'],
    ['/usr/bin/cat', 'x86_64', 'close'],
  ]);
});
