// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { CallgateCommand } from '../../cli/command.js';
import { learning, renderDerived } from '../../cli/learn.js';
import type { Derived } from '../../training/conclude.js';
import { intersect } from '../../training/manage.js';

export default class LearnIntersect extends CallgateCommand {
  static override summary = 'derive policies from what at least so many runs showed';
  static override description =
    'Names that one pattern stands for count as one. The runs stay; the next `learn`, or `learn merge`, derives from all of them ' +
    'again.\n\nExit status: 0; 2 a usage error; 125 something could not be read or written.';
  static override args = {
    application: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'its name, or the folder of its policies',
    }),
  };
  static override flags = {
    'min-runs': Flags.integer({ required: true, min: 1, helpValue: 'N', description: 'runs that must have shown it' }),
  };
  static override examples = ['<%= config.bin %> learn intersect nginx --min-runs 2'];

  async run(): Promise<Derived> {
    const { args, flags } = await this.parse(LearnIntersect);
    const { host, around, folderOf } = learning();
    const derived = intersect(host, folderOf(args.application), around, flags['min-runs']);
    if (derived.unwritten.length > 0) process.exitCode = 125;
    this.log(renderDerived(derived));
    return derived;
  }
}
