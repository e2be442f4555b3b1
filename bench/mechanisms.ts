// SPDX-License-Identifier: GPL-2.0-only
/** What the benchmark compares: mechanisms, the operations that bench/measure.c times, and the same policy in three languages. */

/** In the order in which they are measured: those without the gate first, and version 2, which stays in the gate, last. */
export const MECHANISMS = [
  'nothing',
  'seccomp',
  'landlock',
  'apparmor',
  'apparmor complain',
  'gate, no subject lives',
  'gate, beside a subject',
  'gate, beside a filter',
  'gate, beside a learner of calls',
  'callgate',
  'callgate complain',
  'callgate learn',
  'callgate version 2',
] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** Rules of the measured policy, and policies that are loaded, beside the ordinary ones. */
export const RULES = [10, 1_000, 10_000] as const;
export const POLICIES = [20, 200] as const;

/** Measured by `--short`, as names of bench/measure.c. */
export const SHORT = [
  ...['getpid', 'open2', 'open8', 'open32', 'stat8', 'fstat', 'create_unlink', 'rename_twice', 'connect_udp'],
  ...['open_refused_logged', 'open_refused', 'fork_exec', 'sendto'],
];

const CHANGE = ['read', 'list', 'write', 'create', 'delete', 'link', 'chmod', 'stat'];

/** So many rules about files that are not there. */
export function fillerRules(count: number): readonly object[] {
  return Array.from({ length: count }, (_, at) => ({ permit: 'read', path: `/srv/data${at % 97}/file${at}` }));
}

/** What version 2 has to permit besides. */
const LATER = [
  { permit: 'attribute', attribute: 'times', path: '/room/**' },
  { permit: 'ioctl', kind: 'pipe', command: 'FIONREAD' },
  { permit: 'ipc', ipc: 'sem' },
  { permit: 'signal', process: 'child' },
];

/** The policy of the measured program with so many rules that nothing it does needs. */
export function policyText(fillers: number, version: 1 | 2 = 1): string {
  const inet = ['tcp', 'udp'].map((protocol) => `${protocol}:127.0.0.1:4242`);
  return JSON.stringify({
    version,
    program: '/measure',
    default: 'deny',
    rules: [
      { deny: 'read', path: '/tree/silent', log: false },
      ...fillerRules(fillers),
      { permit: ['read', 'load'], path: ['/file.txt', '/tree/file.txt', '/tree/link'] },
      { permit: 'read', path: '/tree/folder/**' },
      { permit: CHANGE, path: '/room/**' },
      { permit: 'exec', path: '/bin/true', policy: 'inherit' },
      { permit: ['bind', 'listen', 'accept', 'connect', 'send'], address: inet },
      { permit: ['accept', 'send'], address: ['tcp:127.0.0.0/8:1-65535', 'udp:127.0.0.0/8:1-65535'] },
      { permit: ['connect', 'send'], address: 'unix:' },
      ...(version === 2 ? LATER : []),
    ],
  });
}

/** The same for AppArmor; its `deny` is never logged. */
export function apparmorProfile(name: string, fillers: number, complain: boolean): string {
  return [
    `profile ${name}${complain ? ' flags=(complain)' : ''} {`,
    '  deny /tree/silent r,',
    ...Array.from({ length: fillers }, (_, at) => `  /srv/data${at % 97}/file${at} r,`),
    '  /file.txt mr,\n  /tree/file.txt mr,\n  /tree/link r,\n  /tree/folder/** r,\n  /room/** rwlk,\n  /bin/true ix,\n  /measure mr,',
    '  capability,\n  network inet stream,\n  network inet dgram,\n  network unix,\n  unix,\n  signal,',
    '}',
    '',
  ].join('\n');
}
