// SPDX-License-Identifier: GPL-2.0-only
/** Questions and answers as the kernel half has them (bpf/abi/asking.h). */
import { ENUMS, NUMBERS } from '../abi/abi.gen.js';
import { fieldBytes, readBig, readNumber, structBytes, writeNumber } from '../abi/struct.js';

/** Bytes of the longest object that can be asked about. */
export const { REPLY_OBJECT } = NUMBERS;

/** For whom an answer is: the thread, once; its process; every subject under the policy. */
export type Scope = 'thread' | 'process' | 'policy';

/** What is answered. Whoever it is for, all else must be the question's, byte for byte. */
export interface ReplyKey {
  /** The session's. */
  readonly cookie: bigint;
  /** Number in the gate, and which of the policies that stood there. */
  readonly policy: number;
  readonly generation: number;
  /** Those that are asked about: a bit for each (enum cg_operation). */
  readonly operations: number;
  readonly object: { readonly objectType: number; readonly bytes: Buffer };
  readonly scope: Scope;
  /** Number in the initial pid namespace, and start in ns since boot; of what the scope says, 0 for `policy`. */
  readonly task: { readonly pid: number; readonly start: bigint };
}

export interface Reply {
  readonly verdict: 'permit' | 'deny';
  /** Of a denial; 0: what the policy says. */
  readonly errnum: number;
  /** CLOCK_BOOTTIME in ns; 0: with the session. */
  readonly expires: bigint;
}

/** A thread that waits for an answer. It is stopped, and nothing of what it wants has happened. */
export interface Waiting {
  readonly tid: number;
  readonly pid: number;
  readonly cookie: bigint;
  /** Of the thread, in ns since boot: with `tid` it names it for good. */
  readonly start: bigint;
  /** Of the event that tells what it wants. */
  readonly sequence: number;
  /** CLOCK_BOOTTIME in ns. */
  readonly since: bigint;
}

/** @throws RangeError where the object is longer than can be asked about */
export function encodeReplyKey(key: ReplyKey): Buffer {
  const { bytes, objectType } = key.object;
  if (bytes.length > REPLY_OBJECT) throw new RangeError(`an object of ${bytes.length} bytes cannot be asked about`);
  const buffer = Buffer.alloc(structBytes('reply_key'));
  writeNumber(buffer, 'reply_key', 'cookie', key.cookie);
  writeNumber(buffer, 'reply_key', 'generation', BigInt(key.generation));
  writeNumber(buffer, 'reply_key', 'start', key.task.start);
  writeNumber(
    buffer,
    'reply_key',
    'scope',
    ENUMS.scope[`SCOPE_${key.scope.toUpperCase()}` as keyof typeof ENUMS.scope],
  );
  writeNumber(buffer, 'reply_key', 'pid', key.task.pid);
  writeNumber(buffer, 'reply_key', 'policy', key.policy);
  writeNumber(buffer, 'reply_key', 'operations', key.operations >>> 0);
  writeNumber(buffer, 'reply_key', 'length', bytes.length);
  writeNumber(buffer, 'reply_key', 'object_type', objectType);
  bytes.copy(fieldBytes(buffer, 'reply_key', 'object'));
  return buffer;
}

export function encodeReply({ verdict, errnum, expires }: Reply): Buffer {
  const buffer = Buffer.alloc(structBytes('reply'));
  writeNumber(buffer, 'reply', 'expires', expires);
  writeNumber(buffer, 'reply', 'verdict', verdict === 'permit' ? ENUMS.verdict.PERMIT : ENUMS.verdict.DENY);
  writeNumber(buffer, 'reply', 'errnum', errnum);
  return buffer;
}

export function encodeAttendance(cookie: bigint, until: bigint): Buffer {
  const buffer = Buffer.alloc(structBytes('attendance'));
  writeNumber(buffer, 'attendance', 'cookie', cookie);
  writeNumber(buffer, 'attendance', 'until', until);
  return buffer;
}

/** @param value struct cg_question of that thread */
export function decodeWaiting(tid: number, value: Buffer): Waiting {
  return {
    tid,
    pid: readNumber(value, 'question', 'group'),
    cookie: readBig(value, 'question', 'cookie'),
    start: readBig(value, 'question', 'start'),
    sequence: readNumber(value, 'question', 'sequence'),
    since: readBig(value, 'question', 'since'),
  };
}
