// SPDX-License-Identifier: GPL-2.0-only
/** Keys, and what they ask of the supervisor. */
import t from 'tap';
import { answeredText, edited, refused, replied, replyOf, weighed } from '../../src/view/model/replies.js';
import { answered, denial, POLICY, question, told, WEIGHED } from './build.js';
import { Play } from './play.js';

const one = (): Play => new Play().begin(told.question(question(7)));
const ask = (request: object) => [{ do: 'ask', request: { v: 1, ...request } }];
const about = { do: 'answer', question: 7 } as const;

t.test('each key is its answer', async (t) => {
  for (const [keys, request] of [
    ['p', { ...about, verdict: 'permit', scope: 'once' }],
    ['d', { ...about, verdict: 'deny', scope: 'once' }],
    ['s', { ...about, verdict: 'permit', scope: 'process' }],
    ['xs', { ...about, verdict: 'deny', scope: 'process' }],
    ['xxs', { ...about, verdict: 'permit', scope: 'process' }],
    ['m\r', { ...about, verdict: 'permit', scope: { minutes: 10 } }],
    ['m2.5\r', { ...about, verdict: 'permit', scope: { minutes: 2.5 } }],
    ['xm30\r', { ...about, verdict: 'deny', scope: { minutes: 30 } }],
    ['a', { ...about, verdict: 'permit', scope: 'always', statement: 1 }],
    ['2a', { ...about, verdict: 'permit', scope: 'always', statement: 2 }],
    ['2xa', { ...about, verdict: 'deny', scope: 'always', statement: 2 }],
    ['9a', { ...about, verdict: 'permit', scope: 'always', statement: 1 }],
    ['nenoen\t\r', { ...about, verdict: 'deny', errno: 'ENOENT' }],
    ['nEXDEV\r', { ...about, verdict: 'deny', errno: 'EXDEV' }],
    ['e\r', { ...about, verdict: 'permit', scope: 'always', statement: 'permit: read\npath: /etc/shadow\n' }],
    ['2e\u007fx\r', { ...about, verdict: 'permit', scope: 'always', statement: 'permit: read\npath: /etc/x\n' }],
    [
      'xe, errno: EIO\r',
      { ...about, verdict: 'deny', scope: 'always', statement: 'deny: read\npath: /etc/shadow\nerrno: EIO\n' },
    ],
    ['ky', { do: 'kill', question: 7, sure: true }],
    ['u', { do: 'undo' }],
  ] as const)
    t.same(one().type(keys).wanted(), ask(request), JSON.stringify(keys));
});

t.test('what is no answer asks for nothing', async (t) => {
  for (const keys of [
    ...[
      'm0\r',
      'mx\r',
      'm43201\r',
      'm\u001b[D',
      'm5',
      'nEA\r',
      'nEWHAT\r',
      'n\r',
      'e\u0015\u001b[C',
      'kn',
      'k\r',
      'k',
      '3an',
      '3a',
    ],
    ...[
      'z',
      'P',
      'D',
      'A',
      'K',
      'Y',
      'y',
      'x',
      '1',
      '\r',
      '\u001b[200~pdky\u001b[201~',
      'k\u001b[200~y\u001b[201~',
      '?p',
      '?a',
    ],
  ])
    t.same(one().type(keys).wanted(), [], JSON.stringify(keys));
  t.equal(one().type('k\u001b[200~y\u001b[201~').state.mode.kind, 'confirm', 'a paste is no answer at all');
  t.same(one().type('m5').state.mode, { kind: 'minutes', question: 7, line: { text: '5', at: 1 }, why: null });
});

