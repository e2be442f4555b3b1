// SPDX-License-Identifier: GPL-2.0-only
/** The view as a person has it: in a terminal, at the door of a supervisor that only asks. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ASKER, ago, denial, POLICY, question, suggestion } from './build.js';
import { FakeSupervisor } from './fake-supervisor.js';
import { FakeTerminal, noTerminals } from './terminal.js';

const DRIVER = fileURLToPath(new URL('attach-process.js', import.meta.url));
const skip = noTerminals();
// Six terminals one after the other, on a machine that may be busy.
t.setTimeout(600_000);

/** The view in a terminal. The shell then says how its modes are, and how it ended. */
function attached(test: Test, fake: FakeSupervisor, env: Readonly<Record<string, string>> = {}): Promise<FakeTerminal> {
  // What came from elsewhere into this process is not for the view that is looked at.
  return FakeTerminal.open(
    test,
    `clear; stty -a >${fake.folder}/before; ${process.execPath} ${DRIVER} ${fake.folder} 2>${fake.folder}/errors; echo "status $?"; stty -a >${fake.folder}/after; echo "the shell is back"`,
    { EDITOR: 'false', CI: 'true', ...env },
  );
}

const modes = (fake: FakeSupervisor): unknown => [
  readFileSync(join(fake.folder, 'before'), 'utf8') === readFileSync(join(fake.folder, 'after'), 'utf8'),
  readFileSync(join(fake.folder, 'errors'), 'utf8'),
];

