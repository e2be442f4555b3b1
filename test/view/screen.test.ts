// SPDX-License-Identifier: GPL-2.0-only
/** What is on the screen, line by line. */
import t from 'tap';
import { screenOf } from '../../src/view/model/screen.js';
import { type State, step } from '../../src/view/model/state.js';
import { widthOf } from '../../src/view/model/text.js';
import { ASKER, ago, denial, question, suggestion, told, WEIGHED } from './build.js';
import { Play } from './play.js';

const RULE = (name: string, end = ''): string => `-- ${name} `.padEnd(80 - end.length, '-') + end;
const KEYS = ' p permit d deny m min s process a always n errno e edit k kill u undo ? help q';

t.test('a queue, and all of the chosen question', async (t) => {
  const play = new Play().begin(
    told.question(
      question(1, {
        ...{ suggestions: WEIGHED, threads: 3, asked: 2, pids: [812, 900], since: ago(312), deadline: ago(-30) },
        ...{ attempted: ['read', 'write', 'create'] },
      }),
    ),
    told.question(
      question(2, {
        asker: { ...ASKER, pid: 1234567, comm: 'a-long-name-str' },
        operations: ['connect'],
        object: 'tcp:[2001:db8:1234:5678:9abc:def0:1234:5678]:443',
      }),
    ),
    told.denial(denial(1)),
  );
  t.same(play.lines, [
    ' callgate  inetd-1: /usr/sbin/inetd -i                  [2 questions]  1 denial',
    '   waits  thr  asked  program          wants     object',
    '>  5 min    3    2nd  inetd[812]       read      /etc/shadow',
    '    18 s    1    1st  a...str[1234567] connect   tcp:[2001:d...f0:1234:5678]:443',
    RULE('question 1'),
    'object    /etc/shadow',
    'wants     read (write, create of it are permitted)',
    'program   inetd[812], user root (0:0), runs /usr/sbin/inetd',
    'command   /usr/sbin/inetd -i',
    'parents   bash[800] < systemd[1]',
    'waiting   2 processes: 812, 900',
    'asked by  rule 3, /etc/callgate/policies/inetd/usr_sbin_inetd.yaml:12',
    'otherwise denied (EPERM) in 30 s',
    'permit it for good (a):                                        here also   alike',
    '>1 permit: read, path: /etc/shadow                                     0       2',
    '   this object; nothing else here; permitted already: /usr/bin/su,',
    '   /usr/sbin/sshd',
    ' 2 permit: read, path: /etc/*                                        213       0',
    ' 3 permit: read, path: /***                                       10000+       0',
    ...['', '', '', ''],
    KEYS,
  ]);
  t.same(play.type('3x').lines.slice(13, 20), [
    'deny it for good (a):                                          here also   alike',
    ' 1 deny: read, path: /etc/shadow                                       0       2',
    ' 2 deny: read, path: /etc/*                                          213       0',
    '>3 deny: read, path: /***                                         10000+       0',
    '   the whole operation (asks back); here also: /bin, /boot, /dev, ...; no other',
    '   policy permits it',
    '',
  ]);
  t.equal(play.lines[23], ' m min s process a always DENY   x: permit   p permit d deny   ? help   q detach');
});

t.test('denials', async (t) => {
  const reason = 'race';
  const play = new Play()
    .begin(told.denial(denial(1, { count: 12, first: ago(7300), last: ago(1), reason })), told.denial(denial(2)))
    .type('\t');
  t.same(play.lines.slice(0, 12), [
    ' callgate  inetd-1: /usr/sbin/inetd -i                 0 questions  [2 denials]',
    '    last       times  program          denied    object',
    '>    1 s          12  inetd[812]       read      /etc/shadow',
    '    62 s           1  inetd[812]       read      /etc/shadow',
    RULE('denial 1'),
    'object    /etc/shadow',
    'denied    read (EPERM), 12 times: first 2 h ago, last 1 s ago',
    'program   inetd[812], user root (0:0), runs /usr/sbin/inetd',
    'command   /usr/sbin/inetd -i',
    'parents   bash[800] < systemd[1]',
    'denied by no rule: race',
    'permit this from now on (a):                                   here also   alike',
  ]);
  t.equal(play.lines[23], ' a permit from now on  1-5 which  e edit  E policy  u undo  tab  ? help  q');
});

t.test('nothing waits', async (t) => {
  const play = new Play();
  t.equal(play.lines[4], 'The supervisor is asked what waits.');
  play.begin();
  t.equal(play.lines[4], 'Nothing waits. The program goes on under its policy; its questions come up here.');
  t.equal(play.type('\t').lines[4], 'Nothing was denied lately.');
  t.equal(play.lines[23], ' tab other list   u undo   ? help   q detach');
});

t.test('a long path is cut in the list, and whole in the details', async (t) => {
  const object = `/${'abcdefghi/'.repeat(60)}end`;
  const play = new Play().begin(told.question(question(1, { object })));
  t.equal(play.lines[2], '>   19 s    1    1st  inetd[812]       read      /abcdefghi/...ghi/abcdefghi/end');
  const shown = new Set(play.lines);
  for (let more = true; more; ) {
    const before = play.state.scroll;
    for (const line of play.type('\u001b[6~').lines) shown.add(line);
    more = play.state.scroll !== before;
  }
  const whole = object.match(/.{1,70}/g) ?? [];
  t.ok(whole.length > 4 && shown.has(`object    ${whole[0]}`));
  for (const part of whole.slice(1)) t.ok(shown.has(`          ${part}`), part);
  t.equal(play.lines[3], RULE('question 1', ' 2 above --'));
  // A digit brings its suggestion onto the screen.
  const far = new Play(80, 24)
    .begin(told.question(question(1, { object: object.repeat(4), suggestions: WEIGHED })))
    .type('3');
  t.equal(far.lines.filter((line) => line.startsWith('>3 permit: read, path: /***')).length, 1);
});

