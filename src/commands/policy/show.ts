// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { onePolicy, policiesBeside, STAGES, type Stage, stageText } from '../../application/policies.js';
import { renderCalls, type ShownCalls, showCalls } from '../../application/show-calls.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { table } from '../../cli/table.js';
import { conditionText, patternText } from '../../decide/text.js';
import { FOLDERS } from '../../host/host.js';
import type { Asking, Policy, Rule } from '../../policy/model.js';
import { refusedWith } from '../../policy/syscalls.js';
import { type Granted, grantedBy, renderGranted } from '../../training/granted.js';

export default class PolicyShow extends CallgateCommand {
  static override summary = 'show a policy as a table, with its groups written out, or a stage of its compilation';
  static override description = 'Exit status: 0; 2 a usage error; 125 there is no such policy; 126 it has mistakes.';
  static override usage = 'policy show POLICY [--expand] [--granted | --syscalls | --stage STAGE] [--user U] [--json]';
  static override args = {
    policy: Args.string({ ignoreStdin: true, required: true, description: 'a file, or the name of an application' }),
  };
  static override flags = {
    expand: Flags.boolean({ default: false, description: 'with the rules of its groups' }),
    granted: Flags.boolean({
      default: false,
      description: 'for each pattern what it admits on this machine, beside what runs observed',
      exclusive: ['expand', 'stage'],
    }),
    syscalls: Flags.boolean({
      default: false,
      description: 'its system calls by what they are about, what is rare or far-reaching apart',
      exclusive: ['expand', 'granted', 'stage'],
    }),
    stage: Flags.option({ options: STAGES, description: 'a stage of the compilation' })(),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy show inetd',
    '<%= config.bin %> policy show --expand ./usr_bin_cat.yaml',
    '<%= config.bin %> policy show --granted nginx',
    '<%= config.bin %> policy show --syscalls nginx',
    '<%= config.bin %> policy show --stage tables nginx',
  ];

  async run(): Promise<Policy | readonly Granted[] | ShownCalls> {
    const { args, flags } = await this.parse(PolicyShow);
    const { around, cwd, applications } = here(flags.user ?? null);
    const loaded = onePolicy(args.policy, cwd, applications, around);
    if (flags.granted) {
      const granted = grantedBy(FOLDERS, loaded);
      this.log(renderGranted(granted));
      return granted;
    }
    const { policy } = loaded;
    if (flags.syscalls) {
      const shown = showCalls(policy, policiesBeside(loaded, around));
      this.log(renderCalls(shown));
      return shown;
    }
    this.log(
      flags.stage === undefined ? render(policy, flags.expand) : stageText(policy, flags.stage as Stage).trimEnd(),
    );
    return policy;
  }
}

function render(policy: Policy, expand: boolean): string {
  const { program, interpreter, mode, default: fallback, errno, use, file, asking, syscalls } = policy;
  const rules = policy.rules.filter(({ group }) => expand || group === undefined);
  const head = [
    `${program}  (${file})`,
    `mode ${mode}, default ${fallback}${fallback === 'deny' ? `, errno ${errno}` : ''}`,
    ...(interpreter === undefined ? [] : [`interpreter ${interpreter}`]),
    ...(asking === undefined ? [] : [askingText(asking)]),
    ...(syscalls === undefined
      ? []
      : [`system calls ${syscalls.permit.join(', ')}; the rest gets ${refusedWith(policy)} (--syscalls groups them)`]),
    ...(use.length === 0 ? [] : [`groups ${use.join(', ')}${expand ? '' : ' (--expand writes them out)'}`]),
  ];
  const rows = rules.flatMap((rule) =>
    rule.objects.map((object, index) => [
      index === 0 ? name(rule) : '',
      index === 0 ? rule.verdict : '',
      index === 0 ? rule.operations.join(',') : '',
      `${patternText(object)}${index === 0 ? extras(rule) : ''}`,
    ]),
  );
  return `${head.join('\n')}\n\n${rows.length === 0 ? 'no rules' : table(rows)}`;
}

function askingText({ fallback = 'deny', deadline }: Asking): string {
  return `questions: ${fallback} where nobody answers, ${deadline === undefined ? 'no deadline' : `within ${deadline} s`}`;
}

function name({ number, group, place }: Rule): string {
  return group === undefined ? `${number} (line ${place.line})` : `${group} ${number}`;
}

function extras({ errno, log, transition, if: holds, unless }: Rule): string {
  const parts = [
    ...(transition === undefined ? [] : [`policy ${transition}`]),
    ...(errno === undefined ? [] : [errno]),
    ...(log === undefined ? [] : [`log ${log}`]),
    ...(holds === undefined ? [] : [`if ${conditionText(holds)}`]),
    ...(unless === undefined ? [] : [`unless ${conditionText(unless)}`]),
  ];
  return parts.length === 0 ? '' : `  [${parts.join(', ')}]`;
}
