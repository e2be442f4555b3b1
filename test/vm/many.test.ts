// SPDX-License-Identifier: GPL-2.0-only
/**
 * Questions by the thousand, of four programs at once, answered by a script: none is lost, none is answered twice, and nothing that was
 * asked has happened before its answer. CALLGATE_LONG: ten thousand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { permit, Script } from './attaching.js';
import { callgate, eventsOf, holdGate, prepare } from './callgate.js';
import { needsLsm } from './machine.js';
import { Place, started } from './place.js';

const QUESTIONS = process.env.CALLGATE_LONG === undefined ? 1000 : 10_000;
const PROGRAMS = 4;
const TIMEOUT = 3_600_000;

t.setTimeout(TIMEOUT);

t.test('many questions', { skip: needsLsm(), timeout: TIMEOUT }, async (t) => {
  prepare();
  const release = await holdGate();
  const place = new Place();
  const each = QUESTIONS / PROGRAMS;
  for (let at = 0; at < QUESTIONS; at++) writeFileSync(place.file(String(at)), 'too early\n');
  const loop = (from: number): string =>
    `(i=${from}; n=0; while [ $i -lt ${from + each} ]; do read x < ${place.asked}/$i && [ "$x" = $i ] && n=$((n + 1)); i=$((i + 1)); done; echo read $n)`;
  const loops = Array.from({ length: PROGRAMS }, (_, part) => `${loop(part * each)} &`);
  const run = place.shell(`${loops.join(' ')} wait`);
  const { session } = await started(place, run);
  const put = new Set<number>();
  const script = new Script(session, (notice, self) => {
    if (notice.tell !== 'question') return;
    const { id, object, threads } = notice.question;
    if (threads === 0 || put.has(id)) return;
    put.add(id);
    // What is read is right only where nothing was read before it is answered.
    writeFileSync(object, `${object.split('/').at(-1)}\n`);
    self.request(permit(id));
    if (put.size % 1000 === 0) t.comment(`${put.size} answered, ${Math.round((Date.now() - begun) / 1000)} s`);
  });
  await script.until(() => script.notices.some(({ tell }) => tell === 'ready'));
  const begun = Date.now();
  place.go();
  t.equal(await run.ended(), 0, run.output.slice(-2000));
  const milliseconds = Date.now() - begun;
  await script.ended;
  t.comment(`${QUESTIONS} questions in ${Math.round(milliseconds / 1000)} s, ${milliseconds / QUESTIONS} ms each`);
  t.same(
    run.output.match(/^read \d+$/gm),
    Array(PROGRAMS).fill(`read ${each}`),
    'every one was read, after its answer',
  );
  const answered = script.notices.flatMap((one) => (one.tell === 'answered' ? [one.answered.question] : []));
  t.same(
    {
      asked: put.size,
      answered: answered.length,
      distinct: new Set(answered).size,
      refused: script.answers.filter(({ ok }) => !ok).length,
    },
    { asked: QUESTIONS, answered: QUESTIONS, distinct: QUESTIONS, refused: 0 },
    'each was answered once',
  );
  t.same(
    eventsOf(session).filter(({ verdict }) => verdict === 'deny'),
    [],
    'and none was denied',
  );
  t.notMatch(callgate('status').stdout, /STANDS STILL/);
  t.comment(readFileSync('/proc/loadavg', 'latin1').trim());
  await release();
});
