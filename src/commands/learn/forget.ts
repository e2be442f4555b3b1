// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { CallgateCommand } from '../../cli/command.js';
import { learning, renderDerived } from '../../cli/learn.js';
import type { Derived } from '../../training/conclude.js';
import { forget } from '../../training/manage.js';

export default class LearnForget extends CallgateCommand {
  static override summary = 'forget a run that was an accident, and derive the policies without it';
  static override description =
    'What only this run showed goes from the policies, what a person wrote in them stays. Where it was the last run that is ' +
    'kept, the policies stay as they are.\n\nExit status: 0; 2 a usage error; 125 there is no such run.';
  static override args = {
    run: Args.string({ ignoreStdin: true, required: true, description: 'the session, as `learn status` tells it' }),
  };
  static override examples = ['<%= config.bin %> learn forget nginx-2'];

  async run(): Promise<{ readonly run: string; readonly derived: Derived | null }> {
    const { args } = await this.parse(LearnForget);
    const { host, around } = learning();
    const { run, derived } = forget(host, args.run, () => around);
    if (derived !== null && derived.unwritten.length > 0) process.exitCode = 125;
    this.log(
      derived === null
        ? `${run.header.folder}: no run of it is left; its policies stay as they are`
        : renderDerived(derived),
    );
    return { run: args.run, derived };
  }
}
