// SPDX-License-Identifier: GPL-2.0-only
/** A shell under a policy that asks about a folder of files. */
import { writeFileSync } from 'node:fs';
import { readStates, type SessionState } from '../../src/session/state.js';
import { Background, folder, inside } from './callgate.js';

export const SHELL = '/usr/bin/dash';

/** A folder of files to be asked about, and one with the policy that asks. */
export class Place {
  readonly files = folder('attend');
  readonly asked = inside(this.files, 'asked');
  readonly policies = inside(this.files, 'policies');
  readonly policy = `${this.policies}/usr_bin_dash.yaml`;

  constructor(head = 'default: permit\n') {
    const rules = [
      '  - permit: exec\n    path: /**\n    policy: inherit\n',
      `  # Everything of these.\n  - ask: read\n    path: ${this.asked}/**\n`,
    ];
    writeFileSync(this.policy, `version: 1\nprogram: ${SHELL}\n${head}rules:\n${rules.join('')}`);
  }

  file(name: string): string {
    const path = `${this.asked}/${name}`;
    writeFileSync(path, `${name}\n`);
    return path;
  }

  /** A shell that runs the text once `go` is called. */
  shell(text: string, ...flags: string[]): Background {
    const script = `echo begun $$; while [ ! -e ${this.files}/go ]; do sleep 0.1; done; ${text}`;
    return new Background('run', ...flags, '--policies', this.policies, '--', SHELL, '-c', script);
  }

  go(): void {
    writeFileSync(`${this.files}/go`, '');
  }
}

/** The session of these policies; commands take their time here, so that its state is read. */
export function sessionOf(place: Place): SessionState {
  const state = readStates({ run: '/run/callgate' }).find(({ folder }) => folder === place.policies);
  if (state === undefined) throw new Error('there is no such session');
  return state;
}

/** Resolves with the session's name and the shell's pid, once it waits to go. */
export async function started(place: Place, run: Background): Promise<{ session: string; pid: string }> {
  await run.until(() => run.output.includes('begun '));
  return { session: sessionOf(place).name, pid: /begun (\d+)/.exec(run.output)?.[1] ?? '' };
}
