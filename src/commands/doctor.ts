// SPDX-License-Identifier: GPL-2.0-only
import { CallgateCommand } from '../cli/command.js';
import { table } from '../cli/table.js';
import { ANSWERS, type Examination, examine } from '../host/examine.js';
import { systemHost } from '../host/host.js';
import { findGate } from '../session/acquire.js';
import { strayLine } from '../session/status.js';

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
    const strays = process.getuid?.() === 0 ? this.#strays() : null;
    if (strays !== null) this.log(`\n${strays}: callgate status`);
    process.exitCode = examination.works ? 0 : 1;
    return examination;
  }

  /** Of the gate that is loaded, if it can be looked into: what cannot be is another command's to tell. */
  #strays(): string | null {
    try {
      const gate = findGate(systemHost());
      const line = gate === null ? null : strayLine(gate.whole());
      gate?.close();
      return line;
    } catch {
      return null;
    }
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
