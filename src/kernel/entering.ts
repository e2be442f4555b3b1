// SPDX-License-Identifier: GPL-2.0-only

import { readBig, readNumber } from '../abi/struct.js';
import type { NativeGate } from './addon.js';
import {
  decodeSurvey,
  type Entrant,
  type EntryFile,
  encodeEntrant,
  encodeEntryFile,
  encodeGroup,
  type Group,
  type SurveyTask,
} from './entry.js';
import { u32, u64 } from './records.js';

/** Programs that run already, and cgroups, as the gate takes them in and lets them go. */
export class Entering {
  constructor(private readonly native: NativeGate) {}

  /**
   * The process becomes part of the session that has the cookie: `enterTasks` marks its threads, and `watchForks` what they fork.
   */
  setEntrant(pid: number, entrant: Entrant): void {
    this.native.update('entrants', u32(pid), encodeEntrant(entrant));
  }

  /** Those of the session that has the cookie. */
  entrants(cookie: bigint): { readonly pid: number; readonly failed: number }[] {
    return this.native.keys('entrants').flatMap((key) => {
      const value = this.native.lookup('entrants', key);
      if (value === null || readBig(value, 'entrant', 'cookie') !== cookie) return [];
      return [{ pid: key.readUInt32LE(0), failed: readNumber(value, 'entrant', 'failed') }];
    });
  }

  /** They are in, or stay outside: nobody is marked for being one of them any more. */
  forgetEntrants(cookie: bigint): void {
    for (const { pid } of this.entrants(cookie)) this.native.remove('entrants', u32(pid));
  }

  /**
   * Whoever is in the cgroup, or below it, belongs to the session: `enterTasks` marks those there are, and from now on each that comes is
   * marked, whoever lives.
   *
   * @param group number of the cgroup, as its directory's inode has it
   * @param files what runs one of these enters under its policy
   */
  setGroup(group: bigint, facts: Group, files: readonly EntryFile[]): void {
    this.setEntries(facts.cookie, files);
    this.native.update('groups', u64(group), encodeGroup(facts));
    this.native.watchGroups();
  }

  /** Which programs have policies of their own, for those that come from now on. */
  setEntries(cookie: bigint, files: readonly EntryFile[]): void {
    for (const file of files) this.native.update('entries', encodeEntryFile(cookie, file), u32(file.policy));
  }

  /** Those of the session that has the cookie. */
  groups(cookie: bigint): { readonly group: bigint; readonly failed: number }[] {
    return this.native.keys('groups').flatMap((key) => {
      const value = this.native.lookup('groups', key);
      if (value === null || readBig(value, 'group', 'cookie') !== cookie) return [];
      return [{ group: key.readBigUInt64LE(0), failed: readNumber(value, 'group', 'failed') }];
    });
  }

  /** Nobody enters the session for being in a cgroup any more. */
  forgetGroups(cookie: bigint): void {
    for (const { group } of this.groups(cookie)) this.native.remove('groups', u64(group));
    for (const key of this.native.keys('entries'))
      if (key.readBigUInt64LE(0) === cookie) this.native.remove('entries', key);
    if (this.native.keys('groups').length === 0) this.native.unwatchGroups();
  }

  /** Every task there is, as one walk met them. */
  survey(): SurveyTask[] {
    return decodeSurvey(this.native.surveyTasks());
  }

  /** The threads of the process that has the pidfd's number. */
  surveyOf(pidfd: number): SurveyTask[] {
    return decodeSurvey(this.native.surveyOf(pidfd));
  }

  /** One walk that makes the threads of all entrants subjects; each that it met. */
  enterTasks(): SurveyTask[] {
    return decodeSurvey(this.native.enterTasks());
  }

  /** One walk that lets subjects go whose session is being left; each that was one. */
  leaveTasks(): SurveyTask[] {
    return decodeSurvey(this.native.leaveTasks());
  }
}
