// SPDX-License-Identifier: GPL-2.0-only
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ask, attend, NoAnswer } from '../../src/control/client.js';
import { CodedFailure, type Handlers, type Notice } from '../../src/control/protocol.js';
import { openDoor } from '../../src/control/server.js';
import { Failure, Refusal } from '../../src/host/failure.js';
import { hasFields } from '../fields.js';

const ROOT = { pid: process.pid, uid: 0 };

function setUp(test: Test): { folder: string; asked: unknown[]; handlers: Handlers } {
  const base = mkdtempSync(join(tmpdir(), 'callgate-control-'));
  test.teardown(() => rmSync(base, { recursive: true }));
  // As long as a session's name may be: no address of a socket has room for it.
  const folder = join(base, 'n'.repeat(200));
  mkdirSync(folder, { mode: 0o700 });
  const asked: unknown[] = [];
  const handlers: Handlers = {
    mode: async (request) => {
      asked.push(request);
      return { session: 'a-1', mode: request.mode, was: ['enforce'], policies: ['/a'] };
    },
    stop: async (request) => {
      asked.push(request);
      throw new Failure('a-1: still running', 'callgate stop a-1 --kill');
    },
    detach: async (request) => {
      asked.push(request);
      return { session: 'a-1', left: [{ pid: 7, comm: 'a' }] };
    },
    reload: async () => {
      throw new Refusal('p.yaml:3: bad', 'callgate policy check p.yaml');
    },
    watch: async (_, visitor) => {
      asked.push(visitor.pid);
      visitor.onLeave(() => void asked.push('left'));
      for (let denied = 1; denied <= 3; denied++) visitor.tell({ v: 1, tell: 'full', denied });
      return { session: 'a-1', command: ['a'], folder: '/p', attending: 1, ask: false };
    },
    answer: async (request) => {
      asked.push(request);
      throw new CodedFailure('answered', 'question 3 was answered: permit once, by root (pid 1)');
    },
    retry: never,
    kill: never,
    undo: never,
    permit: never,
    weigh: never,
  };
  return { folder, asked, handlers };
}

async function never(): Promise<never> {
  throw new Error('not asked for');
}

/** Says bytes at the door; what comes until it hangs up. */
function say(folder: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    process.chdir(folder);
    const socket = connect('control');
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.on('connect', () => void socket.end(text));
  });
}

t.test('a request is answered; a failure is the answer too, with its remedy and exit status', async (t) => {
  const { folder, asked, handlers } = setUp(t);
  const door = await openDoor(folder, handlers, () => ROOT);
  t.equal(statSync(join(folder, 'control')).mode & 0o777, 0o600);
  t.same(await ask(folder, { v: 1, do: 'mode', mode: 'complain' }, 5000), {
    ...{ session: 'a-1', mode: 'complain', was: ['enforce'], policies: ['/a'] },
  });
  await t.rejects(ask(folder, { v: 1, do: 'stop', kill: false }, 5000), {
    ...{ name: 'Failure', message: 'a-1: still running', remedy: 'callgate stop a-1 --kill', exit: 125 },
  });
  await t.rejects(ask(folder, { v: 1, do: 'reload' }, 5000), { name: 'Refusal', message: 'p.yaml:3: bad', exit: 126 });
  t.same(asked, [
    { v: 1, do: 'mode', mode: 'complain' },
    { v: 1, do: 'stop', kill: false },
  ]);
  await door.close();
  t.notOk(existsSync(join(folder, 'control')));
  await t.rejects(ask(folder, { v: 1, do: 'reload' }, 5000), NoAnswer);
  await t.rejects(ask(join(folder, 'gone'), { v: 1, do: 'reload' }, 5000), NoAnswer);
});

