// SPDX-License-Identifier: GPL-2.0-only
/** What an import is told beside the text. */
import type { Bytes } from '../policy/bytes.js';
import type { Accounts } from './predicate.js';
import type { ClassicRule } from './syntax.js';

export interface ImportOptions {
  readonly accounts: Accounts;
  /** Takes a line that says more than callgate sees for all that it may mean. */
  readonly widen: boolean;
  /** Root that the program changes to: each name is granted below it as well. */
  readonly chroot?: Bytes;
  /** Programs that are not monitored: who runs one of them by its path leaves its policy. */
  readonly detached: ReadonlySet<string>;
  /** Lines that could not be read. */
  readonly unread: ReadonlySet<ClassicRule>;
}
