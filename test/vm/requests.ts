// SPDX-License-Identifier: GPL-2.0-only
/** Requests to devices and files, each really made. */
import { existsSync } from 'node:fs';
import type { Test } from 'tap';
import { call, keep, O, open, socket } from './calls.js';
import { type Checks, permit, permitAddress } from './checks.js';
import { ROOT, type RuleText, told } from './confined.js';
import { ALL, EVERYTHING, refusedByFloor } from './refused.js';

const LATER = { version: 2 } as const;
const WIDE = { ...EVERYTHING, ...LATER } as const;
const MASTER = '/dev/ptmx';
const RANDOM = '/dev/urandom';
const ioctl = (fd: string, request: number, argument: string | number = 0): string => call(16)(fd, request, argument);
const rule = (command: string | readonly string[] | null, of: RuleText): RuleText => ({
  permit: 'ioctl',
  ...of,
  ...(command === null ? {} : { command }),
});
const [TIOCGPTN, TIOCSPTLCK, TCFLSH, TIOCSTI, TCGETS, TIOCGWINSZ] = [
  0x80045430, 0x40045431, 0x540b, 0x5412, 0x5401, 0x5413,
] as const;
const [FIONCLEX, FIOCLEX, FIONBIO, FIOASYNC, FIONREAD] = [0x5450, 0x5451, 0x5421, 0x5452, 0x541b] as const;
const [RNDGETENTCNT, SIOCGIFCONF, GETFLAGS] = [0x80045200, 0x8912, 0x80086601] as const;

export async function requests(t: Test, checks: Checks): Promise<void> {
  const { confined } = checks;
  const opens = permit(['read', 'write'], [MASTER, RANDOM, `${ROOT}/pipe`]);
  const master = keep(1, open(MASTER, O.RDWR));
  const random = keep(1, open(RANDOM));
  const both = async (
    name: string,
    acts: readonly string[],
    named: string,
    of: RuleText,
    rules: readonly RuleText[],
  ) => {
    const [object] = Object.values(of);
    const event = `ioctl ioctl:${named}:${String(object)}`;
    const others = [rule(['TCSETS', '0x1234', 'RNDADDENTROPY'], of), rule(null, { path: '/elsewhere' })];
    await checks.refused(t, `${name}: refused`, acts, [...rules, ...others], [event], { ...LATER, errno: 'EACCES' });
    await checks.permitted(t, `${name}: permitted`, acts, [...rules, rule(['TCSETS', named], of)], LATER);
    await checks.permitted(t, `${name}: any`, acts, [...rules, rule(null, of)], LATER);
  };
  await both('a terminal', [master, ioctl('#1', TIOCGPTN, 'b:4')], 'TIOCGPTN', { path: MASTER }, [opens]);
  await both('one that changes it', [master, ioctl('#1', TIOCSPTLCK, 'w:0')], 'TIOCSPTLCK', { path: MASTER }, [opens]);
  await both('another device', [random, ioctl('#1', RNDGETENTCNT, 'b:4')], 'RNDGETENTCNT', { path: RANDOM }, [opens]);
  await both('by an i386 call', [master, `call32,54,#1,${TCFLSH},0`], 'TCFLSH', { path: MASTER }, [opens]);
  const inet = [keep(1, socket(2, 2)), ioctl('#1', SIOCGIFCONF, 'w:0:0')];
  await both('a socket', inet, 'SIOCGIFCONF', { kind: 'socket' }, [permitAddress('socket', 'udp:*')]);
  const file = `${ROOT}/bin/act`;
  const flags = [keep(1, open(file)), ioctl('#1', GETFLAGS, 'b:8')];
  await both('a file', flags, 'FS_IOC_GETFLAGS', { path: file }, [permit('read', file)]);

  // Of the descriptor, and what it is.
  const free = [FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC].map((request) => ioctl('#1', request, 'b:4'));
  await checks.permitted(t, 'of the descriptor', [master, ...free], [opens], LATER);
  const asked = [ioctl('#1', TCGETS, 'b:64'), ioctl('#1', TIOCGWINSZ, 'b:8')];
  await checks.permitted(t, 'what a terminal is', [master, ...asked], [opens], LATER);
  const pipe = [keep(1, open(`${ROOT}/pipe`, O.RDWR)), ioctl('#1', FIONREAD, 'b:4')];
  await checks.permitted(t, 'what there is in a pipe', pipe, [opens], LATER);
  const devices = [
    '/dev/cpu_dma_latency',
    '/dev/loop-control',
    '/dev/fuse',
    '/dev/hpet',
    '/dev/rtc0',
    '/dev/vga_arbiter',
  ];
  const device = devices.find((path) => existsSync(path));
  t.type(device, 'string', 'a device of another kind');
  const unknown = [keep(1, open(device ?? '')), ioctl('#1', TCGETS, 'b:64')];
  const event = `ioctl ioctl:TCGETS:${device}`;
  await checks.refused(t, 'another driver may mean anything', unknown, [permit('read', device ?? '')], [event], LATER);

  // The floor, whatever a rule says.
  const any = rule(null, { path: '/***' });
  const typed = await confined.run([master, ioctl('#1', TIOCSTI, 's:x')], { ...WIDE, rules: [...ALL, any] });
  t.same(
    { results: typed.results, events: told(typed.events) },
    { results: ['ok', 'EPERM'], events: ['floor terminal TIOCSTI'] },
    'no rule permits TIOCSTI',
  );
  await refusedByFloor(
    t,
    checks,
    'nor does version 1',
    ['floor terminal TIOCSTI'],
    [master, ioctl('#1', TIOCSTI, 's:x')],
  );

  const counted = [random, ioctl('#1', RNDGETENTCNT, 'b:4')];
  await checks.permitted(t, 'version 1 does not govern it', counted, [opens]);
  await checks.permitted(t, 'a default opens it', counted, [], { ...LATER, default: 'permit' });
  const told1 = `ioctl ioctl:RNDGETENTCNT:${RANDOM}`;
  const complained = await confined.run(counted, { ...LATER, rules: [opens], mode: 'complain' });
  t.same(
    { results: complained.results, events: told(complained.events) },
    { results: ['ok', 'ok'], events: [told1] },
    'complained about',
  );
  const learnt = await confined.run([...counted, ...counted.slice(1)], { ...LATER, rules: [opens], mode: 'learn' });
  t.same(
    { results: learnt.results, events: told(learnt.events).filter((one) => one.startsWith('ioctl')) },
    { results: ['ok', 'ok', 'ok'], events: [told1] },
    'learned, once',
  );
  const quiet = await confined.run(counted, {
    ...LATER,
    rules: [opens, rule('RNDGETENTCNT', { path: RANDOM })],
    mode: 'learn',
  });
  t.same(
    told(quiet.events).filter((one) => one.startsWith('ioctl')),
    [],
    'what a rule permits is not told to a learner',
  );
}
