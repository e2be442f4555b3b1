// SPDX-License-Identifier: GPL-2.0-only
/**
 * Judging an attempt on an image's bytes, exactly as bpf/abi/image.h says the matcher does: the interpreter behind the
 * compiler's tests and `policy show`. It reads nothing but the bytes.
 */
import { isClosedDeed } from '../policy/acts.js';
import type { Bytes } from '../policy/bytes.js';
import {
  type Access,
  type AccessObject,
  PROTOCOL_BYTE,
  type Protocol,
  type Transition,
  type Verdict,
} from '../policy/model.js';
import { isFloor } from '../policy/numbers.js';
import { OPERATIONS, type Operation, operationBit, versionOf } from '../policy/operations.js';
import { headOf, targetHead } from './heads.js';
import { bigEndian } from './inet.js';
import {
  ABI_VERSION,
  ANSWER,
  CAPACITY,
  CHAIN_MAX,
  CONDITION,
  CONDITION_OWNER_SELF,
  cellBytes,
  classOfSize,
  DECISION,
  DECISION_DEFAULT,
  DECISION_LOG,
  ENTRY_BYTES,
  HEADER,
  IMAGE_MAGIC,
  KIND_NUMBER,
  LITERAL,
  LITERAL_BYTES,
  literalHalves,
  literalKey,
  offsetsOf,
  PROBES,
  RANGE,
  STATE,
  slotOf,
  TRANSITIONS,
  VERDICTS,
} from './layout.js';
import { literalMix, literalSlot, nameMix } from './place.js';

/** What the image says of one operation. */
export interface WalkedDecision {
  readonly operation: Operation;
  readonly verdict: Verdict;
  /** Of a denial or a question, else 0. */
  readonly errnum: number;
  /** Number of the rule that decided; 0: the default. */
  readonly rule: number;
  readonly log: boolean;
  readonly byDefault: boolean;
  readonly transition: Transition;
}

export interface Walked {
  readonly verdict: Verdict;
  /** In the order of the table of operations. */
  readonly decisions: readonly WalkedDecision[];
  /** The first denied, else the first asked, else the first. */
  readonly deciding: WalkedDecision;
  /** Number of the application's program whose path the object is; 0: none. */
  readonly program: number;
}

/**
 * Judges an attempt. Throws RangeError when the bytes are no image of this version, when the attempt has no operation,
 * or when a chain of decisions does not end.
 */
export function walkImage(bytes: Uint8Array, access: Access): Walked {
  const image = new ImageReader(bytes);
  const answer = image.answerOf(access.object);
  const decisions = OPERATIONS.filter((operation) => access.operations.includes(operation)).map((operation) =>
    versionOf(operation) === 1 ? image.decide(answer, operation, access) : image.decideLater(operation, access),
  );
  const deciding =
    decisions.find(({ verdict }) => verdict === 'deny') ??
    decisions.find(({ verdict }) => verdict === 'ask') ??
    decisions[0];
  if (deciding === undefined) throw new RangeError('an attempt must have at least one operation to be judged');
  return { verdict: deciding.verdict, decisions, deciding, program: image.programOf(answer) };
}

/** What is moved: a table of the image for each. */
export type Moved = 'file' | 'socket' | 'folder';

/**
 * Does the new name grant a thing more than the old one does, to itself or, a folder, to what is below it? Judged alone:
 * whether the names may be taken and given is another attempt's. `learning`: as a learner sees it.
 */
export function movesToMore(
  bytes: Uint8Array,
  from: AccessObject,
  to: AccessObject,
  moved: Moved,
  learning = false,
): boolean {
  return new ImageReader(bytes).movesToMore(from, to, moved, learning);
}

/** The state that every address of the protocol begins at. Throws RangeError as walkImage() does. */
export function stateBehindProtocol(bytes: Uint8Array, protocol: Protocol): number {
  return new ImageReader(bytes).stateBehind('inet', [bigEndian(PROTOCOL_BYTE[protocol], 1)]);
}

/** The components by which an object walks through the automaton; null: its answer needs no walk. */
function componentsOf(object: AccessObject): Bytes[] | null {
  switch (object.type) {
    case 'path':
    case 'unix':
      return object.path === '/' ? [] : (object.path.slice(1).split('/') as Bytes[]);
    case 'inet':
      return [bigEndian(PROTOCOL_BYTE[object.protocol], 1), object.address, bigEndian(object.port, 2)];
    case 'abstract':
      return object.name === '' ? [] : [object.name];
    case 'family':
      return [(bigEndian(object.family, 2) + bigEndian(object.kind, 2) + bigEndian(object.protocol, 4)) as Bytes];
    case 'kind':
    case 'unnamed':
    case 'number':
    case 'target':
      return null;
  }
}

