// SPDX-License-Identifier: GPL-2.0-only
/** Sockets: what is judged is the kernel's copy of an address, and of a unix socket the name it is bound to. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { accept, call, chdir, keep, listen, memfd, socket } from './calls.js';
import { type Checks, permit, permitAddress } from './checks.js';
import { beside, free, ROOT, type RuleText, told } from './confined.js';

const DIR = `${ROOT}/sockets`;
const HERE = `${DIR}/here`;
const UNIX = 1;
const INET = 2;
const INET6 = 10;
const NETLINK = 16;
const STREAM = 1;
const DGRAM = 2;
const RAW = 3;
const ICMP = 1;
const FAST_OPEN = 0x20000000;

/** Makes every socket; what is done with one is another thing. */
const ANY: RuleText = { permit: 'socket', family: ['inet', 'inet6', 'unix', 'netlink'] };

export async function sockets(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  await inet(t, checks);
  await normalised(t, checks);
  await streams(t, checks);
  await datagrams(t, checks);
  await received(t, checks);
}

async function inet(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  const tcp = keep(1, socket(INET, STREAM));
  await both(t, 'socket', [tcp], [], permitAddress('connect', 'tcp:192.0.2.1:80'), [
    'socket family 2, kind 1, protocol 0',
  ]);
  await refused(
    t,
    'socket of another protocol',
    [socket(INET, DGRAM)],
    [permitAddress('connect', 'tcp:*:*')],
    ['socket family 2, kind 2, protocol 0'],
  );
  const route = { permit: 'socket', family: 'netlink:route' };
  await both(
    t,
    'socket of a family',
    [socket(NETLINK, RAW, 0)],
    [{ permit: 'socket', family: 'netlink:audit' }],
    route,
    ['socket family 16, kind 3, protocol 0'],
  );
  const bound = [tcp, 'bind,#1,in,127.0.0.1,7001'];
  await both(
    t,
    'bind',
    bound,
    [ANY, permitAddress('bind', 'tcp:127.0.0.1:7002')],
    permitAddress('bind', 'tcp:127.0.0.1:7001'),
  );
  const listening = [...bound, listen('#1')];
  const canBind = [ANY, permitAddress('bind', 'tcp:*:7001')];
  await both(t, 'listen', listening, canBind, permitAddress('listen', 'tcp:127.0.0.1:7001'));
  const canListen = [...canBind, permitAddress('listen', 'tcp:*:7001')];
  const connected = [...listening, keep(2, socket(INET, STREAM)), 'connect,#2,in,127.0.0.1,7001'];
  await both(t, 'connect', connected, canListen, permitAddress('connect', 'tcp:127.0.0.0/8:7001'), [
    'connect tcp:127.0.0.1:7001',
  ]);
  const canConnect = [...canListen, permitAddress('connect', 'tcp:*:7001')];
  await both(t, 'accept', [...connected, accept('#1')], canConnect, permitAddress('accept', 'tcp:127.0.0.1:7001'));
  // Ports of their own: one that was accepted on stays in use for a while.
  const at = (port: number): readonly string[] => [
    tcp,
    `bind,#1,in,127.0.0.1,${port}`,
    listen('#1'),
    keep(2, socket(INET, STREAM)),
  ];
  const canServe = [ANY, permitAddress(['bind', 'listen'], 'tcp:*:7011-7012')];
  const fast = [...at(7011), `sendto,#2,in,127.0.0.1,7011,${FAST_OPEN}`];
  const canSend = [...canServe, permitAddress('send', 'tcp:*:*')];
  await both(t, 'a connect by TCP fast open', fast, canSend, permitAddress('connect', 'tcp:127.0.0.1:7011'));
  const undone = [...at(7012), 'connect,#2,in,127.0.0.1,7012', 'connect,#2,unspec,0.0.0.0,0'];
  await permitted(t, 'a connection is undone without a permit', undone, [
    ...canServe,
    permitAddress('connect', 'tcp:127.0.0.1:7012'),
  ]);
  const send = permitAddress('send', 'udp:127.0.0.1:7003');
  const udp = keep(1, socket(INET, DGRAM));
  await both(t, 'send', [udp, 'sendto,#1,in,127.0.0.1,7003'], [ANY, permitAddress('connect', 'udp:*:*')], send);
  await both(
    t,
    'connect of UDP',
    [udp, 'connect,#1,in,127.0.0.1,7003'],
    [ANY, send],
    permitAddress('connect', 'udp:127.0.0.1:7003'),
  );
  const raw = [keep(1, socket(INET, RAW, ICMP)), 'sendto,#1,in,127.0.0.1,0'];
  await both(
    t,
    'send of a raw socket',
    raw,
    [ANY, permitAddress('send', 'icmp:*:*')],
    permitAddress('send', 'raw:127.0.0.1:*'),
    ['send raw:127.0.0.1:0'],
  );
}