t.test('the whole operation asks back', async (t) => {
  const play = one().type('3a');
  t.same(play.state.mode, {
    ...{ kind: 'confirm', text: 'permit: read, path: /***: permit the whole operation, always?' },
    request: { v: 1, ...about, verdict: 'permit', scope: 'always', statement: 3, sure: true },
  });
  t.same(play.type('y').wanted(), ask({ ...about, verdict: 'permit', scope: 'always', statement: 3, sure: true }));
  // A suggestion that was left as it was is one still.
  const left = one().type('3e\r');
  t.same(left.wanted(), []);
  const statement = 'permit: read\npath: /***\n';
  t.same(left.type('y').wanted(), ask({ ...about, verdict: 'permit', scope: 'always', statement, sure: true }));
  // A statement of one's own: the supervisor sees it.
  const own = one().type('3e, log: true\r');
  const request = { v: 1, ...about, verdict: 'permit', scope: 'always', statement: `${statement}log: true\n` } as const;
  t.same(own.wanted(), [{ do: 'ask', request }]);
  const unsure = { code: 'unsure', message: 'it grants read on all', remedy: undefined } as const;
  own.take(refused(own.state, request, unsure, own.now));
  t.same(own.wanted(), []);
  t.equal(own.lines[22], 'it grants read on all');
  t.same(own.type('y').wanted(), [{ do: 'ask', request: { ...request, sure: true } }]);
});

t.test('one answer at a time, and then the next question', async (t) => {
  const play = new Play().begin(...[1, 2, 3].map((id) => told.question(question(id)))).type('\u001b[B');
  t.equal(play.state.question, 2);
  t.same(play.type('p').wanted(), ask({ do: 'answer', question: 2, verdict: 'permit', scope: 'once' }));
  t.same(play.type('p').wanted(), []);
  t.equal(play.message, '! the last one has no answer yet');
  // Told first, answered then; and the other way round.
  play.hear(told.answered(answered(2), 'root (pid 1)'));
  t.equal(play.state.settled?.question.id, 2);
  play.take(replied(play.state, replyOf('answer', answered(2)), play.now));
  t.same([play.state.question, play.state.settled, play.message], [3, null, 'permit once: 1 call goes on']);
  play.type('d');
  play.take(replied(play.state, replyOf('answer', answered(3, { verdict: 'deny' })), play.now));
  t.same([play.state.question, play.state.questions.map(({ id }) => id)], [1, [1]]);
  play.hear(told.answered(answered(3, { verdict: 'deny' }), 'root (pid 1)'));
  t.same([play.state.question, play.state.settled, play.message], [1, null, 'deny once: 1 call goes on']);
});

t.test('what an answer decided besides is gone with it', async (t) => {
  const play = new Play().begin(...[1, 2, 3].map((id) => told.question(question(id)))).type('\u001b[Ba');
  const answer = answered(2, { scope: 'always', decided: [1], note: 'written to a.yaml:3' });
  play.take(replied(play.state, replyOf('answer', answer), play.now));
  t.same([play.state.question, play.state.questions.map(({ id }) => id)], [3, [3]]);
  t.equal(play.message, 'written to a.yaml:3; 1 more question decided by it');
});

t.test('somebody else was first', async (t) => {
  const play = new Play().begin(told.question(question(1)), told.question(question(2)));
  play.hear(told.answered(answered(1, { verdict: 'deny' }), 'anna (pid 99)'));
  t.equal(
    play.lines.find((line) => line.startsWith('-- question'))?.replace(/ -+$/, ''),
    '-- question 1 answered: deny once, by anna (pid 99)',
  );
  // A key meant for it is none for the next.
  t.same(play.type('p').wanted(), []);
  t.equal(play.message, '! not taken; question 1 is answered: deny once, by anna (pid 99)');
  t.equal(play.state.question, 2);
  t.same(play.type('p').wanted(), ask({ do: 'answer', question: 2, verdict: 'permit', scope: 'once' }));
  // Both at once: the supervisor says who was first.
  const error = { code: 'answered', message: 'question 2 was answered by anna', remedy: undefined } as const;
  play.hear(told.answered(answered(2), 'anna (pid 99)'));
  play.take(refused(play.state, { v: 1, do: 'answer', question: 2, verdict: 'permit' }, error, play.now));
  t.same([play.message, play.state.question, play.state.settled], ['! question 2 was answered by anna', null, null]);
});

