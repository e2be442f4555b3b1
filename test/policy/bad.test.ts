// SPDX-License-Identifier: GPL-2.0-only
/** Everything that can be wrong with a policy: each is told by its own code, at its place. */
import t from 'tap';
import { PolicyError, renderProblem } from '../../src/policy/errors.js';
import { MESSAGES, type ProblemCode } from '../../src/policy/messages.js';
import { parsePolicy } from '../../src/policy/parse.js';
import type { Surroundings } from '../../src/policy/surroundings.js';

const around: Surroundings = {
  variable: (name) => ({ HOME: '/srv/home', USER: 'no/body', UID: '7', CWD: null, HOST: 'here' })[name],
  user: (name) => (name === 'root' ? 0 : null),
  group: (name) => (name === 'root' ? 0 : null),
  rules: (name) => {
    if (name === 'known') return { file: 'known.yaml', text: 'version: 1\nrules:\n' };
    return name === 'newer'
      ? { file: 'newer.yaml', text: 'version: 2\nrules:\n  - permit: setuid\n    uid: 0\n' }
      : null;
  },
};

const HEAD = 'version: 1\nprogram: /usr/bin/cat\n';
const rules = (...lines: string[]): string => `${HEAD}rules:\n${lines.map((line) => `  ${line}\n`).join('')}`;
const later = (...lines: string[]): string => rules(...lines).replace('version: 1', 'version: 2');
const path = (text: string): string => rules('- permit: read', `  path: ${text}`);
const address = (text: string): string => rules('- permit: connect', `  address: ${text}`);
const family = (text: string): string => rules('- permit: socket', `  family: ${text}`);
const condition = (text: string): string => rules('- permit: read', '  path: /x', `  if: ${text}`);