/** One address, however it is written. */
async function normalised(t: Test, { both, refused }: Checks): Promise<void> {
  const wide = keep(1, socket(INET6, STREAM));
  const server = [keep(3, socket(INET, STREAM)), 'bind,#3,in,127.0.0.1,7004', listen('#3')];
  const rules = [
    ANY,
    permitAddress(['bind', 'listen'], 'tcp:127.0.0.1:7004'),
    permitAddress('connect', 'tcp:[::1]:7004'),
  ];
  const mapped = [...server, wide, 'connect,#1,in6,::ffff:127.0.0.1,7004'];
  await both(t, 'a mapped address is IPv4', mapped, rules, permitAddress('connect', 'tcp:127.0.0.1:7004'));
  const bound = [wide, 'bind,#1,in6,::ffff:127.0.0.1,7005'];
  await both(
    t,
    'a mapped address to bind',
    bound,
    [ANY, permitAddress('bind', 'tcp:[::1]:7005')],
    permitAddress('bind', 'tcp:127.0.0.1:7005'),
  );
  const own = [wide, 'bind,#1,in6,::1,7005'];
  await both(
    t,
    'an address of IPv6',
    own,
    [ANY, permitAddress('bind', 'tcp:127.0.0.1:7005')],
    permitAddress('bind', 'tcp:[::1]:7005'),
  );
  const unspecified = [keep(1, socket(INET, STREAM)), 'bind,#1,unspec,0.0.0.0,7006'];
  await both(t, 'AF_UNSPEC to bind is IPv4', unspecified, [ANY], permitAddress('bind', 'tcp:0.0.0.0:7006'));
  const sent = [keep(1, socket(INET, DGRAM)), 'sendto,#1,unspec,127.0.0.1,7007'];
  await both(t, 'AF_UNSPEC to send to is IPv4', sent, [ANY], permitAddress('send', 'udp:127.0.0.1:7007'));
  await refused(
    t,
    'a name of another family is refused',
    [keep(1, socket(INET, DGRAM)), 'connect,#1,un,/tmp/x'],
    [ANY, permitAddress('connect', ['udp:*:*', 'unix:/**'])],
    ['connect ?'],
  );
}

async function streams(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  const client = keep(1, socket(UNIX, STREAM));
  const bound = [client, `bind,#1,un,${DIR}/made`];
  const undo = [call(87)(`s:${DIR}/made`)];
  await both(
    t,
    'bind of a path: the file',
    bound,
    [ANY, permitAddress('bind', `unix:${DIR}/made`)],
    permit('create', `${DIR}/made`),
    undefined,
    undo,
  );
  await both(
    t,
    'bind of a path: the address',
    bound,
    [ANY, permit('create', `${DIR}/made`)],
    permitAddress('bind', `unix:${DIR}/made`),
    undefined,
    undo,
  );
  const named = [client, 'bind,#1,abs,callgate/made'];
  await both(
    t,
    'bind of an abstract name',
    named,
    [ANY, permitAddress('bind', 'unix:/callgate/made')],
    permitAddress('bind', 'unix:@callgate/made'),
  );
  await both(
    t,
    'bind without a name',
    [client, 'bind,#1,auto'],
    [ANY, permitAddress('bind', 'unix:@*')],
    permitAddress('bind', 'unix:'),
  );
  const listening = [...named, listen('#1')];
  const canBind = [ANY, permitAddress('bind', 'unix:@callgate/made')];
  await both(t, 'listen on an abstract name', listening, canBind, permitAddress('listen', 'unix:@callgate/made'));

  symlinkSync('here', `${DIR}/link`);
  const rules = [ANY, permitAddress('connect', `unix:${HERE}`)];
  const others = [ANY, permitAddress('connect', [`unix:${DIR}/link`, `unix:${DIR}/there`])];
  const server = [keep(1, socket(UNIX, STREAM)), `bind,#1,un,${HERE}`, listen('#1'), 'wait'];
  await beside(server, 3, async () => {
    const ways: Record<string, readonly string[]> = {
      'its path': [client, `connect,#1,un,${HERE}`],
      'a link': [client, `connect,#1,un,${DIR}/link`],
      'a relative name': [client, chdir(DIR), 'connect,#1,un,here'],
      '/proc/self/cwd': [client, chdir(DIR), 'connect,#1,un,/proc/self/cwd/here'],
      'dot dot': [client, `connect,#1,un,${DIR}/../sockets/here`],
    };
    for (const [name, acts] of Object.entries(ways)) {
      await permitted(t, `connect by ${name}: permitted`, acts, rules);
      await refused(t, `connect by ${name}: refused`, acts, others, [`connect unix:${HERE}`]);
    }
    renameSync(HERE, `${DIR}/there`);
    const moved = [client, `connect,#1,un,${DIR}/there`];
    await permitted(t, 'a socket that was renamed: its new name', moved, others);
    await refused(t, 'a socket that was renamed: not its old one', moved, rules, [`connect unix:${DIR}/there`]);
  });
  rmSync(`${DIR}/there`);
  await beside([keep(1, socket(UNIX, STREAM)), 'bind,#1,abs,callgate', listen('#1'), 'wait'], 3, async () => {
    const acts = [client, 'connect,#1,abs,callgate'];
    await both(
      t,
      'connect to an abstract name',
      acts,
      [ANY, permitAddress('connect', 'unix:@callgat')],
      permitAddress('connect', 'unix:@callgate'),
    );
  });
}

