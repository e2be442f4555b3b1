// SPDX-License-Identifier: GPL-2.0-only
/** System calls as the kernel half has them (bpf/abi/calls.h), as values. */
import { NUMBERS } from '../abi/abi.gen.js';
import { fieldBytes, readBig, readNumber, structBytes, writeNumber } from '../abi/struct.js';
import { type Word, wordsOf } from '../abi/words.js';

const WATCHES = wordsOf('call_watch');
const ARCHITECTURES = wordsOf('architecture');

/** Words of a list of calls, a bit each by its number. */
export const { CALL_WORDS } = NUMBERS;

/** What is told of a session's system calls. */
export interface Calls {
  /** The session's. */
  readonly cookie: bigint;
  /** `refused`: its filter's refusals; `foreign`: what one would refuse; `learned`: none, they are kept. */
  readonly watch: Word<'call_watch'>;
  /** What a refused call gets; 0: SIGSYS. */
  readonly errno: number;
  /** By number; CALL_WORDS of them. */
  readonly permit: readonly bigint[];
}

export const NO_CALLS: Calls = { cookie: 0n, watch: 'none', errno: 0, permit: [] };

/** The calls that a program made. */
export interface Called {
  /** Number in the gate of the policy it was under. */
  readonly policy: number;
  /** As events have it. */
  readonly exe: number;
  readonly architecture: Word<'architecture'>;
  readonly made: readonly bigint[];
}

/** struct cg_calls. */
export function encodeCalls({ cookie, watch, errno, permit }: Calls): Buffer {
  const buffer = Buffer.alloc(structBytes('calls'));
  writeNumber(buffer, 'calls', 'cookie', cookie);
  writeNumber(buffer, 'calls', 'watch', WATCHES.indexOf(watch));
  writeNumber(buffer, 'calls', 'errnum', errno);
  const words = fieldBytes(buffer, 'calls', 'permit');
  for (const [index, word] of permit.slice(0, CALL_WORDS).entries()) words.writeBigUInt64LE(word, index * 8);
  return buffer;
}

/** An entry of `called`. */
export function decodeCalled(key: Buffer, value: Buffer): Called {
  return {
    policy: readNumber(key, 'called_key', 'policy'),
    exe: Number(readBig(key, 'called_key', 'exe')),
    architecture: ARCHITECTURES[readNumber(key, 'called_key', 'architecture')] ?? 'x86_64',
    made: Array.from({ length: CALL_WORDS }, (_, index) => value.readBigUInt64LE(index * 8)),
  };
}
