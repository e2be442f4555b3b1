// SPDX-License-Identifier: GPL-2.0-only
/** Speaks on standard error as a supervisor does; each line of standard input is a thing to do. */
import { createInterface } from 'node:readline';
import { Voice } from '../../src/host/voice.js';
import { addon } from '../../src/kernel/addon.js';

const voice = new Voice(addon(), 2, 5);
const answer = (): void => void process.stdout.write(`${JSON.stringify([voice.shared, voice.unsaid])}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'hold') voice.hold();
  else if (line === 'release') voice.release();
  else if (line === 'close') await voice.close();
  else voice.say(line);
  answer();
}
