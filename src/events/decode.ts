// SPDX-License-Identifier: GPL-2.0-only
/** Bytes of a session's ring buffer to events. The layout is bpf/abi/event.h. */
import { ENUMS, NUMBERS } from '../abi/abi.gen.js';
import { type FieldName, fieldBytes, fieldOf, readNumber, structBytes } from '../abi/struct.js';
import { type Word, wordsOf } from '../abi/words.js';
import { type Bytes, bytesFrom, bytesOf } from '../policy/bytes.js';
import { ARCHITECTURES, type Architecture, callName } from '../policy/calls.js';
import {
  ACTS,
  type AccessObject,
  type Act,
  KINDS,
  type NumberTable,
  PROTOCOL_BYTE,
  type Process,
  type Protocol,
  type Verdict,
} from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { attempted } from './attempt.js';

/** What a program is about to be run with, told to a learner: no attempt, and without a number. */
export interface KernelArguments {
  /** As an event has them: who will be judged by it. */
  readonly policy: number;
  readonly exe: number;
  /** Of the process; null: it could not be told. */
  readonly folder: Bytes | null;
  /** Those that came whole, the first of which is the name. */
  readonly words: readonly Bytes[];
  /** How many there are. */
  readonly count: number;
  /** Some of the rest could not be read; false: they were too long. */
  readonly unread: boolean;
}

/** What the kernel half said, with numbers still numbers where only the session knows what they mean. */
export interface KernelEvent {
  readonly type: Exclude<Word<'event_type'>, 'arguments'>;
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
  readonly exclusive: boolean;
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
  /** Of a system call, by whose numbers it was made; `word` is its name. */
  readonly architecture: Architecture | null;
  /** Of a question, the object as the kernel half has it: what an answer must name byte for byte. */
  readonly asked?: { readonly objectType: number; readonly bytes: Buffer };
}

/** Where the field stands; it is read as one of this type. @throws RangeError where the contract has another */
function at(name: FieldName<'event'>, type: 'u8' | 'u32' | 'u64'): number {
  const field = fieldOf('event', name);
  if (field.type !== type) throw new RangeError(`event.${name} is ${field.type}, and is read as ${type}`);
  return field.offset;
}

const HEADER = structBytes('event');
const SIZE = at('size', 'u32');
const TYPE = at('type', 'u8');
const VERDICT = at('verdict', 'u8');
const KIND = at('object', 'u8');
const FLAGS = at('flags', 'u8');
const SEQUENCE = at('sequence', 'u64');
const TIME = at('time', 'u64');
const FIRST = at('first', 'u64');
const EXE = at('exe', 'u64');
const GENERATION = at('generation', 'u64');
const POLICY = at('policy', 'u32');
const OPERATIONS = at('operations', 'u32');
const DECIDED = at('decided', 'u32');
const RULE = at('rule', 'u32');
const ERRNUM = at('errnum', 'u32');
const REASON = at('reason', 'u32');
const COUNT = at('count', 'u32');
const PID = at('pid', 'u32');
const TID = at('tid', 'u32');
const PPID = at('ppid', 'u32');
const UID = at('uid', 'u32');
const GID = at('gid', 'u32');
const OWNER = at('owner', 'u32');
const LENGTH = at('length', 'u32');
const OFFSET = at('offset', 'u32');
const COMM = fieldOf('event', 'comm');
const TYPES: readonly (Word<'event_type'> | undefined)[] = wordsOf('event_type');
const VERDICTS: readonly (Verdict | undefined)[] = wordsOf('verdict');
const NOBODY = 0xffffffff;
const OBJECT = ENUMS.object_type;
const { EVENT_ENFORCED, EVENT_LEARNT, EVENT_CREATED, EVENT_EXCLUSIVE, EVENT_DIRECTORY, EVENT_MOVED } = NUMBERS;
const { HEAD_CAPABILITY, HEAD_UID, HEAD_GID, HEAD_NAMESPACE, HEAD_KERNEL, HEAD_IPC } = ENUMS.head_table;
const TABLES: ReadonlyMap<number, NumberTable> = new Map([
  [HEAD_CAPABILITY, 'capability'],
  [HEAD_UID, 'uid'],
  [HEAD_GID, 'gid'],
  [HEAD_NAMESPACE, 'namespace'],
  [HEAD_KERNEL, 'kernel'],
  [HEAD_IPC, 'ipc'],
]);
const ACTS_OF: ReadonlyMap<number, Act> = new Map([
  [ENUMS.head_table.HEAD_SIGNAL, 'signal'],
  [ENUMS.head_table.HEAD_LIMIT, 'limit'],
  [ENUMS.head_table.HEAD_PRIORITY, 'priority'],
  [ENUMS.head_table.HEAD_PTRACE, 'ptrace'],
  [ENUMS.head_table.HEAD_MOUNT, 'mount'],
  [ENUMS.head_table.HEAD_UNMOUNT, 'unmount'],
]);
const TARGETS: ReadonlyMap<number, Process> = new Map([
  [ENUMS.target.TARGET_CHILD, 'child'],
  [ENUMS.target.TARGET_POLICY, 'policy'],
]);
const PROTOCOLS = new Map(Object.entries(PROTOCOL_BYTE).map(([name, byte]) => [byte, name as Protocol]));