/** Where the object of an operation of version 2 enters, and its components; null: no such operation is about it. */
function laterWalkOf(object: AccessObject): { entry: 'place' | 'head'; components: Bytes[] } | null {
  switch (object.type) {
    case 'path':
      return { entry: 'place', components: componentsOf(object) ?? [] };
    case 'kind':
      return { entry: 'head', components: [headOf('kind', KIND_NUMBER[object.kind])] };
    case 'number':
      return { entry: 'head', components: [headOf(object.table, object.value)] };
    case 'target': {
      const { act, which, who } = object;
      const head = targetHead(act, which, who.kind === 'process' ? who.process : who.kind);
      if (who.kind === 'process') return { entry: 'head', components: [head] };
      if (who.kind === 'kind') return { entry: 'head', components: [head, headOf('kind', KIND_NUMBER[who.of])] };
      return { entry: 'head', components: [head, ...(componentsOf({ type: 'path', path: who.path }) ?? [])] };
    }
    case 'inet':
    case 'unix':
    case 'abstract':
    case 'unnamed':
    case 'family':
      return null;
  }
}

class ImageReader {
  readonly #view: DataView;
  readonly #places: ReturnType<typeof offsetsOf>;
  readonly #slots: number;
  readonly #cells: number;
  readonly #cellBytes: number;

