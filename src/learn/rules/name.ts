// SPDX-License-Identifier: GPL-2.0-only
/** What a rule on names is: it looks at one path of one program, and none reaches over a slash. */
import type { Bytes } from '../../policy/bytes.js';
import { literalText } from '../../policy/glob.js';
import type { Operation } from '../../policy/operations.js';

/** What a rule may look at. */
export interface Sighting {
  readonly operation: Operation;
  /** Names of the path's components, as bytes. */
  readonly names: readonly Bytes[];
  /** Was the path up to and with this component made by the program itself? */
  readonly made: (upTo: number) => boolean;
  /** Was it removed (or renamed away) by the program itself? */
  readonly removed: (upTo: number) => boolean;
  /** Was it made with O_EXCL? */
  readonly exclusive: (upTo: number) => boolean;
  /** Did whoever ran the program choose the path up to and with this component, or the name, on the command line? */
  readonly chosen: (upTo: number) => boolean;
  /** Did the path up to and with this component itself stand there, or a word that ends in its name? */
  readonly named: (upTo: number) => boolean;
  /** Is this number the id of a process that did it? */
  readonly pid: (number: string) => boolean;
}

export interface NameRule {
  /** As it stands in a learned policy. */
  readonly name: string;
  readonly reason: string;
  /** Pattern texts by component; what is left out stays as it is. */
  readonly apply: (sighting: Sighting) => ReadonlyMap<number, string>;
}

/** Processes have numbers of up to seven digits (proc(5): pid_max is 2^22 at most). */
export const PROCESS_NUMBER = '[0-9]{1-7}';

/** The pattern for each name that has one. */
export function each(
  { names }: Sighting,
  pattern: (name: Bytes, index: number) => string | undefined,
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  names.forEach((name, index) => {
    const text = pattern(name, index);
    if (text !== undefined) found.set(index, text);
  });
  return found;
}

/** Text of a part of a name, as bytes, that stays as it is. */
export function literal(part: string): string {
  return literalText(part as Bytes);
}
