// SPDX-License-Identifier: GPL-2.0-only
/** Bytes of a session's ring buffer to events. The layout is bpf/abi/event.h. */
import { ENUMS, NUMBERS } from '../abi/abi.gen.js';
import { fieldBytes, fieldOf, readBig, readNumber, structBytes } from '../abi/struct.js';
import { type Word, wordsOf } from '../abi/words.js';
import { type Bytes, bytesFrom } from '../policy/bytes.js';
import { type AccessObject, KINDS, PROTOCOL_BYTE, type Protocol, type Verdict } from '../policy/model.js';
import { type Operation, operationsOf } from '../policy/operations.js';

/** What the kernel half said, with numbers still numbers where only the session knows what they mean. */
export interface KernelEvent {
  readonly type: Word<'event_type'>;
  readonly sequence: number;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly time: bigint;
  readonly verdict: Verdict;
  /** Null: it could not be told, or is a word. */
  readonly object: AccessObject | null;
  /** What the floor refused, by name: `CAP_SYS_ADMIN`, `TIOCSTI`, a module. No rule can mean it. */
  readonly word: Bytes | null;
  readonly enforced: boolean;
  readonly learnt: boolean;
  readonly created: boolean;
  readonly directory: boolean;
  /** An end of a rename or link that a learner is told of. */
  readonly moved: boolean;
  /** Of the new end: sequence number of the event that told the old one; else 0. */
  readonly first: number;
  /** Sequence number of the exec event that says what the subject runs; 0: the policy's own program. */
  readonly exe: number;
  /** Number in the gate, and which of the policies that stood there. */
  readonly policy: number;
  readonly generation: number;
  readonly operations: readonly Operation[];
  readonly decided: readonly Operation[];
  /** Place in the compiled policy's rules, from 1; 0: the default. */
  readonly rule: number;
  readonly errnum: number;
  /** enum cg_unresolved, or enum cg_floor where the type is floor. */
  readonly reason: number;
  readonly count: number;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner: number | null;
  readonly comm: string;
  /** Of a question, the object as the kernel half has it: what an answer must name byte for byte. */
  readonly asked?: { readonly objectType: number; readonly bytes: Buffer };
}

const HEADER = structBytes('event');
const TYPES: readonly (Word<'event_type'> | undefined)[] = wordsOf('event_type');
const VERDICTS: readonly (Verdict | undefined)[] = wordsOf('verdict');
const NOBODY = 0xffffffff;
const OBJECT = ENUMS.object_type;
const { EVENT_ENFORCED, EVENT_LEARNT, EVENT_CREATED, EVENT_DIRECTORY, EVENT_MOVED } = NUMBERS;
const PROTOCOLS = new Map(Object.entries(PROTOCOL_BYTE).map(([name, byte]) => [byte, name as Protocol]));

/** Texts that wait for their end at most; more are of events whose last part was dropped, which the kernel half counted. */
const WAITING_MOST = 256;

/** Puts the parts of long objects together again; one for each ring. */
export class EventDecoder {
  /** Texts whose end has not come yet, by sequence number. */
  readonly #parts = new Map<number, Buffer[]>();
  #malformed = 0;

  /** Records that were none: of a wrong size or of an unknown type. */
  get malformed(): number {
    return this.#malformed;
  }

  /** The events that are whole with this batch, in the order of their ends. */
  push(batch: Buffer): KernelEvent[] {
    const events: KernelEvent[] = [];
    for (let at = 0; at < batch.length; ) {
      const size = at + HEADER <= batch.length ? readNumber(batch.subarray(at), 'event', 'size') : 0;
      // Where the next one begins is not known either.
      if (size < HEADER || at + size > batch.length) {
        this.#malformed++;
        return events;
      }
      const event = this.#take(batch.subarray(at, at + size));
      if (event !== null) events.push(event);
      at += (size + 7) & ~7;
    }
    return events;
  }