t.test('what is typed goes with its question', async (t) => {
  for (const keys of ['m5', 'nEIO', 'e', 'k', '3a']) {
    const play = new Play().begin(told.question(question(1)), told.question(question(2))).type(keys);
    play.hear(told.gone(1, 'died'));
    t.same([play.state.mode.kind, play.message], ['browse', '! while you typed: gone: what asked is no more'], keys);
    t.same(play.type('\r').wanted(), [], keys);
    t.equal(play.state.question, 2, keys);
  }
  // Another one that goes does not disturb.
  const play = new Play().begin(told.question(question(1)), told.question(question(2))).type('m5');
  t.same(
    play.hear(told.gone(2, 'died')).type('\r').wanted(),
    ask({ do: 'answer', question: 1, verdict: 'permit', scope: { minutes: 5 } }),
  );
});

t.test('a key that is held down answers nothing that nobody has read', async (t) => {
  const play = new Play(80, 24, 400);
  play.begin(told.question(question(1)), told.question(question(2)));
  t.same(play.type('pdsakmnex').wanted(), []);
  t.same(play.state.mode, { kind: 'browse' });
  t.equal(play.lines[23], ' it has just come up: keys are taken in a moment');
  play.now += 399;
  t.same(play.type('p').wanted(), []);
  play.now += 1;
  t.same(play.type('p').wanted(), ask({ do: 'answer', question: 1, verdict: 'permit', scope: 'once' }));
  play.take(replied(play.state, replyOf('answer', answered(1)), play.now));
  t.same(play.type('p').wanted(), [], 'the next one has just come up');
  play.now += 400;
  t.same(play.type('p').wanted(), ask({ do: 'answer', question: 2, verdict: 'permit', scope: 'once' }));
});

t.test('what one has chosen oneself is answered at once', async (t) => {
  const play = new Play(80, 24, 400);
  play.begin(told.question(question(1)), told.question(question(2)));
  play.now += 400;
  t.same(play.type('\u001b[Bp').wanted(), ask({ do: 'answer', question: 2, verdict: 'permit', scope: 'once' }));
});

t.test('the chosen question stays the chosen one', async (t) => {
  const play = new Play().begin(told.question(question(5)));
  play.hear(told.question(question(6)), told.question(question(3)), told.question(question(5, { threads: 4 })));
  t.same(
    play.state.questions.map(({ id, threads }) => [id, threads]),
    [
      [3, 1],
      [5, 4],
      [6, 1],
    ],
    'oldest first',
  );
  t.same(play.type('p').wanted(), ask({ do: 'answer', question: 5, verdict: 'permit', scope: 'once' }));
});

t.test('denials are permitted from now on', async (t) => {
  const play = (): Play =>
    new Play().begin(told.denial(denial(1)), told.denial(denial(2)), told.question(question(7))).type('\t');
  const permit = { do: 'permit', denial: 1 };
  t.same(
    play().state.denials.map(({ id }) => id),
    [1, 2],
    'the last one first',
  );
  t.same(play().type('a').wanted(), ask({ ...permit, statement: 1 }));
  t.same(play().type('\u001b[B2a').wanted(), ask({ ...permit, denial: 2, statement: 2 }));
  t.same(play().type('3a').wanted(), []);
  t.same(play().type('3ay').wanted(), ask({ ...permit, statement: 3, sure: true }));
  t.same(play().type('e\r').wanted(), ask({ ...permit, statement: 'permit: read\npath: /etc/shadow\n' }));
  for (const key of ['p', 'd', 'm', 's', 'n', 'k', 'x']) t.same(play().type(key).wanted(), [], key);
  // What is refused again while a statement is typed changes nothing of what it is about.
  const typing = play().type('e');
  typing.hear(
    told.denial(denial(3, { last: '2026-11-24T10:00:00.000Z' })),
    told.question(question(8)),
    told.gone(7, 'died'),
  );
  t.same(typing.type('\r').wanted(), ask({ ...permit, statement: 'permit: read\npath: /etc/shadow\n' }));
  const nothing = new Play().begin(told.denial(denial(1, { suggestions: [] }))).type('\ta');
  t.same([nothing.wanted(), nothing.message], [[], '! nothing that can be written would permit it']);
});

