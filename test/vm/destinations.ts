// SPDX-License-Identifier: GPL-2.0-only
/** Destinations that are not the address as it was written: 0.0.0.0 and ::, source routes, headers of a program's own. */
import { mkdirSync, rmSync } from 'node:fs';
import type { Test } from 'tap';
import { call, keep, listen, socket } from './calls.js';
import { type Checks, permitAddress } from './checks.js';
import { beside, ROOT, type RuleText, told } from './confined.js';
import { loadModule } from './machine.js';

const DIR = `${ROOT}/destinations`;
const HERE = `${DIR}/here`;
const UNIX = 1;
const INET = 2;
const INET6 = 10;
const STREAM = 1;
const DGRAM = 2;
const RAW = 3;
const SEQPACKET = 5;
const SCTP = 132;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_IPV6 = 41;
const SOL_SCTP = 132;

const ANY: RuleText = { permit: 'socket', family: ['inet', 'inet6', 'unix'] };
const EVERYWHERE: RuleText = permitAddress(['bind', 'listen', 'connect', 'send'], ['tcp:*:*', 'udp:*:*', 'raw:*:*']);
const setsockopt = (level: number, option: number, bytes: number): string =>
  call(54)('#1', level, option, `b:${Math.max(bytes, 1)}`, bytes);
const tcp = keep(1, socket(INET, STREAM));
const udp = keep(1, socket(INET, DGRAM));
const udp6 = keep(1, socket(INET6, DGRAM));

export async function destinations(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  await anywhere(t, checks);
  await routes(t, checks);
  await headers(t, checks);
  await datagramConnects(t, checks);
  await sctp(t, checks);
  await complaining(t, checks);
}

/** What the kernel takes 0.0.0.0 and :: for, and so the object. */
async function anywhere(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  const serve = (family: number, address: string, port: number): readonly string[] => [
    keep(3, socket(family, STREAM)),
    `bind,#3,${address},${port}`,
    listen('#3'),
  ];
  const canServe = [ANY, permitAddress(['bind', 'listen'], 'tcp:*:7040-7049'), permitAddress('bind', 'udp:*:*')];
  const meant = (acts: readonly string[], operation: string, address: string): Promise<void> =>
    both(t, `${acts.at(-1)} is ${address}`, acts, canServe, permitAddress(operation, address), [
      `${operation} ${address}`,
    ]);
  await meant(
    [...serve(INET, 'in,127.0.0.1', 7040), tcp, 'connect,#1,in,0.0.0.0,7040'],
    'connect',
    'tcp:127.0.0.1:7040',
  );
  const wide = keep(1, socket(INET6, STREAM));
  await meant([...serve(INET6, 'in6,::1', 7041), wide, 'connect,#1,in6,::,7041'], 'connect', 'tcp:[::1]:7041');
  const mapped = [...serve(INET, 'in,127.0.0.1', 7042), wide, 'connect,#1,in6,::ffff:0.0.0.0,7042'];
  await meant(mapped, 'connect', 'tcp:127.0.0.1:7042');
  const narrowed = [
    ...serve(INET, 'in,127.0.0.1', 7043),
    wide,
    'bind,#1,in6,::ffff:127.0.0.1,7044',
    'connect,#1,in6,::,7043',
  ];
  await meant(narrowed, 'connect', 'tcp:127.0.0.1:7043');
  const bound = [...serve(INET, 'in,127.0.0.3', 7045), tcp, 'bind,#1,in,127.0.0.3,7046', 'connect,#1,in,0.0.0.0,7045'];
  await meant(bound, 'connect', 'tcp:127.0.0.3:7045');
  const fast = [...serve(INET, 'in,127.0.0.1', 7047), tcp, `sendto,#1,in,0.0.0.0,7047,${0x20000000}`];
  await meant(fast, 'connect', 'tcp:127.0.0.1:7047');
  await meant([udp, 'sendto,#1,in,0.0.0.0,7050'], 'send', 'udp:127.0.0.1:7050');
  await meant([udp, 'sendto,#1,unspec,0.0.0.0,7050'], 'send', 'udp:127.0.0.1:7050');
  await meant([udp, 'connect,#1,in,0.0.0.0,7050'], 'connect', 'udp:127.0.0.1:7050');
  await meant([udp6, 'sendto,#1,in6,::,7051'], 'send', 'udp:[::1]:7051');
  await meant([udp6, 'connect,#1,in6,::,7051'], 'connect', 'udp:[::1]:7051');
  await meant([udp, 'bind,#1,in,127.0.0.2,7052', 'sendto,#1,in,0.0.0.0,7053'], 'send', 'udp:127.0.0.2:7053');

  const device = [udp, call(54)('#1', SOL_SOCKET, 25, 's:lo', 3)];
  const all = [ANY, EVERYWHERE];
  await refused(t, 'what routing alone tells is no object', [...device, 'sendto,#1,in,0.0.0.0,7054'], all, ['send ?']);
  await permitted(t, 'an address on a device is itself', [...device, 'sendto,#1,in,127.0.0.1,7054'], all);
  const source = [udp, `control,#1,${SOL_IP},8,12,in,0.0.0.0,7054`];
  await refused(t, 'nor what a message gives a source', source, all, ['send ?']);
  await permitted(t, 'a source in a message', [udp, `control,#1,${SOL_IP},8,12,in,127.0.0.1,7054`], all);
}

