// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { loadPolicy } from '../../application/application.js';
import { type ExportedClassic, exportClassic, exportLines } from '../../application/classic.js';
import { policyFiles } from '../../application/policies.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';

export default class PolicyExport extends CallgateCommand {
  static override summary = 'write policies in the classic language of systrace';
  static override description =
    'Prints them, one after the other, as a file of systrace may have them. What systrace had no words for is told on ' +
    'standard error, with the lines of the policy. Imported again, the result grants the same.\n\n' +
    'Exit status: 0; 1 with --strict where something could not be said exactly; 2 a usage error; 125 there is no such policy; 126 it has mistakes.';
  static override strict = false;
  static override args = {
    policies: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'files, folders, or names of applications',
    }),
  };
  static override flags = {
    format: Flags.option({ options: ['systrace'] as const, required: true, description: 'the language to write' })(),
    strict: Flags.boolean({ default: false, description: 'fail where something cannot be said exactly' }),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy export --format systrace ./policies/inetd',
    '<%= config.bin %> policy export --format systrace --strict usr_sbin_named.yaml > usr_sbin_named',
  ];

  async run(): Promise<readonly ExportedClassic[]> {
    const { argv, flags } = await this.parse(PolicyExport);
    const { around, cwd, applications } = here(flags.user ?? null);
    const files = (argv as string[]).flatMap((word) => policyFiles(word, cwd, applications));
    const exported = files.map((file) => exportClassic(loadPolicy(file, around)));
    for (const one of exported) for (const line of exportLines(one)) this.logToStderr(line);
    if (flags.strict && exported.some(({ reports }) => reports.length > 0)) process.exitCode = 1;
    else
      this.log(
        exported
          .map(({ text }) => text)
          .join('')
          .trimEnd(),
      );
    return exported;
  }
}
