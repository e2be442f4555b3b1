// SPDX-License-Identifier: GPL-2.0-only
/** `callgate learn --recover`: the policies of learners that were killed, from their journals and from what the gate still has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { type JournalFacts, scanJournal } from '../audit/journal.js';
import { findUser } from '../host/accounts.js';
import { codeOf, Failure, messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { findGate, locked, releaseGate } from '../session/acquire.js';
import { isSupervised, readState } from '../session/state.js';
import { subjectProcesses } from '../session/subjects.js';
import { sweep } from '../supervise/sweep.js';
import { concludeJournal, type LearnResult } from './conclude.js';

/** What came of the journals. */
export interface Recovered {
  readonly results: readonly LearnResult[];
  /** Which could not be concluded, and why; their journals stay. */
  readonly failed: readonly string[];
}

/**
 * Recovers every learner that nobody attends to. One whose program still runs is left alone, and named: it goes on being
 * observed, and is recovered once it has ended.
 */
export async function recover(host: Host, talk: (line: string) => void): Promise<Recovered> {
  await locked(host, () => {
    const gate = findGate(host);
    if (gate === null) return;
    sweep(host, gate);
    if (!releaseGate(host, gate)) gate.close();
  });
  const failed: string[] = [];
  const journals = unwrittenJournals(host, failed).filter(({ header }) => {
    if (header.classic !== undefined) talk(`${header.session} was learned by systrace: the next systrace -A writes it`);
    return header.classic === undefined;
  });
  const results: LearnResult[] = [];
  for (const text of journals) {
    const { header } = text;
    const state = readState(host, header.session);
    if (state !== undefined) {
      const pids = running(host, state.number);
      const what = isSupervised(state) ? 'is being learned right now' : `runs on (pid ${pids.join(', ')})`;
      talk(`${header.session} ${what}; end it (callgate stop ${header.session}), then recover`);
      continue;
    }
    // One that cannot be concluded keeps the others from nothing.
    try {
      results.push(concludeJournal(host, text, surroundings(host, header.user, header.cwd), null));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.push(`${header.session}: ${error.message}${error.remedy === undefined ? '' : ` (${error.remedy})`}`);
    }
  }
  if (journals.length + failed.length === 0) talk(`${host.journals}: every learner has written its policies`);
  return { results, failed };
}

/**
 * Journals of which the policies are not written.
 *
 * @param failed takes those that cannot be read
 */
export function unwrittenJournals(host: Host, failed: string[]): JournalFacts[] {
  let names: string[];
  try {
    names = readdirSync(host.journals).filter((name) => name.endsWith('.journal'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names.sort().flatMap((name): JournalFacts[] => {
    try {
      const text = scanJournal(join(host.journals, name));
      return text.written ? [] : [text];
    } catch (error) {
      failed.push(messageOf(error));
      return [];
    }
  });
}

function running(host: Host, session: number): number[] {
  const gate = findGate(host);
  if (gate === null) return [];
  try {
    return subjectProcesses(gate, session).map(({ pid }) => pid);
  } finally {
    gate.close();
  }
}

/** As the run had them: a policy in the folder may name a home. */
export function surroundings(host: Host, user: string | null, cwd: string | null): Surroundings {
  const uid = process.getuid?.() ?? 0;
  const found = findUser(user ?? uid) ?? { name: String(uid), uid, gid: uid, home: '/', shell: '/bin/sh' };
  // A journal says '' where the folder had no path.
  return surroundingsOf(found, cwd === '' ? null : cwd, host.groups);
}