t.test('more questions than there is room for', async (t) => {
  const play = new Play().begin(
    ...Array.from({ length: 1000 }, (_, index) => told.question(question(index + 1, { since: ago(2000 - index) }))),
  );
  play.type('\u001b[F');
  t.equal(play.state.question, 1000);
  t.same(
    play.lines.slice(0, 7).map((line) => line.slice(0, 10)),
    [...[' callgate ', '   waits  ', '  16 min  ', '  16 min  ', '  16 min  ', '> 16 min  ', '-- questio']],
  );
});

t.test('bytes of programs are told, never sent', async (t) => {
  const evil = '\u001b]0;owned\u0007\u009b2J\u202e\n';
  const nasty = question(1, {
    ...{ object: `/tmp/${evil}`, policy: { program: evil, file: evil }, rule: null, errno: evil },
    asker: { ...ASKER, comm: evil, exe: evil, command: [evil, evil], user: evil, parents: [{ pid: 1, comm: evil }] },
    suggestions: [{ ...suggestion(1, evil, evil), grants: { count: 1, more: true, names: [evil] }, alike: [evil] }],
  });
  const play = new Play().begin(
    told.question(nasty),
    told.denial(denial(1, { ...nasty, id: 1, reason: evil, asker: nasty.asker })),
  );
  const pages = [...play.lines];
  for (const keys of ['\u001b[6~', 'k', 'n', 'e', 'e', '\u001b[6~', '\t', '\u001b[6~', '\ta'])
    pages.push(...play.type(keys).type('\u001b ').lines);
  play.state = { ...play.state, mode: { kind: 'browse' } };
  play.hear({ v: 1, tell: 'problem', problem: evil }, told.answered({ ...answeredBy(), note: evil }, evil));
  pages.push(...play.lines);
  for (const line of pages) t.notMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

function answeredBy() {
  return {
    question: 1,
    verdict: 'permit',
    scope: 'once',
    threads: 1,
    decided: [],
    until: null,
    written: null,
    note: '',
  } as const;
}

t.test('whatever its size, it is as large as the terminal', async (t) => {
  const long = question(1, { object: `/日本/${'語'.repeat(200)}`, suggestions: WEIGHED, pids: [812, 900] });
  for (const columns of [10, 39, 40, 41, 79, 80, 81, 132, 300])
    for (const rows of [2, 11, 12, 13, 24, 25, 60]) {
      const play = new Play(columns, rows).begin(told.question(long), told.denial(denial(1)));
      for (const keys of [
        '',
        '3',
        '\u001b[6~',
        'm',
        '\u001b',
        'n',
        '\u001b',
        'e',
        '\u0001',
        '\u001b',
        'k',
        'n',
        '?',
        '\u001b[6~',
        'x',
        '\t',
        'x',
      ]) {
        if (keys === '\u001b') play.state = { ...play.state, mode: { kind: 'browse' } };
        else play.type(keys);
        play.state = { ...play.state, settle: 0 };
        const { rows: lines, cursor } = screenOf(play.state);
        const wide = lines.filter(({ text }) => widthOf(text) > columns);
        const inside = cursor === null || (cursor.row < rows && cursor.column < columns);
        t.same([lines.length, wide, inside], [rows, [], true], `${columns}x${rows} ${JSON.stringify(keys)}`);
      }
    }
});

t.test('what is said, asked back and typed', async (t) => {
  const play = new Play().begin(told.question(question(1)));
  const with_ = (fields: Partial<State>): readonly string[] => {
    play.take(step({ ...play.state, ...fields }));
    return play.lines.slice(-3);
  };
  t.same(with_({ message: { text: 'a.yaml:3: bad\n  here', alarm: true } }), ['! a.yaml:3: bad', '  here', KEYS]);
  t.same(with_({ message: null, full: 7 }), ['', '! more is asked than is kept: 7 denied for it', KEYS]);
  with_({ full: 0 });
  t.same(play.type('k').lines.slice(-2), ['kill inetd[812]?', ' y: yes   any other key: no']);
  t.same(play.type('nm5').lines.slice(-2), [
    'permit for how many minutes? 5',
    ' enter: do it (10 if empty)   esc: back',
  ]);
  t.same(play.type('x\r').lines.slice(-3), [
    'more than 0 minutes, at most 43200 (30 days)',
    'permit for how many minutes? 5x',
    ' enter: do it (10 if empty)   esc: back',
  ]);
  play.state = { ...play.state, mode: { kind: 'browse' } };
  t.same(play.type('nenot').lines.slice(-3), [
    'ENOTBLK ENOTDIR ENOTTY ENOTEMPTY ENOTUNIQ ENOTSOCK ENOTSUP ENOTCONN ENOTNAM E...',
    'deny with which error? ENOT',
    ' tab: complete   enter: deny   esc: back',
  ]);
  t.same(screenOf(play.state).cursor, { row: 22, column: 27 });
});

t.test('help fits', async (t) => {
  const { lines } = new Play().begin().type('?');
  t.equal(lines[1], 'A program waits at each question until it is answered; nothing has happened yet.');
  t.equal(lines[20], 'a question has come up by itself, keys do not answer it: the last line says so.');
  t.equal(lines[23], ' any key: back');
  t.equal(new Play(80, 20).begin().type('?').lines[19], ' any key: back   page down: more');
});
