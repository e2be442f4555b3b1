// SPDX-License-Identifier: GPL-2.0-only
/** Differences against the reference: each witness is judged differently, and what no difference tells of is judged alike. */
import fc from 'fast-check';
import t from 'tap';
import { CompileError } from '../../src/compile/errors.js';
import { judge } from '../../src/decide/decide.js';
import { compare, type Difference, type Said, type Witness, witnessesOf } from '../../src/difference/difference.js';
import { UNSPECIFIED } from '../../src/difference/shape.js';
import type { Access, Decision, Policy, Rule } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';
import { accessOf, everyAim, everyPolicy } from '../compile/arbitraries.js';
import '../seed.js';

t.setTimeout(600_000);

const read = (rules: string, head = ''): Policy =>
  parsePolicy(`version: 1\nprogram: /usr/bin/x\n${head}rules:\n${rules}`, 'x.yaml', around);

/** What a difference says, in short. */
function short({ direction, operations, object, uid, owner, first, second }: Difference): string {
  const who = `${uid === 0 ? '' : ` uid ${uid}`}${owner === undefined || owner === uid ? '' : ` owner ${owner}`}`;
  const said = ({ verdict, errno, log, transition, rule }: Said): string =>
    `${rule === null ? 'default' : rule.number} ${verdict}${errno === undefined ? '' : ` ${errno}`}${log ? ' log' : ''}${transition === undefined ? '' : ` ${transition}`}`;
  return `${direction} ${operations.join()} ${object}${who}: ${said(first)} | ${said(second)}`;
}

function differ(first: string, second: string, heads: readonly [string, string] = ['', '']): string[] {
  const witnesses = witnessesOf(read(first, heads[0]), read(second, heads[1]));
  for (const witness of witnesses) t.same(wrong(witness, read(first, heads[0]), read(second, heads[1])), []);
  return witnesses.map(({ difference }) => short(difference));
}

function sayOf({ verdict, errno, log, transition, rule }: Decision): object {
  return { verdict, errno, log, transition, line: rule?.place.line ?? null };
}

/** What of a witness the reference does not say. */
function wrong({ difference, access }: Witness, first: Policy, second: Policy): unknown[] {
  const told = ({ verdict, errno, log, transition, rule }: Said): object => ({
    ...{ verdict, errno, log, transition },
    line: rule?.line ?? null,
  });
  const [one, other] = [judge(first, access), judge(second, access)];
  return access.operations.flatMap((operation) => {
    const find = ({ decisions }: typeof one): object =>
      sayOf(decisions.find((decision) => decision.operation === operation) as Decision);
    const expected = [find(one), find(other)];
    const got = [told(difference.first), told(difference.second)];
    const apart = JSON.stringify({ ...expected[0], line: 0 }) !== JSON.stringify({ ...expected[1], line: 0 });
    return apart && JSON.stringify(got) === JSON.stringify(expected) ? [] : [{ operation, access, expected, got }];
  });
}

t.test('the same, however it is written', async (t) => {
  const rules = '  - permit: [read, write]\n    path: [/a, "/b/{x,y}", "/c/**"]\n';
  t.same(differ(rules, rules), []);
  t.same(
    differ(
      rules,
      '  - permit: write\n    path: ["/c/**", /b/y, /b/x, /a]\n  - permit: read\n    path: ["/b/[xy]", "/c/***", /a]\n',
    ),
    ['permitted read /c: default deny EPERM log | 2 permit'],
  );
  t.same(differ(rules, '  - permit: [read, write]\n    path: ["/c/**", /b/y, /b/x, /a]\n'), []);
  t.same(
    differ(
      '  - permit: read\n    path: "/a/**"\n  - deny: read\n    path: /a/b\n',
      '  - permit: read\n    path: "/a/**"\n',
    ),
    [],
    'a rule that never gets its turn',
  );
});

t.test('one object more, with what is implied', async (t) => {
  t.same(
    differ('  - permit: read\n    path: /etc/passwd\n', '  - permit: read\n    path: [/etc/passwd, /etc/shadow]\n'),
    ['permitted read,stat /etc/shadow: default deny EPERM log | 1 permit'],
  );
  t.same(differ('  - permit: read\n    path: [/a, /b, /c]\n', '  - permit: read\n    path: /b\n'), [
    'refused read,stat /a: 1 permit | default deny EPERM log',
    'refused read,stat /c: 1 permit | default deny EPERM log',
  ]);
});

