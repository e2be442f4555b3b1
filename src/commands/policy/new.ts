// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { type Drafted, newPolicy } from '../../draft/new.js';
import { VERSIONS } from '../../policy/operations.js';

export default class PolicyNew extends CallgateCommand {
  static override summary = 'start a policy for a program from what its file and its Debian package tell';
  static override description =
    'Libraries, the interpreter of a script, configuration files and folders of the package, groups that fit: each statement says where ' +
    'it is from. The program is not run, so what it does besides is not in it: the policy is in complain mode, and `audit denials` then ' +
    'tells what it lacks. Never writes over a policy.\n\n' +
    'Exit status: 0; 125 it could not be made, or there is one already; 126 or 127 there is no such program.';
  static override usage = ['policy new PROGRAM [--policies DIR | --stdout] [--version V]'];
  static override args = {
    program: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'a path, or a name that is looked up along PATH',
    }),
  };
  static override flags = {
    policies: Flags.string({
      helpValue: 'DIR',
      description: 'folder of the application (/etc/callgate/policies/NAME, NAME being the name of the program)',
    }),
    stdout: Flags.boolean({ default: false, description: 'print it, and write nothing', exclusive: ['policies'] }),
    version: Flags.option({
      options: ['1', '2'] as const,
      description:
        'version of the language (that of the policies that are there, or 1): 2 judges capabilities, set*id, namespaces, mounts, other processes, ioctls and the like, too',
    })(),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy new nginx',
    '<%= config.bin %> policy new /usr/sbin/unbound --policies ./unbound',
    '<%= config.bin %> policy new ./report.py --stdout',
    '<%= config.bin %> policy new --version 2 /usr/bin/mount',
  ];

  async run(): Promise<Drafted> {
    const { args, flags } = await this.parse(PolicyNew);
    const { around, applications } = here(flags.user ?? null);
    const drafted = newPolicy(
      ...([args.program, flags.policies ?? null, !flags.stdout, applications, around] as const),
      VERSIONS.find((version) => String(version) === flags.version) ?? null,
    );
    this.log(drafted.file === null ? drafted.text.trimEnd() : drafted.file);
    return drafted;
  }
}
