// SPDX-License-Identifier: GPL-2.0-only
/** Signals that are ignored: by whoever called us, and by others. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** Does nothing, in the place of SIG_IGN, which Node has not; by it `isIgnored` knows. */
const NOTHING = (): void => undefined;

/** From now on this process takes no notice of the signal. */
export function ignore(name: NodeJS.Signals): void {
  process.on(name, NOTHING);
}

/** Was it to take no notice? Other handlers are called all the same. */
export function isIgnored(name: NodeJS.Signals): boolean {
  return process.listeners(name).includes(NOTHING);
}

/** Does the process ignore the signal? SigIgn of proc(5): bit 0 is signal 1. */
export function ignores(pid: number, name: NodeJS.Signals): boolean {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return false;
  }
  const mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(text)?.[1] ?? '0'}`);
  return ((mask >> BigInt(constants.signals[name] - 1)) & 1n) === 1n;
}
