// SPDX-License-Identifier: GPL-2.0-only
/** What a policy's text needs of the machine it is read for. Passed in, so that reading stays the same everywhere. */
import type { Lookup } from './variables.js';

export interface Surroundings {
  /** Values of `${HOME}` and the like, of the user that the program is run as, and of `${HOST}`; null: it has none. */
  readonly variable: Lookup;
  /** The number of a user or a group; null: there is none of this name. */
  readonly user: (name: string) => number | null;
  readonly group: (name: string) => number | null;
  /** The text of a group of rules and the name to report it under; null: there is none of this name. */
  readonly rules: (name: string) => { readonly file: string; readonly text: string } | null;
}