t.test('names that are spelt out are no examples of others', async (t) => {
  t.same(differ('  - permit: write\n    path: "/d/?"\n', '  - permit: write\n    path: ["/d/{a,b,c}"]\n'), [
    'refused stat,write /d/d: 1 permit | default deny EPERM log'.replace('stat,write', 'write,stat'),
  ]);
  t.same(differ('  - permit: write\n    path: "/d/[a-c]"\n', '  - permit: write\n    path: [/d/a, /d/b, /d/c]\n'), []);
  t.same(
    differ('  - permit: write\n    path: "/d/[.a]"\n', '  - permit: write\n    path: /d/a\n'),
    [],
    'no name is a dot',
  );
  t.same(
    differ('  - permit: write\n    path: "/d/*"\n', '  - permit: write\n    path: "/d/?{1-24}"\n').map((line) =>
      line.replace(/a{25}/, 'a*25'),
    ),
    ['refused write,stat /d/a*25: 1 permit | default deny EPERM log'],
  );
});

t.test('who calls, and whose it is', async (t) => {
  const all = '  - permit: write\n    path: /x\n';
  t.same(differ(all, '  - permit: write\n    path: /x\n    if: {uid: "<1000"}\n'), [
    'refused write,stat /x uid 1000: 1 permit | default deny EPERM log',
  ]);
  t.same(differ(all, '  - permit: write\n    path: /x\n    if: {owner: self}\n'), [
    'refused write,stat /x owner 1000: 1 permit | default deny EPERM log',
  ]);
  t.same(differ(all, '  - permit: write\n    path: /x\n    unless: {uid: 7, owner: self}\n'), [
    'refused write,stat /x uid 7: 1 permit | default deny EPERM log',
  ]);
  t.same(
    differ(
      '  - permit: write\n    path: /x\n    if: {uid: ["0-9", "10-20"]}\n',
      '  - permit: write\n    path: /x\n    if: {uid: "<=20"}\n',
    ),
    [],
  );
  t.same(
    differ(
      '  - permit: connect\n    address: "tcp:80"\n    if: {owner: self}\n',
      '  - deny: connect\n    address: "tcp:80"\n',
    ),
    [],
    'an address has no owner',
  );
});

t.test('addresses', async (t) => {
  const one = '  - permit: connect\n    address: "tcp:10.0.0.0/8:5432"\n';
  t.same(differ(one, one.replace('/8', '/9')), [
    'refused connect tcp:10.128.0.0:5432: 1 permit | default deny EPERM log',
  ]);
  t.same(differ(one, one.replace('5432', '5432-5433')), [
    'permitted connect tcp:10.0.0.1:5433: default deny EPERM log | 1 permit',
  ]);
  t.same(differ(one, one.replace('10.0.0.0/8', '*')), [
    'permitted connect tcp:192.0.2.1:5432: default deny EPERM log | 1 permit',
  ]);
  t.same(
    differ(
      '  - permit: bind\n    address: "tcp:80"\n',
      '  - permit: bind\n    address: ["tcp:80", "unix:@a*", "unix:"]\n',
    ),
    [
      'permitted bind unix:@a: default deny EPERM log | 1 permit',
      'permitted socket family 1, kind 1, protocol 0: default deny EPERM log | 1 permit',
      'permitted bind unix:: default deny EPERM log | 1 permit',
    ],
  );
  t.same(
    differ(
      '  - permit: [connect, bind]\n    address: "tcp:[::]/0:80"\n'.replace('[::]/0', '*'),
      '  - deny: connect\n    address: ["tcp:127.0.0.1:80"]\n  - permit: [connect, bind]\n    address: "tcp:80"\n',
    ),
    ['refused connect tcp:127.0.0.1:80: 1 permit | 1 deny EPERM log'],
  );
});

