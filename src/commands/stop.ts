import { Args, Flags } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { Failure } from '../host/failure.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { findGate, locked } from '../session/acquire.js';
import { findSession } from '../session/target.js';
import { type Stopped, stopSession, sweepSession } from '../supervise/stop.js';

export default class Stop extends CallgateCommand {
  static override summary = 'end a session: every process of it';
  static override description =
    'Sends SIGTERM to each process of the session and waits 10 seconds for them; --kill sends SIGKILL until none is left. ' +
    "A process's pid, or the program's name, means the whole session it belongs to.";
  static override args = { target: Args.string({ required: true, description: 'a session, a pid or a program' }) };
  static override flags = { kill: Flags.boolean({ description: 'do not ask: SIGKILL' }) };
  static override examples = [
    '<%= config.bin %> stop inetd-1',
    '<%= config.bin %> stop inetd',
    '<%= config.bin %> stop 812 --kill',
  ];

  async run(): Promise<Stopped> {
    const { args, flags } = await this.parse(Stop);
    requireRoot();
    const host = systemHost();
    const gate = findGate(host);
    if (gate === null) throw new Failure('no gate is loaded: there is no session to stop');
    const state = findSession(host, gate, args.target);
    const stopped = await stopSession(host, gate, state, flags.kill);
    await locked(host, () => sweepSession(host, gate, state.name));
    this.log(render(stopped));
    return stopped;
  }
}

function render({ session, ended }: Stopped): string {
  if (ended.length === 0) return `${session}: no process was left`;
  return `${session}: ended ${ended.map(({ comm, pid }) => `${comm} (${pid})`).join(', ')}`;
}