/** Texts that wait for their end at most; more are of events whose last part was dropped, which the kernel half counted. */
const WAITING_MOST = 256;
/** Events that are handed on together. */
const CHUNK = 256;
/** Masks of operations that are remembered at most. */
const LISTS_MOST = 4096;

/** Puts the parts of long objects together again; one for each ring. */
export class EventDecoder {
  /** Texts whose end has not come yet, by sequence number. */
  readonly #parts = new Map<number, Buffer[]>();
  #comm = { one: 0n, other: 0n, text: '' };
  #malformed = 0;
  #arguments: KernelArguments[] = [];

  /** Records that were none: of a wrong size or of an unknown type. */
  get malformed(): number {
    return this.#malformed;
  }

  /** What programs were run with that was told since this was asked for last. */
  takeArguments(): readonly KernelArguments[] {
    const told = this.#arguments;
    if (told.length > 0) this.#arguments = [];
    return told;
  }

  /** The events that are whole with this batch, in the order of their ends. */
  push(batch: Buffer): KernelEvent[] {
    return [...this.chunks(batch)].flat();
  }

  /**
   * The same, a few at a time: each is to be done with before the next is asked for. What lives as long as a whole batch
   * is copied by the garbage collector again and again, which took two thirds of the time.
   */
  *chunks(batch: Buffer): Generator<readonly KernelEvent[], void> {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    let events: KernelEvent[] = [];
    for (let at = 0; at < batch.length; ) {
      const size = at + HEADER <= batch.length ? view.getUint32(at + SIZE, true) : 0;
      // Where the next one begins is not known either.
      if (size < HEADER || at + size > batch.length) {
        this.#malformed++;
        break;
      }
      const event = this.#take(batch, view, at, at + size);
      if (event !== null) events.push(event);
      if (events.length === CHUNK) {
        yield events;
        events = [];
      }
      at += (size + 7) & ~7;
    }
    if (events.length > 0) yield events;
  }

  /** The record from `at` to `end`. Fields are read where they stand: a flood has no time for more. */
  #take(batch: Buffer, view: DataView, at: number, end: number): KernelEvent | null {
    const type = TYPES[view.getUint8(at + TYPE)];
    const verdict = VERDICTS[view.getUint8(at + VERDICT)];
    if (type === undefined || verdict === undefined) {
      this.#malformed++;
      return null;
    }
    const sequence = wide(view, at + SEQUENCE);
    const kind = view.getUint8(at + KIND);
    const length = view.getUint32(at + LENGTH, true);
    const offset = view.getUint32(at + OFFSET, true);
    if (type === 'arguments') {
      this.#arguments.push({
        policy: view.getUint32(at + POLICY, true),
        exe: wide(view, at + EXE),
        count: wide(view, at + FIRST),
        unread: view.getUint32(at + REASON, true) !== 0,
        ...wordsIn(bytesIn(batch, at + HEADER, end), offset),
      });
      return null;
    }
    let text = batch;
    let from = at + HEADER;
    let to = end;
    const before = this.#parts.size === 0 ? undefined : this.#parts.get(sequence);
    if (kind !== OBJECT.OBJECT_NONE && offset + to - from < length) {
      this.#parts.set(sequence, [...(before ?? []), Buffer.from(batch.subarray(from, to))]);
      const [oldest] = this.#parts.keys();
      if (this.#parts.size > WAITING_MOST && oldest !== undefined) this.#parts.delete(oldest);
      return null;
    }
    if (before !== undefined) {
      this.#parts.delete(sequence);
      text = Buffer.concat([...before, batch.subarray(from, to)]);
      from = 0;
      to = text.length;
    }
    // A part that was lost leaves a hole, and a path with a hole is no path.
    const told = kind === OBJECT.OBJECT_NONE || to - from !== length ? null : objectOf(kind, text, from, to);
    const operations = named(view.getUint32(at + OPERATIONS, true));
    const [only] = operations;
    const act = operations.length === 1 ? ACTS.find((one) => one === only) : undefined;
    const first = wide(view, at + FIRST);
    const object = act === undefined ? told : targetOf(act, told, first);
    const call = type === 'syscall' ? callOf(first) : null;
    const flags = view.getUint8(at + FLAGS);
    const owner = view.getUint32(at + OWNER, true);
    return {
      type,
      sequence,
      verdict,
      object,
      word: call === null ? (kind === OBJECT.OBJECT_WORD ? bytesIn(text, from, to) : null) : call.name,
      architecture: call?.architecture ?? null,
      time: view.getBigUint64(at + TIME, true),
      enforced: (flags & EVENT_ENFORCED) !== 0,
      learnt: (flags & EVENT_LEARNT) !== 0,
      created: (flags & EVENT_CREATED) !== 0,
      exclusive: (flags & EVENT_EXCLUSIVE) !== 0,
      directory: (flags & EVENT_DIRECTORY) !== 0,
      moved: act === undefined && call === null && (flags & EVENT_MOVED) !== 0,
      first: act === undefined && call === null ? first : 0,
      exe: wide(view, at + EXE),
      policy: view.getUint32(at + POLICY, true),
      generation: wide(view, at + GENERATION),
      operations,
      decided: named(view.getUint32(at + DECIDED, true)),
      rule: view.getUint32(at + RULE, true),
      errnum: view.getUint32(at + ERRNUM, true),
      reason: view.getUint32(at + REASON, true),
      count: view.getUint32(at + COUNT, true),
      pid: view.getUint32(at + PID, true),
      tid: view.getUint32(at + TID, true),
      ppid: view.getUint32(at + PPID, true),
      uid: view.getUint32(at + UID, true),
      gid: view.getUint32(at + GID, true),
      owner: owner === NOBODY ? null : owner,
      comm: this.#commAt(batch, view, at + COMM.offset),
      ...(type === 'question' ? { asked: { objectType: kind, bytes: Buffer.from(text.subarray(from, to)) } } : {}),
    };
  }

  /** What makes many records is one process, mostly: its name is read once. */
  #commAt(batch: Buffer, view: DataView, at: number): string {
    const [one, other] = [view.getBigUint64(at, true), view.getBigUint64(at + 8, true)];
    if (one !== this.#comm.one || other !== this.#comm.other)
      this.#comm = { one, other, text: commOf(batch.subarray(at, at + COMM.bytes)) };
    return this.#comm.text;
  }
}

