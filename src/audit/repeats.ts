// SPDX-License-Identifier: GPL-2.0-only
/** Attempts that were only counted, because they were like one that was reported: told at the end, as records of their own. */

import { readBig, readNumber } from '../abi/struct.js';
import type { EventRecord } from '../events/record.js';
import { timeText } from '../events/recorder.js';
import { bootTime } from '../host/clock.js';
import type { Gate } from '../kernel/gate.js';

/**
 * A record for each reported one that was repeated: `count` repeats since `first`, the last of them at `time`.
 *
 * @param records what was reported
 * @param sequence the last sequence number given in the kernel; these records go on behind it
 */
export function repeatsOf(
  gate: Gate,
  session: number,
  records: Iterable<EventRecord>,
  sequence: number,
): EventRecord[] {
  const seen = gate.native.readSeen(session).map(({ value }) => ({
    value,
    count: readNumber(value, 'seen', 'count'),
    sequence: readNumber(value, 'seen', 'sequence'),
  }));
  // Of the records only those that were repeated are held: a learner may have more than memory does.
  const repeated = new Set(seen.flatMap(({ count, sequence: first }) => (count === 0 ? [] : [first])));
  const reported = new Map<number, EventRecord>();
  for (const record of records) if (repeated.has(record.seq)) reported.set(record.seq, record);
  const offset = bootTime();
  let seq = sequence;
  return seen.flatMap(({ value, count, sequence: number }) => {
    const first = reported.get(number);
    if (count === 0 || first === undefined) return [];
    const time = timeText(readBig(value, 'seen', 'last') + offset);
    return [{ ...first, seq: ++seq, time, count, first: first.seq }];
  });
}
