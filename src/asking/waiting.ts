// SPDX-License-Identifier: GPL-2.0-only
/** Threads that wait for an answer, as questions hold them. */
import type { Entry, WaitingThread } from '../ask/queue.js';
import type { Facts } from './facts.js';
import type { ReplyTo } from './replies.js';
import type { Released } from './stopped.js';

/** A thread that waits, with what it waits for. */
export interface Thread extends WaitingThread, Released {
  readonly facts: Facts;
  /** What an answer must name, but for whom it is for. */
  readonly to: Omit<ReplyTo, 'scope' | 'task'>;
  /** CLOCK_BOOTTIME. */
  readonly since: bigint;
}

export type Waiting = Entry<Facts, Thread>;
