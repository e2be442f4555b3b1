// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import t from 'tap';
import { eventJson } from '../../src/events/json.js';
import type { EventRecord } from '../../src/events/record.js';
import '../seed.js';

/** Every field, in the order of EventRecord. */
const FULL: EventRecord = {
  ...{ v: 1, type: 'floor', seq: 7, time: '2026-11-18T11:06:40.123456Z', session: 'cat-1', policy: '/usr/bin/cat' },
  ...{ digest: 'sha256:1', rule: 3, line: 9, group: 'libc', operation: ['read', 'write'], decided: ['write'] },
  ...{ object: '/a', from: '/b', exchanged: true, directory: true, verdict: 'deny', enforced: true, learnt: true },
  ...{
    created: true,
    exclusive: true,
    errno: 'EPERM',
    reason: 'mount',
    pid: 1,
    tid: 2,
    ppid: 3,
    uid: 4,
    gid: 5,
    owner: 6,
  },
  ...{ exe: '/usr/bin/cat', comm: 'cat', count: 8, first: 9 },
};
/** Another value of each field that can have one. */
const OTHER: Partial<EventRecord> = {
  ...{ type: 'exec', seq: 8, time: '2026-11-18T11:06:40.123457Z', session: 'cat-2', policy: '/"', digest: 'sha256:2' },
  ...{ rule: null, line: null, group: 'base', operation: ['read'], decided: ['read'], object: '/\\x01', from: '?' },
  ...{
    verdict: 'permit',
    enforced: false,
    errno: 'ENOENT',
    reason: 'bpf',
    pid: 11,
    tid: 12,
    ppid: 13,
    uid: 14,
    gid: 15,
  },
  ...{ owner: 16, exe: '/usr/bin/tac', comm: '\u2028"', count: 18, first: 19 },
};
const OPTIONAL = [
  ...([
    'type',
    'group',
    'decided',
    'from',
    'exchanged',
    'directory',
    'learnt',
    'created',
    'exclusive',
    'errno',
    'reason',
  ] as const),
  ...(['owner', 'first'] as const),
];

function changed(name: keyof EventRecord): EventRecord {
  return { ...FULL, [name]: OTHER[name] } as EventRecord;
}

function without(names: readonly string[]): EventRecord {
  return Object.fromEntries(Object.entries(FULL).filter(([name]) => !names.includes(name))) as unknown as EventRecord;
}

t.test('each field is written anew where it changed', async (t) => {
  for (const name of Object.keys(OTHER) as (keyof EventRecord)[]) {
    t.equal(eventJson(FULL), JSON.stringify(FULL));
    t.equal(eventJson(changed(name)), JSON.stringify(changed(name)), name);
  }
});

t.test('what is absent is not written, and is again where it comes', async (t) => {
  for (const name of OPTIONAL) {
    t.equal(eventJson(without([name])), JSON.stringify(without([name])), name);
    t.equal(eventJson(FULL), JSON.stringify(FULL));
  }
  t.equal(eventJson(without(OPTIONAL)), JSON.stringify(without(OPTIONAL)));
});

t.test('any record as JSON.stringify has it', async (t) => {
  const record = fc
    .tuple(fc.subarray([...OPTIONAL]), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.nat())
    .map(([absent, object, comm, pid]): EventRecord => {
      const { object: _object, comm: _comm, pid: _pid, ...rest } = without(absent);
      const all: Readonly<Record<string, unknown>> = { ...rest, object, comm, pid };
      return Object.fromEntries(Object.keys(FULL).flatMap((name) => (name in all ? [[name, all[name]]] : []))) as never;
    });
  const wrong = fc.check(
    fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) =>
      records.every((one) => eventJson(one) === JSON.stringify(one)),
    ),
  );
  t.equal(wrong.failed, false, JSON.stringify(wrong.counterexample));
});
