// SPDX-License-Identifier: GPL-2.0-only
/** Asking a supervisor at its control door. */
import { closeSync, constants, openSync } from 'node:fs';
import { connect } from 'node:net';
import { Failure, messageOf } from '../host/failure.js';
import { type Answers, DOOR, type RequestOf, readAnswer, type Verb } from './protocol.js';

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
  let fd: number;
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new NoAnswer(`${folder}/${DOOR}: ${messageOf(error)}`, 'callgate status', error);
  }
  try {
    const line = await exchange(`/proc/self/fd/${fd}/${DOOR}`, `${JSON.stringify(request)}\n`, patience);
    return readAnswer<V>(line);
  } finally {
    closeSync(fd);
  }
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
