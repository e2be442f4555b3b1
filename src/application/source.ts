// SPDX-License-Identifier: GPL-2.0-only
/** Where an application's policies come from: a folder; later a store that tells of changes itself. */
import { type Watch, watchFolders } from '../host/watch.js';
import { type Application, loadApplication } from './application.js';
import type { Surroundings } from './surroundings.js';

export interface PolicySource {
  /** The language of its files, where that is not callgate's: no statement can be written into them. */
  readonly language?: string;
  /** For messages. */
  readonly name: string;
  /**
   * All policies as they are now; undefined where there are none to be had.
   *
   * @throws BadPolicy or Failure with all that is wrong with them
   */
  load(): Promise<Application | undefined>;
  /**
   * Calls `changed` after they changed, never twice at a time, until stopped. Does not hold the event loop open.
   *
   * @param failed what `changed` rejected with
   */
  watch(changed: () => Promise<void>, failed: (error: unknown) => void): Watch;
}

export class FolderSource implements PolicySource {
  readonly name: string;
  readonly #groups: readonly string[];
  readonly #around: Surroundings;

  /** @param groups folders of groups of rules: a change there changes the policies too */
  constructor(folder: string, groups: readonly string[], around: Surroundings) {
    this.name = folder;
    this.#groups = groups;
    this.#around = around;
  }

  async load(): Promise<Application | undefined> {
    return loadApplication(this.name, this.#around);
  }

  watch(changed: () => Promise<void>, failed: (error: unknown) => void): Watch {
    return watchFolders([this.name, ...this.#groups], changed, failed);
  }
}
