// SPDX-License-Identifier: GPL-2.0-only

import { Flags } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { counted } from '../policy/counted.js';
import { locked } from '../session/acquire.js';
import { type Unloaded, unloadAll } from '../supervise/unload.js';

export default class Unload extends CallgateCommand {
  static override summary = 'take everything of callgate off this kernel, and say what that frees';
  static override description =
    'Every confined process goes on without a policy. Also removes the gate that is kept between sessions, and one that another ' +
    'version of callgate left behind.\n\nExit status: 0 nothing is left; 2 a usage error; 125 something is.';
  static override flags = {
    all: Flags.boolean({
      required: true,
      description: 'really everything: there is no other way to unload',
    }),
  };
  static override examples = ['<%= config.bin %> unload --all', '<%= config.bin %> unload --all --json'];

  async run(): Promise<Unloaded> {
    await this.parse(Unload);
    requireRoot();
    const host = systemHost();
    const unloaded = await locked(host, () => unloadAll(host));
    this.log(render(unloaded));
    return unloaded;
  }
}

function render({ freed, missed, sessions, pins, unlisted }: Unloaded): string {
  if (pins.length === 0 && sessions.length === 0) return 'nothing was loaded';
  return [
    ...(unlisted === null ? [] : [`what was confined could not be listed: ${unlisted}`]),
    ...freed.map(({ pid, comm, session }) => `freed ${comm} (${pid}) of ${session}: no policy holds it any more`),
    ...(missed === 0 ? [] : [`freed ${counted(missed, 'thread')} more, which moved while they were listed`]),
    ...sessions.map((session) => `removed session ${session}`),
    `removed the gate: ${counted(pins.length, 'pin')}`,
  ].join('\n');
}
