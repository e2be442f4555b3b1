// SPDX-License-Identifier: GPL-2.0-only
import { type NameRule, PROCESS_NUMBER } from './name.js';

/**
 * `/proc/PID` and what of it is numbered by threads and descriptors. Processes have other numbers every time; those of the
 * program itself are `/proc/self` already. Which files of a process stays as it was seen: memory and environment are on the
 * list of what is sensitive, and no pattern reaches them.
 */
export const processRule: NameRule = {
  name: 'process',
  reason: 'processes have other numbers every time; those of the program itself are /proc/self already',
  apply: ({ names }) => {
    const found = new Map<number, string>();
    if (names[0] !== 'proc') return found;
    if (/^\d+$/.test(names[1] ?? '')) found.set(1, PROCESS_NUMBER);
    if (/^(fd|fdinfo|task)$/.test(names[2] ?? '') && /^\d+$/.test(names[3] ?? '')) found.set(3, PROCESS_NUMBER);
    return found;
  },
};
