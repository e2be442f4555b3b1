// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { diffPolicies, type PoliciesDifference, type ProgramDifference } from '../../application/differ.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { renderComparison } from '../../difference/render.js';

/** As diff(1). */
const DIFFER = 1;
const TROUBLE = 2;

export default class PolicyDiff extends CallgateCommand {
  static override summary = 'say what one policy permits and another does not, each with an attempt that shows it';
  static override description =
    'Compares what the policies mean, not how they are written, and all there is to it: every name, address and caller. `+` is ' +
    'permitted by the second alone, `-` by the first alone, `!` by both or neither, with another errno, log, policy or question. ' +
    'Of a rule that differs at many objects one is told. Folders are compared program by program, whatever the files are called.\n\n' +
    'Exit status: 0 they say the same; 1 they differ; 2 trouble.';
  static override usage = ['policy diff FIRST SECOND'];
  static override args = {
    first: Args.string({ ignoreStdin: true, required: true, description: 'a file, a folder, or an application' }),
    second: Args.string({ ignoreStdin: true, required: true, description: 'what it is compared with' }),
  };
  static override flags = { user: userFlag };
  static override examples = [
    '<%= config.bin %> policy diff nginx ./learned-today',
    '<%= config.bin %> policy diff ./old.yaml ./new.yaml --json',
    'git show HEAD:nginx.yaml > /tmp/before.yaml; <%= config.bin %> policy diff /tmp/before.yaml nginx.yaml',
  ];

  protected override failureStatus(): number {
    return TROUBLE;
  }

  async run(): Promise<PoliciesDifference> {
    const { args, flags } = await this.parse(PolicyDiff);
    const { around, cwd, applications } = here(flags.user ?? null);
    const result = diffPolicies(args.first, args.second, cwd, applications, around);
    this.log(result.same ? 'no difference' : result.programs.map(render).join('\n\n'));
    if (!result.same) process.exitCode = DIFFER;
    return result;
  }
}

function render(one: ProgramDifference): string {
  const { program, first, second } = one;
  if (first === null) return `+ ${program}: only the second has a policy, ${second}`;
  if (second === null) return `- ${program}: only the first has a policy, ${first}`;
  return [`${program}: ${first} -> ${second}`, ...renderComparison(one)].join('\n');
}
