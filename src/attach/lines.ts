// SPDX-License-Identifier: GPL-2.0-only
/** The protocol itself, as lines of JSON: what is told and answered comes out, requests go in. For scripts. */
import { answerLine, type ControlRequest, errorLine, noticeLine, readRequest } from '../control/protocol.js';
import { Failure } from '../host/failure.js';
import type { Attached } from './attached.js';

export interface LinesOptions {
  /** Requests as docs/control.md has them; `v` may be left out. Their end detaches, once all are answered. */
  readonly lines: AsyncIterable<string>;
  /** Takes whole lines. */
  readonly write: (line: string) => void;
}

/** Until the session is over or the lines end. */
export async function jsonLines(client: Attached, { lines, write }: LinesOptions): Promise<void> {
  write(answerLine(client.watching));
  client.listen((notice) => write(noticeLine(notice)));
  const ended = client.closed.then(() => null);
  const input = lines[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  for (;;) {
    const next = await Promise.race([input.next(), ended]);
    if (next === null || next.done === true) break;
    if (next.value.trim() === '') continue;
    const answer = requested(client, next.value);
    // In the order of the requests, however many are under way.
    last = Promise.all([last, answer]).then(([, line]) => write(line));
  }
  await last;
  client.close();
  await client.closed;
}

async function requested(client: Attached, line: string): Promise<string> {
  try {
    const request = readRequest(withVersion(line));
    if (request.do === 'watch') throw new Failure('this connection watches already');
    return answerLine(await client.request(request as Exclude<ControlRequest, { do: 'watch' }>));
  } catch (error) {
    return errorLine(error);
  }
}

function withVersion(line: string): string {
  return /^\s*\{\s*"do"/.test(line) ? line.replace('{', '{"v":1,') : line;
}
