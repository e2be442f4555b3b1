// SPDX-License-Identifier: GPL-2.0-only
/** `audit export` as a user runs it, on the file of a log. What is said stands in golden/. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { event, SESSION, text, until } from '../export/build.js';
import { BIN, Transcript } from './transcript.js';

t.setTimeout(120_000);
const work = mkdtempSync(join(tmpdir(), 'callgate-commands-'));
t.teardown(() => rmSync(work, { recursive: true }));

const END = {
  ...{
    v: 1,
    type: 'end',
    time: SESSION.time,
    session: 's-1',
    sequence: 6,
    events: 6,
    dropped: 0,
    repeats: 0,
    denied: 6,
  },
  ...{ complained: 0, learnt: 0, silent: 0, unresolved: {}, floor: {}, deniedBy: { read: 6 } },
};

t.test('audit export', async (t) => {
  const transcript = new Transcript(work, [[work, 'WORK']]);
  const file = join(work, 's-1.jsonl');
  writeFileSync(file, text([SESSION, event(1), event(4)]));
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'jsonl:-');
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:out.csv', '--cursor', 'cursor', '--json');
  transcript.note(readFileSync(join(work, 'out.csv'), 'utf8').replaceAll('\r', ''));
  appendFileSync(file, `nonsense\n${text([event(5)])}`);
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:out.csv', '--cursor', 'cursor');
  appendFileSync(file, text([event(6)]).slice(0, 100));
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:out.csv', '--cursor', 'cursor');
  appendFileSync(file, `${text([event(6)]).slice(100)}${JSON.stringify(END)}\n`);
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:out.csv', '--cursor', 'cursor');
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:out.csv', '--cursor', 'cursor');
  truncateSync(file, statSync(file).size - JSON.stringify(END).length - 1);
  execFileSync('mkfifo', [`${work}/fifo`]);
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:-', '--cursor', 'fifo');
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', `syslog:${work}/nobody`, '--timeout', '1', '--json');
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'syslog:udp');
  transcript.callgate('audit', 'export', './none.jsonl', '--to', 'csv:-');
  transcript.callgate('audit', 'export', '/dev/null', '--to', 'csv:-');
  transcript.callgate('audit', 'export', '/', '--to', 'csv:none.csv');
  writeFileSync(join(work, 'damaged'), '{"v":1');
  transcript.callgate('audit', 'export', './s-1.jsonl', '--to', 'csv:-', '--cursor', 'damaged');
  transcript.callgate('audit', 'export', './s-1.jsonl');
  transcript.compare(t, 'audit-export');
});

t.test('a receiver that takes nothing is left when a signal says so', async (t) => {
  const file = join(work, 's-2.jsonl');
  writeFileSync(file, text([event(1)]));
  const child = spawn(BIN, ['audit', 'export', file, '--to', `syslog:${work}/nobody`, '--timeout', '80'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  await until(() => said.includes('takes nothing (ENOENT)'), 'it to be told');
  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  t.equal(status, 143);
  t.match(said, /0 records handed to syslog:.*, up to number 0\n$/);
});