/** For each code a text, and line and column of the problem. */
const BAD: Readonly<Record<ProblemCode, readonly [text: string, line: number, column: number]>> = {
  'text-too-long': [`#${' '.repeat(16 * 1024 * 1024)}`, 1, 1],
  'not-utf8': [path('/a\ufffd'), 5, 13],
  'nul-byte': [path('/a\0'), 5, 13],
  'carriage-return': [HEAD.replaceAll('\n', '\r\n'), 1, 11],
  'byte-order-mark': [`\ufeff${HEAD}`, 1, 1],
  'control-character': [path('/a\u202eb'), 5, 13],
  'empty-file': ['# nothing yet\n', 1, 1],
  'yaml-syntax': [`${HEAD}rules: "\n`, 4, 1],
  'tab-indent': [`${HEAD}rules:\n\t- permit: read\n`, 4, 1],
  'several-documents': [`${HEAD}rules:\n---\nversion: 1\n`, 4, 1],
  directive: [`%YAML 1.2\n---\n${HEAD}rules:\n`, 1, 1],
  anchor: [path('&a /x'), 5, 11],
  alias: [path('*a'), 5, 11],
  tag: [path('!!str /x'), 5, 11],
  'several-lines': [path('/srv/a\n      /srv/b'), 5, 11],
  'merge-key': [rules('- permit: read', '  <<: {path: /x}'), 5, 5],
  'unquoted-sign': [path('*.conf'), 5, 11],
  'key-not-text': [`${HEAD}1: 2\nrules:\n`, 3, 1],
  'duplicate-key': [rules('- permit: read', '  path: /x', '  path: /y'), 6, 5],
  'nested-too-deep': [`${HEAD}rules: ${'['.repeat(40)}${']'.repeat(40)}\n`, 3, 0],
  'not-a-map': ['- permit: read\n', 1, 1],
  'unknown-key': [rules('- permit: read', '  paths: /x'), 5, 5],
  'key-after-rules': [`${rules('- permit: read', '  path: /x')}mode: enforce\n`, 6, 1],
  'missing-key': ['version: 1\nrules:\n', 1, 1],
  'wrong-type': [path('{x: y}'), 5, 11],
  'wrong-word': [`${HEAD}mode: enforced\nrules:\n`, 3, 7],
  'empty-list': [path('[]'), 5, 11],
  'version-unknown': ['version: 3\nprogram: /x\nrules:\n', 1, 10],
  'program-relative': ['version: 1\nprogram: cat\nrules:\n', 2, 10],
  'program-glob': ['version: 1\nprogram: "/usr/bin/*"\nrules:\n', 2, 20],
  'program-path': ['version: 1\nprogram: /usr//bin/cat\nrules:\n', 2, 15],
  'syscall-name': [`${HEAD}syscalls: [Open]\nrules:\n`, 3, 12],
  'syscall-group': [`${HEAD}syscalls: [read, "@net"]\nrules:\n`, 3, 18],
  'syscall-refused': [`${HEAD}syscalls: {refused: SIGSYS, permit: read}\nrules:\n`, 3, 21],
  duration: [`${HEAD}asking: {deadline: 30 s}\nrules:\n`, 3, 20],
  'group-name': [`${HEAD}use: [../x]\nrules:\n`, 3, 7],
  'group-unknown': [`${HEAD}use: [libd]\nrules:\n`, 3, 7],
  'group-version': [`${HEAD}use: [newer]\nrules:\n`, 3, 7],
  'group-twice': [`${HEAD}use: [known, known]\nrules:\n`, 3, 14],
  'verdict-missing': [rules('- path: /x'), 4, 5],
  'verdict-twice': [rules('- permit: read', '  deny: write', '  path: /x'), 5, 5],
  'unknown-operation': [rules('- permit: raed', '  path: /x'), 4, 13],
  'mixed-operations': [rules('- permit: [read, connect]', '  path: /x'), 4, 13],
  'objects-missing': [rules('- permit: read'), 4, 5],
  'key-for-others': [rules('- permit: read', '  address: "tcp:1"'), 5, 5],
  'operation-version': [rules('- permit: [read, chroot]', '  path: /x'), 4, 20],
  'ask-later': [later('- ask: setuid', '  uid: 0'), 4, 10],
  'unknown-signal': [later('- permit: signal', '  process: child', '  signal: [HUP, SIGTERM]'), 6, 19],
  'unknown-process': [later('- permit: signal', '  process: parent'), 5, 14],
  'unknown-limit': [later('- permit: limit', '  process: child', '  limit: [cpu, RLIMIT_NOFILE]'), 6, 18],
  'unknown-priority': [later('- permit: priority', '  process: child', '  priority: idle'), 6, 15],
  'unknown-ptrace': [later('- permit: ptrace', '  process: child', '  ptrace: write'), 6, 13],
  'unknown-type': [later('- permit: mount', '  path: /x', '  type: [tmpfs, proc]'), 6, 19],
  'type-missing': [later('- permit: mount', '  path: /x'), 4, 5],
  'place-kept': [later('- permit: mount', '  type: tmpfs', '  path: [/mnt, /proc/bus]'), 6, 18],
  'process-alike': [later('- permit: ptrace', '  process: [child, policy]'), 5, 22],
  'which-for-others': [later('- permit: limit', '  process: child', '  signal: HUP'), 6, 5],
  'unknown-attribute': [later('- permit: attribute', '  path: /x', '  attribute: [times, xattr]'), 6, 24],
  'unknown-command': [later('- permit: ioctl', '  path: /dev/tty', '  command: [TCSETS, tcsetz]'), 6, 23],
  'command-floor': [later('- permit: ioctl', '  path: /dev/tty', '  command: TIOCSTI'), 6, 14],
  'command-attribute': [later('- permit: ioctl', '  path: /x', '  command: "0x40046602"'), 6, 15],
  'command-free': [later('- permit: ioctl', '  kind: pipe', '  command: [TCSETS, FIONBIO]'), 6, 23],
  'errno-signal': [later('- deny: signal', '  process: child', '  errno: ESRCH'), 6, 12],
  'unknown-capability': [later('- permit: capable', '  capability: [CAP_NET_RAW]'), 5, 18],
  'unknown-namespace': [later('- permit: namespace', '  namespace: [net, CLONE_NEWNS]'), 5, 22],
  'unknown-kernel': [later('- permit: kernel', '  kernel: [keys, io_urnig]'), 5, 20],
  'kernel-never': [later('- permit: kernel', '  kernel: bpf'), 5, 13],
  'kernel-capability': [later('- deny: kernel', '  kernel: clock'), 5, 13],
  'unknown-ipc': [later('- permit: ipc', '  ipc: shmem'), 5, 10],
  'capability-never': [later('- permit: capable', '  capability: sys_rawio'), 5, 17],
  'errno-without-deny': [rules('- permit: read', '  path: /x', '  errno: EPERM'), 6, 5],
  'unknown-errno': [rules('- deny: read', '  path: /x', '  errno: EPREM'), 6, 12],
  'transition-without-exec': [rules('- permit: read', '  path: /x', '  policy: own'), 6, 5],
  'transition-without-permit': [rules('- deny: exec', '  path: /x', '  policy: own'), 6, 5],
  'ask-receive': [rules('- ask: receive', '  path: /x'), 4, 10],
  'unknown-kind': [rules('- permit: read', '  kind: memdf'), 5, 11],
  'pattern-relative': [path('etc/hosts'), 5, 11],
  'pattern-slashes': [path('/etc//hosts'), 5, 16],
  'trailing-slash': [path('/etc/'), 5, 15],
  'dot-component': [path('/etc/../x'), 5, 16],
  'set-empty': [path('"/x[]"'), 5, 14],
  'set-open': [path('"/x[ab"'), 5, 14],
  'set-reversed': [path('"/x[z-a]"'), 5, 15],
  'set-caret': [path('"/x[^a]"'), 5, 15],
  'set-class': [path('"/x[[:digit:]]"'), 5, 15],
  'set-multibyte': [path('"/x[é]"'), 5, 15],
  'slash-inside': [path('"/x{a/b,c}"'), 5, 16],
  'brace-open': [path('"/x{a,b"'), 5, 14],
  'sign-unopened': [path('"/x}"'), 5, 14],
  'brace-single': [path('"/x{a}"'), 5, 14],
  'brace-depth': [path(`"/x${'{a,'.repeat(40)}${'}'.repeat(40)}"`), 5, 0],
  'count-range': [path('"/x[a-z]{9-2}"'), 5, 19],
  'deep-inside': [path('"/x/a**/b"'), 5, 16],
  'self-inside': [path('"/x/***/b"'), 5, 15],
  'escape-unknown': [path("'/x\\n'"), 5, 14],
  'escape-byte': [path("'/x\\x2f'"), 5, 14],
  'escape-open': [path("'/x\\'"), 5, 14],
  'name-too-long': [path(`/${'a'.repeat(256)}`), 5, 12],
  'path-too-long': [path(`/${'a/'.repeat(2050)}a`), 5, 11],
  'component-empty': [path('"/x/{,}"'), 5, 15],
  'thread-self': [path('/proc/thread-self/maps'), 5, 0],
  'variable-unknown': [path('"${HMOE}/x"'), 5, 12],
  'variable-unset': [path('"${CWD}/x"'), 5, 12],
  'variable-unusable': [path('"/home/${USER}"'), 5, 18],
  'address-form': [address('"443"'), 5, 0],
  'unknown-protocol': [address('"tpc:443"'), 5, 15],
  'host-name': [address('"tcp:example.org:443"'), 5, 19],
  'host-address': [address('"tcp:10.0.0.256:443"'), 5, 19],
  'host-zone': [address('"tcp:[fe80::1%eth0]:443"'), 5, 0],
  'ipv6-brackets': [address('"tcp:2001:db8::1:443"'), 5, 19],
  'ipv4-brackets': [address('"tcp:[10.0.0.1]:443"'), 5, 0],
  'no-destination': [address('"tcp:0.0.0.0:80"'), 5, 0],
  'prefix-length': [address('"tcp:10.0.0.0/33:443"'), 5, 0],
  'prefix-bits': [address('"tcp:10.0.0.1/8:443"'), 5, 0],
  'prefix-covers-ipv4': [address('"tcp:[::/0]:443"'), 5, 0],
  'port-missing': [address('"tcp:10.0.0.1"'), 5, 0],
  'port-number': [address('"tcp:70000"'), 5, 19],
  'port-order': [address('"tcp:20-10"'), 5, 19],
  'unix-form': [address('"unix:relative"'), 5, 0],
  'unknown-family': [family('[netlnik]'), 5, 14],
  'unknown-socket-protocol': [family('["netlink:rote"]'), 5, 0],
  'family-protocol': [family('[tcp]'), 5, 14],
  'condition-empty': [condition('{}'), 6, 5],
  'condition-twice': [condition('{user: root, uid: 0}'), 6, 22],
  'unknown-user': [condition('{user: nobdoy}'), 6, 16],
  'unknown-group': [condition('{group: nobdoy}'), 6, 17],
  'name-is-number': [condition('{user: 1000}'), 6, 16],
  'id-form': [condition('{uid: "1000-"}'), 6, 0],
  'id-never': [condition('{uid: "9-1"}'), 6, 0],
};

