// SPDX-License-Identifier: GPL-2.0-only

import { Flags } from '@oclif/core';
import { denialsOf, renderDenial } from '../../audit/denials.js';
import { eventsOf, logsOf } from '../../audit/logs.js';
import { type Told, toldOf, unendedOf, unendedText } from '../../audit/unended.js';
import { CallgateCommand } from '../../cli/command.js';
import { FOLDERS } from '../../host/host.js';
import { sinceTime, TIMES } from '../../host/time.js';
import { counted } from '../../policy/counted.js';
import { readStates } from '../../session/state.js';

export default class AuditDenials extends CallgateCommand {
  static override summary =
    'show what was refused: a line for each program, operation and object, and the statement that permits it';
  static override description =
    'Of a session whose end is not in its log (it is not over, or its log was cut) that is said on standard error: it may have been refused more.\n\n' +
    'Exit status: 0, refused or not; 2 a usage error; 125 there is no such session, or a word is no time.';
  static override usage = 'audit denials [SESSION…] [--since 1h]';
  static override strict = false;
  static override flags = {
    since: Flags.string({
      helpValue: 'TIME',
      description: `${TIMES}; without it all that the logs have`,
    }),
  };
  static override examples = [
    '<%= config.bin %> audit denials',
    '<%= config.bin %> audit denials inetd --since 1h',
    '<%= config.bin %> audit denials nginx-2 --json',
  ];

  async run(): Promise<readonly Told[]> {
    const { argv, flags } = await this.parse(AuditDenials);
    const since = flags.since === undefined ? null : sinceTime(flags.since);
    // Before the logs: an end that is written meanwhile is in them then.
    const here = new Set(readStates(FOLDERS).map(({ name }) => name));
    const read = logsOf(FOLDERS, argv as string[]).map((log) => {
      const { records, ...found } = eventsOf(log, since);
      return { ...log, ...found, unended: unendedOf(records, here) };
    });
    const denials = denialsOf(
      read.flatMap(({ events }) => events),
      read.flatMap(({ begun }) => begun ?? []),
    );
    const bad = read.reduce((sum, log) => sum + log.bad, 0);
    for (const { file, unended } of read) for (const one of unended) this.talk(unendedText(file, one));
    if (bad > 0) this.talk(`left out ${counted(bad, 'line')} of the logs that cannot be read`);
    this.log(denials.length === 0 ? 'nothing was refused' : denials.map(renderDenial).join('\n'));
    return toldOf(
      denials,
      read.flatMap(({ unended }) => unended),
    );
  }
}
