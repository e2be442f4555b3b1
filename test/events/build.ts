// SPDX-License-Identifier: GPL-2.0-only
/** Events as the kernel half writes them, by hand. */
import { fieldBytes, structBytes, writeNumber } from '../../src/abi/struct.js';
import { attemptMask } from '../../src/events/attempt.js';
import type { Operation } from '../../src/policy/operations.js';

export const TYPE = { access: 1, exec: 2, floor: 3, question: 4 } as const;
export const OBJECT = { none: 0, path: 1, kind: 2, inet: 3, unix: 4, abstract: 5, unnamed: 6, family: 7 } as const;
export const FLAG = { enforced: 1, learnt: 2, created: 8, directory: 16, moved: 32, exclusive: 64 } as const;

export interface Fields {
  readonly type?: number;
  readonly verdict?: number;
  readonly object?: number;
  readonly flags?: number;
  readonly sequence?: number;
  readonly time?: bigint;
  readonly first?: number;
  readonly exe?: number;
  readonly generation?: number;
  readonly policy?: number;
  readonly operations?: readonly Operation[];
  readonly decided?: readonly Operation[];
  readonly rule?: number;
  readonly errnum?: number;
  readonly reason?: number;
  readonly count?: number;
  readonly pid?: number;
  readonly tid?: number;
  readonly owner?: number;
  readonly part?: number;
  readonly length?: number;
  readonly offset?: number;
  readonly comm?: string;
}

/** A denied read of a path by the policy under number 1, but for what is said otherwise; padded as the addon packs it. */
export function eventBytes(text: Buffer | string, fields: Fields = {}): Buffer {
  const object = typeof text === 'string' ? Buffer.from(text) : text;
  const header = structBytes('event');
  const bytes = Buffer.alloc((header + object.length + 7) & ~7);
  const { operations = ['read'], decided = operations, comm = 'cat', time = 1_000_000_000n, ...numbers } = fields;
  const all = {
    ...{ size: header + object.length, type: TYPE.access, verdict: 1, object: OBJECT.path, flags: FLAG.enforced },
    ...{ sequence: 1, generation: 1, policy: 1, errnum: 1, count: 1, pid: 812, tid: 813, ppid: 799, uid: 1000 },
    ...{ gid: 1001, owner: 0xffffffff, length: object.length },
    ...numbers,
    ...{ time, operations: attemptMask(operations), decided: attemptMask(decided) },
  };
  for (const [name, value] of Object.entries(all)) writeNumber(bytes, 'event', name as keyof typeof all, value);
  fieldBytes(bytes, 'event', 'comm').write(comm);
  object.copy(bytes, header);
  return bytes;
}

/** What a program is run with: each word with its zero, and behind them what was cut. */
export function argumentBytes(folder: string, words: readonly string[], fields: Fields = {}, cut = ''): Buffer {
  const text = `${folder}${words.map((word) => `${word}\0`).join('')}${cut}`;
  return eventBytes(Buffer.from(text, 'latin1'), {
    ...{ type: 5, object: 10, verdict: 0, errnum: 0, sequence: 0, first: words.length, offset: folder.length },
    ...{ operations: [], flags: 0, ...fields },
  });
}
