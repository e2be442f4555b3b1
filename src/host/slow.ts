// SPDX-License-Identifier: GPL-2.0-only
/**
 * A word about what takes long. The work is the addon's and blocks the event loop (the verifier's half minute in an emulated
 * machine), so that a thread of its own watches the clock.
 */
import { Worker } from 'node:worker_threads';

const PATIENCE_MS = 1000;

/** Waits to be told, and speaks when it is not. */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { done, line, patience } = workerData;
if (Atomics.wait(new Int32Array(done), 0, 0, patience) === 'timed-out') writeSync(2, line);
`;

/**
 * Does `action`; after a second a person at a terminal is told `callgate: WHAT ...`, on standard error. A pipe or a log gets no
 * such line: it is for who waits, and what is done stands in neither's interest.
 */
export function slowly<T>(
  what: string,
  action: () => T,
  { person = process.stderr.isTTY === true, patience = PATIENCE_MS } = {},
): T {
  if (!person) return action();
  const done = new SharedArrayBuffer(4);
  const line = `callgate: ${what} ...\n`;
  const worker = new Worker(WATCH, { eval: true, execArgv: [], workerData: { done, line, patience } });
  // A watch that cannot be kept is no failure of the work.
  worker.on('error', () => undefined);
  worker.unref();
  try {
    return action();
  } finally {
    const flag = new Int32Array(done);
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  }
}
