// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import type { ModeChange } from '../session/mode.js';
import { changeMode } from '../supervise/attended.js';

export default class Mode extends CallgateCommand {
  static override summary = 'switch a session between refusing and only complaining, while it runs';
  static override description =
    'complain: nothing is refused any more; what would be is logged with "enforced":false.\n\nExit status: 0; 2 a usage error; 125 it could not be done.';
  static override args = {
    target: Args.string({ ignoreStdin: true, required: true, description: 'a session, a pid or a program' }),
    mode: Args.string({
      ignoreStdin: true,
      required: true,
      options: ['enforce', 'complain'],
      description: 'what to do from now on',
    }),
  };
  static override examples = ['<%= config.bin %> mode inetd-1 complain', '<%= config.bin %> mode inetd enforce'];

  async run(): Promise<ModeChange> {
    const { args } = await this.parse(Mode);
    requireRoot();
    const change = await changeMode(systemHost(), args.target, args.mode === 'complain' ? 'complain' : 'enforce');
    this.log(
      `${change.session}: ${change.mode}, ${change.policies.length === 1 ? '1 policy' : `${change.policies.length} policies`} (was ${[...new Set(change.was)].join(', ')})`,
    );
    return change;
  }
}
