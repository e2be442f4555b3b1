// SPDX-License-Identifier: GPL-2.0-only
/** The generated view of bpf/abi, and what the control plane holds by hand, against each other. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ENUMS, NUMBERS, STRUCTS } from '../../src/abi/abi.gen.js';
import { fieldBytes, fieldOf, readNumber, structBytes, writeNumber } from '../../src/abi/struct.js';
import { attempted, attemptMask } from '../../src/events/attempt.js';
import {
  decodeLife,
  decodeSession,
  decodeTasks,
  decodeWhole,
  encodeArmedSubject,
  encodeProgram,
  encodeSession,
  encodeSlot,
  IMAGE_PLACES,
  POLICIES_MAX,
  SESSIONS_MAX,
  SUBJECT_ARMED,
  SUBJECT_FREE,
} from '../../src/kernel/records.js';
import { FIRST_OPERATIONS, LATER_OPERATIONS, OPERATIONS } from '../../src/policy/operations.js';
import { hasFields } from '../fields.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const generate = (cwd: string, ...args: string[]) =>
  spawnSync('node', [join(cwd, 'scripts/generate-abi.mjs'), ...args], { encoding: 'utf8' });

t.test('the committed file is what the headers say', async (t) => {
  const { status, stderr } = generate(root, '--check');
  t.equal(status, 0, stderr);
});

t.test('a header that changed is noticed, by its line', async (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'callgate-abi-'));
  t.teardown(() => rmSync(copy, { recursive: true }));
  for (const each of ['bpf/abi', 'scripts/generate-abi.mjs', 'src/abi/abi.gen.ts'])
    cpSync(join(root, each), join(copy, each), { recursive: true });
  for (const object of ['callgate.bpf.o', 'trial.bpf.o'])
    cpSync(join(root, 'out/bpf', object), join(copy, 'out/bpf', object));
  symlinkSync(join(root, 'out/bpf/vmlinux.h'), join(copy, 'out/bpf/vmlinux.h'));
  t.equal(generate(copy, '--check').status, 0);

  const header = join(copy, 'bpf/abi/slot.h');
  const before = readFileSync(header, 'utf8');
  writeFileSync(header, before.replace('CG_LEARN = 2', 'CG_LEARN = 3'));
  const changed = generate(copy, '--check');
  t.equal(changed.status, 1);
  t.match(changed.stderr, /abi\.gen\.ts differs from bpf\/abi, first in line \d+: run node/);

  writeFileSync(header, before.replace('__u32 mode;     /*', '__u32 manner;   /*'));
  t.match(generate(copy, '--check').stderr, /struct cg_slot is laid out otherwise in out\/bpf\/callgate\.bpf\.o/);
});

t.test('what is written by hand stands where the kernel half reads it', async (t) => {
  const slot = encodeSlot({ image: { class: 2, place: 6 }, mode: 'learn', session: 9, cookie: 0x5566n, program: 4 });
  t.equal(slot.length, structBytes('slot'));
  t.equal(readNumber(slot, 'slot', 'location'), (2 << 24) | 7);
  t.equal(readNumber(slot, 'slot', 'mode'), ENUMS.mode.LEARN);
  t.equal(readNumber(slot, 'slot', 'session'), 9);
  t.equal(readNumber(slot, 'slot', 'program'), 4);
  t.equal(readNumber(slot, 'slot', 'cookie'), 0x5566);

  const subject = encodeArmedSubject(11, 12, 0x7788n, 0xfe00001, 0x123456789an);
  t.equal(subject.length, structBytes('subject'));
  t.equal(readNumber(subject, 'subject', 'policy'), 11);
  t.equal(readNumber(subject, 'subject', 'session'), 12);
  t.equal(readNumber(subject, 'subject', 'flags'), SUBJECT_ARMED);
  t.equal(readNumber(subject, 'subject', 'armed_device'), 0xfe00001);
  t.equal(readNumber(subject, 'subject', 'cookie'), 0x7788);
  t.equal(readNumber(subject, 'subject', 'armed_inode'), 0x123456789a);

  const program = encodeProgram(3, 5);
  t.equal(program.length, structBytes('program'));
  t.equal(readNumber(program, 'program', 'session'), 3);
  t.equal(readNumber(program, 'program', 'program'), 5);

  const session = encodeSession(0x99n);
  t.equal(session.length, structBytes('session'));
  t.equal(readNumber(session, 'session', 'active'), 1);
  for (const [value, name] of [
    'sequence',
    'events',
    'dropped',
    'repeats',
    'denied',
    'complained',
    'learnt',
    'silent',
  ].entries())
    writeNumber(session, 'session', name as 'sequence', value + 1);
  writeNumber(session, 'session', 'floor', 21, ENUMS.floor.FLOOR_PTRACE);
  writeNumber(session, 'session', 'unresolved', 22, ENUMS.unresolved.UNRESOLVED_RACE);
  writeNumber(session, 'session', 'denied_by', 23, ENUMS.operation.SEND);
  for (const [value, name] of ['living', 'born'].entries())
    writeNumber(session, 'session', name as 'living', value + 1);
  writeNumber(session, 'session', 'ending', ENUMS.fate.FATE_LEFT);
  t.same(decodeLife(session), { cookie: 0x99n, living: 1, born: 2, ending: 'left' });
  const whole = Buffer.alloc(structBytes('gate'));
  for (const [value, name] of ['living', 'born', 'off', 'strays', 'stray_time', 'stray_pid'].entries())
    writeNumber(whole, 'gate', name as 'living', value + 1);
  fieldBytes(whole, 'gate', 'stray_comm').write('sh');
  t.same(decodeWhole(whole), { living: 1, born: 2, off: true, strays: 4, stray: { pid: 6, comm: 'sh' } });
  const counters = decodeSession(session);
  hasFields(t, counters, {
    sequence: 1,
    events: 2,
    dropped: 3,
    repeats: 4,
    denied: 5,
    complained: 6,
    learnt: 7,
    silent: 8,
  });
  t.equal(counters?.floor[ENUMS.floor.FLOOR_PTRACE], 21);
  t.equal(counters?.unresolved[ENUMS.unresolved.UNRESOLVED_RACE], 22);
  t.equal(counters?.deniedBy[ENUMS.operation.SEND], 23);

  const task = Buffer.alloc(structBytes('task_record'));
  const values = {
    pid: 1,
    tid: 2,
    policy: 3,
    session: 4,
    start: 5,
    flags: 6,
    ppid: 7,
    stopped: 1,
    uid: 8,
    cookie: 9,
    serial: 10,
  } as const;
  for (const [name, value] of Object.entries(values)) writeNumber(task, 'task_record', name as 'pid', value);
  fieldBytes(task, 'task_record', 'comm').write('sh');
  t.same(decodeTasks(Buffer.concat([task, task]))[1], {
    ...values,
    ...{ start: 5n, cookie: 9n, serial: 10n, stopped: true, dead: true, comm: 'sh' },
  });
});

t.test('numbers and enums held by hand', async (t) => {
  t.equal(POLICIES_MAX, NUMBERS.POLICIES_MAX);
  t.equal(SESSIONS_MAX, NUMBERS.SESSIONS_MAX);
  t.equal(SUBJECT_ARMED, NUMBERS.SUBJECT_ARMED);
  t.equal(SUBJECT_FREE, NUMBERS.SUBJECT_FREE);
  t.same(IMAGE_PLACES, [NUMBERS.IMAGES0, NUMBERS.IMAGES1, NUMBERS.IMAGES2, NUMBERS.IMAGES3]);
  const { OPERATION_COUNT: first, OPERATION_ALL_COUNT: all, OPERATION_SLOTS: _slots, ...operations } = ENUMS.operation;
  t.same(
    OPERATIONS,
    Object.keys(operations).map((name) => name.toLowerCase()),
  );
  t.equal(first, FIRST_OPERATIONS.length);
  t.equal(all, OPERATIONS.length);
  for (const operation of LATER_OPERATIONS) t.same(attempted(attemptMask([operation])), [operation]);
  t.same(attempted(attemptMask(FIRST_OPERATIONS)), FIRST_OPERATIONS);
  t.same(attempted(0xff000000), [], 'a number that no operation has');
  t.throws(() => attemptMask(['chroot', 'stat']), RangeError);
});

t.test('fields by name refuse what is no number', async (t) => {
  const event = Buffer.alloc(structBytes('event'));
  t.same(fieldOf('event', 'comm'), STRUCTS.event.fields.comm);
  t.throws(() => readNumber(event, 'event', 'comm'), RangeError);
  t.throws(() => readNumber(event, 'event', 'pid', 1), RangeError);
  t.throws(() => writeNumber(event, 'event', 'type', 256), RangeError);
  writeNumber(event, 'event', 'sequence', 2n ** 40n);
  t.equal(readNumber(event, 'event', 'sequence'), 2 ** 40);
  const trial = Buffer.alloc(structBytes('trial'));
  writeNumber(trial, 'trial', 'result', -5);
  t.equal(readNumber(trial, 'trial', 'result'), -5);
});
