// SPDX-License-Identifier: GPL-2.0-only

import { readBig } from '../abi/struct.js';
import type { NativeGate } from './addon.js';
import {
  decodeWaiting,
  encodeAttendance,
  encodeReply,
  encodeReplyKey,
  type Reply,
  type ReplyKey,
  type Waiting,
} from './asking.js';
import { u32 } from './records.js';

/** What subjects wait to be told, and the answers. */
export class GateQuestions {
  constructor(private readonly native: NativeGate) {}

  /** Questions of the session are answered until then (CLOCK_BOOTTIME in ns); from then on a rule that asks denies. */
  attend(session: number, cookie: bigint, until: bigint): void {
    this.native.update('attendance', u32(session), encodeAttendance(cookie, until));
  }

  /** Threads that wait for an answer, of all sessions; those that died meanwhile, too. */
  waiting(): Waiting[] {
    return this.native.keys('questions').flatMap((key) => {
      const value = this.native.lookup('questions', key);
      return value === null ? [] : [decodeWaiting(key.readUInt32LE(0), value)];
    });
  }

  /** What the thread waits for; null: nothing. */
  question(tid: number): Waiting | null {
    const value = this.native.lookup('questions', u32(tid));
    return value === null ? null : decodeWaiting(tid, value);
  }

  /** Forgets that a thread waits: it died, or goes on unanswered. */
  forget(tid: number): void {
    this.native.remove('questions', u32(tid));
  }

  /** Answers. The threads that wait for it are to be continued by SIGCONT. */
  reply(key: ReplyKey, reply: Reply): void {
    this.native.update('replies', encodeReplyKey(key), encodeReply(reply));
  }

  /** Is there such an answer, unused, and not over at that time (CLOCK_BOOTTIME in ns)? */
  isAnswered(key: ReplyKey, now: bigint): boolean {
    const value = this.native.lookup('replies', encodeReplyKey(key));
    if (value === null) return false;
    const expires = readBig(value, 'reply', 'expires');
    return expires === 0n || expires > now;
  }

  /** Takes an answer back; false where there is none, or it was used. */
  takeBack(key: ReplyKey): boolean {
    const encoded = encodeReplyKey(key);
    if (this.native.lookup('replies', encoded) === null) return false;
    this.native.remove('replies', encoded);
    return true;
  }

  /** Forgets all that was asked and answered in a session. */
  forgetSession(session: number, cookie: bigint): void {
    for (const key of this.native.keys('replies'))
      if (key.readBigUInt64LE(0) === cookie) this.native.remove('replies', key);
    for (const { tid, cookie: asked } of this.waiting()) if (asked === cookie) this.forget(tid);
    // An array: its entries are never taken away.
    this.attend(session, 0n, 0n);
  }
}