function problemsOf(text: string): PolicyError['problems'] {
  try {
    parsePolicy(text, 'bad.yaml', around);
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
  return [];
}

t.strictSame(Object.keys(BAD).sort(), Object.keys(MESSAGES).sort(), 'every problem has a text that shows it');

for (const [code, [text, line, column]] of Object.entries(BAD))
  t.test(code, async (t) => {
    const [first] = problemsOf(text);
    t.equal(first?.code, code, first === undefined ? 'no problem was found' : renderProblem(first));
    if (first === undefined) return;
    t.equal(first.place.line, line, 'line');
    if (column > 0) t.equal(first.place.column, column, 'column');
    t.not(first.remedy, '', 'says what to do');
    t.notMatch(renderProblem(first), /undefined|\[object/, 'is whole');
  });

t.test('all problems of a file are told at once, first line first', async (t) => {
  const problems = problemsOf(rules('- permit: raed', '  path: /x', '- deny: read', '  path: y', '  errno: EX'));
  t.strictSame(
    problems.map(({ code }) => code),
    ['unknown-operation', 'pattern-relative', 'unknown-errno'],
  );
});

t.test('what is well is read', async (t) => {
  const policy = parsePolicy(
    rules('- permit: [read, write]', '  path: ["${HOME}/x", "/a/{b,c}/**"]', '- deny: connect', '  address: "tcp:*"'),
    'good.yaml',
    around,
  );
  t.equal(policy.rules.length, 2);
  t.equal(policy.rules[0]?.place.line, 4);
  t.equal(policy.rules[1]?.number, 2);
});

t.test('0.0.0.0 and :: are no destinations, but one binds to them', async (t) => {
  const told = (operations: string, host: string): readonly string[] =>
    problemsOf(rules(`- deny: ${operations}`, `  address: "tcp:${host}:80"`)).map(
      ({ message, remedy }) => `${message}; ${remedy}`,
    );
  t.strictSame(told('connect', '0.0.0.0'), [
    '0.0.0.0 never matches for connect: as a destination the kernel takes it for 127.0.0.1; ' +
      'write "tcp:127.0.0.1:80" for this machine itself, or * for any host',
  ]);
  t.strictSame(told('[connect, send]', '[::]'), [
    ':: never matches for connect, send: as a destination the kernel takes it for ::1; ' +
      'write "tcp:[::1]:80" for this machine itself, or * for any host',
  ]);
  for (const [operations, host] of [
    ['bind', '0.0.0.0'],
    ['[bind, connect]', '[::]'],
    ['connect', '0.0.0.0/0'],
    ['connect', '127.0.0.1'],
  ] as const)
    t.strictSame(told(operations, host), [], `${operations} ${host}`);
});

t.test('a value stands on one line', async (t) => {
  for (const written of [
    '|\n      /etc/hostname',
    '>\n      /etc/hostname',
    '|-\n      /etc/hostname',
    '>-\n      /srv/a\n      /srv/b',
    '"/srv/a\n      /srv/b"',
    "'/srv/a\n      /srv/b'",
    '\n      - /srv/a\n        /srv/b',
  ])
    t.same(codesOf(path(written)), ['several-lines'], written);
  for (const written of ['/etc/hostname # one\n', '\n      - /srv/a\n      - /srv/b', '\n      /srv/a', '"/srv/a"\n'])
    t.doesNotThrow(() => parsePolicy(path(written), 'x.yaml', around), written);
});

function codesOf(text: string): string[] {
  try {
    parsePolicy(text, 'x.yaml', around);
    return [];
  } catch (error) {
    return (error as PolicyError).problems.map(({ code }) => code);
  }
}

t.test('what a remedy says', async (t) => {
  const told = (text: string): string[] => {
    try {
      parsePolicy(text, 'x.yaml', around);
      return [];
    } catch (error) {
      return (error as PolicyError).problems.map(({ message, remedy }) => `${message}; ${remedy}`);
    }
  };
  const signal = (which: string): string => later('- permit: signal', '  process: child', `  signal: ${which}`);
  t.same(told(signal('34')), [
    'signal must be a text or a list of texts, not the number 34 (in quotes it is a text); write it in quotes: "34"',
  ]);
  t.same(told(signal('[HUP, 34]')), [
    'signal must be a list of texts, not the number 34 (in quotes it is a text); write it in quotes: "34"',
  ]);
  t.same(told(signal('["32", "64"]')), [], 'all real-time signals of the kernel');
  for (const which of ['"31"', '"65"'])
    t.same(told(signal(which)), [
      `unknown signal ${which}; write a name of signal(7) without SIG, such as TERM, or the number of a real-time signal, 32 to 64, in quotes`,
    ]);
  t.same(
    told(rules('- permit: signal', '  process: child')),
    [
      'signal is an operation of version 2; write `version: 2` at the head of the file, which then governs all of its operations',
    ],
    'and nothing of families',
  );
  t.same(told(rules('- permit: read', '  process: child')), [
    'process does not go with read, which is on files; use path: or kind:',
  ]);
  const mount = (path: string, verdict = 'permit'): string =>
    later(`- ${verdict}: mount`, '  type: tmpfs', `  path: ${path}`);
  const kept = (place: string, why: string): string[] => [
    `no policy permits mount at ${place}, nor need it be denied: ${why}, and the floor keeps it; leave it out, or name a place below which nothing is kept`,
  ];
  t.same(told(mount('/')), kept('/', 'it is the root'));
  t.same(told(mount('/sys/fs/cgroup')), kept('/sys/fs/cgroup', 'by it the kernel is asked and told'));
  t.same(told(mount('/etc/callgate')), kept('/etc/callgate', "callgate's own folders lie below it"));
  t.same(told(mount('/run/callgate')), kept('/run/callgate', "it is callgate's own"));
  for (const path of ['/mnt', '"/**"', '/sys/kernel/debug']) t.same(told(mount(path)), [], path);
  t.same(told(mount('/proc', 'deny')), [], 'a denial says what is so');
  t.same(told(`${HEAD}use: [nothing]\nrules:\n`), [
    'there is no group nothing; write one of libc, locale, names, tls, python, perl, ruby, node, java, terminals, x11, or a file nothing.yaml',
  ]);
});
