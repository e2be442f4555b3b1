import { CallgateCommand } from '../cli/command.js';
import { table } from '../cli/table.js';
import { ANSWERS, type Examination, examine } from '../host/examine.js';
import { systemHost } from '../host/host.js';

export default class Doctor extends CallgateCommand {
  static override summary = 'say what this kernel can do, what is lost without it, and what mends it';
  static override description =
    'Each line answers yes, no with the reason, or could not tell. Changes nothing: what `run` would mount is said.\n\n' +
    'Exit status 0: `callgate learn` and `run` will work; 1: they will not.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<Examination> {
    await this.parse(Doctor);
    const examination = examine(systemHost());
    this.log(render(examination));
    process.exitCode = examination.works ? 0 : 1;
    return examination;
  }
}

/** The table and the conclusion, as a person reads them. */
export function render({ findings, obstacle }: Examination): string {
  const rows = table(findings.map(({ question, answer, detail }) => [question, ANSWERS[answer], detail]));
  const advice = findings.flatMap(({ question, lost, remedy }) =>
    lost === undefined ? [] : [`${question}\n  lost: ${lost}\n  do: ${remedy}`],
  );
  const conclusion =
    obstacle === null
      ? '`callgate learn` and `callgate run` will work here.'
      : `\`callgate learn\` and \`callgate run\` refuse to start here, for want of: ${obstacle.question}.`;
  return [rows, ...advice, conclusion].join('\n\n');
}