  #take(record: Buffer): KernelEvent | null {
    const number = (name: Parameters<typeof readNumber<'event'>>[2]): number => readNumber(record, 'event', name);
    const type = TYPES[number('type')];
    const verdict = VERDICTS[number('verdict')];
    if (type === undefined || verdict === undefined) {
      this.#malformed++;
      return null;
    }
    const sequence = number('sequence');
    const text = record.subarray(HEADER);
    const [length, offset, kind] = [number('length'), number('offset'), number('object')];
    const before = this.#parts.get(sequence) ?? [];
    if (kind !== OBJECT.OBJECT_NONE && offset + text.length < length) {
      this.#parts.set(sequence, [...before, Buffer.from(text)]);
      const [oldest] = this.#parts.keys();
      if (this.#parts.size > WAITING_MOST && oldest !== undefined) this.#parts.delete(oldest);
      return null;
    }
    this.#parts.delete(sequence);
    const whole = Buffer.concat([...before, text]);
    // A part that was lost leaves a hole, and a path with a hole is no path.
    const object = kind === OBJECT.OBJECT_NONE || whole.length !== length ? null : objectOf(kind, whole);
    const flags = number('flags');
    const owner = number('owner');
    return {
      ...{ type, sequence, verdict, object },
      word: kind === OBJECT.OBJECT_WORD ? bytesFrom(whole) : null,
      time: readBig(record, 'event', 'time'),
      enforced: (flags & EVENT_ENFORCED) !== 0,
      learnt: (flags & EVENT_LEARNT) !== 0,
      created: (flags & EVENT_CREATED) !== 0,
      directory: (flags & EVENT_DIRECTORY) !== 0,
      moved: (flags & EVENT_MOVED) !== 0,
      first: number('first'),
      exe: number('exe'),
      policy: number('policy'),
      generation: number('generation'),
      operations: operationsOf(number('operations')),
      decided: operationsOf(number('decided')),
      rule: number('rule'),
      errnum: number('errnum'),
      reason: number('reason'),
      count: number('count'),
      pid: number('pid'),
      tid: number('tid'),
      ppid: number('ppid'),
      uid: number('uid'),
      gid: number('gid'),
      owner: owner === NOBODY ? null : owner,
      comm: commOf(fieldBytes(record, 'event', 'comm')),
      ...(type === 'question' ? { asked: { objectType: kind, bytes: whole } } : {}),
    };
  }
}

/** enum cg_object_type and its bytes; null for what is none. */
function objectOf(kind: number, bytes: Buffer): AccessObject | null {
  switch (kind) {
    case OBJECT.OBJECT_PATH:
      return { type: 'path', path: bytesFrom(bytes) };
    case OBJECT.OBJECT_KIND: {
      const name = KINDS[bytes[0] ?? -1];
      return name === undefined ? null : { type: 'kind', kind: name };
    }
    case OBJECT.OBJECT_INET: {
      // All but the padding behind it.
      if (bytes.length < fieldOf('inet', 'pad').offset) return null;
      const protocol = PROTOCOLS.get(readNumber(bytes, 'inet', 'protocol'));
      if (protocol === undefined) return null;
      const port = fieldBytes(bytes, 'inet', 'port').readUInt16BE();
      return { type: 'inet', protocol, address: bytesFrom(fieldBytes(bytes, 'inet', 'address')), port };
    }
    case OBJECT.OBJECT_UNIX:
      return { type: 'unix', path: bytesFrom(bytes) };
    case OBJECT.OBJECT_ABSTRACT:
      return { type: 'abstract', name: bytesFrom(bytes) };
    case OBJECT.OBJECT_UNNAMED:
      return { type: 'unnamed' };
    case OBJECT.OBJECT_FAMILY:
      if (bytes.length < structBytes('family')) return null;
      return {
        type: 'family',
        family: fieldBytes(bytes, 'family', 'family').readUInt16BE(),
        kind: fieldBytes(bytes, 'family', 'type').readUInt16BE(),
        protocol: fieldBytes(bytes, 'family', 'protocol').readUInt32BE(),
      };
    default:
      return null;
  }
}

/** Up to its NUL; bytes that are no UTF-8 become replacement signs, for a comm is no name of anything. */
function commOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