// Select graphic rendition (ECMA-48), without what begins it.
const SGR = /\[([0-9;:]*)m/g;

const RULE = (name: string): string => `-- ${name} `.padEnd(80, '-');
const KEYS = ' p permit d deny m min s process a always n errno e edit k kill u undo ? help q';
const BAR = (lists: string): string => ` callgate  inetd-1: /usr/sbin/inetd -i${lists.padStart(41)}`.trimEnd();
/** Of each question here, from its object on. */
const DETAILS = [
  'wants     read',
  'program   inetd[812], user root (0:0), runs /usr/sbin/inetd',
  'command   /usr/sbin/inetd -i',
  'parents   bash[800] < systemd[1]',
  'asked by  rule 3, /etc/callgate/policies/inetd/usr_sbin_inetd.yaml:12',
  'otherwise waits while somebody attends, then denied (EPERM)',
  'permit it for good (a):                                        here also   alike',
  '>1 permit: read, path: /etc/shadow                                     0       2',
  '   this object; nothing else here; permitted already: /usr/bin/su,',
  '   /usr/sbin/sshd',
  ' 2 permit: read, path: /etc/*                                        213       0',
  ' 3 permit: read, path: /***                                       10000+       0',
] as const;

t.test('questions come, are answered by keys, and are left', { skip, timeout: 300_000 }, async (t) => {
  const fake = await FakeSupervisor.open(t);
  const evil = '\u001b[31m/tmp/\u0007evil\u009b2J';
  fake.ask(question(1, { threads: 8, pids: [812, 900], asked: 3, since: ago(12) }));
  fake.deny(denial(1, { object: '/etc/passwd' }));
  const terminal = await attached(t, fake);
  t.same(await terminal.until((lines) => lines.some((line) => line.endsWith('10000+       0'))), [
    BAR('[1 question]  1 denial'),
    '   waits  thr  asked  program          wants     object',
    '>   12 s    8    3rd  inetd[812]       read      /etc/shadow',
    RULE('question 1'),
    'object    /etc/shadow',
    ...DETAILS.slice(0, 4),
    'waiting   2 processes: 812, 900',
    ...DETAILS.slice(4),
    ...['', '', '', '', ''],
    KEYS,
  ]);
  t.equal(await terminal.flag('alternate_on'), '1');

  // One more, whose names are meant for the terminal.
  fake.ask(
    question(2, {
      object: evil,
      since: ago(3),
      asker: { ...ASKER, comm: evil },
      suggestions: [suggestion(1, 'this object', `permit: read\npath: "${evil}"`)],
    }),
  );
  await terminal.line('     3 s');
  await terminal.keys('Down');
  const second = await terminal.line(RULE('question 2'));
  t.same(second.slice(2, 6), [
    '    12 s    8    3rd  inetd[812]       read      /etc/shadow',
    '>    3 s    1    1st  \\x1...x9b2J[812] read      \\x1b[31m/tmp/\\x07evil\\xc2\\x9b2J',
    RULE('question 2'),
    'object    \\x1b[31m/tmp/\\x07evil\\xc2\\x9b2J',
  ]);
  await terminal.keys('n', 'E', 'N', 'O', 'E', 'N', 'Tab');
  t.same((await terminal.line('deny with which error? ENOENT')).slice(-3), [
    'ENOENT',
    'deny with which error? ENOENT',
    ' tab: complete   enter: deny   esc: back',
  ]);
  t.same(
    [await terminal.flag('cursor_y'), await terminal.flag('cursor_x'), await terminal.flag('cursor_flag')],
    ['22', '29', '1'],
  );
  await terminal.keys('Enter');
  t.same((await terminal.line('deny once: 1 call goes on')).slice(3, 4), [RULE('question 1')]);

  await terminal.keys('2', 'a');
  const written = 'permit always: 8 calls go on; written to usr_sbin_inetd.yaml:12, before rule 4';
  t.same(await terminal.line('permit always'), [
    BAR('[0 questions]  1 denial'),
    '   waits  thr  asked  program          wants     object',
    '',
    '-'.repeat(80),
    'Nothing waits. The program goes on under its policy; its questions come up here.',
    ...Array.from({ length: 16 }, () => ''),
    written,
    '(line 14), which asked',
    ' tab other list   u undo   ? help   q detach',
  ]);
  await terminal.keys('u');
  await terminal.line('undone: permit always');
  await terminal.keys('Tab');
  t.same((await terminal.line(RULE('denial 1'))).slice(0, 5), [
    BAR('0 questions  [1 denial]'),
    '    last       times  program          denied    object',
    '>   61 s           1  inetd[812]       read      /etc/passwd',
    RULE('denial 1'),
    'object    /etc/passwd',
  ]);
  await terminal.keys('3', 'a');
  t.same((await terminal.line('permit: read, path: /***: permit')).slice(-2), [
    'permit: read, path: /***: permit the whole operation, always?',
    ' y: yes   any other key: no',
  ]);
  await terminal.keys('y');
  await terminal.line('written to usr_sbin_inetd.yaml:12');

  await terminal.keys('q');
  t.same((await terminal.line('the shell is back')).slice(0, 4), [
    ...['detached: detached from inetd-1: its program goes on under its policy', 'status 0', 'the shell is back', '$'],
  ]);
  await fake.deserted();
  t.same(
    [modes(fake), await terminal.flag('alternate_on'), await terminal.flag('cursor_flag')],
    [[true, ''], '0', '1'],
  );
  t.same(fake.asked, [
    { v: 1, do: 'answer', question: 2, verdict: 'deny', errno: 'ENOENT' },
    { v: 1, do: 'answer', question: 1, verdict: 'permit', scope: 'always', statement: 2 },
    { v: 1, do: 'undo' },
    { v: 1, do: 'permit', denial: 1, statement: 3, sure: true },
  ]);
});

t.test('two attached: the first answer wins, and the other is told', { skip, timeout: 300_000 }, async (t) => {
  const fake = await FakeSupervisor.open(t);
  fake.ask(question(1));
  const one = await attached(t, fake);
  await one.line(RULE('question 1'));
  const two = await attached(t, fake);
  await two.line(RULE('question 1'));
  await one.keys('p');
  await one.line('permit once: 1 call goes on');
  const told = RULE('question 1 answered: permit once, by root (attached as 1)');
  const screen = await two.line(told);
  t.same([screen[3], screen[23]], [told, ' enter next   u undo   tab denials   ? help   q detach']);
  fake.ask(question(2));
  await two.line('    18 s');
  await two.keys('d');
  const next = await two.line(RULE('question 2'));
  t.same(next.slice(21, 23), ['', '! not taken; question 1 is answered: permit once, by root (attached as 1)']);
  t.same(fake.asked, [{ v: 1, do: 'answer', question: 1, verdict: 'permit', scope: 'once' }]);
});

t.test('another size, and drawn anew', { skip, timeout: 300_000 }, async (t) => {
  const fake = await FakeSupervisor.open(t);
  fake.ask(question(1));
  const terminal = await attached(t, fake);
  await terminal.line(RULE('question 1'));
  for (const [columns, rows] of [
    [70, 15],
    [132, 40],
    [30, 8],
    [80, 24],
  ] as const) {
    await terminal.resize(columns, rows);
    const small = columns < 40;
    const bar = ` callgate  inetd-1: /usr/sbin/inetd -i${'[1 question]  0 denials'.padStart(columns - 39)}`;
    const lines = await terminal.until((lines) =>
      small ? lines[0] === '1 wait. The window is too' : lines[0] === bar && lines.length === rows,
    );
    t.same([lines.length, lines[0]], [rows, small ? '1 wait. The window is too' : bar], `${columns}x${rows}`);
    if (!small) t.equal(lines.filter((line) => line.includes('question 1')).length, 1);
  }
  const before = await terminal.until((lines) => lines[23] === KEYS);
  await terminal.keys('C-l');
  t.same(await terminal.until((lines) => lines[23] === KEYS), before);
});

t.test('it needs no colour', { skip, timeout: 300_000 }, async (t) => {
  const fake = await FakeSupervisor.open(t);
  fake.ask(question(1));
  const terminal = await attached(t, fake, { NO_COLOR: '1' });
  await terminal.line(KEYS);
  const colours = (await terminal.screen(true)).flatMap((line) =>
    [...line.matchAll(SGR)].flatMap(([, codes]) => (codes ?? '').split(';')),
  );
  t.same(
    [...new Set(colours)].filter((code) => !['', '0', '1', '2', '7', '22', '27'].includes(code)),
    [],
  );
});

t.test('the policy is edited on the same terminal', { skip, timeout: 300_000 }, async (t) => {
  const fake = await FakeSupervisor.open(t);
  const editor = join(fake.folder, 'editor');
  writeFileSync(
    editor,
    `#!/bin/sh\nstty -a >${fake.folder}/editing\necho "editing $*"\nread line\necho "$line" >${fake.folder}/typed\n`,
  );
  chmodSync(editor, 0o755);
  const policy = { program: POLICY.program, file: "/tmp/a b;'c.yaml" };
  fake.ask(question(1, { policy }));
  const terminal = await attached(t, fake, { EDITOR: `${editor} -x` });
  await terminal.line(KEYS);
  await terminal.keys('E');
  t.same((await terminal.line('editing')).slice(0, 2), [`editing -x ${policy.file}`, '']);
  t.equal(await terminal.flag('alternate_on'), '0');
  await terminal.send('every key is for the editor: pdaky');
  await terminal.keys('Enter');
  t.equal((await terminal.line('taken in'))[22], 'taken in: /usr/sbin/inetd (generation 2); judged anew: 1 question');
  t.equal(readFileSync(join(fake.folder, 'typed'), 'utf8'), 'every key is for the editor: pdaky\n');
  t.equal(readFileSync(join(fake.folder, 'editing'), 'utf8'), readFileSync(join(fake.folder, 'before'), 'utf8'));
  t.same(fake.asked, [{ v: 1, do: 'retry' }]);
  await terminal.keys('q');
  await terminal.line('the shell is back');
  t.same(modes(fake), [true, '']);
});

t.test('however it ends, the terminal is as it was', { skip, timeout: 300_000 }, async (t) => {
  const endings: readonly (readonly [
    name: string,
    end: (terminal: FakeTerminal, fake: FakeSupervisor) => unknown,
    said: string,
    status: number,
  ])[] = [
    [
      'ctrl-C',
      (terminal) => terminal.keys('C-c'),
      'detached: detached from inetd-1: its program goes on under its policy; 1 waited,',
      0,
    ],
    [
      'the session is over',
      (_, fake) => fake.tell({ v: 1, tell: 'ended' }),
      'ended: inetd-1 is over: its program has ended, or the session was stopped',
      0,
    ],
    [
      'the supervisor has gone',
      (_, fake) => fake.hangUp(),
      'lost: inetd-1: its supervisor has gone without a word; its policies hold',
      0,
    ],
    [
      'SIGTERM',
      (_, fake) => fake.signal('SIGTERM'),
      'detached: detached from inetd-1: its program goes on under its policy; 1 waited,',
      0,
    ],
    ['it crashes', (_, fake) => fake.signal('SIGUSR2'), '', 1],
  ];
  for (const [name, end, said, status] of endings) {
    const fake = await FakeSupervisor.open(t);
    fake.ask(question(1));
    const terminal = await attached(t, fake);
    await terminal.line(KEYS);
    await end(terminal, fake);
    const lines = await terminal.line('the shell is back');
    t.same(
      [lines.some((line) => line.startsWith(said)), lines.filter((line) => line.startsWith('status '))],
      [true, [`status ${status}`]],
      name,
    );
    t.same(
      [(modes(fake) as unknown[])[0], await terminal.flag('alternate_on'), await terminal.flag('cursor_flag')],
      [true, '0', '1'],
      name,
    );
  }
});
