// SPDX-License-Identifier: GPL-2.0-only
/** The kernel half's matcher without a hook: a policy's image and written attempts, judged by the trial program under prog-run. */
import { fileURLToPath } from 'node:url';
import { fieldBytes, readNumber, structBytes, writeNumber } from '../../src/abi/struct.js';
import { attemptMask } from '../../src/events/attempt.js';
import { addon, type NativeGate } from '../../src/kernel/addon.js';
import { encodeSlot, u32 } from '../../src/kernel/records.js';
import { type Bytes, bufferOf } from '../../src/policy/bytes.js';
import { errnoName } from '../../src/policy/errno.js';
import {
  type Access,
  type AccessObject,
  type Act,
  KINDS,
  type NumberTable,
  PROTOCOL_BYTE,
  type Transition,
  type Verdict,
} from '../../src/policy/model.js';
import { isFloor } from '../../src/policy/numbers.js';
import { OPERATIONS, type Operation, operationNumber, versionOf } from '../../src/policy/operations.js';

const OBJECT = fileURLToPath(new URL('../../../out/bpf/trial.bpf.o', import.meta.url));
const POLICY = 1;
const PLACE = 0;
const TRIAL = structBytes('trial');
const NOBODY = 0xffffffff;
const VERDICTS: readonly Verdict[] = ['permit', 'deny', 'ask'];
const TRANSITIONS: readonly Transition[] = ['own', 'inherit', 'unconfined'];
const FLAG_LOG = 1;
const TYPES: Readonly<Record<AccessObject['type'], number>> = {
  path: 1,
  kind: 2,
  inet: 3,
  unix: 4,
  abstract: 5,
  unnamed: 6,
  family: 7,
  number: 9,
  target: 9,
};

const HEADS: Readonly<Record<NumberTable, number>> = {
  capability: 2,
  uid: 3,
  gid: 4,
  namespace: 9,
  kernel: 10,
  ipc: 11,
};

/** Of what is done to files there is no head without a path or a kind. */
const ACT_HEADS: Readonly<Record<Act, number>> = {
  signal: 5,
  limit: 6,
  priority: 7,
  ptrace: 8,
  mount: 0,
  unmount: 0,
  attribute: 0,
  ioctl: 0,
};

export interface TrialDecision {
  readonly operation: Operation;
  readonly verdict: Verdict;
  readonly errno: string | undefined;
  /** Place in the image's rules, from 1; 0: the default. */
  readonly rule: number;
  readonly log: boolean;
}

const MOVED = ['file', 'socket', 'folder'] as const;

/** A thing that gets a new name. */
export interface Move {
  readonly from: AccessObject;
  readonly to: AccessObject;
  readonly moved: (typeof MOVED)[number];
}

export interface TrialOutcome {
  readonly verdict: Verdict;
  /** The first of those that made the verdict. */
  readonly deciding: TrialDecision;
  readonly decisions: readonly TrialDecision[];
  readonly transition: Transition;
  readonly program: number;
}

/** Why there can be no trials here, or false. */
export function needsProgRun(): string | false {
  if (process.geteuid?.() !== 0) return 'not root: prog-run needs CAP_BPF and CAP_PERFMON';
  return false;
}

export class Trials {
  readonly #gate: NativeGate;
  #class: number | null = null;

  /** Throws the addon's error where this kernel does not load the program. */
  constructor() {
    this.#gate = addon().openTrial(OBJECT);
  }

