// SPDX-License-Identifier: GPL-2.0-only
/** What the `policy` commands share: whose policies, read where. None of it needs the kernel or the addon. */
import { Flags } from '@oclif/core';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { currentFolder, HERE } from '../host/folder.js';
import { APPLICATIONS, GROUP_FOLDERS } from '../host/host.js';
import { identityOf } from '../supervise/program.js';

export const userFlag = Flags.string({
  helpValue: 'U',
  description: 'the user whose ${HOME}, ${USER} and ${UID} are meant (the caller)',
});

/** Of the commands that run a program. */
export const unloadFlag = Flags.boolean({
  default: false,
  description: 'if no other session is left at the end, unload the gate: the next one takes seconds to begin',
});

/** Of the same commands: what runs already. */
export const pidFlag = Flags.string({
  helpValue: 'PID[,PID…]',
  description: 'take in these processes as they run, all of one program, and what they fork from now on',
  exclusive: ['user'],
});
export const cgroupFlag = Flags.string({
  helpValue: 'PATH',
  description: 'take in everybody in this cgroup and below it, and whoever comes into it',
  exclusive: ['user', 'pid', 'program'],
});
export const programFlag = Flags.string({
  helpValue: 'FILE',
  description: 'with --pid: the program that the policy is of, where that is not the file that runs (a script)',
  dependsOn: ['pid'],
});

/** Where the command was called. */
export interface Here {
  readonly around: Surroundings;
  readonly cwd: string;
  /** Folder of applications. */
  readonly applications: string;
}

/** @throws Refusal where there is no such user */
export function here(user: string | null): Here {
  const cwd = currentFolder();
  const around = surroundingsOf(identityOf(user).user, cwd, GROUP_FOLDERS);
  return { around, cwd: cwd ?? HERE, applications: APPLICATIONS };
}
