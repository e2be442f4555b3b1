// SPDX-License-Identifier: GPL-2.0-only
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { programWords } from '../cli/command-line.js';
import { renderDerived } from '../cli/learn.js';
import { cgroupFlag, pidFlag, programFlag, unloadFlag } from '../cli/policies.js';
import { requestOf } from '../cli/request.js';
import { runningRequestOf } from '../cli/running-request.js';
import { Failure } from '../host/failure.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { Voice } from '../host/voice.js';
import { STRENGTHS } from '../learn/strength.js';
import { VERSIONS } from '../policy/operations.js';
import { exitStatus } from '../supervise/foreground.js';
import { type LearnResult, learn, renderLearnt } from '../training/learn.js';
import { learnFrom } from '../training/learn-from.js';
import { recover } from '../training/recover.js';
import { KERNELS, learnInVms, MACHINES, type Machine, renderVms, type VmResult } from '../training/vm.js';

/** Exit status of a run that lost something: its policies may lack what the program needs. */
const TAINTED = 3;
/** callgate failed: a policy could not be written. */
const UNWRITTEN = 125;

export default class Learn extends CallgateCommand {
  static override summary = 'run a program, watch what it asks of the kernel, and write its policies';
  static override description =
    'Permits what no rule denies, and writes one policy for each executable seen, children too. Ends when the last process ' +
    'has ended; Ctrl-C and SIGTERM go to all of them. Each run is kept, and the policies are derived from all runs of the ' +
    'application; what a person wrote in them stays, comments and order too.\n\n' +
    '--strength exact names what was seen, and what the program makes up itself by its shape; balanced (as usual) also series, ' +
    'folders of data and what the program left behind, where the runs show that they are; broad does so from less.\n\n' +
    '--pid watches what runs already: every thread of it, and whatever it forks from then on, --cgroup everybody in a cgroup and whoever comes into it, until it has ended, or Ctrl-C, SIGTERM or ' +
    '`callgate stop SESSION --detach` lets it go. What it did before was not seen: its start is learned by starting it.\n\n' +
    'With --vm nothing is run here: CMD, a piece of work that comes to its end, runs in a VM for each kernel, and what it wrote ' +
    'is gone with that. The runs come back, the policies are derived from all, and what differed between the kernels is told. ' +
    "Ctrl-C ends the VM, without its run. The machine called vagrant is that of callgate's Vagrantfile (or of the folder that VAGRANT_CWD names), " +
    'brought up if need be: it has files of its own, --vm-copy brings more, and it stays, with what CMD did in it.\n\n' +
    "Exit status: the program's (0 of one that ran already); 128+n if signal n ended it; 3 events were lost (the policies say so: tainted); " +
    '125 callgate failed; 126 it refused to start; 127 not found.';
  static override usage = [
    'learn [--policies DIR] [--user U] [--strength S] [--version V] [--syscalls] [--unload] [--] CMD…',
    'learn --vm {KERNEL|vagrant}[,…] [--policies DIR] [--vm-timeout S] [--vm-memory MB] [--vm-copy PATH]… … CMD…',
    'learn {--pid PID[,PID…] [--program FILE] | --cgroup PATH} [--policies DIR] [--strength S] [--version V] [--unload]',
    'learn --recover',
    'learn --from SESSION [--policies DIR]',
    'learn status|merge|intersect|forget …',
  ];
  static override strict = false;
  static override flags = {
    policies: Flags.string({
      helpValue: 'DIR',
      description: 'folder of the application (/etc/callgate/policies/NAME, NAME being the name of the program)',
    }),
    user: Flags.string({ helpValue: 'U', description: 'run the program as this user' }),
    strength: Flags.option({
      options: STRENGTHS,
      description: 'how far to go beyond the names that were seen (as the application was learned before, or balanced)',
    })(),
    version: Flags.option({
      options: ['1', '2'] as const,
      description:
        'version of the language to learn (that of the policies that are there, or 1): 2 has chroot, capabilities, set*id, namespaces, mounts, other processes, the kernel itself, IPC, attributes of files, ioctls',
    })(),
    syscalls: Flags.boolean({
      default: false,
      description: 'learn system calls too, and write `syscalls:` into the policies',
      exclusive: ['recover', 'from'],
    }),
    recover: Flags.boolean({ description: 'write the policies of learners that were killed, from their journals' }),
    from: Flags.string({
      helpValue: 'SESSION',
      description: 'fold what a session logged in complain mode into its policies',
      exclusive: ['recover', 'pid', 'cgroup'],
    }),
    pid: pidFlag,
    cgroup: cgroupFlag,
    program: programFlag,
    unload: unloadFlag,
    vm: Flags.string({
      helpValue: 'KERNEL[,KERNEL…]',
      description: `learn in throw-away VMs with these of Debian's kernels (${KERNELS.join(', ')}), on a view of this machine's files, or in the machine of a Vagrantfile (vagrant)`,
      exclusive: ['recover', 'from', 'unload', 'pid', 'cgroup'],
    }),
    'vm-timeout': Flags.integer({
      helpValue: 'S',
      min: 1,
      max: 86_400,
      dependsOn: ['vm'],
      description: 'end each VM after so many seconds (1800), and what it learned with it',
    }),
    'vm-memory': Flags.integer({
      helpValue: 'MB',
      min: 256,
      max: 1_048_576,
      dependsOn: ['vm'],
      description: 'memory of each VM, which also holds what is written in it (1024)',
    }),
    'vm-copy': Flags.string({
      helpValue: 'PATH',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['vm'],
      description: 'copy this file or folder to the same place in the Vagrant machine before (repeatable)',
    }),
  };
  static override examples = [
    '<%= config.bin %> learn cat /etc/hostname',
    '<%= config.bin %> learn --policies ./inetd -- /usr/sbin/inetd -i',
    '<%= config.bin %> learn --strength broad -- tar -xf archive.tar',
    '<%= config.bin %> learn --version 2 -- /usr/sbin/sshd -D',
    '<%= config.bin %> learn --syscalls -- /usr/sbin/nginx',
    '<%= config.bin %> learn --pid 812',
    '<%= config.bin %> learn --cgroup system.slice/nginx.service',
    '<%= config.bin %> learn --recover',
    '<%= config.bin %> learn --from nginx-2',
    '<%= config.bin %> learn --vm 6.1,6.12 -- ./workload',
    '<%= config.bin %> learn --vm vagrant --vm-copy ./workload -- ./workload',
  ];

