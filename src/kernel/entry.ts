// SPDX-License-Identifier: GPL-2.0-only
/** Programs that run already, as the kernel half tells of them (bpf/abi/entry.h). */
import { NUMBERS } from '../abi/abi.gen.js';
import { fieldBytes, readBig, readNumber, structBytes, writeNumber } from '../abi/struct.js';
import { type Word, wordsOf } from '../abi/words.js';

/** What becomes of a session's subjects: nothing, they may not fork, or they are let go. */
export const FATES = wordsOf('fate');
export type Fate = Word<'fate'>;

/** A process that a session takes in as it runs. */
export interface Entrant {
  /** Of the process, in ns since boot. */
  readonly start: bigint;
  readonly cookie: bigint;
  readonly session: number;
  /** Number in the gate of the policy it enters under. */
  readonly policy: number;
}

/** struct cg_entrant. */
export function encodeEntrant({ start, cookie, session, policy }: Entrant): Buffer {
  const buffer = Buffer.alloc(structBytes('entrant'));
  writeNumber(buffer, 'entrant', 'start', start);
  writeNumber(buffer, 'entrant', 'cookie', cookie);
  writeNumber(buffer, 'entrant', 'session', session);
  writeNumber(buffer, 'entrant', 'policy', policy);
  return buffer;
}

/** A cgroup of which a session takes in everybody. */
export interface Group {
  readonly cookie: bigint;
  readonly session: number;
  /** Number in the gate of the policy of those whose program has none. */
  readonly otherwise: number;
}

/** struct cg_group. */
export function encodeGroup({ cookie, session, otherwise }: Group): Buffer {
  const buffer = Buffer.alloc(structBytes('group'));
  writeNumber(buffer, 'group', 'cookie', cookie);
  writeNumber(buffer, 'group', 'session', session);
  writeNumber(buffer, 'group', 'otherwise', otherwise);
  return buffer;
}

/** A file as the kernel knows it, which is a program that has a policy of its own. */
export interface EntryFile {
  readonly device: number;
  readonly inode: bigint;
  /** Number in the gate. */
  readonly policy: number;
}

/** struct cg_entry_file. */
export function encodeEntryFile(cookie: bigint, { device, inode }: Omit<EntryFile, 'policy'>): Buffer {
  const buffer = Buffer.alloc(structBytes('entry_file'));
  writeNumber(buffer, 'entry_file', 'cookie', cookie);
  writeNumber(buffer, 'entry_file', 'inode', inode);
  writeNumber(buffer, 'entry_file', 'device', device >>> 0);
  return buffer;
}

/** One thread, whoever's. */
export interface SurveyTask {
  /** Thread group and thread, in the initial pid namespace. */
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly uid: number;
  /** Process that traces it; 0: nobody. */
  readonly tracer: number;
  /** One of the kernel's own. */
  readonly kernel: boolean;
  readonly dead: boolean;
  /** It has an io_uring. */
  readonly rings: boolean;
  /** It traces others. */
  readonly traces: boolean;
  /** Whose subject it is; null: nobody's. */
  readonly subject: { readonly policy: number; readonly cookie: bigint; readonly exe: bigint } | null;
  /** Whether it is one could not be told, or it could not be made one. */
  readonly untold: boolean;
  /** It was made a subject, or let go, just now. */
  readonly fresh: boolean;
  /** A fork that began before it was a subject may not be through. */
  readonly forks: boolean;
  /** The file it runs, as the kernel knows it; inode 0: none. */
  readonly exe: { readonly device: number; readonly inode: bigint };
  /** Of the process, in ns since boot. */
  readonly start: bigint;
  /** Names its address space; 0: none. */
  readonly memory: bigint;
  /** Of the session that takes in the members of the cgroup it is in; 0: none does. */
  readonly member: bigint;
  readonly comm: string;
}

/** struct cg_survey_record, one after the other. */
export function decodeSurvey(buffer: Buffer): SurveyTask[] {
  const bytes = structBytes('survey_record');
  const tasks: SurveyTask[] = [];
  for (let at = 0; at + bytes <= buffer.length; at += bytes) tasks.push(decodeOne(buffer.subarray(at, at + bytes)));
  return tasks;
}

function decodeOne(record: Buffer): SurveyTask {
  const number = (name: Parameters<typeof readNumber<'survey_record'>>[2]): number =>
    readNumber(record, 'survey_record', name);
  const big = (name: Parameters<typeof readBig<'survey_record'>>[2]): bigint => readBig(record, 'survey_record', name);
  const flags = number('flags');
  const comm = fieldBytes(record, 'survey_record', 'comm');
  return {
    ...{ pid: number('pid'), tid: number('tid'), ppid: number('ppid'), uid: number('uid'), tracer: number('tracer') },
    kernel: (flags & NUMBERS.TASK_KERNEL) !== 0,
    dead: (flags & NUMBERS.TASK_DEAD) !== 0,
    rings: (flags & NUMBERS.TASK_RINGS) !== 0,
    traces: (flags & NUMBERS.TASK_TRACES) !== 0,
    subject:
      (flags & NUMBERS.TASK_SUBJECT) === 0
        ? null
        : { policy: number('policy'), cookie: big('cookie'), exe: big('exe') },
    untold: (flags & NUMBERS.TASK_UNTOLD) !== 0,
    fresh: (flags & NUMBERS.TASK_FRESH) !== 0,
    forks: (flags & NUMBERS.TASK_FORKS) !== 0,
    exe: { device: number('exe_device'), inode: big('exe_inode') },
    ...{ start: big('start'), memory: big('memory'), member: big('member') },
    comm: comm.toString('utf8', 0, comm.includes(0) ? comm.indexOf(0) : comm.length),
  };
}
