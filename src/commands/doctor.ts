import { CallgateCommand } from '../cli/command.js';
import { table } from '../cli/table.js';
import { systemHost } from '../host/host.js';
import { addon } from '../kernel/addon.js';
import { type Examination, examine } from '../kernel/probe.js';
import { findGate } from '../session/acquire.js';
import { strayLine } from '../session/status.js';

const WORDS = { yes: 'yes', no: 'no', unknown: 'could not tell' } as const;

const CONCLUSIONS: Readonly<Record<Examination['run'], string>> = {
  lsm: '`callgate run` will work here.',
  fmod_ret: '`callgate run` refuses here unless --best-effort; `callgate learn` works.',
  none: 'callgate cannot hold a program here.',
};

export default class Doctor extends CallgateCommand {
  static override summary = 'say what this kernel can do, what is lost without it, and what mends it';
  static override description =
    'Each line answers yes, no with the reason, or could not tell. Exit status 0: `callgate run` will work; 1: it will not.';
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json'];

  async run(): Promise<Examination> {
    await this.parse(Doctor);
    const examination = examine(addon());
    this.log(render(examination));
    const strays = process.getuid?.() === 0 ? this.#strays() : null;
    if (strays !== null) this.log(`\n${strays}: callgate status`);
    process.exitCode = examination.run === 'lsm' ? 0 : 1;
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
export function render({ findings, run }: Examination): string {
  const rows = table(findings.map(({ question, answer, detail }) => [question, WORDS[answer], detail]));
  const advice = findings.flatMap(({ question, lost, remedy }) =>
    lost === undefined ? [] : [`${question}\n  lost: ${lost}\n  do: ${remedy}`],
  );
  return [rows, ...advice, CONCLUSIONS[run]].join('\n\n');
}
