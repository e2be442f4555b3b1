// SPDX-License-Identifier: GPL-2.0-only
/** How far learning goes beyond the names that were seen. */

/**
 * `exact`: names that the program itself makes up, and nothing else. `balanced`: what the evidence of the runs carries.
 * `broad`: also what one run without a listing suggests.
 */
export const STRENGTHS = ['exact', 'balanced', 'broad'] as const;
export type Strength = (typeof STRENGTHS)[number];
