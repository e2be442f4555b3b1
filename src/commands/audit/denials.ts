import { Flags } from '@oclif/core';
import { type Denial, type DenyingRule, denialsOf } from '../../audit/denials.js';
import { eventsOf, logsOf, sinceTime } from '../../audit/logs.js';
import { CallgateCommand } from '../../cli/command.js';
import { FOLDERS } from '../../host/host.js';
import { writeStatement } from '../../policy/statement.js';

export default class AuditDenials extends CallgateCommand {
  static override summary =
    'show what was refused: a line for each program, operation and object, and the statement that permits it';
  static override usage = 'audit denials [SESSION…] [--since 1h]';
  static override strict = false;
  static override flags = {
    since: Flags.string({
      helpValue: 'TIME',
      description: '90s, 30m, 1h, 2d, or a date; without it all that the logs have',
    }),
  };
  static override examples = [
    '<%= config.bin %> audit denials',
    '<%= config.bin %> audit denials inetd --since 1h',
    '<%= config.bin %> audit denials nginx-2 --json',
  ];

  async run(): Promise<readonly Denial[]> {
    const { argv, flags } = await this.parse(AuditDenials);
    const since = flags.since === undefined ? null : sinceTime(flags.since);
    const read = logsOf(FOLDERS, argv as string[]).map((log) => eventsOf(log, since));
    const denials = denialsOf(read.flatMap(({ events }) => events));
    const bad = read.reduce((sum, log) => sum + log.bad, 0);
    if (bad > 0) this.talk(`${bad} lines of the logs cannot be read, and are left out`);
    this.log(denials.length === 0 ? 'nothing was refused' : denials.map(render).join('\n'));
    return denials;
  }
}

function render({
  policy,
  operation,
  object,
  errno,
  enforced,
  count,
  last,
  event,
  floor,
  reason,
  statement,
  before,
}: Denial): string {
  const what =
    floor === null ? `${operation.join(', ')} ${object}` : `${floor}${object === '?' ? '' : ` on ${object}`}`;
  const times = count === 1 ? 'once' : `${count} times`;
  const head = `${policy}: ${what} (${errno}${enforced ? '' : ', not enforced'}), ${times}, last ${last.slice(0, 19).replace('T', ' ')}, event ${event}`;
  if (floor !== null) return `${head}\n  no policy permits this`;
  if (statement === null) return `${head}\n  no statement permits this${reason === null ? '' : ` (${reason})`}`;
  return `${head}\n${before === null ? '' : `  before ${placeOf(before)}, which refuses it:\n`}${writeStatement(statement).trimEnd()}`;
}

function placeOf({ rule, line, group }: DenyingRule): string {
  return group === null ? `rule ${rule} (line ${line ?? '?'})` : `rule ${rule} of group ${group}`;
}