t.test('who attends is told what happens, and asks by the same connection', async (t) => {
  const { folder, asked, handlers } = setUp(t);
  const door = await openDoor(folder, handlers, () => ROOT);
  const heard: Notice[] = [];
  const client = await attend(folder, { ask: true }, (notice) => heard.push(notice));
  t.same(client.watching, { session: 'a-1', command: ['a'], folder: '/p', attending: 1, ask: false });
  t.same(
    heard.map((notice) => notice.tell === 'full' && notice.denied),
    [1, 2, 3],
  );
  const answer = { v: 1, do: 'answer', question: 3, verdict: 'permit' } as const;
  await t.rejects(client.request<'answer'>(answer), {
    ...{ name: 'CodedFailure', code: 'answered', exit: 125 },
    message: 'question 3 was answered: permit once, by root (pid 1)',
  });
  client.close();
  await client.closed;
  await t.rejects(client.request<'answer'>(answer), NoAnswer);
  const other = await attend(folder, {}, () => undefined);
  await door.close();
  await other.closed;
  t.same(asked, [process.pid, answer, 'left', process.pid, 'left'], 'and its leaving is noticed, by whichever side');
  await t.rejects(
    attend(folder, {}, () => undefined),
    NoAnswer,
  );
});

t.test('several in one connection are answered in order; what is no request ends it', async (t) => {
  const { folder, asked, handlers } = setUp(t);
  const cwd = process.cwd();
  t.teardown(() => process.chdir(cwd));
  const door = await openDoor(folder, handlers, () => ROOT);
  const mode = (word: string): string => `${JSON.stringify({ v: 1, do: 'mode', mode: word })}\n`;
  const lines = (await say(folder, mode('complain') + mode('enforce'))).trim().split('\n');
  t.same(
    lines.map((line) => (JSON.parse(line) as { answer: { mode: string } }).answer.mode),
    ['complain', 'enforce'],
  );
  asked.length = 0;
  for (const bad of [
    'no JSON\n',
    '{"v":2,"do":"reload"}\n',
    '{"v":1,"do":"reload","more":1}\n',
    mode('off'),
    'null\n',
  ]) {
    const answer = (await say(folder, bad)).trim();
    hasFields(t, JSON.parse(answer) as object, { v: 1, ok: false, error: { message: /^not a request: / } }, bad);
  }
  t.match(await say(folder, 'x'.repeat(3 << 20)).catch((error: Error) => error.message), /at most|EPIPE|ECONNRESET/);
  t.same(asked, [], 'and nothing was done');
  await door.close();
});

t.test('who is not admitted is told why, and nothing is done', async (t) => {
  const { folder, asked, handlers } = setUp(t);
  const fds: number[] = [];
  const door = await openDoor(folder, handlers, (fd) => {
    fds.push(fd);
    throw new Refusal('not you');
  });
  await t.rejects(ask(folder, { v: 1, do: 'mode', mode: 'complain' }, 5000), { name: 'Refusal', message: 'not you' });
  t.same(asked, []);
  t.ok((fds[0] ?? -1) > 2, 'asked of the connection');
  await door.close();
});

t.test('a door that closes answers what it was asked, and waits for nobody else', async (t) => {
  const { folder, handlers } = setUp(t);
  let finish = (): void => undefined;
  let begun = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow: Handlers = {
    ...handlers,
    reload: () =>
      new Promise((resolve) => {
        finish = () => resolve({ session: 'a-1', taken: [] });
        begun();
      }),
  };
  const door = await openDoor(folder, slow, () => ROOT);
  const answer = ask(folder, { v: 1, do: 'reload' }, 5000);
  await asked;
  const closed = door.close();
  finish();
  t.same(await answer, { session: 'a-1', taken: [] });
  await closed;
});

t.test('a folder in which no socket can be made', async (t) => {
  const { folder, handlers } = setUp(t);
  mkdirSync(join(folder, 'control'));
  chmodSync(folder, 0o700);
  await t.rejects(
    openDoor(folder, handlers, () => ROOT),
    /./,
  );
});
