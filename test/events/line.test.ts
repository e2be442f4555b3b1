// SPDX-License-Identifier: GPL-2.0-only
/** What `audit tail` shows of what is no event. */
import t from 'tap';
import { lineOf, noteLine } from '../../src/events/line.js';
import type { EventRecord, NoteRecord } from '../../src/events/record.js';

const head = { v: 1, time: '2026-11-24T10:00:00.000Z', session: 'cat-1' } as const;
const counters = {
  ...{ events: 9, dropped: 1, repeats: 2, denied: 3, complained: 4, learnt: 5, silent: 1 },
  ...{ unresolved: { race: 6 }, floor: { mount: 7, bpf: 1 }, deniedBy: { read: 3 } },
};

t.test('each note is words', async (t) => {
  const lines: readonly (readonly [NoteRecord, string])[] = [
    [
      { ...head, type: 'session', kind: 'run', command: ['cat', '/x\u001b[2J'], folder: '/p' },
      'run cat /x\ufffd[2J, policies in /p',
    ],
    [
      { ...head, type: 'lost', dropped: 2, malformed: 1, unwritten: 4, sink: 'log' },
      'lost 2 events the ring had no room for, 1 event that could not be read, 4 records that the log could not take',
    ],
    [{ ...head, type: 'problem', problem: 'one\n  two\u0007' }, 'problem one\n      two\ufffd'],
    [{ ...head, type: 'given', program: '/usr/bin/cp', path: '/srv/a' }, 'given /srv/a to /usr/bin/cp'],
    [
      { ...head, type: 'unread', unread: 1, cut: 2 },
      'unread arguments of 1 programs that could not be read, of 2 programs that were too long',
    ],
    [
      { ...head, type: 'called', program: '/usr/bin/cp', architecture: 'i386', calls: ['read', 'write'] },
      'called read write (i386) by /usr/bin/cp',
    ],
    [
      { ...head, type: 'end', sequence: 9, ...counters },
      'end denied 3 (1 silently, as their rules say), would have been denied 4, learnt 5, events 9, repeats 2, lost 1, ' +
        'unresolved race 6, floor mount 7 bpf 1',
    ],
  ];
  for (const [note, line] of lines) t.equal(noteLine(note), line, note.type);
});

t.test('a system call', async (t) => {
  const call: EventRecord = {
    ...{ v: 1, type: 'syscall', seq: 1, time: head.time, session: 'x-1', policy: '/bin/x', digest: '?', rule: null },
    ...{ line: null, operation: [], object: 'uname', architecture: 'x86_64', verdict: 'deny', enforced: true },
    ...{ pid: 7, tid: 7, ppid: 1, uid: 0, gid: 0, exe: '/bin/x', comm: 'x', count: 1, errno: 'ENOSYS' },
  };
  const { errno: _, ...killed } = call;
  t.equal(lineOf(call), 'denied (ENOSYS) system call uname: x[7] uid 0, not in syscalls:');
  t.equal(
    lineOf({ ...call, enforced: false, architecture: 'i386' }),
    'would deny (ENOSYS) system call uname (i386): x[7] uid 0, not in syscalls:',
  );
  t.equal(lineOf({ ...killed, reason: 'killed' }), 'denied (SIGSYS) system call uname: x[7] uid 0, not in syscalls:');
});
