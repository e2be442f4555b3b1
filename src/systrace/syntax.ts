// SPDX-License-Identifier: GPL-2.0-only
/**
 * A classic policy as a value: what systrace 1.6 and OpenBSD's read (filter.c, parse.y, policy.c). Values are bytes, as
 * they were compared. Nothing here knows what callgate makes of it.
 */
import type { Bytes } from '../policy/bytes.js';
import type { Place } from '../policy/model.js';

export const OPERATORS = ['match', 'eq', 'neq', 'sub', 'nsub', 'inpath', 're'] as const;
export type Operator = (typeof OPERATORS)[number];

/** The ports of systrace whose names of system calls are known. */
export const EMULATIONS = ['native', 'netbsd', 'linux', 'linux64', 'freebsd', 'bsdos', 'darwin'] as const;
export type Emulation = (typeof EMULATIONS)[number];

/** One comparison: the printed form of an argument with a text. */
export interface Comparison {
  readonly kind: 'test';
  /** The argument's name: `filename`, `sockaddr`. */
  readonly name: string;
  /** Which of several of that name, from 0; null: none is written, the first is meant. */
  readonly index: number | null;
  readonly operator: Operator;
  readonly value: Bytes;
}

export type Expression =
  | { readonly kind: 'true' }
  | Comparison
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression };

/** `, if user != root`: real ids, by name or number. */
export interface Predicate {
  readonly of: 'user' | 'group';
  readonly sign: '=' | '!=' | '<' | '>';
  readonly id: string;
}

/** `as user:group`. */
export interface Elevation {
  readonly user: string | null;
  readonly group: string | null;
}

export interface Action {
  readonly verdict: 'permit' | 'deny' | 'ask';
  /** `permit-now`, `deny-now`: words of the dialogue, which a file may have too. */
  readonly now: boolean;
  /** Of a denial: the error's name in capitals; null: none is written, which is EPERM. */
  readonly errno: string | null;
  /** Of a permit. */
  readonly flag: 'inherit' | 'detach' | null;
  readonly log: boolean;
  readonly elevation: Elevation | null;
  readonly predicate: Predicate | null;
}

/** One line of a policy. */
export interface ClassicRule {
  readonly emulation: Emulation;
  /** As written: `fsread`, `newuname`, `#224 (unimplemented gettid)`. */
  readonly call: string;
  /** Null: a simple rule (`permit`), which the kernel's table answered before all rules with conditions. */
  readonly condition: Expression | null;
  readonly action: Action;
  readonly place: Place;
}

export interface ClassicPolicy {
  /** Absolute path of the image. */
  readonly program: Bytes;
  readonly emulation: Emulation;
  /** The file says `detached`: the program is not monitored. */
  readonly detached: boolean;
  readonly rules: readonly ClassicRule[];
  /** Of its header, or of the first line of a fragment. */
  readonly place: Place;
}
