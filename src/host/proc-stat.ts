// SPDX-License-Identifier: GPL-2.0-only
/** What /proc/PID/stat says of a process (proc(5)). */
import { readFileSync } from 'node:fs';

/** Fields behind the name, which may hold any byte: state first, then ppid, pgrp, session, tty_nr, tpgid. */
const STATE_FIELD = 3;

/** Its fields behind the name, as they stand there; empty where there is no such process. */
export function statFields(pid: number | 'self'): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** The same of one that has not ended: what is left of one is there until its parent collects it. */
export function livingStart(pid: number): bigint | null {
  const [state] = statFields(pid);
  return state === 'Z' || state === 'X' ? null : processStart(pid);
}

/** Start of a process in clock ticks since boot (field 22); null where there is no such process. */
export function processStart(pid: number): bigint | null {
  const field = statFields(pid)[22 - STATE_FIELD];
  return field === undefined ? null : BigInt(field);
}
