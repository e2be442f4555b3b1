// SPDX-License-Identifier: GPL-2.0-only
/** What a terminal that is shared is made to say: refused; and what every program asks of its terminal. */
import type { Test } from 'tap';
import { call, keep, O, open } from './calls.js';
import type { Checks } from './checks.js';
import { free } from './confined.js';
import { letThrough, refusedByFloor } from './refused.js';

const NOCTTY = 0o400;
const ioctl = (fd: string, request: number, argument: string | number): string => call(16)(fd, request, argument);
/** A pseudo terminal: #1 is the end that a program has. */
const PTY = [
  keep(2, open('/dev/ptmx', O.RDWR | NOCTTY)),
  ioctl('#2', 0x40045431, 'w:0'),
  keep(1, ioctl('#2', 0x5441, O.RDWR | NOCTTY)),
];

export async function terminal(t: Test, checks: Checks): Promise<void> {
  const requests: readonly [name: string, act: string, free: string][] = [
    ['TIOCSTI', ioctl('#1', 0x5412, 's:x'), 'ok'],
    ['TIOCSTI', ioctl('#1', 2 ** 32 + 0x5412, 's:x'), 'ok'],
    ['TIOCSTI', 'call32,54,#1,21522,0', 'EFAULT'],
    ['TIOCLINUX', ioctl('#1', 0x541c, 'w:0'), 'ENOTTY'],
    ['TIOCSETD', ioctl('#1', 0x5423, 'w:0'), 'ok'],
    ['KDSKBENT', ioctl('#1', 0x4b47, 'b:64'), 'ENOTTY'],
    ['KDSKBSENT', ioctl('#1', 0x4b49, 'b:64'), 'ENOTTY'],
    ['KDSETKEYCODE', ioctl('#1', 0x4b4d, 'b:64'), 'ENOTTY'],
  ];
  for (const [name, act, outcome] of requests) {
    await refusedByFloor(t, checks, `${name}: ${act}`, [`floor terminal ${name}`], [...PTY, act]);
    t.equal((await free([...PTY, act])).at(-1), outcome, `${name}: done by others`);
  }
  const asked = [ioctl('#1', 0x5413, 'b:8'), ioctl('#1', 0x5401, 'b:64'), ioctl('#1', 0x5402, 'b:64')];
  await letThrough(t, checks, 'the window’s size, the terminal’s settings', [...PTY, ...asked]);
  await refusedByFloor(
    t,
    checks,
    'a console of all messages',
    ['floor capability CAP_SYS_ADMIN'],
    [...PTY, ioctl('#1', 0x541d, 0)],
  );
}
