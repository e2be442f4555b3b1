// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { detachSession, endSession } from '../supervise/attended.js';
import { type Detached, detachedText } from '../supervise/detach.js';
import type { Stopped } from '../supervise/stop.js';

export default class Stop extends CallgateCommand {
  static override summary = 'end a session: every process of it, or let go of what ran before it';
  static override description =
    'Sends SIGTERM to each process of the session and waits 10 seconds for them; --kill sends SIGKILL until none is left. ' +
    '--detach ends no process: what `run --pid` or `learn --pid` took in runs on, under no policy, and nothing of callgate is left in it. ' +
    "A process's pid, or the program's name, means the whole session it belongs to.\n\nExit status: 0 it is over; 2 a usage error; 125 it is not over, or there is none.";
  static override args = {
    target: Args.string({ ignoreStdin: true, required: true, description: 'a session, a pid or a program' }),
  };
  static override flags = {
    kill: Flags.boolean({ default: false, description: 'do not ask: SIGKILL', exclusive: ['detach'] }),
    detach: Flags.boolean({ default: false, description: 'let them go: they run on, under no policy' }),
  };
  static override examples = [
    '<%= config.bin %> stop inetd-1',
    '<%= config.bin %> stop inetd',
    '<%= config.bin %> stop 812 --kill',
    '<%= config.bin %> stop nginx-1 --detach',
  ];

  async run(): Promise<Stopped | Detached> {
    const { args, flags } = await this.parse(Stop);
    requireRoot();
    if (flags.detach) {
      const detached = await detachSession(systemHost(), args.target);
      this.log(`${detached.session}: ${detachedText(detached.left)}`);
      return detached;
    }
    const stopped = await endSession(systemHost(), args.target, flags.kill, (line) => this.talk(line));
    this.log(render(stopped));
    return stopped;
  }
}

function render({ session, ended }: Stopped): string {
  if (ended.length === 0) return `${session}: no process was left`;
  return `${session}: ended ${ended.map(({ comm, pid }) => `${comm} (${pid})`).join(', ')}`;
}
