// SPDX-License-Identifier: GPL-2.0-only
/** `callgate learn --from SESSION`: what complain mode logged is folded into the policies. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { logFile, logPath } from '../audit/logs.js';
import { readLog } from '../audit/read.js';
import { isEvent, type SessionNote } from '../events/record.js';
import { Failure } from '../host/failure.js';
import { currentFolder } from '../host/folder.js';
import type { Host } from '../host/host.js';
import { shellWord } from '../host/shell.js';
import { certify } from '../learn/certificate.js';
import { readState } from '../session/state.js';
import { conclude, type LearnResult } from './conclude.js';
import { LossCounter } from './missing.js';
import { surroundings } from './recover.js';

/**
 * @param session its name; past or living
 * @param folder of the policies; null: the one that the session used
 * @throws Failure where the session has no log, or the log does not say where its policies are
 */
export function learnFrom(host: Host, session: string, folder: string | null): LearnResult {
  const state = readState(host, session);
  const file = state?.log ?? logFile(host, session) ?? logPath(host, session);
  if (!existsSync(file))
    throw new Failure(`${session}: there is no log of such a session (${file})`, `ls ${host.logs}`);
  const { records: all, bad } = readLog(file);
  // A file that was named by --log may hold other sessions' records too.
  const records = all.filter((record) => record.session === session);
  const events = records.filter(isEvent);
  const begun = records.find((record): record is SessionNote => record.type === 'session');
  const found = folder ?? state?.folder ?? begun?.folder ?? null;
  if (found === null)
    throw new Failure(
      `${file}: the log does not say where its policies are`,
      `callgate learn --from ${session} --policies DIR`,
    );
  // The application is known by it, wherever it was named from.
  const place = resolve(currentFolder() ?? '/', found);
  const lost = new LossCounter();
  for (const record of records) lost.add(record);
  const first = events[0]?.time ?? new Date().toISOString();
  const certificate = certify({
    ...{
      session,
      ...lost.losses,
      damaged: bad,
      skipped: 0,
      repeats: 0,
      learnt: 0,
      floor: {},
      unresolved: {},
    },
    events: events.length,
    started: begun?.time ?? first,
    ended: events.at(-1)?.time ?? first,
  });
  const around = surroundings(host, state?.user ?? null, currentFolder());
  const { user = null } = state ?? {};
  const command = begun?.command ?? [];
  // What its policies permitted is in no log.
  const header = {
    session,
    folder: place,
    command,
    program: command[0] ?? '',
    user,
    cwd: '',
    named: [],
    partial: true,
  };
  return conclude(host, {
    ...{ header, around, records: events, source: 'complained', certificate, ended: null, strength: null },
    again: `callgate learn --from ${shellWord(session)}${folder === null ? '' : ` --policies ${shellWord(folder)}`}`,
  });
}
