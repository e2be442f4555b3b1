// SPDX-License-Identifier: GPL-2.0-only
/** What the commands below `learn` share: which application is meant, and how what was derived is told. */

import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { currentFolder, HERE } from '../host/folder.js';
import { type Host, systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { counted } from '../policy/counted.js';
import { identityOf } from '../supervise/program.js';
import { type Derived, sensitiveText } from '../training/conclude.js';
import { folderOf } from '../training/manage.js';

export interface Application {
  readonly host: Host;
  readonly around: Surroundings;
  readonly folderOf: (word: string) => string;
}

/** @throws Failure where the caller is not root: runs are root's alone */
export function learning(): Application {
  requireRoot();
  const host = systemHost();
  const cwd = currentFolder();
  const around = surroundingsOf(identityOf(null).user, cwd, host.groups);
  return { host, around, folderOf: (word) => folderOf(host, word, cwd ?? HERE) };
}

/** Policies that were derived, as a person reads it. */
export function renderDerived({ folder, policies, unwritten, unmoved }: Derived): string {
  return [
    `${folder}: ${counted(policies.length, 'policy', 'policies')} derived`,
    ...policies.map(
      ({ program, file, added }) =>
        `  ${program}: ${file} (${added === 0 ? 'as before' : `${counted(added, 'statement')} new or changed`})`,
    ),
    ...policies.flatMap(sensitiveText),
    ...unwritten.map(({ program, why }) => `  ${program}: NOT WRITTEN: ${why}`),
    ...unmoved.map((line) => `  moved, and refused (EXDEV): ${line}`),
  ].join('\n');
}
