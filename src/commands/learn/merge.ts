// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { CallgateCommand } from '../../cli/command.js';
import { learning, renderDerived } from '../../cli/learn.js';
import { STRENGTHS } from '../../learn/strength.js';
import type { Derived } from '../../training/conclude.js';
import { merge } from '../../training/manage.js';

export default class LearnMerge extends CallgateCommand {
  static override summary = 'take the runs of other applications into one, and derive its policies from all';
  static override description =
    'With one application its policies are derived anew from its runs. A second `learn` of the same application puts runs ' +
    'together by itself.\n\nExit status: 0; 2 a usage error; 125 something could not be read or written.';
  static override usage = 'learn merge APPLICATION [OTHER…] [--strength S]';
  static override strict = false;
  static override args = {
    application: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'its name, or the folder of its policies',
    }),
  };
  static override flags = {
    strength: Flags.option({ options: STRENGTHS, description: 'how far to go beyond the names that were seen' })(),
  };
  static override examples = [
    '<%= config.bin %> learn merge nginx nginx-staging',
    '<%= config.bin %> learn merge --strength exact nginx',
  ];

  async run(): Promise<Derived> {
    const { argv, flags } = await this.parse(LearnMerge);
    const { host, around, folderOf } = learning();
    const [first = '', ...others] = (argv as string[]).map(folderOf);
    const derived = merge(host, first, others, around, flags.strength ?? null);
    if (derived.unwritten.length > 0) process.exitCode = 125;
    this.log(renderDerived(derived));
    return derived;
  }
}
