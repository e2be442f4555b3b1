// SPDX-License-Identifier: GPL-2.0-only

/** A line of the screen. Its look only helps: everything is told by its text. */
export interface Row {
  /** Safe, and at most as wide as the screen. */
  readonly text: string;
  readonly style?: 'bar' | 'chosen' | 'strong' | 'faint';
}
