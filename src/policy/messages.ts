// SPDX-License-Identifier: GPL-2.0-only
/**
 * Everything that can be wrong with a policy's text: what is said, and what to do. The table is closed; a code is part of
 * the output of `policy check --json` and never changes its meaning.
 */
import { ADDRESS_MESSAGES, type AddressFacts } from './messages/addresses.js';
import { PATTERN_MESSAGES, type PatternFacts } from './messages/patterns.js';
import { RULE_MESSAGES, type RuleFacts } from './messages/rules.js';
import { SHAPE_MESSAGES, type ShapeFacts } from './messages/shape.js';
import type { Table } from './messages/table.js';
import { TEXT_MESSAGES, type TextFacts } from './messages/text.js';

/** The facts each message needs. */
export interface Facts extends TextFacts, ShapeFacts, RuleFacts, PatternFacts, AddressFacts {}

export type ProblemCode = keyof Facts;

/** Message and remedy of each problem. */
export const MESSAGES: Table<Facts> = {
  ...TEXT_MESSAGES,
  ...SHAPE_MESSAGES,
  ...RULE_MESSAGES,
  ...PATTERN_MESSAGES,
  ...ADDRESS_MESSAGES,
};
