// SPDX-License-Identifier: GPL-2.0-only

import { dirname } from 'node:path';
import { Args } from '@oclif/core';
import {
  type Checked,
  checkFolder,
  checkPolicy,
  folderNotes,
  loadedOnce,
  policyFiles,
} from '../../application/policies.js';
import type { Problem } from '../../application/problem.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { counted } from '../../policy/counted.js';

export default class PolicyCheck extends CallgateCommand {
  static override summary = 'check policies: their text, their paths, their limits';
  static override description =
    'Tells every problem with file, line, column and what to write instead. A file is checked with its folder, as `run` takes ' +
    'a folder whole or not at all. Needs no kernel and no root.\n\n' +
    'Exit status: 0 all is well; 1 something is wrong; 2 a usage error; 125 or 126 it could not begin: nothing of that name, no such user.';
  static override strict = false;
  static override args = {
    policies: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'files, folders, or names of applications',
    }),
  };
  static override flags = { user: userFlag };
  static override examples = [
    '<%= config.bin %> policy check inetd',
    '<%= config.bin %> policy check ./policies/nginx usr_bin_cat.yaml',
    '<%= config.bin %> policy check --json nginx',
  ];

  async run(): Promise<{
    readonly files: readonly Checked[];
    readonly problems: readonly Problem[];
    readonly notes: readonly string[];
  }> {
    const { argv, flags } = await this.parse(PolicyCheck);
    const { around, cwd, applications } = here(flags.user ?? null);
    const files = (argv as string[]).flatMap((word) => policyFiles(word, cwd, applications));
    const load = loadedOnce();
    const checked = files.map((file) => checkPolicy(file, around, load));
    // Only where each file is well by itself is anything left to be found between two of them.
    const well = checked.every(({ problems }) => problems.length === 0);
    const folders = [...new Set(files.map((file) => dirname(file)))];
    const between = well ? folders.flatMap((folder) => checkFolder(folder, around, load)) : [];
    for (const { file, program, rules, problems, stats } of checked) {
      for (const { rendered } of problems) this.log(rendered);
      if (problems.length === 0)
        this.log(
          `${file}: well; ${program}, ${counted(rules, 'rule')}, ${counted(stats?.used.states ?? 0, 'state')}, size class ${stats?.imageClass ?? 0}`,
        );
    }
    for (const { rendered } of between) this.log(rendered);
    // Whoever named one file asks what the others have to do with it.
    if (between.some(({ file }) => file !== null && !files.includes(file)))
      this.log(
        '`run` takes a folder whole or not at all: what is wrong with another file of it keeps this one from being run',
      );
    const notes =
      well && between.length === 0 ? folders.flatMap((folder) => folderNotes(folder, files, around, load)) : [];
    for (const note of notes) this.log(`note: ${note}`);
    const problems = [...checked.flatMap((one) => one.problems), ...between];
    if (problems.length > 0) process.exitCode = 1;
    return { files: checked, problems, notes };
  }
}
