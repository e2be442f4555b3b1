// SPDX-License-Identifier: GPL-2.0-only
/** What a table of messages is: for each code what is said, and what to do. */

/** Message and remedy of one problem, from its facts. */
export interface Text<F> {
  readonly message: (facts: F) => string;
  readonly remedy: (facts: F) => string;
}

/** All codes of one kind, none left out. */
export type Table<Facts> = { readonly [Code in keyof Facts]: Text<Facts[Code]> };

/** The hint as a question; without one what else may be done. */
export const hinted = (hint: string, otherwise: string): string => (hint === '' ? otherwise : `did you mean ${hint}?`);
