// SPDX-License-Identifier: GPL-2.0-only
import { constants } from 'node:os';
import { Flags } from '@oclif/core';
import { Follower } from '../../audit/follow.js';
import { isOf, logsOf } from '../../audit/logs.js';
import { CallgateCommand } from '../../cli/command.js';
import { lineOf, noteLine } from '../../events/line.js';
import { isEvent, type LogRecord } from '../../events/record.js';
import { FOLDERS } from '../../host/host.js';
import { localTime } from '../../host/time.js';
import { counted } from '../../policy/counted.js';

/** Lines that are none. */
const LEFT_OUT = 1;

export default class AuditTail extends CallgateCommand {
  static override summary = 'show events as they come';
  static override description =
    'Goes on until Ctrl-C. Times are local; with --json one object a line, as the log has it, in UTC.\n\nExit status: 0 all of it was shown; 1 lines that cannot be read were left out, which is said; 2 a usage error; 125 there is no such session; 128+n ended by signal n.';
  static override usage = 'audit tail [SESSION…]';
  static override strict = false;
  static override flags = {
    all: Flags.boolean({ default: false, description: 'begin with what the logs have already' }),
    'no-follow': Flags.boolean({ default: false, description: 'end where the logs end now' }),
  };
  static override examples = [
    '<%= config.bin %> audit tail',
    '<%= config.bin %> audit tail inetd-1 --all',
    '<%= config.bin %> audit tail --json | jq .object',
  ];

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(AuditTail);
    const logs = logsOf(FOLDERS, argv as string[]);
    const chosen = argv.length > 0 || flags.all ? logs : logs.filter(({ living }) => living);
    const json = this.jsonEnabled();
    const show = (record: LogRecord): void => {
      if (json) process.stdout.write(`${JSON.stringify(record)}\n`);
      else
        process.stdout.write(
          `${localTime(record.time)} ${record.session} ${isEvent(record) ? lineOf(record) : noteLine(record)}\n`,
        );
    };
    if (chosen.length === 0) this.talk('no session lives; with --all, or a name, the logs of past ones are shown');
    const followers = chosen.map((log) => {
      const take = (record: LogRecord): void => void (isOf(log, record) && show(record));
      return { ...log, follower: new Follower(log.file, take, flags.all || flags['no-follow']) };
    });
    if (!flags['no-follow'] && chosen.length > 0)
      await new Promise<void>((resolve) => {
        const stop = (signal: number) => (): void => {
          process.exitCode = 128 + signal;
          resolve();
        };
        process.once('SIGINT', stop(constants.signals.SIGINT));
        process.once('SIGTERM', stop(constants.signals.SIGTERM));
        process.stdout.once('error', resolve);
      });
    for (const { follower, file, living } of followers) {
      const bad = follower.unreadable(living);
      follower.close();
      if (bad === 0) continue;
      this.talk(`${file}: left out ${counted(bad, 'line')} that cannot be read`);
      process.exitCode ??= LEFT_OUT;
    }
  }

  /** The lines are printed as they come; there is no result beside them. */
  protected override toSuccessJson(): unknown {
    return undefined;
  }

  override logJson(json: unknown): void {
    if (json !== undefined) super.logJson(json);
  }
}
