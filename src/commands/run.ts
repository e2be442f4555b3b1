// SPDX-License-Identifier: GPL-2.0-only
import { Flags } from '@oclif/core';
import { command, webhook } from '../attach/answerer.js';
import { CallgateCommand } from '../cli/command.js';
import { cgroupFlag, pidFlag, programFlag, unloadFlag } from '../cli/policies.js';
import { requestOf } from '../cli/request.js';
import { runningRequestOf } from '../cli/running-request.js';
import { requireRoot } from '../host/privileges.js';
import { Voice } from '../host/voice.js';
import { exitStatus } from '../supervise/foreground.js';
import { type RunResult, run } from '../supervise/run.js';
import { standingOf } from '../training/standing.js';

export default class Run extends CallgateCommand {
  static override summary = 'run a program under its policies: the kernel refuses everything else';
  static override description =
    'Denials stand in the log of the session and are told on standard error: as they happen, or, where that is the terminal ' +
    'that the program draws on, once it has ended. A policy file that changes ' +
    'meanwhile is checked and swapped in whole; a bad one is refused, and what held before holds on. Where it says `ask`, the program ' +
    'stands still until `callgate attach` answers, or what --webhook and --exec name; with nobody there it is denied.\n\n' +
    '--pid takes in what runs already: every thread of it, and whatever it forks from then on; --cgroup everybody in a cgroup, and whoever comes into it, each under the policy of the program that it runs. What it has open, its mappings, its ' +
    'working folder and children from before are not judged anew. Ctrl-C and SIGTERM let it go, and it runs on under no policy, as ' +
    '`callgate stop SESSION --detach` has it; a closed terminal does not.\n\n' +
    'What it leaves running is waited for; Ctrl-C then ends it (SIGTERM), and a second one by force.\n\n' +
    "Exit status: the program's (0 of one that ran already); 128+n if signal n ended it; 125 callgate failed; 126 it refused to start; 127 not found.";
  static override usage = [
    'run [--policies DIR] [--complain] [--user U] [--log FILE] [--quiet] [--wait] [--webhook URL] [--exec CMD] [--unload] [--] CMD…',
    'run {--pid PID[,PID…] [--program FILE] | --cgroup PATH} [--policies DIR] [--complain] [--log FILE] [--quiet] [--wait] [--webhook URL] [--exec CMD] [--unload]',
  ];
  static override strict = false;
  static override flags = {
    policies: Flags.string({
      helpValue: 'DIR',
      description: 'folder of the application (/etc/callgate/policies/NAME, NAME being the name of the program)',
    }),
    complain: Flags.boolean({
      default: false,
      description: 'refuse nothing; log what would have been, with "enforced":false',
    }),
    user: Flags.string({ helpValue: 'U', description: 'run the program as this user' }),
    log: Flags.string({
      helpValue: 'FILE',
      description: 'where events go (/var/log/callgate/SESSION.jsonl, which leads there then)',
    }),
    quiet: Flags.boolean({ default: false, description: 'no denials on standard error; the log has them' }),
    wait: Flags.boolean({
      default: false,
      description: 'begin once somebody attends: the first instruction is asked about too',
    }),
    webhook: Flags.string({
      helpValue: 'URL',
      description: 'what the policy asks is posted there as JSON, and the reply is the answer (docs/asking.md)',
    }),
    exec: Flags.string({
      helpValue: 'CMD',
      description: 'this is run for each question, reads it as JSON and says the answer as JSON',
    }),
    pid: pidFlag,
    cgroup: cgroupFlag,
    program: programFlag,
    unload: unloadFlag,
  };
  static override examples = [
    '<%= config.bin %> run cat /etc/hostname',
    '<%= config.bin %> run --policies ./inetd --user root -- /usr/sbin/inetd -d',
    '<%= config.bin %> run --wait --policies ./nginx nginx',
    '<%= config.bin %> run --exec /usr/local/libexec/decide -- nginx',
    '<%= config.bin %> run --pid 812',
    '<%= config.bin %> run --cgroup system.slice/nginx.service',
    '<%= config.bin %> run --complain --log /var/log/nginx.jsonl nginx',
  ];

  protected override usageStatus(): number {
    return 125;
  }

  async run(): Promise<RunResult> {
    const { flags } = await this.parse(Run);
    requireRoot();
    const { request, around } =
      flags.pid === undefined && flags.cgroup === undefined ? requestOf('run', flags) : runningRequestOf('run', flags);
    const { complain, quiet, log, wait } = flags;
    const automats = [
      ...(flags.webhook === undefined ? [] : [webhook(flags.webhook)]),
      ...(flags.exec === undefined ? [] : [command(flags.exec)]),
    ];
    const voice = new Voice(request.host.addon);
    // A person is told; what reads a pipe wants the program's own words.
    if (process.stderr.isTTY && !flags.quiet) for (const line of standingOf(request.folder)) this.talk(line);
    try {
      const options = { complain, quiet, log: log ?? null, wait, automats, voice };
      const result = await run(request, around, options);
      process.exitCode = exitStatus(result.ended);
      return result;
    } finally {
      await voice.close();
    }
  }
}