t.test('0.0.0.0 and :: are no destinations, and are bound to', async (t) => {
  const any = (operation: string): string => `  - permit: ${operation}\n    address: "tcp:80"\n`;
  const but = (operation: string): string => `  - deny: ${operation}\n    address: "tcp:0.0.0.0/31:80"\n`;
  t.same(differ(any('connect'), but('connect') + any('connect')), [
    'refused connect tcp:0.0.0.1:80: 1 permit | 1 deny EPERM log',
  ]);
  t.same(differ(any('bind'), but('bind') + any('bind')), ['refused bind tcp:0.0.0.0:80: 1 permit | 1 deny EPERM log']);
});

t.test('errno, log, what an exec leads to, ask, default, settings', async (t) => {
  const rule = (text: string): string => `  - ${text}: exec\n    path: /bin/x\n`;
  t.same(differ(`${rule('deny')}    errno: ENOENT\n`, rule('deny')), [
    'otherwise exec /bin/x: 1 deny ENOENT log | 1 deny EPERM log',
  ]);
  t.same(differ(`${rule('deny')}    log: false\n`, rule('deny')), [
    'otherwise exec /bin/x: 1 deny EPERM | 1 deny EPERM log',
  ]);
  t.same(differ(`${rule('permit')}    policy: inherit\n`, rule('permit')), [
    'otherwise exec /bin/x: 1 permit inherit | 1 permit own',
  ]);
  t.same(differ(rule('ask'), rule('deny')), ['otherwise exec /bin/x: 1 ask log | 1 deny EPERM log']);
  t.same(differ(rule('deny'), rule('deny'), ['', 'errno: EACCES\n']).length, 8, 'every denial has another errno');
  const { settings } = compare(
    read(rule('ask'), 'mode: complain\nsyscalls: [write, read]\n'),
    read(rule('ask'), 'asking: {fallback: permit, deadline: 2m}\nsyscalls: [read, write]\n'),
  );
  t.same(settings, [
    { key: 'mode', first: 'complain', second: 'enforce' },
    { key: 'asking', first: 'fallback deny, no deadline', second: 'fallback permit, deadline 120s' },
  ]);
  const calls = (first: string, second: string): string[] =>
    compare(read('', first), read('', second)).settings.map((one) => `${one.key}: ${one.first} | ${one.second}`);
  t.same(
    calls('syscalls: "@system"\n', 'syscalls: [getrandom, sysinfo, uname, exit]\n'),
    [],
    'written out they are the same',
  );
  t.same(calls('syscalls: [read, bind]\n', 'syscalls: [read, mount, write]\n'), [
    'syscalls: besides bind | besides write, mount',
  ]);
  t.same(calls('syscalls: read\n', 'syscalls: {refused: kill, permit: read}\n'), [
    'syscalls: the same and no more, the rest gets EPERM | the same and no more, the rest gets kill',
  ]);
  t.same(calls('syscalls: read\n', ''), [
    'syscalls: 8 calls (read, rt_sigreturn, execve, exit, restart_syscall, exit_group, uretprobe, uprobe), the rest gets EPERM | all',
  ]);
});

t.test('an interpreter, and files by which the kernel acts', async (t) => {
  const rule = '  - permit: write\n    path: /x\n';
  t.same(differ(rule, rule, ['', 'interpreter: /usr/bin/perl\n']), [
    'permitted read,stat,load /usr/bin/perl: default deny EPERM log | 0 permit',
  ]);
  const wide = '  - permit: write\n    path: "/proc/sys/kernel/*"\n';
  t.same(differ(wide, `${wide}  - permit: write\n    path: /proc/sys/kernel/core_pattern\n`), [
    'permitted write /proc/sys/kernel/core_pattern: default deny EPERM log | 2 permit',
  ]);
});

