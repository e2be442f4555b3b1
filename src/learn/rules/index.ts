// SPDX-License-Identifier: GPL-2.0-only
/**
 * The written rules for generalising, from narrow to wide: what may be named by a pattern where names were seen, and why. A rule
 * that would be wrong somewhere is narrowed in its file, not argued about: what no rule takes stays literal.
 */

import { alikeRule } from './alike.js';
import { dataFolderRule } from './data-folder.js';
import { datedRule } from './dated.js';
import { derivedRule } from './derived.js';
import { deviceRule } from './device.js';
import type { FolderRule } from './folder.js';
import { madeRule } from './made.js';
import type { NameRule } from './name.js';
import { numberedRule } from './numbered.js';
import { packageRule } from './package.js';
import { processRule } from './process.js';
import { seriesRule } from './series.js';
import { versionRule } from './version.js';

/** Tried in this order; the first that says something about a component is heard. */
export const NAME_RULES: readonly NameRule[] = [
  processRule,
  deviceRule,
  versionRule,
  madeRule,
  numberedRule,
  datedRule,
];

/** Tried in this order on what is left of a folder's names. */
export const FOLDER_RULES: readonly FolderRule[] = [alikeRule, seriesRule, derivedRule, dataFolderRule, packageRule];
