// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { CallgateCommand } from '../../cli/command.js';
import { learning } from '../../cli/learn.js';
import { type LearnStatus, learnStatus, renderStatus } from '../../training/manage.js';

export default class LearnStatusCommand extends CallgateCommand {
  static override summary = 'say how complete learning is: runs, what each added, what another one may still show';
  static override description =
    'What the next run may show is estimated by what one run alone showed, over the number of runs (Good and Turing). ' +
    'Where it is not about none, learn again, with other data.\n\nExit status: 0; 2 a usage error; 125 it cannot be told.';
  static override args = {
    application: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'its name, or the folder of its policies',
    }),
  };
  static override examples = ['<%= config.bin %> learn status nginx', '<%= config.bin %> learn status ./cat --json'];

  async run(): Promise<LearnStatus> {
    const { args } = await this.parse(LearnStatusCommand);
    const { host, around, folderOf } = learning();
    const status = learnStatus(host, folderOf(args.application), around);
    this.log(renderStatus(status));
    return status;
  }
}