t.test('the policy is edited, and what waits is judged anew', async (t) => {
  const play = one().type('E');
  t.same(play.wanted(), [{ do: 'edit', file: POLICY.file }]);
  play.take(edited(play.state, 'vi ended with status 1', play.now));
  t.same([play.wanted(), play.message], [[], '! vi ended with status 1: nothing was taken in']);
  play.take(edited(play.state, null, play.now));
  t.same(play.wanted(), ask({ do: 'retry' }));
  const answer = { taken: [{ program: '/usr/sbin/inetd', generation: 2 }], questions: [7] };
  play
    .take(replied(play.state, replyOf('retry', answer), play.now))
    .hear(told.gone(7, 'retried'), told.question(question(8)));
  t.same([play.message, play.state.question], ['taken in: /usr/sbin/inetd (generation 2); judged anew: 1 question', 8]);
  const bad = {
    code: 'bad-policy',
    message: 'a.yaml:3: no operation',
    remedy: 'callgate policy check a.yaml',
  } as const;
  play.take(refused(play.state, { v: 1, do: 'retry' }, bad, play.now));
  t.equal(play.message, '! a.yaml:3: no operation (callgate policy check a.yaml)');
  const nowhere = new Play().begin(told.question(question(1, { policy: { program: '/x', file: null } }))).type('E');
  t.same([nowhere.wanted(), nowhere.message], [[], '! the policy of /x stands in no file']);
});

t.test('undone, killed', async (t) => {
  const play = one().type('ky');
  play.take(replied(play.state, replyOf('kill', { killed: [{ pid: 812, comm: 'inetd' }] }), play.now));
  t.same([play.message, play.state.questions], ['killed inetd[812]', []]);
  play.type('u');
  const undone = {
    question: 6,
    verdict: 'permit',
    scope: { minutes: 5 },
    removed: null,
    note: 'what it has read, it has read',
  } as const;
  play.hear({ v: 1, tell: 'undone', undone }).take(replied(play.state, replyOf('undo', undone), play.now));
  t.equal(play.message, 'undone: what it has read, it has read');
  play.hear({ v: 1, tell: 'undone', undone: { ...undone, note: '' } });
  t.equal(play.message, 'undone: permit for 5 min');
});

t.test('it is left, and it ends', async (t) => {
  for (const keys of ['q', '\u0003', 'm\u0003', '?\u0003', 'k\u0003'])
    t.same(one().type(keys).wanted(), [{ do: 'leave', how: 'detached' }], JSON.stringify(keys));
  t.same(one().type('mq').wanted(), []);
  t.same(one().hear(told.ended).wanted(), [{ do: 'leave', how: 'ended' }]);
  t.same(one().type('\u000c').wanted(), [{ do: 'redraw' }]);
});

t.test('what is looked at is weighed, once, and one at a time', async (t) => {
  const play = new Play().hear(...[1, 2, 3].map((id) => told.question(question(id))));
  t.same(play.weighed, [], 'not before it is known what is looked at');
  play.hear(told.ready);
  const weigh = (id: number) => [{ do: 'weigh', request: { v: 1, do: 'weigh', question: id } }];
  t.same(play.weighed.splice(0), weigh(1));
  play.hear(told.question(question(1, { threads: 2 }))).type('\u001b[B\u001b[B');
  t.same(play.weighed, [], 'the first has no answer yet');
  play.take(weighed(play.state, { question: question(1, { threads: 2, suggestions: WEIGHED }) }, play.now));
  t.same([play.weighed.splice(0), play.state.questions[0]?.suggestions], [weigh(3), WEIGHED]);
  play.take(weighed(play.state, null, play.now)).type('\u001b[A\u001b[B');
  t.same(play.weighed.splice(0), weigh(2), 'what could not be weighed is not tried again');
  play.hear(told.question(question(1, { threads: 9 })));
  t.same(play.state.questions[0]?.suggestions, WEIGHED, 'what is known stays known');
});

t.test('the words of an answer', async (t) => {
  t.equal(
    answeredText(answered(1, { verdict: 'deny', scope: 'process', threads: 3 })),
    'deny while it runs: 3 calls go on',
  );
});
