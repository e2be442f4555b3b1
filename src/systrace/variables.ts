// SPDX-License-Identifier: GPL-2.0-only
/** `$HOME`, `$USER` and `$CWD` in texts of a classic policy: taken for one where no letter or digit follows. */
import type { Variable } from '../policy/variables.js';

const NAMES = ['HOME', 'USER', 'CWD'] as const;

/** The variable that stands at a place of a text, and where it ends; null: none does. */
export function withVariables(text: string, at: number): { name: Variable; end: number } | null {
  if (text[at] !== '$') return null;
  for (const name of NAMES) {
    const end = at + 1 + name.length;
    if (text.startsWith(name, at + 1) && !/[A-Za-z0-9]/.test(text[end] ?? '')) return { name, end };
  }
  return null;
}

/** Does a variable stand anywhere in it? */
export function hasVariable(text: string): boolean {
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', at + 1))
    if (withVariables(text, at) !== null) return true;
  return false;
}
