// SPDX-License-Identifier: GPL-2.0-only
/** Asking a supervisor at its control door. */
import { closeSync, constants, openSync } from 'node:fs';
import { connect } from 'node:net';
import { Failure, messageOf } from '../host/failure.js';
import {
  type Answers,
  answerOf,
  type ControlRequest,
  DOOR,
  type Notice,
  type RequestOf,
  readAnswer,
  type Said,
  type Verb,
} from './protocol.js';

/** There is no door, nobody opens it, or no answer comes: nothing is known of what was asked. */
export class NoAnswer extends Failure {}

/**
 * Asks, and resolves with the answer.
 *
 * @param folder the session's
 * @param patience milliseconds to wait for the answer
 * @throws NoAnswer; or the Failure that was the answer
 */
export async function ask<V extends Verb>(
  folder: string,
  request: RequestOf<V>,
  patience: number,
): Promise<Answers[V]> {
  const fd = openFolder(folder);
  try {
    const line = await exchange(`/proc/self/fd/${fd}/${DOOR}`, `${JSON.stringify(request)}\n`, patience);
    return readAnswer<V>(line);
  } finally {
    closeSync(fd);
  }
}

/** By a descriptor of the folder a socket's address is always short enough. */
function openFolder(folder: string): number {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new NoAnswer(`${folder}/${DOOR}: ${messageOf(error)}`, 'callgate status', error);
  }
}

/** A session that is attended: what happens is told to `hear`, and requests are answered in order. */
export interface Client {
  /** What the answer to `watch` said. */
  readonly watching: Answers['watch'];
  /**
   * Asks something else by the same connection.
   *
   * @throws the Failure that was the answer; NoAnswer where the connection has ended
   */
  request<V extends Exclude<Verb, 'watch'>>(request: RequestOf<V>): Promise<Answers[V]>;
  /** Resolves when the connection has ended, by whichever side. Never rejects. */
  readonly closed: Promise<void>;
  /** Stops attending. */
  close(): void;
}

/**
 * Attends to a session.
 *
 * @param folder the session's
 * @param hear gets each line that answers nothing, in order; what waits already may come before this resolves
 * @throws NoAnswer; or the Failure that was the answer
 */
export async function attend(
  folder: string,
  watch: Omit<RequestOf<'watch'>, 'v' | 'do'>,
  hear: (notice: Notice) => void,
): Promise<Client> {
  const fd = openFolder(folder);
  const socket = connect(`/proc/self/fd/${fd}/${DOOR}`);
  const waiting: { resolve: (answer: never) => void; reject: (error: unknown) => void }[] = [];
  let cause: unknown;
  const take = (line: string): void => {
    const said = JSON.parse(line) as Said;
    if (said.tell !== undefined) {
      hear(said);
      return;
    }
    const asker = waiting.shift();
    try {
      const answer = answerOf(said);
      asker?.resolve(answer as never);
    } catch (error) {
      asker?.reject(error);
    }
  };
  let pieces: string[] = [];
  socket.setEncoding('utf8');
  socket.on('data', (piece: string) => {
    if (!piece.includes('\n')) {
      pieces.push(piece);
      return;
    }
    const lines = [...pieces, piece].join('').split('\n');
    pieces = [lines.pop() ?? ''];
    for (const line of lines) take(line);
  });
  socket.on('error', (error) => {
    cause = error;
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      closeSync(fd);
      for (const { reject } of waiting.splice(0))
        reject(new NoAnswer(`the session's supervisor has gone${why(cause)}`, 'callgate status', cause));
      resolve();
    });
  });
  const request = <V extends Verb>(asked: ControlRequest): Promise<Answers[V]> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed || socket.writableEnded) {
        reject(new NoAnswer(`the session's supervisor has gone${why(cause)}`, 'callgate status', cause));
        return;
      }
      waiting.push({ resolve, reject });
      socket.write(`${JSON.stringify(asked)}\n`);
    });
  try {
    const watching = await request<'watch'>({ v: 1, do: 'watch', ...watch });
    return { watching, request, closed, close: () => void socket.end() };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function why(cause: unknown): string {
  return cause === undefined ? '' : ` (${messageOf(cause)})`;
}

function exchange(path: string, line: string, patience: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(new NoAnswer(`the session's supervisor does not answer (${why})`, 'callgate status', cause));
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(new Error(`not within ${patience / 1000} s`)), patience);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => void socket.write(line));
    socket.on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf('\n');
      if (end < 0) return;
      resolve(text.slice(0, end));
      socket.destroy();
    });
    socket.on('error', (error) => fail(messageOf(error), error));
    socket.on('close', () => {
      clearTimeout(timer);
      fail('it hung up');
    });
  });
}