  protected override usageStatus(): number {
    return 125;
  }

  async run(): Promise<LearnResult | readonly LearnResult[] | VmResult> {
    const { flags } = await this.parse(Learn);
    const talk = (line: string): void => this.talk(line);
    if (flags.recover || flags.from !== undefined) {
      if (programWords().length > 0) throw new Failure('--recover and --from run no program', 'callgate learn --help');
      requireRoot();
      const host = systemHost();
      const { results, failed } =
        flags.from === undefined
          ? await recover(host, talk)
          : { results: [learnFrom(host, flags.from, flags.policies ?? null)], failed: [] };
      for (const result of results) talk(renderLearnt(result));
      for (const line of failed) talk(line);
      if (results.some(({ certificate }) => certificate.tainted)) process.exitCode = TAINTED;
      if (failed.length > 0 || results.some(({ unwritten }) => unwritten.length > 0)) process.exitCode = UNWRITTEN;
      return results;
    }
    requireRoot();
    const machines = flags.vm === undefined ? [] : machinesOf(flags.vm);
    const copies = (flags['vm-copy'] ?? []).map((path) => resolve(path));
    if (copies.length > 0 && !machines.includes('vagrant'))
      throw new Failure(
        '--vm-copy is for the machine called vagrant: the others see the files of this one',
        'leave it out',
      );
    const elsewhere = machines.length > 0 && machines.every((machine) => machine === 'vagrant');
    const { request, around } =
      flags.pid === undefined && flags.cgroup === undefined
        ? requestOf('learn', flags, elsewhere)
        : runningRequestOf('learn', flags);
    if (flags.vm !== undefined) {
      const vms = {
        ...{ kernels: machines, copies },
        ...{ seconds: flags['vm-timeout'] ?? 1800, megabytes: flags['vm-memory'] ?? 1024 },
        ...{ strength: flags.strength ?? null, version: flags.version ?? null, syscalls: flags.syscalls },
      };
      const result = await learnInVms(request, around, vms, talk);
      if (result.kernels.length > 0) for (const line of [renderDerived(result), ...renderVms(result)]) talk(line);
      process.exitCode = vmStatus(result);
      return result;
    }
    const voice = new Voice(request.host.addon);
    const result = await learn(request, around, voice, {
      strength: flags.strength ?? null,
      version: VERSIONS.find((version) => String(version) === flags.version) ?? null,
      syscalls: flags.syscalls,
    }).finally(() => voice.close());
    talk(renderLearnt(result));
    const status = result.ended === null ? 0 : exitStatus(result.ended);
    process.exitCode = status === 0 && result.certificate.tainted ? TAINTED : status;
    if (result.unwritten.length > 0) process.exitCode = UNWRITTEN;
    return result;
  }
}

/** @throws Failure (125) for what is no machine */
function machinesOf(text: string): Machine[] {
  const names = [...new Set(text.split(','))];
  return names.map((name) => {
    const found = MACHINES.find((machine) => machine === name);
    if (found === undefined)
      throw new Failure(
        `--vm ${text}: ${JSON.stringify(name)} is no kernel`,
        `name ${KERNELS.join(', ')} or vagrant, with commas between`,
      );
    return found;
  });
}

function vmStatus({ kernels, failed, unwritten, signal }: VmResult): number {
  if (signal !== null) return 128 + constants.signals[signal];
  if (failed.length > 0 || unwritten.length > 0) return UNWRITTEN;
  return kernels.find(({ status }) => status !== 0)?.status ?? 0;
}
