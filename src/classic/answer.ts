// SPDX-License-Identifier: GPL-2.0-only
/** What is answered in a line, at the terminal or by a GUI, as systrace read it. */
import type { Bytes } from '../policy/bytes.js';
import { parseClassic } from '../systrace/parse.js';
import type { Action, ClassicRule, Emulation } from '../systrace/syntax.js';

export type ClassicAnswer =
  /** For this call alone. */
  | { readonly kind: 'now'; readonly verdict: 'permit' | 'deny'; readonly errno: string | null }
  /** A rule that stays: for `permit` and `deny` alone one for the whole call. */
  | { readonly kind: 'rule'; readonly rule: Omit<ClassicRule, 'place'>; readonly whole: boolean }
  | { readonly kind: 'detach' | 'kill' | 'review' | 'templates' }
  | { readonly kind: 'template'; readonly number: number }
  /** It is none, and why. */
  | { readonly kind: 'wrong'; readonly why: 'Parse error.' | 'Syntax error.' };

/**
 * Reads an answer.
 *
 * @param call the name of the call that is asked about, as the question says it
 * @param bare the call has no arguments: `permit` alone is its rule
 */
export function readAnswer(text: string, emulation: Emulation, call: string, bare: boolean): ClassicAnswer {
  const line = text.trim();
  switch (line) {
    case 'detach':
    case 'kill':
    case 'review':
    case 'templates':
      return { kind: line };
  }
  const template = /^template\s+(\d+)$/.exec(line)?.[1];
  if (template !== undefined) return { kind: 'template', number: Number(template) };
  const rule = ruleOf(line, emulation, call);
  if (rule === null) return { kind: 'wrong', why: line === '' ? 'Parse error.' : 'Syntax error.' };
  const { condition, action } = rule;
  if (action.verdict === 'ask') return { kind: 'wrong', why: 'Syntax error.' };
  if (action.now && condition === null) return { kind: 'now', verdict: action.verdict, errno: action.errno };
  const kept: Action = { ...action, now: false };
  if (condition !== null) return { kind: 'rule', rule: { ...rule, action: kept }, whole: false };
  return {
    kind: 'rule',
    rule: { ...rule, condition: bare ? null : { kind: 'true' }, action: kept },
    whole: true,
  };
}

function ruleOf(line: string, emulation: Emulation, call: string): Omit<ClassicRule, 'place'> | null {
  const text = `Policy: /x, Emulation: ${emulation}\n${emulation}-${call}: ${line}\n` as Bytes;
  const { policies, problems } = parseClassic(text, '');
  const [rule] = policies[0]?.rules ?? [];
  if (problems.length > 0 || rule === undefined) return null;
  const { place: _, ...rest } = rule;
  return rest;
}