  /** Everything that follows is judged by this image, which must be of generation 1. */
  load(image: { readonly class: number; readonly bytes: Uint8Array }, mode: 'enforce' | 'learn' = 'enforce'): void {
    if (this.#class !== null) this.#gate.removeImage(this.#class, PLACE);
    this.#gate.putImage(image.class, PLACE, image.bytes);
    this.#class = image.class;
    const slot = {
      image: { class: image.class, place: PLACE },
      mode,
      session: 1,
      cookie: 1n,
      program: 1,
    } as const;
    this.#gate.update('policies', u32(POLICY), encodeSlot(slot));
  }

  /** What the image comes to for each attempt. */
  judge(accesses: readonly Access[]): TrialOutcome[] {
    const batch = Buffer.alloc(TRIAL * accesses.length);
    accesses.forEach((access, index) => encode(access, batch.subarray(index * TRIAL, (index + 1) * TRIAL)));
    const judged = this.#gate.trials(batch);
    return accesses.map((access, index) => decode(access, judged.subarray(index * TRIAL, (index + 1) * TRIAL)));
  }

  /** Is each thing granted more at its new name, where that may be made? */
  moves(moves: readonly Move[]): boolean[] {
    const attempt = (object: AccessObject): Access => ({ operations: ['create'], object, uid: 0, gid: 0 });
    const judge = (prepare: (trial: Buffer, index: number) => void): Buffer[] => {
      const batch = Buffer.alloc(TRIAL * moves.length);
      const slices = moves.map((_, index) => batch.subarray(index * TRIAL, (index + 1) * TRIAL));
      slices.forEach(prepare);
      const judged = this.#gate.trials(batch);
      return moves.map((_, index) => judged.subarray(index * TRIAL, (index + 1) * TRIAL));
    };
    const olds = judge((trial, index) => encode(attempt((moves[index] as Move).from), trial));
    const news = judge((trial, index) => {
      const { to, moved } = moves[index] as Move;
      encode(attempt(to), trial);
      writeNumber(trial, 'trial', 'moved', MOVED.indexOf(moved) + 1);
      writeNumber(trial, 'trial', 'from_state', readNumber(olds[index] as Buffer, 'trial', 'state'));
      writeNumber(trial, 'trial', 'from_grants', readNumber(olds[index] as Buffer, 'trial', 'grants'));
    });
    return news.map((trial) => readNumber(trial, 'trial', 'more') !== 0);
  }

  close(): void {
    this.#gate.close();
  }
}

function encode({ operations, object, uid, gid, owner }: Access, trial: Buffer): void {
  const data = dataOf(object);
  writeNumber(trial, 'trial', 'policy', POLICY);
  writeNumber(trial, 'trial', 'operations', attemptMask(operations));
  const type = object.type === 'target' && object.who.kind !== 'process' ? object.who.kind : object.type;
  writeNumber(trial, 'trial', 'object', TYPES[type]);
  if (object.type === 'target') writeNumber(trial, 'trial', 'which', object.which);
  writeNumber(trial, 'trial', 'length', data.length);
  writeNumber(trial, 'trial', 'uid', uid);
  writeNumber(trial, 'trial', 'gid', gid);
  writeNumber(trial, 'trial', 'owner', owner ?? NOBODY);
  const [first] = operations;
  if (first !== undefined && versionOf(first) > 1) {
    writeNumber(trial, 'trial', 'later', 1);
    writeNumber(trial, 'trial', 'closed', isFloor(first, object) ? 1 : 0);
  }
  data.copy(fieldBytes(trial, 'trial', 'data'));
}

function dataOf(object: AccessObject): Buffer {
  switch (object.type) {
    case 'path':
    case 'unix':
      return componentsOf(object.path);
    case 'kind':
      return Buffer.from([KINDS.indexOf(object.kind)]);
    case 'inet': {
      const port = Buffer.alloc(2);
      port.writeUInt16BE(object.port);
      return Buffer.concat([Buffer.from([PROTOCOL_BYTE[object.protocol]]), bufferOf(object.address), port]);
    }
    case 'abstract':
      return bufferOf(object.name);
    case 'unnamed':
      return Buffer.alloc(0);
    case 'family': {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16BE(object.family, 0);
      bytes.writeUInt16BE(object.kind, 2);
      bytes.writeUInt32BE(object.protocol, 4);
      return bytes;
    }
    case 'target': {
      const { act, which, who } = object;
      if (who.kind === 'path') return componentsOf(who.path);
      if (who.kind === 'kind') return Buffer.from([KINDS.indexOf(who.of)]);
      return Buffer.from([ACT_HEADS[act], 0, 0, who.process === 'child' ? 1 : 2, which]);
    }
    case 'number': {
      const bytes = Buffer.alloc(structBytes('head'));
      bytes[0] = HEADS[object.table];
      bytes.writeUInt32BE(object.value, 1);
      return bytes;
    }
  }
}

/** The kernel half says that the policy does not govern it: what its hooks then do is the floor. */
function ungoverned(operation: Operation, object: AccessObject): TrialOutcome {
  const verdict = isFloor(operation, object) ? 'deny' : 'permit';
  const errno = verdict === 'deny' ? 'EPERM' : undefined;
  const deciding: TrialDecision = { operation, verdict, errno, rule: 0, log: verdict === 'deny' };
  return { verdict, deciding, decisions: [deciding], transition: 'own', program: 0 };
}

/** Each component as its length and its bytes. */
function componentsOf(path: Bytes): Buffer {
  const names = path === '/' ? [] : path.slice(1).split('/');
  return Buffer.from(names.map((name) => `${String.fromCharCode(name.length)}${name}`).join(''), 'latin1');
}

function decode({ operations, object }: Access, trial: Buffer): TrialOutcome {
  if (readNumber(trial, 'trial', 'later') !== 0 && readNumber(trial, 'trial', 'governed') === 0)
    return ungoverned(operations[0] as Operation, object);

  const result = readNumber(trial, 'trial', 'result');
  if (result !== 0) throw new Error(`the trial could not be made: ${result}`);
  const decisions = OPERATIONS.filter((operation) => operations.includes(operation)).map((operation): TrialDecision => {
    const index = operationNumber(operation);
    const verdict = VERDICTS[readNumber(trial, 'trial', 'verdict', index)] as Verdict;
    const errnum = readNumber(trial, 'trial', 'errnum', index);
    return {
      ...{ operation, verdict },
      errno: verdict === 'deny' ? errnoName(errnum) : undefined,
      rule: readNumber(trial, 'trial', 'rule', index),
      log: (readNumber(trial, 'trial', 'decision_flags', index) & FLAG_LOG) !== 0,
    };
  });
  const verdict = VERDICTS[readNumber(trial, 'trial', 'outcome')] as Verdict;
  const deciding = decisions.find((decision) => decision.verdict === verdict) ?? (decisions[0] as TrialDecision);
  return {
    ...{ verdict, deciding, decisions },
    transition: TRANSITIONS[readNumber(trial, 'trial', 'transition')] as Transition,
    program: readNumber(trial, 'trial', 'program'),
  };
}
