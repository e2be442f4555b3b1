// SPDX-License-Identifier: GPL-2.0-only
/** The kernel half's clock and ours. */
import { readFileSync } from 'node:fs';

/** Both are read to a hundredth of a second: less apart is no suspend. */
const NOISE = 20_000_000n;

/**
 * UTC minus CLOCK_BOOTTIME, in nanoseconds. Node has CLOCK_MONOTONIC (hrtime), which stands still in suspend; /proc/uptime
 * tells CLOCK_BOOTTIME (proc(5)), to a hundredth of a second.
 */
export function bootTime(): bigint {
  const monotonic = process.hrtime.bigint();
  const utc = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
  return utc - monotonic - suspended(monotonic);
}

/** CLOCK_BOOTTIME now, in nanoseconds. */
export function bootNow(): bigint {
  const monotonic = process.hrtime.bigint();
  return monotonic + suspended(monotonic);
}

function suspended(monotonic: bigint): bigint {
  const [seconds = '0'] = readFileSync('/proc/uptime', 'latin1').split(' ');
  const uptime = BigInt(Math.round(Number(seconds) * 100)) * 10_000_000n;
  const apart = uptime - monotonic;
  return apart > NOISE ? apart : 0n;
}
