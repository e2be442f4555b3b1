// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';

/** The texts of a file that each end in a zero, as /proc/PID/cmdline and environ have them; behind the last one the zero may be missing. */
export function zeroEnded(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const zero = bytes.indexOf(0, at);
    const end = zero < 0 ? bytes.length : zero;
    found.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return found;
}
