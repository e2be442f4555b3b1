// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { logsOf } from '../../audit/logs.js';
import { unendedText } from '../../audit/unended.js';
import { CallgateCommand } from '../../cli/command.js';
import { type Exported, exportLog } from '../../export/export.js';
import { parseTarget, TARGETS } from '../../export/target.js';
import { Failure } from '../../host/failure.js';
import { currentFolder, HERE } from '../../host/folder.js';
import { FOLDERS } from '../../host/host.js';
import { addon } from '../../kernel/addon.js';
import { readStates } from '../../session/state.js';

/** Something of the log was not handed on. */
const INCOMPLETE = 1;
/** After a signal, how long what is under way may still take. */
const GRACE_MS = 2000;

export default class AuditExport extends CallgateCommand {
  static override summary = "hand a session's events to others: JSON lines, CSV, syslog, journald";
  static override description =
    'Reads the log of a session, past or live, at the pace of whoever takes it: the session feels nothing of it. Each record has a ' +
    'number; a gap is something that is not there, and a record of type `lost` says how much. With --cursor the next export goes ' +
    'on where this one ended, and what is not known to have arrived is handed on again under the same number.\n\n' +
    `TARGET is one of ${TARGETS}.\n\n` +
    'Exit status: 0 all that the log has was handed on, the end of its session or not (that it has none is said); 1 not all: what is missing is said; 2 a usage error; 125 it could not begin, by a TARGET that is none too; 128+n ended by signal n.';
  static override usage = ['audit export SESSION --to TARGET [--follow] [--cursor FILE]'];
  static override args = {
    session: Args.string({ ignoreStdin: true, required: true, description: 'its name, or the file of a log' }),
  };
  static override flags = {
    to: Flags.string({ required: true, helpValue: 'TARGET', description: 'who takes it' }),
    follow: Flags.boolean({ default: false, description: 'go on as records come, until the session is over' }),
    cursor: Flags.string({ helpValue: 'FILE', description: 'remember there how far it came' }),
    timeout: Flags.integer({
      helpValue: 'SECONDS',
      min: 1,
      max: 86400,
      description: 'how long TARGET may take nothing (30; with --follow for ever)',
    }),
  };
  static override examples = [
    '<%= config.bin %> audit export nginx-2 --to csv:- > nginx-2.csv',
    '<%= config.bin %> audit export nginx-2 --to syslog --follow --cursor /var/lib/callgate/nginx-2.syslog',
    '<%= config.bin %> audit export nginx-2 --to syslog:tcp:192.0.2.7:601 --cursor /var/lib/callgate/nginx-2.central',
    '<%= config.bin %> audit export nginx-2 --to journald; journalctl CALLGATE_SESSION=nginx-2',
  ];

  #onto: 'stdout' | 'elsewhere' = 'elsewhere';

  async run(): Promise<Exported> {
    const { args, flags } = await this.parse(AuditExport);
    const cwd = currentFolder() ?? HERE;
    const to = parseTarget(flags.to, cwd);
    if ((to.kind === 'jsonl' || to.kind === 'csv') && to.file === null) this.#onto = 'stdout';
    const { session, file } = logNamed(args.session, cwd);
    const [enough, stop] = [new AbortController(), new AbortController()];
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => {
        // The second time nothing is waited for.
        if (enough.signal.aborted) stop.abort();
        enough.abort();
        setTimeout(() => stop.abort(), GRACE_MS).unref();
        process.exitCode = 128 + constants.signals[name];
      });
    const seconds = flags.timeout ?? (flags.follow ? null : 30);
    const result = await exportLog({
      ...{ session, file, to, follow: flags.follow, addon, stdout: process.stdout },
      cursor: flags.cursor === undefined ? null : resolve(cwd, flags.cursor),
      sessions: () => new Set(readStates(FOLDERS).map(({ name }) => name)),
      most: seconds === null ? null : seconds * 1000,
      enough: enough.signal,
      stop: stop.signal,
      talk: (line) => this.talk(line),
    });
    for (const line of said(result)) this.talk(line);
    for (const one of result.unended) this.talk(unendedText(file, one));
    const { gone, refused, bad, unconfirmed, failure } = result;
    const whole = failure === null && gone + refused + bad + unconfirmed === 0;
    if (!whole && process.exitCode === undefined) process.exitCode = INCOMPLETE;
    return result;
  }

  /** On standard output stand the records. */
  override logJson(json: unknown): void {
    if (this.#onto === 'elsewhere' || (json as { error?: unknown }).error !== undefined) super.logJson(json);
  }
}

function logNamed(word: string, cwd: string): { session: string; file: string } {
  if (word.includes('/') || (word.endsWith('.jsonl') && existsSync(resolve(cwd, word)))) {
    const file = resolve(cwd, word);
    if (!existsSync(file)) throw new Failure(`${word}: no such log`, 'name a session, or the file of its log');
    return { session: basename(file).replace(/\.jsonl$/, ''), file };
  }
  const logs = logsOf(FOLDERS, [word]);
  const [log, more] = logs;
  if (log !== undefined && more === undefined) return log;
  throw new Failure(
    `${word}: ${logs.length} sessions: ${logs.map(({ session }) => session).join(', ')}`,
    'name one of them',
  );
}

function said({ exported, gone, refused, bad, unconfirmed, failure, to, number }: Exported): string[] {
  const some = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
  const lines = [`${some(exported, 'record', 'records')} handed to ${to}, up to number ${number}`];
  if (gone > 0) lines.push(`${some(gone, 'event was', 'events were')} rotated away before its turn`);
  if (refused > 0) lines.push(`${some(refused, 'record was', 'records were')} too long for it`);
  if (bad > 0) lines.push(`${some(bad, 'line', 'lines')} of the log cannot be read`);
  if (unconfirmed > 0)
    lines.push(`${unconfirmed} of them may not have arrived; with --cursor they are handed on again`);
  if (failure !== null) lines.push(failure);
  return lines;
}