async function datagrams(t: Test, { both, permitted }: Checks): Promise<void> {
  const client = keep(1, socket(UNIX, DGRAM));
  await beside([keep(1, socket(UNIX, DGRAM)), `bind,#1,un,${HERE}`, 'wait'], 2, async () => {
    const send = permitAddress('send', `unix:${HERE}`);
    const connect = permitAddress('connect', `unix:${HERE}`);
    await both(t, 'a datagram', [client, `sendto,#1,un,${HERE}`], [ANY, connect], send);
    await both(t, 'connect of a datagram socket', [client, `connect,#1,un,${HERE}`], [ANY, send], connect);
    await permitted(
      t,
      'what is connected sends',
      [client, `connect,#1,un,${HERE}`, call(1)('#1', 's:x', 1)],
      [ANY, connect],
    );
  });
  rmSync(HERE);
}

/** A descriptor that another sends: without the permit the message comes and the descriptor does not. */
async function received(t: Test, { confined, permitted }: Checks): Promise<void> {
  const secret = `${DIR}/secret`;
  writeFileSync(secret, 'secret');
  const rules = [ANY, permitAddress('connect', `unix:${HERE}`)];
  const things: Record<string, { readonly make: string; readonly rule: RuleText | null; readonly event: string }> = {
    'a file': { make: call(2)(`s:${secret}`, 0), rule: permit('receive', secret), event: `receive ${secret}` },
    'a memfd': { make: memfd('x'), rule: { permit: 'receive', kind: 'memfd' }, event: 'receive memfd' },
    'a socket': { make: socket(INET, STREAM), rule: { permit: 'receive', kind: 'socket' }, event: 'receive socket' },
    'an io_uring': { make: call(425)(8, 'b:120'), rule: null, event: 'floor io_uring received' },
    'a name of a file': {
      make: call(2)(`s:${secret}`, 0o10000000),
      rule: permit('receive', secret),
      event: `receive ${secret}`,
    },
  };
  const client = [keep(1, socket(UNIX, STREAM)), `connect,#1,un,${HERE}`, 'recvfd,#1'];
  // Since 6.7 the kernel itself sends no ring.
  const ring = await free([keep(1, 'socketpair'), keep(2, things['an io_uring']?.make ?? ''), 'sendfd,#1,#2']);
  for (const [name, { make, rule, event }] of Object.entries(things)) {
    if (rule === null && ring.at(-1) === 'EINVAL') continue;
    const server = [
      keep(1, socket(UNIX, STREAM)),
      `bind,#1,un,${HERE}`,
      listen('#1'),
      keep(2, accept('#1')),
      keep(3, make),
      'sendfd,#2,#3',
      'wait',
    ];
    const all = rule === null ? [permit('receive', '/**'), { permit: 'receive', kind: ['anon', 'unreachable'] }] : [];
    const served = await beside(server, 3, async () => {
      const { results, events } = await confined.run(client, { rules: [...rules, ...all] });
      t.same(
        { results, events: told(events) },
        { results: ['ok', 'ok', 'lost'], events: [event] },
        `receiving ${name}: refused`,
      );
    });
    t.same(
      served,
      server.map(() => 'ok'),
      'and was sent',
    );
    rmSync(HERE);
    if (rule === null) continue;
    await beside(server, 3, async () => {
      await permitted(t, `receiving ${name}: permitted`, client, [...rules, rule]);
    });
    rmSync(HERE);
  }
}
