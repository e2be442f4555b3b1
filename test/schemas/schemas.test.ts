// SPDX-License-Identifier: GPL-2.0-only
/** The published schemas against what the code takes and makes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';
import { EventDecoder } from '../../src/events/decode.js';
import type { NoteRecord } from '../../src/events/record.js';
import { Recorder } from '../../src/events/recorder.js';
import { loadCases } from '../cases.js';
import { eventBytes, TYPE } from '../events/build.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const validator = (name: string) =>
  new Ajv({ allErrors: true, strict: false }).compile(
    JSON.parse(readFileSync(`${root}schemas/${name}.schema.json`, 'utf8')),
  );

t.test('every policy of the corpus and every shipped one', async (t) => {
  const valid = validator('policy');
  const texts = new Map(loadCases().map(({ name, policyText }) => [`test/cases/${name}`, policyText]));
  for (const application of ['inetd', 'nginx'])
    for (const name of readdirSync(`${root}policies/${application}`).filter((file) => file.endsWith('.yaml')))
      texts.set(`${application}/${name}`, readFileSync(`${root}policies/${application}/${name}`, 'utf8'));
  for (const [name, text] of texts) t.same(valid(parse(text)) ? [] : valid.errors, [], name);
  t.ok(texts.size > 30);
});

t.test('every group', async (t) => {
  const valid = validator('group');
  for (const name of readdirSync(`${root}policies/groups`))
    t.same(valid(parse(readFileSync(`${root}policies/groups/${name}`, 'utf8'))) ? [] : valid.errors, [], name);
});

t.test('what is no policy', async (t) => {
  const valid = validator('policy');
  const good = { version: 1, program: '/usr/bin/x', rules: [{ permit: 'read', path: '/x' }] };
  t.ok(valid(good));
  t.ok(
    valid({
      ...good,
      version: 2,
      rules: [
        { permit: 'chroot', path: '/x' },
        { deny: 'setuid', uid: ['<1000'] },
      ],
    }),
  );
  for (const rule of [
    { permit: 'exec', path: '/x', policy: 'inherit' },
    { deny: 'read', path: '/x', errno: 'ENOENT' },
  ])
    t.ok(valid({ ...good, rules: [rule] }));
  for (const [name, bad] of Object.entries({
    'an unknown key': { ...good, defualt: 'deny' },
    'another version': { ...good, version: 3 },
    'an operation of a later version': { ...good, rules: [{ permit: 'chroot', path: '/x' }] },
    'a rule with two verdicts': { ...good, rules: [{ permit: 'read', deny: 'write', path: '/x' }] },
    'a rule without an object': { ...good, rules: [{ permit: 'read' }] },
    'a file operation on an address': { ...good, rules: [{ permit: 'read', address: 'tcp:*:1' }] },
    'an unknown operation': { ...good, rules: [{ permit: 'raed', path: '/x' }] },
    'an unknown error': { ...good, errno: 'ENOPE' },
    'an error of a permit': { ...good, rules: [{ permit: 'read', path: '/x', errno: 'EPERM' }] },
    'another policy after a denial': { ...good, rules: [{ deny: 'exec', path: '/x', policy: 'own' }] },
    'another policy on an address': { ...good, rules: [{ permit: 'bind', address: 'tcp:*:1', policy: 'own' }] },
  }))
    t.notOk(valid(bad), name);
});

t.test('every record', async (t) => {
  const valid = validator('event');
  const digest = `sha256:${'0'.repeat(64)}`;
  const recorder = new Recorder({
    name: 's',
    policy: () => ({ program: '/usr/bin/cat', digest, rules: [], anyone: false }),
    bootTime: 1_795_000_000_000_000_000n,
  });
  const note = { v: 1, time: '2026-11-24T10:00:00.123456Z', session: 's' } as const;
  const counters = { events: 1, dropped: 0, repeats: 0, denied: 1, complained: 0, learnt: 0, silent: 0 };
  const notes: readonly NoteRecord[] = [
    { ...note, type: 'session', kind: 'run', command: ['cat'], folder: '/p' },
    { ...note, type: 'lost', dropped: 1, malformed: 0, unwritten: 2, sink: 'log' },
    { ...note, type: 'problem', problem: 'x' },
    { ...note, type: 'given', program: '/usr/bin/cp', path: '/srv/a' },
    { ...note, type: 'unread', unread: 1, cut: 0 },
    {
      ...note,
      type: 'end',
      ...counters,
      unresolved: { race: 1 },
      floor: { mount: 2 },
      deniedBy: { read: 1 },
      sequence: 1,
    },
  ];
  const events = Object.values(TYPE).flatMap((type) =>
    [0, 1].flatMap((verdict) =>
      new EventDecoder()
        .push(
          eventBytes('/etc/shadow', {
            ...{ type, verdict, reason: type === TYPE.floor ? 1 : 0, flags: 63, first: verdict, owner: 0 },
            operations: ['create', 'delete'],
          }),
        )
        .map((event) => recorder.record(event)),
    ),
  );
  t.equal(events.length, 8);
  for (const record of [...notes, ...events]) t.same(valid(record) ? [] : valid.errors, [], JSON.stringify(record));
  t.notOk(valid({ ...events[0], more: 1 }), 'a field that is not told of');
});