t.test('what is settled whatever a policy says is no difference', async (t) => {
  const later = (first: string, second = ''): string[] => {
    const policies = [first, second].map((rules) =>
      parsePolicy(`version: 2\nprogram: /usr/bin/x\nrules:\n${rules}`, 'x.yaml', around),
    ) as [Policy, Policy];
    return witnessesOf(...policies).map(({ difference }) => short(difference));
  };
  const mount = (path: string): string => `  - permit: unmount\n    path: "${path}"\n    type: tmpfs\n`;
  const refused = (object: string): string[] => [
    `refused unmount unmount:tmpfs:${object}: 1 permit | default deny EPERM log`,
  ];
  t.same(later(mount('/sys/fs/bpf/**')), [], 'places that are kept');
  t.same(later(mount('/run/callgate/*')), []);
  t.same(later(mount('/proc/**')), refused('/proc/fs/nfsd'), 'another file system on proc');
  t.same(later(mount('/***')), refused('/a'), 'not the root');
  t.same(later(mount('/{proc,mnt}')), refused('/mnt'), 'a place beside one that is kept');
  t.same(later(mount('/{proc,m}/b')), refused('/m/b'));
  t.same(later(mount('/sys/kernel/debug/x')), refused('/sys/kernel/debug/x'), 'another file system on sysfs');
  t.same(later(mount('/var/lib/callgate/**')), refused('/var/lib/callgate/a/a'), 'below what is kept');
  t.same(later(mount('/etc/callgate/**')), refused('/etc/callgate/a'));

  const ask = (path: string, command = 'TCGETS'): string =>
    `  - permit: ioctl\n    path: "${path}"\n    command: ${command}\n`;
  const asked = (object: string): string[] => [`refused ioctl ioctl:${object}: 1 permit | default deny EPERM log`];
  t.same(later(ask('/etc/passwd')), [], 'no device');
  t.same(later(ask('/dev/{tty7,null}')), [], 'known devices');
  t.same(later(ask('/dev/pts/*')), []);
  t.same(later(ask('/dev/sda')), asked('TCGETS:/dev/sda'), 'another device');
  t.same(later(ask('/**')), asked('TCGETS:/dev/a'));
  t.same(later(ask('/etc/passwd', '[TCGETS, TCSETS]')), asked('TCSETS:/etc/passwd'), 'another request');
  t.same(later('  - permit: ioctl\n    kind: socket\n    command: FIONREAD\n'), []);
  t.same(later('  - permit: ioctl\n    kind: deleted\n    command: FIONREAD\n'), asked('FIONREAD:deleted'));
});

