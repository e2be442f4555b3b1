// SPDX-License-Identifier: GPL-2.0-only
/**
 * A word about what takes long. The work is the addon's and blocks the event loop (the verifier's half minute in an emulated
 * machine), so that a thread of its own watches the clock.
 */
import { Worker } from 'node:worker_threads';

const PATIENCE_MS = 1000;
/** When it says again that it is at it; each time it waits twice as long. */
const AGAIN_MS = 15_000;

/** Waits to be told, and speaks when it is not. */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { done, line, patience, again } = workerData;
const flag = new Int32Array(done);
const begun = Date.now();
const waits = (ms) => Atomics.wait(flag, 0, 0, ms) === 'timed-out';
if (waits(patience)) {
  writeSync(2, line + ' ...\\n');
  for (let next = again; waits(next); next *= 2)
    writeSync(2, line + ' ... ' + Math.round((Date.now() - begun) / 1000) + ' s so far\\n');
}
`;

/**
 * Does `action`; after a second a person at a terminal is told `callgate: WHAT ...`, on standard error, and now and then for how long. A pipe or a log gets no
 * such line: it is for who waits, and what is done stands in neither's interest.
 */
export function slowly<T>(
  what: string,
  action: () => T,
  { person = process.stderr.isTTY === true, patience = PATIENCE_MS, again = AGAIN_MS } = {},
): T {
  if (!person) return action();
  const done = new SharedArrayBuffer(4);
  const line = `callgate: ${what}`;
  const worker = new Worker(WATCH, { eval: true, execArgv: [], workerData: { done, line, patience, again } });
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
