// SPDX-License-Identifier: GPL-2.0-only
/** Questions as lines: at a session whose kernel half is played. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { answerBy, command, webhook } from '../../src/attach/answerer.js';
import { attach } from '../../src/attach/attached.js';
import { jsonLines } from '../../src/attach/lines.js';
import { plain } from '../../src/attach/plain.js';
import { readTyped } from '../../src/attach/words.js';
import { Scene } from '../asking/kernel.js';

t.setTimeout(120_000);

const RULES = `default: deny
rules:
  - ask: read
    path: /srv/**
`;

/** Lines that come when they are pushed. */
class Typist implements AsyncIterable<string> {
  readonly #lines: string[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  type(...lines: string[]): void {
    this.#lines.push(...lines);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) yield line;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

t.test('what is typed', async (t) => {
  t.same(readTyped('p'), { do: 'answer', question: null, answer: { verdict: 'permit', scope: 'once' } });
  t.same(readTyped(' 12  deny  10m enoent '), {
    ...{ do: 'answer', question: 12, answer: { verdict: 'deny', scope: { minutes: 10 }, errno: 'ENOENT' } },
  });
  t.same(readTyped('p a 2'), {
    do: 'answer',
    question: null,
    answer: { verdict: 'permit', scope: 'always', statement: 2 },
  });
  t.same(readTyped('p always permit: read; path: "/srv/a b"'), {
    ...{ do: 'answer', question: null },
    answer: { verdict: 'permit', scope: 'always', statement: 'permit: read\npath: "/srv/a b"' },
  });
  t.same(readTyped('d process'), { do: 'answer', question: null, answer: { verdict: 'deny', scope: 'process' } });
  t.same(readTyped('3 k'), { do: 'kill', question: 3 });
  t.same(readTyped('undo'), { do: 'undo' });
  t.same(readTyped('allow 2 1'), { do: 'allow', denial: 2, statement: 1 });
  for (const bad of ['perhaps', 'permit maybe', '7', 'allow it']) t.throws(() => readTyped(bad), bad);
});

t.test('one question at a time, by key and by name', async (t) => {
  const scene = await Scene.open(t, RULES);
  const said: string[] = [];
  const typist = new Typist();
  const options = { lines: typist, say: (text: string) => void said.push(text), interactive: false };
  const done = plain(await attach(scene.folderOfSession, {}), options);
  const [one, two] = [scene.worker('cat'), scene.worker('tac')];
  // Before anything is asked: a script's line waits for its question.
  typist.type('permit');
  t.equal((await scene.call(one, '/srv/a')).verdict, 'permit');
  const calls = [scene.call(one, '/srv/b'), scene.call(two, '/srv/c')];
  typist.type('d ENOENT', 'always 4', 'p always 4', 'no', 'p always 4', 'yes', 'undo', 'list');
  t.same(
    (await Promise.all(calls)).map(({ verdict, errnum }) => [verdict, errnum]),
    [
      ['deny', 2],
      ['permit', 0],
    ],
  );
  typist.end();
  t.equal(await done, false, 'one line was no answer');
  const all = said.join('\n');
  t.match(all, /^attending to d-1 \(\? for help\)\n/);
  t.match(all, /question 1: cat \(\d+\) asks to read \/srv\/a\n {2}program \/usr\/sbin\/d, user \S+ \(1000\)\n/);
  t.match(all, / {2}1 this object: grants nothing else that is there\n {6}permit: read; path: \/srv\/a\n/);
  t.match(all, /not done: always 4: no answer\n {2}do: \?/);
  t.match(
    all,
    /this would permit the whole operation:\n- permit: read\n {2}path: "\/\*\*\*"\nreally\? \(yes or no\)\nnothing was done/,
  );
  t.match(
    all,
    /question 3 was answered by root \(pid \d+\): written to .*:6, before rule 2 \(line 8\), which asked; in force/,
  );
  t.match(all, /question 3, permit always: taken back: taken out of .*:\d+; it is asked again/);
  t.match(all, /\nnothing waits$/);
});

t.test('only what one program asks, and a session that ends', async (t) => {
  const scene = await Scene.open(t, RULES);
  const said: string[] = [];
  const other = plain(await attach(scene.folderOfSession, {}, 'another'), {
    ...{ lines: new Typist(), say: (text: string) => void said.push(text), interactive: true },
  });
  void scene.call(scene.worker(), '/srv/a');
  await scene.end();
  t.equal(await other, true);
  t.same(said, ['attending to d-1 (? for help)', 'the session is over']);
});

t.test('as JSON, both ways', async (t) => {
  const scene = await Scene.open(t, RULES);
  const typist = new Typist();
  const lines: { tell?: string; ok?: boolean; error?: { code?: string; message: string } }[] = [];
  let asked = (): void => undefined;
  const question = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const done = jsonLines(await attach(scene.folderOfSession, {}), {
    lines: typist,
    write: (line) => {
      lines.push(JSON.parse(line));
      if (lines.at(-1)?.tell === 'question') asked();
    },
  });
  const call = scene.call(scene.worker(), '/srv/a');
  await question;
  typist.type(
    '{"do":"answer","question":1,"verdict":"permit"}',
    '{"do":"answer","question":1,"verdict":"permit"}',
    'what',
    '{"do":"watch"}',
  );
  typist.end();
  await done;
  t.equal((await call).verdict, 'permit');
  t.same(
    lines.filter(({ ok }) => ok !== undefined).map(({ ok, error }) => [ok, error?.code ?? null]),
    [
      [true, null],
      [true, null],
      [false, 'answered'],
      [false, null],
      [false, null],
    ],
  );
});

t.test('a webhook and a command; what is no answer is told, and answers nothing', async (t) => {
  const scene = await Scene.open(t, RULES);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    request.on('end', () => {
      const { question } = JSON.parse(body) as { question: { object: string; suggestions: { grants: unknown }[] } };
      bodies.push(question.object);
      if (question.suggestions.some(({ grants }) => grants === null)) bodies.push('not weighed');
      const answers: Record<string, [number, string]> = {
        '/srv/a': [200, '{"verdict":"permit"}'],
        '/srv/b': [200, '{"verdict":"sure"}'],
        '/srv/c': [500, ''],
        '/srv/d': [204, ''],
      };
      const [status, text] = answers[question.object] ?? [404, ''];
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const hook = webhook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const first = await attach(scene.folderOfSession, { as: hook.by });
  const over = answerBy(first, hook, say);
  t.same(await scene.call(scene.worker(), '/srv/a'), { verdict: 'permit', errnum: 0, why: 'answer' });
  const calls = ['/srv/b', '/srv/c', '/srv/d'].map((path) => scene.call(scene.worker(), path));
  while (said.length < 2 || bodies.length < 4) await new Promise((done) => setTimeout(done, 5));
  t.same(bodies.sort(), ['/srv/a', '/srv/b', '/srv/c', '/srv/d']);
  t.match(
    said.find((line) => line.includes('question 2')),
    /no answer to question 2: verdict: /,
  );
  t.match(
    said.find((line) => line.includes('question 3')),
    /it says 500$/,
  );
  t.equal(scene.gate.questions.waiting().length, 3);
  const shell = command(
    `read q; case "$q" in *'"object":"/srv/b"'*) echo '{"verdict":"deny","errno":"ENOENT"}';; *'/srv/c'*) echo '{"verdict":"permit"}';; *) sleep 60;; esac`,
  );
  const second = await attach(scene.folderOfSession, { as: shell.by });
  const ended = answerBy(second, shell, say, 1000);
  t.same(
    (await Promise.all(calls.slice(0, 2))).map(({ verdict, errnum }) => [verdict, errnum]),
    [
      ['deny', 2],
      ['permit', 0],
    ],
  );
  while (!said.some((line) => line.includes('it takes too long'))) await new Promise((done) => setTimeout(done, 5));
  first.close();
  second.close();
  await Promise.all([over, ended]);
  t.equal((await (calls[2] as (typeof calls)[0])).verdict, 'deny', 'nobody is left');
  t.throws(() => webhook('ftp://x/'), /no URL of http/);
});