/** A way to go that an option or a message names. */
async function routes(t: Test, { permitted, confined }: Checks): Promise<void> {
  const all = [ANY, EVERYWHERE];
  const floor = async (name: string, acts: readonly string[]): Promise<void> => {
    const { results, events, counts } = await confined.run(acts, { rules: all });
    t.same(
      { results, events: told(events), denied: counts.denied },
      { results: [...acts.slice(1).map(() => 'ok'), 'EPERM'], events: ['floor route'], denied: 0 },
      name,
    );
  };
  await floor('IP_OPTIONS', [udp, setsockopt(SOL_IP, 4, 8)]);
  await permitted(t, 'IP_OPTIONS taken off', [udp, setsockopt(SOL_IP, 4, 0)], all);
  await permitted(t, 'another option of IP', [udp, setsockopt(SOL_IP, 1, 4)], all);
  await floor('iptables', [udp, setsockopt(SOL_IP, 64, 80)]);
  await floor('arptables', [udp, setsockopt(SOL_IP, 96, 80)]);
  await floor('IPVS', [udp, setsockopt(SOL_IP, 1152 + 1, 80)]);
  await floor('ip6tables', [udp6, setsockopt(SOL_IPV6, 64, 80)]);
  await permitted(t, 'the traffic class of IPv6', [udp6, setsockopt(SOL_IPV6, 67, 4)], all);
  await floor('IPV6_RTHDR', [udp6, setsockopt(SOL_IPV6, 57, 0)]);
  await floor('IPV6_2292PKTOPTIONS', [udp6, setsockopt(SOL_IPV6, 6, 0)]);
  await floor('a flow label', [udp6, setsockopt(SOL_IPV6, 32, 32)]);
  await permitted(t, 'another option of IPv6', [udp6, setsockopt(SOL_IPV6, 26, 4)], all);
  await floor('IP_RETOPTS in a message', [udp, `control,#1,${SOL_IP},7,8,in,127.0.0.1,7060`]);
  await floor('IP_RETOPTS in a message of a connected socket', [
    udp,
    'connect,#1,in,127.0.0.1,7060',
    `control,#1,${SOL_IP},7,8`,
  ]);
  await floor('IPV6_RTHDR in a message', [udp6, `control,#1,${SOL_IPV6},57,24,in6,::1,7060`]);
  await permitted(t, 'IP_TOS in a message', [udp, `control,#1,${SOL_IP},1,4,in,127.0.0.1,7060`], all);
}

