// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { type Formatted, formatFile, policyFiles } from '../../application/policies.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';

export default class PolicyFmt extends CallgateCommand {
  static override summary = 'write policies in the one form: one object a line, quotes where they are needed';
  static override description =
    'Comments and order stay. A file that is no policy is left as it is.\n\n' +
    'Exit status: 0; with --check 1 where a file would change; 2 a usage error; 125 there is no such policy; 126 it has mistakes.';
  static override strict = false;
  static override args = {
    policies: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'files, folders, or names of applications',
    }),
  };
  static override flags = {
    check: Flags.boolean({ default: false, description: 'write nothing; name the files that would change' }),
    resolve: Flags.boolean({
      default: false,
      description: 'replace paths that go through symbolic links by what they resolve to',
    }),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy fmt inetd',
    '<%= config.bin %> policy fmt --resolve ./usr_bin_cat.yaml',
    '<%= config.bin %> policy fmt --check ./policies/nginx',
  ];

  async run(): Promise<readonly Formatted[]> {
    const { argv, flags } = await this.parse(PolicyFmt);
    const { around, cwd, applications } = here(flags.user ?? null);
    const files = (argv as string[]).flatMap((word) => policyFiles(word, cwd, applications));
    const formatted = files.map((file) => formatFile(file, around, flags.resolve, !flags.check));
    const changed = formatted.filter((one) => one.changed);
    for (const { file } of changed) this.log(flags.check ? `${file}: would change` : `${file}: written`);
    if (flags.check && changed.length > 0) process.exitCode = 1;
    return formatted;
  }
}
