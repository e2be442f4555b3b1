// SPDX-License-Identifier: GPL-2.0-only
/** What systrace was called with, as the parts that do its work take it. */
import type { Surroundings } from '../application/surroundings.js';
import type { Request } from '../supervise/begin.js';
import type { ClassicPlaces } from './files.js';
import type { Flags } from './flags.js';
import type { Outlet } from './outlet.js';
import type { Speech } from './speech.js';

export interface Called {
  readonly flags: Flags;
  readonly request: Request;
  readonly around: Surroundings;
  readonly places: ClassicPlaces;
  /** Folders of PATH. */
  readonly path: readonly string[];
  /** Where denials go. */
  readonly outlet: Outlet;
  readonly speech: Speech;
  /** Told just before the process that is to be the program is made use of: from then on nobody else speaks to it. */
  readonly starting: () => void;
}