  constructor(private readonly bytes: Uint8Array) {
    const imageClass = classOfSize(bytes.length);
    if (imageClass === undefined) throw new RangeError(`no image has ${bytes.length} bytes`);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#places = offsetsOf(imageClass);
    this.#slots = CAPACITY[imageClass].literals;
    this.#cells = CAPACITY[imageClass].cells;
    this.#cellBytes = cellBytes(imageClass);
    if (this.#u32(HEADER.magic) !== IMAGE_MAGIC) throw new RangeError('these bytes are no image: the magic is wrong');
    if (this.#u32(HEADER.abi) !== ABI_VERSION)
      throw new RangeError(`the image is of version ${this.#u32(HEADER.abi)}, not ${ABI_VERSION}`);
  }

  /** The answer for an object, as an index. */
  answerOf(object: AccessObject): number {
    if (object.type === 'kind') return this.#u32(HEADER.kinds + 4 * KIND_NUMBER[object.kind]);
    if (object.type === 'unnamed') return this.#u32(HEADER.unnamed);
    if (object.type === 'number' || object.type === 'target') return 0;
    return this.#u32(this.#state(this.#stateOf(object) as number) + STATE.answer);
  }

  movesToMore(from: AccessObject, to: AccessObject, moved: Moved, learning: boolean): boolean {
    const state = this.#stateOf(from);
    if (state !== null && state === this.#stateOf(to)) return false;
    const [owns, folders] = [this.#u32(HEADER.owns), this.#u32(HEADER.folders)];
    const [before, after] = [this.#grantsOf(from, moved), this.#grantsOf(to, moved)];
    const size = (classes: number): number => classes * ((classes + 31) >>> 5);
    const classes = moved === 'folder' ? folders : owns;
    const table = { file: 0, socket: 2 * size(owns), folder: 4 * size(owns) }[moved] + (learning ? size(classes) : 0);
    const word = table + before * ((classes + 31) >>> 5) + (after >>> 5);
    return (this.#u32(this.#places.moves + 4 * word) & (1 << (after & 31))) === 0;
  }

  /** The state a path leads to; null: its answer needs no walk. */
  #stateOf(object: AccessObject): number | null {
    if (object.type === 'kind' || object.type === 'unnamed') return null;
    if (object.type === 'number' || object.type === 'target') return null;
    return this.stateBehind(object.type, componentsOf(object) ?? []);
  }

  stateBehind(type: keyof typeof ENTRY_OF, components: readonly Bytes[]): number {
    return components.reduce((state, name) => this.#step(state, name), this.#u32(ENTRY_OF[type]));
  }

  #grantsOf(object: AccessObject, moved: Moved): number {
    const grants = this.#u32(this.#places.answers + this.answerOf(object) * ENTRY_BYTES.answers + ANSWER.grants);
    return moved === 'folder' ? grants >>> 16 : grants & 0xffff;
  }

  programOf(answer: number): number {
    return this.#u32(this.#places.answers + answer * ENTRY_BYTES.answers + ANSWER.program);
  }

  /** An operation that only version 2 has: what no rule decides of the floor is denied, whatever the default. */
  decideLater(operation: Operation, access: Access): WalkedDecision {
    const floor = isFloor(operation, access.object);
    if (this.#u32(HEADER.version) < versionOf(operation))
      return {
        ...{ operation, verdict: floor ? 'deny' : 'permit', errnum: floor ? EPERM : 0, rule: 0 },
        ...{ log: floor, byDefault: true, transition: 'own' },
      };
    const walk = laterWalkOf(access.object);
    const state = walk === null ? 0 : this.stateBehind(walk.entry, walk.components);
    const answer = this.#u32(this.#state(state) + STATE.answer);
    const closed = floor || isClosedDeed(access.object);
    const decided = this.decide(answer, operation, access, closed ? this.#u32(HEADER.closed) : 0);
    return operation === 'signal' && decided.errnum === ESRCH ? { ...decided, errnum: EPERM } : decided;
  }

  /** `closed`: what decides where nothing but the default would. */
  decide(answer: number, operation: Operation, access: Access, closed = 0): WalkedDecision {
    let index = this.#view.getUint16(
      this.#places.answers + answer * ENTRY_BYTES.answers + ANSWER.decision + 2 * slotOf(operationBit(operation)),
      true,
    );
    for (let tried = 0; tried < CHAIN_MAX; tried++) {
      if (index === 0) index = closed;
      const at = this.#places.decisions + index * ENTRY_BYTES.decisions;
      const onlyIf = this.#u32(at + DECISION.only_if);
      const unless = this.#u32(at + DECISION.unless);
      if ((onlyIf === 0 || this.#holds(onlyIf, access)) && (unless === 0 || !this.#holds(unless, access))) {
        const flags = this.#u32(at + DECISION.flags);
        return {
          operation,
          verdict: VERDICTS[this.bytes[at + DECISION.verdict] as number] as Verdict,
          errnum: this.#view.getUint16(at + DECISION.errnum, true),
          rule: this.#u32(at + DECISION.rule),
          log: (flags & DECISION_LOG) !== 0,
          byDefault: (flags & DECISION_DEFAULT) !== 0,
          transition: TRANSITIONS[this.bytes[at + DECISION.transition] as number] as Transition,
        };
      }
      index = this.#u32(at + DECISION.otherwise);
    }
    throw new RangeError(`the chain of decisions for ${operation} does not end`);
  }

  #step(state: number, name: Bytes): number {
    const at = this.#state(state);
    const exact = this.#exact(at, state, name);
    if (exact !== null) return exact;
    let row = this.#u32(at + STATE.dfa);
    const count = this.#u32(HEADER.class_count);
    for (let index = 0; index < name.length && row !== 0; index++) {
      const column = this.bytes[this.#places.classes + name.charCodeAt(index)] as number;
      row = this.#cell(row, column) ?? this.#cell(row, count + 1) ?? 0;
    }
    return row === 0 ? this.#u32(at + STATE.fallback) : (this.#cell(row, count) ?? 0);
  }

  #exact(at: number, state: number, name: Bytes): number | null {
    if (name.length < 1 || name.length > LITERAL_BYTES) return null;
    if ((this.#u32(at + STATE.length_mask) & (1 << name.length)) === 0) return null;
    const bit = name.charCodeAt(0) & 63;
    const half = this.#u32(at + STATE.first_mask + (bit < 32 ? 0 : 4));
    if ((half & (1 << (bit & 31))) === 0) return null;
    const mix = literalMix(state, nameMix(name));
    const hash = literalSlot(mix.low ^ this.#u32(HEADER.seed), mix.high ^ this.#u32(HEADER.seed + 4));
    const halves = literalHalves(name);
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = this.#places.literals + ((hash + probe) & (this.#slots - 1)) * ENTRY_BYTES.literals;
      const key = this.#u32(slot + LITERAL.key);
      if (key === 0) return null;
      if (
        key === literalKey(state, name.length) &&
        halves.every((half, index) => this.#u32(slot + LITERAL.words + 4 * index) === half)
      )
        return this.#u32(slot + LITERAL.to);
    }
    return null;
  }

  #holds(condition: number, { uid, gid, owner }: Access): boolean {
    const at = this.#places.conditions + condition * ENTRY_BYTES.conditions;
    const within = (first: number, count: number, id: number): boolean =>
      count === 0 || this.#within(this.#u32(at + first), count, id);
    return (
      within(CONDITION.uid_first, this.#u32(at + CONDITION.uid_count), uid) &&
      within(CONDITION.gid_first, this.#u32(at + CONDITION.gid_count), gid) &&
      ((this.#u32(at + CONDITION.flags) & CONDITION_OWNER_SELF) === 0 || owner === uid)
    );
  }

  #within(first: number, count: number, id: number): boolean {
    for (let index = first; index < first + count; index++) {
      const at = this.#places.ranges + index * ENTRY_BYTES.ranges;
      if (id >= this.#u32(at + RANGE.first) && id <= this.#u32(at + RANGE.last)) return true;
    }
    return false;
  }

  #state(state: number): number {
    return this.#places.states + state * ENTRY_BYTES.states;
  }

  /** What the row has in that column; null: nothing. */
  #cell(row: number, column: number): number | null {
    const half = this.#cellBytes / 2;
    const at = this.#places.cells + this.#cellBytes * ((row + column) & (this.#cells - 1));
    const word = (place: number): number => (half === 4 ? this.#u32(place) : this.#view.getUint16(place, true));
    return word(at + half) === row ? word(at) : null;
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
}

/** EPERM of errno-base.h: what the floor says. */
const EPERM = 1;
/** What a signal is never refused with: the kernel would try again for ever. */
const ESRCH = 3;

const ENTRY_OF = {
  path: HEADER.start_path,
  unix: HEADER.start_path,
  inet: HEADER.start_inet,
  abstract: HEADER.start_abstract,
  family: HEADER.start_family,
  place: HEADER.start_place,
  head: HEADER.start_head,
} as const;
