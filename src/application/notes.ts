// SPDX-License-Identifier: GPL-2.0-only
/** What is no mistake in a policy, and yet to be known. */
import { basename } from 'node:path';
import type { Policy } from '../policy/model.js';
import type { Application } from './application.js';
import { unfilteredNote } from './calls.js';
import { unseenErrnos } from './errnos.js';
import { missingOwners } from './owners.js';

/** A sentence for each, of those of an application's policies that stand in these files; first what concerns system calls. */
export function applicationNotes({ policies }: Pick<Application, 'policies'>, files: readonly string[]): string[] {
  const all = policies.map(({ policy }) => policy);
  // A link to the folder is resolved in one of the two.
  const names = files.map((file) => basename(file));
  const asked = policies.filter(({ file }) => names.includes(basename(file))).map(({ policy }) => policy);
  const unfiltered = (policy: Policy): readonly string[] =>
    [unfilteredNote(policy, all)].filter((note) => note !== undefined);
  return [unfiltered, unseenErrnos, missingOwners].flatMap((notes) => asked.flatMap(notes));
}
