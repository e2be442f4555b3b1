// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { onePolicy } from '../../application/policies.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { FOLDERS } from '../../host/host.js';
import { missingText, type ReplayResult, renderReplay, replayPolicy } from '../../training/replay.js';

/** Something would have been refused. */
const REFUSED = 1;
/** Nothing of what is there; but something is missing, as of a run that `learn` calls tainted. */
const TAINTED = 3;

export default class PolicyReplay extends CallgateCommand {
  static override summary =
    'judge recorded runs by a policy: what would have been refused, and which rules nothing used';
  static override description =
    'Nothing is run and no kernel is asked. A RUN is a session whose run is kept (`learn status` tells them) or that has a log, ' +
    'or a file: a run, a journal, a log. Without one, all runs of the application of this policy are judged.\n\n' +
    'Exit status: 0 nothing would have been refused; 1 something would; 2 a usage error; 3 nothing would of what is there, but a ' +
    'recording lacks something (lines that cannot be read, events that were lost): standard error says what, and it is not judged; ' +
    '125 a recording cannot be read; ' +
    '126 the policy has mistakes.';
  static override usage = 'policy replay POLICY [RUN…]';
  static override strict = false;
  static override args = {
    policy: Args.string({ ignoreStdin: true, required: true, description: 'a file, or the name of an application' }),
  };
  static override flags = { user: userFlag };
  static override examples = [
    '<%= config.bin %> policy replay nginx',
    '<%= config.bin %> policy replay ./candidate.yaml nginx-2 nginx-3',
    '<%= config.bin %> policy replay ./candidate.yaml /var/log/callgate/nginx-4.jsonl --json',
  ];

  async run(): Promise<ReplayResult> {
    const { argv, args, flags } = await this.parse(PolicyReplay);
    const { around, cwd, applications } = here(flags.user ?? null);
    const loaded = onePolicy(args.policy, cwd, applications, around);
    const result = replayPolicy(FOLDERS, loaded, (argv as string[]).slice(1));
    this.log(renderReplay(result));
    const missing = missingText(result);
    for (const line of missing) this.talk(line);
    if (missing.length > 0) process.exitCode = TAINTED;
    if (result.replays.some(({ refused }) => refused.length > 0)) process.exitCode = REFUSED;
    return result;
  }
}