/** Raw sockets whose messages carry their own header. */
async function headers(t: Test, { confined, permitted }: Checks): Promise<void> {
  const raw = keep(1, socket(INET, RAW, 1));
  const acts = [raw, setsockopt(SOL_IP, 3, 4)];
  const { results, events } = await confined.run(acts, { rules: [ANY, EVERYWHERE] });
  t.same({ results, events: told(events) }, { results: ['ok', 'EPERM'], events: ['floor route'] }, 'IP_HDRINCL');
  await permitted(t, 'a raw socket without', [raw, setsockopt(SOL_IP, 1, 4)], [ANY, EVERYWHERE]);
  // Eight bytes are no packet: what the gate permits the kernel refuses by itself.
  const packet = [keep(1, socket(INET, RAW, 255)), 'sendto,#1,in,127.0.0.1,0'];
  const sent = async (rules: readonly RuleText[]): Promise<unknown> => {
    const run = await confined.run(packet, { rules });
    return { results: run.results, events: told(run.events) };
  };
  t.same(
    await sent([ANY, EVERYWHERE]),
    { results: ['ok', 'EPERM'], events: ['send family 2, kind 3, protocol 255'] },
    'a message that is a packet is no message to an address',
  );
  t.same(
    await sent([ANY, { permit: 'send', family: 'inet:raw' }]),
    { results: ['ok', 'EINVAL'], events: [] },
    'but one of its family',
  );
}

/** connect(2) of a datagram socket, whichever system call it comes by. */
async function datagramConnects(t: Test, { both, confined }: Checks): Promise<void> {
  const client = keep(1, socket(UNIX, DGRAM));
  await beside([keep(1, socket(UNIX, DGRAM)), `bind,#1,un,${HERE}`, 'wait'], 2, async () => {
    const send = permitAddress('send', `unix:${HERE}`);
    const connect = permitAddress('connect', `unix:${HERE}`);
    await both(t, "an i386 program's connect", [client, `socketcall,#1,un,${HERE}`], [ANY, send], connect);
    const behind = await confined.run([client, `connect,#1,un,${DIR}/nobody`, `sendto,#1,un,${HERE}`], {
      rules: [ANY, connect],
    });
    t.same(
      { results: behind.results, events: told(behind.events) },
      { results: ['ok', 'ENOENT', 'EPERM'], events: [`send unix:${HERE}`] },
      'a send behind a connect that found nobody',
    );
  });
  rmSync(HERE);
}

/** Lists of addresses. */
async function sctp(t: Test, { confined }: Checks): Promise<void> {
  loadModule('sctp');
  const family: RuleText = { permit: 'socket', family: ['inet'] };
  const server = [keep(1, socket(INET, SEQPACKET, SCTP)), 'bind,#1,in,127.0.0.1,7070', listen('#1'), 'wait'];
  const connect = permitAddress('connect', 'sctp:127.0.0.0/8:7070');
  const attempt = async (count: number, rules: readonly RuleText[]): Promise<unknown> => {
    const acts = [keep(1, socket(INET, SEQPACKET, SCTP)), `connectx,#1,${count},7070`];
    const { results, events, counts } = await confined.run(acts, { rules });
    return { results, events: told(events), denied: counts.denied };
  };
  await beside(server, 3, async () => {
    t.same(
      await attempt(4, [family, connect]),
      { results: ['ok', 'ok'], events: [], denied: 0 },
      'four addresses, each of them permitted',
    );
    t.same(
      await attempt(4, [family, permitAddress('connect', 'sctp:127.0.0.1:7070')]),
      { results: ['ok', 'EPERM'], events: ['connect sctp:127.0.0.2:7070'], denied: 1 },
      'one that is not',
    );
    t.same(
      await attempt(5, [family, connect]),
      { results: ['ok', 'EPERM'], events: ['connect ?'], denied: 1 },
      'more than are looked at are refused, and that is told and counted',
    );
    const sent = [keep(1, socket(INET, SEQPACKET, SCTP)), `control,#1,${SOL_SCTP},7,4,in,127.0.0.1,7070`];
    const run = await confined.run(sent, { rules: [family, connect, permitAddress('send', 'sctp:*:*')] });
    t.same(
      { results: run.results, events: told(run.events) },
      { results: ['ok', 'EPERM'], events: ['floor route'] },
      'an address in a message',
    );
  });
}

/** Complaining refuses nothing, not even what cannot be told. */
async function complaining(t: Test, { confined }: Checks): Promise<void> {
  const acts = [udp, 'connect,#1,un,/tmp/x'];
  const { results, events, counts } = await confined.run(acts, { rules: [ANY], mode: 'complain' });
  t.same(
    { results, events: told(events), enforced: events.map(({ enforced }) => enforced), complained: counts.complained },
    { results: ['ok', 'EAFNOSUPPORT'], events: ['connect ?'], enforced: [false], complained: 1 },
    "an address that is none is the kernel's to refuse",
  );
}