/** The current folder, and behind it strings with a zero each; what has none was cut. */
function wordsIn(text: string, offset: number): Pick<KernelArguments, 'folder' | 'words'> {
  const words = text.slice(offset).split('\0').slice(0, -1) as Bytes[];
  return { folder: offset === 0 ? null : (text.slice(0, offset) as Bytes), words };
}

/** Read exactly up to 2^53. */
function wide(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Operations by their mask, each list made once. */
const lists = new Map<number, readonly Operation[]>();

function named(mask: number): readonly Operation[] {
  const known = lists.get(mask);
  if (known !== undefined) return known;
  const list = attempted(mask);
  // Bits that no operation has are a damaged record's, and there are four billion of those.
  if (lists.size < LISTS_MOST) lists.set(mask, list);
  return list;
}

function bytesIn(buffer: Buffer, from: number, to: number): Bytes {
  return buffer.toString('latin1', from, to) as Bytes;
}

/** enum cg_object_type and its bytes, from `from` to `to`; null for what is none. */
function objectOf(kind: number, text: Buffer, from: number, to: number): AccessObject | null {
  if (kind === OBJECT.OBJECT_PATH) return { type: 'path', path: bytesIn(text, from, to) };
  const bytes = text.subarray(from, to);
  switch (kind) {
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
    case OBJECT.OBJECT_HEAD: {
      const act = bytes.length < structBytes('head') ? undefined : ACTS_OF.get(readNumber(bytes, 'head', 'table'));
      if (act !== undefined) {
        const number = fieldBytes(bytes, 'head', 'number').readUInt32BE();
        const process = TARGETS.get(number >>> 8);
        return process === undefined
          ? null
          : { type: 'target', act, which: number & 0xff, who: { kind: 'process', process } };
      }
      const table = bytes.length < structBytes('head') ? undefined : TABLES.get(readNumber(bytes, 'head', 'table'));
      if (table === undefined) return null;
      return { type: 'number', table, value: fieldBytes(bytes, 'head', 'number').readUInt32BE() };
    }
    default:
      return null;
  }
}

/** A call's number, and above it whose numbers they are. */
function callOf(first: number): { readonly architecture: Architecture; readonly name: Bytes } {
  const architecture = ARCHITECTURES[Math.floor(first / 2 ** 32)] ?? 'x86_64';
  return { architecture, name: bytesOf(callName(architecture, first % 2 ** 32)) };
}

/** To whom it was done: told by what he runs, where he is neither a child nor under the same policy. */
function targetOf(act: Act, told: AccessObject | null, which: number): AccessObject | null {
  if (told?.type === 'path') return { type: 'target', act, which, who: { kind: 'path', path: told.path } };
  if (told?.type === 'kind') return { type: 'target', act, which, who: { kind: 'kind', of: told.kind } };
  return told;
}

/** Up to its NUL; bytes that are no UTF-8 become replacement signs, for a comm is no name of anything. */
function commOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