t.test('what only version 2 governs', async (t) => {
  const later = (first: string, second: string): string[] => {
    const policies = [first, second].map((rules) =>
      parsePolicy(`version: 2\nprogram: /usr/bin/x\nrules:\n${rules}`, 'x.yaml', around),
    ) as [Policy, Policy];
    return witnessesOf(...policies).map(({ difference }) => short(difference));
  };
  const jail = '  - permit: chroot\n    path: "/srv/*"\n';
  t.same(later(jail, '  - permit: chroot\n    path: ["/srv/*", /run/sshd]\n'), [
    'permitted chroot /run/sshd: default deny EPERM log | 1 permit',
  ]);
  t.same(later(jail, ''), [
    'refused chroot /srv/a: 1 permit | default deny EPERM log',
    'refused capable capability:sys_chroot: 1 permit | default deny EPERM log',
  ]);
  t.same(
    later('  - permit: setuid\n    uid: "1000-2000"\n', '  - permit: setuid\n    uid: ["1000-1999", ">=2001"]\n')
      .length,
    2,
    'one less, and all above it more',
  );
  t.same(
    later('  - permit: capable\n    capability: [kill, chown]\n', '  - permit: capable\n    capability: [chown]\n'),
    ['refused capable capability:kill: 1 permit | default deny EPERM log'],
  );
  const child = (signals: string): string => `  - permit: signal\n    process: child\n    signal: ${signals}\n`;
  t.same(later(child('[HUP, TERM]'), child('[HUP]')), [
    'refused signal signal:TERM:child: 1 permit | default deny EPERM log',
  ]);
  t.same(
    later(
      '  - permit: signal\n    path: /bin/a\n    signal: HUP\n',
      '  - permit: signal\n    path: "/bin/?"\n    signal: HUP\n',
    ),
    ['permitted signal signal:HUP:/bin/b: default deny EPERM log | 1 permit'],
  );
  const limits = (which: string): string => `  - permit: limit\n    process: policy\n    limit: ${which}\n`;
  t.same(later(limits('[cpu, nofile]'), limits('cpu')), [
    'refused limit limit:nofile:policy: 1 permit | default deny EPERM log',
  ]);
  t.same(later('  - permit: ptrace\n    path: /bin/a\n    ptrace: read\n', '  - permit: ptrace\n    path: /bin/a\n'), [
    'permitted ptrace ptrace:attach:/bin/a: default deny EPERM log | 1 permit',
  ]);
  t.same(later('  - permit: namespace\n    namespace: [net, uts]\n', '  - permit: namespace\n    namespace: uts\n'), [
    'refused namespace namespace:net: 1 permit | default deny EPERM log',
  ]);
  t.same(
    later('  - permit: kernel\n    kernel: [keys, swap]\n', '  - permit: kernel\n    kernel: [keys, io_uring]\n'),
    [
      'refused kernel kernel:swap: 1 permit | default deny EPERM log',
      'permitted kernel kernel:io_uring: default deny EPERM log | 1 permit',
    ],
  );
  t.same(later('  - permit: ipc\n    ipc: shm\n', '  - permit: ipc\n    ipc: shm\n    if: {owner: self}\n'), [
    'refused ipc ipc:shm owner 1000: 1 permit | default deny EPERM log',
  ]);
  const tmpfs = '  - permit: mount\n    path: /mnt/a\n    type: tmpfs\n';
  t.same(later(tmpfs, '  - permit: mount\n    path: /mnt/a\n    type: [tmpfs, ext4]\n'), [
    'permitted mount mount:ext4:/mnt/a: default deny EPERM log | 1 permit',
  ]);
  t.same(later(`${tmpfs}  - permit: unmount\n    path: /mnt/a\n`, tmpfs), [
    'refused unmount unmount:tmpfs:/mnt/a: 2 permit | default deny EPERM log',
  ]);
  t.same(
    later(
      '  - permit: ioctl\n    path: "/dev/*"\n    command: [TCSETS, "0x1234"]\n',
      '  - permit: ioctl\n    path: "/dev/*"\n    command: TCSETS\n',
    ),
    ['refused ioctl ioctl:0x1234:/dev/a: 1 permit | default deny EPERM log'],
  );
  t.same(
    later(
      '  - permit: ioctl\n    kind: socket\n',
      '  - permit: ioctl\n    kind: socket\n  - permit: attribute\n    path: /x\n    attribute: [user, flags]\n',
    ),
    ['permitted attribute attribute:user:/x: default deny EPERM log | 2 permit'],
  );
  const opened = ['/x', '/y'].map((path) =>
    parsePolicy(
      `version: 2\nprogram: /usr/bin/x\ndefault: permit\nrules:\n  - deny: attribute\n    path: ${path}\n  - permit: ioctl\n    kind: ${path === '/x' ? 'deleted' : 'detached'}\n`,
      'x.yaml',
      around,
    ),
  ) as [Policy, Policy];
  t.same(
    witnessesOf(...opened).map(({ difference }) => short(difference)),
    [
      'permitted attribute attribute:times:/x: 1 deny EPERM log | default permit',
      'refused ioctl ioctl:TCGETS:deleted: 2 permit | default deny EPERM log',
      'refused attribute attribute:times:/y: default permit | 1 deny EPERM log',
      'permitted ioctl ioctl:TCGETS:detached: default deny EPERM log | 2 permit',
    ],
    'kinds that no default opens',
  );
  const [first, second] = ['1', '2'].map((version) =>
    parsePolicy(`version: ${version}\nprogram: /usr/bin/x\nrules:\n`, 'x.yaml', around),
  ) as [Policy, Policy];
  t.same(
    witnessesOf(first, second).map(({ difference }) => short(difference)),
    [
      'refused capable capability:chown: default permit | default deny EPERM log',
      'refused setuid uid:0: default permit | default deny EPERM log',
      'refused setgid gid:0: default permit | default deny EPERM log',
      'refused kernel kernel:keys: default permit | default deny EPERM log',
      'refused ipc ipc:shm: default permit | default deny EPERM log',
      'refused signal signal:HUP:child: default permit | default deny EPERM log',
      'refused limit limit:cpu:child: default permit | default deny EPERM log',
      'refused priority priority:nice:child: default permit | default deny EPERM log',
      'refused attribute attribute:times:/: default permit | default deny EPERM log',
      'refused ioctl ioctl:TCSETS:/: default permit | default deny EPERM log',
    ],
    'version 1 leaves alone what it does not govern, but for the floor',
  );
});

