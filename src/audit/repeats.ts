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
  records: readonly EventRecord[],
  sequence: number,
): EventRecord[] {
  const reported = new Map(records.map((record) => [record.seq, record]));
  const offset = bootTime();
  let seq = sequence;
  return gate.native.readSeen(session).flatMap(({ value }) => {
    const count = readNumber(value, 'seen', 'count');
    const first = reported.get(readNumber(value, 'seen', 'sequence'));
    if (count === 0 || first === undefined) return [];
    const time = timeText(readBig(value, 'seen', 'last') + offset);
    return [{ ...first, seq: ++seq, time, count, first: first.seq }];
  });
}
