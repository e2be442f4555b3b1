// SPDX-License-Identifier: GPL-2.0-only
/** Who asked, for a person: what /proc tells of a process that stands still. */
import { readFileSync } from 'node:fs';
import type { Asker, Parent } from '../ask/question.js';
import type { EventRecord } from '../events/record.js';
import { findUser } from '../host/accounts.js';
import { statFields } from '../host/proc-stat.js';
import { bytesFrom, textOf } from '../policy/bytes.js';

/** Words of a command line, and bytes of one, that are told. */
const WORDS_MOST = 64;
const WORD_MOST = 256;
/** Generations that are told. */
const PARENTS_MOST = 16;

const names = new Map<number, string | null>();

/** A user's name; null: it has none. Asked of the system once. */
export function userName(uid: number): string | null {
  const known = names.get(uid);
  if (known !== undefined) return known;
  const name = findUser(uid)?.name ?? null;
  names.set(uid, name);
  return name;
}

/** Names of the process that becomes the program, before it has. */
const OURS: readonly string[] = ['callgate', 'systrace'];

/** The name of whoever asks: what the first exec of a session asks is the program's doing, which has our name until then. */
export function nameOf({ comm, policy }: Pick<EventRecord, 'comm' | 'policy'>): string {
  const program = policy.split('/').at(-1) ?? '';
  return OURS.includes(comm) && program !== '' ? program : comm;
}

/** @param alive false: its number may be another's by now, so that nothing is looked up by it */
export function askerOf(record: EventRecord, alive: boolean): Asker {
  const { pid, tid, ppid, uid, gid, exe } = record;
  return {
    ...{ pid, tid, uid, gid, user: userName(uid), comm: nameOf(record), exe },
    command: alive ? commandOf(pid) : [],
    parents: alive ? parentsOf(ppid) : [],
  };
}

function commandOf(pid: number): string[] {
  const bytes = read(`/proc/${pid}/cmdline`);
  const words = bytes.toString('latin1').split('\0').slice(0, -1);
  return words.slice(0, WORDS_MOST).map((word) => textOf(bytesFrom(Buffer.from(word.slice(0, WORD_MOST), 'latin1'))));
}

function parentsOf(first: number): Parent[] {
  const parents: Parent[] = [];
  for (let pid = first; pid > 0 && parents.length < PARENTS_MOST; ) {
    const [, ppid] = statFields(pid);
    if (ppid === undefined) break;
    parents.push({ pid, comm: textOf(bytesFrom(read(`/proc/${pid}/comm`))).replace(/\\x0a$/, '') });
    pid = Number(ppid);
  }
  return parents;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