/** Attempts that never happen are no differences. */
function happens({ object, operations }: Access, operation: Operation): boolean {
  return (
    operations.includes(operation) &&
    !(object.type === 'inet' && UNSPECIFIED.includes(object.address) && ['connect', 'send'].includes(operation))
  );
}

/** Another policy that is near: a rule left out, put elsewhere, or changed. */
function nearTo(policy: Policy, how: readonly number[]): Policy {
  const rules: Rule[] = [...policy.rules];
  const [what = 0, where = 0, whither = 0] = how;
  if (rules.length === 0) return { ...policy, default: 'permit' };
  const at = where % rules.length;
  const rule = rules[at] as Rule;
  if (what % 5 === 0) rules.splice(at, 1);
  else if (what % 5 === 1) rules.splice(whither % rules.length, 0, ...rules.splice(at, 1));
  else if (what % 5 === 2) rules[at] = { ...rule, verdict: rule.verdict === 'permit' ? 'deny' : 'permit' };
  else if (what % 5 === 3) rules[at] = { ...rule, if: { uids: [{ first: 1, last: 1000 }] } };
  else
    return { ...policy, rules: rules.map((each, index) => ({ ...each, place: { ...each.place, line: index + 10 } })) };
  return { ...policy, rules };
}

t.test('random policies, all of it against the reference', async (t) => {
  const runs = Number(process.env.CALLGATE_PAIRS ?? 150);
  let [told, silent, tried] = [0, 0, 0];
  const pair = fc.oneof(
    fc
      .tuple(everyPolicy, fc.array(fc.nat(99), { minLength: 3, maxLength: 3 }))
      .map(([one, how]) => [one, nearTo(one, how)] as const),
    fc.tuple(everyPolicy, everyPolicy),
  );
  fc.assert(
    fc.property(pair, fc.array(everyAim, { minLength: 60, maxLength: 60 }), ([first, second], aims) => {
      let witnesses: Witness[];
      try {
        witnesses = witnessesOf(first, second);
      } catch (error) {
        if (error instanceof CompileError) return;
        throw error;
      }
      if (witnesses.length > 0) told++;
      else silent++;
      for (const witness of witnesses) {
        const found = wrong(witness, first, second);
        if (found.length > 0) throw new Error(`not so: ${JSON.stringify(found, null, 1)}`);
      }
      const named = new Set(
        witnesses.flatMap(({ difference: { operations, first, second } }) =>
          operations.map((operation) => `${operation} ${first.rule?.line ?? null} ${second.rule?.line ?? null}`),
        ),
      );
      for (const aim of aims) {
        const { owner, ...rest } = accessOf(aim.rule % 2 === 0 ? first : second, aim);
        const owned = rest.object.type === 'path' || rest.object.type === 'kind';
        const access: Access = owned && owner !== undefined ? { ...rest, owner } : rest;
        const [one, other] = [judge(first, access), judge(second, access)];
        one.decisions.forEach((decision, index) => {
          const { operation } = decision;
          const against = other.decisions[index] as Decision;
          tried++;
          const [left, right] = [sayOf(decision), sayOf(against)];
          if (JSON.stringify({ ...left, line: 0 }) === JSON.stringify({ ...right, line: 0 })) return;
          if (!happens(access, operation)) return;
          const key = `${operation} ${decision.rule?.place.line ?? null} ${against.rule?.place.line ?? null}`;
          if (!named.has(key)) throw new Error(`untold: ${key} ${JSON.stringify({ access, left, right })}`);
        });
      }
    }),
    { numRuns: runs },
  );
  t.comment(`${told} pairs differ, ${silent} do not, ${tried} judgements`);
  t.ok(told > runs / 4 && silent > runs / 20, 'both happen');
});
