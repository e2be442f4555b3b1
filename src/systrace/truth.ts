// SPDX-License-Identifier: GPL-2.0-only
/** Whether a condition holds where it is known what each comparison comes to; null: it cannot be told. */
import type { Comparison, Expression } from './syntax.js';

export function holds(expression: Expression, test: (comparison: Comparison) => boolean | null): boolean | null {
  switch (expression.kind) {
    case 'true':
      return true;
    case 'test':
      return test(expression);
    case 'not': {
      const inner = holds(expression.of, test);
      return inner === null ? null : !inner;
    }
    case 'and':
    case 'or': {
      const settles = expression.kind === 'or';
      const [left, right] = [holds(expression.left, test), holds(expression.right, test)];
      if (left === settles || right === settles) return settles;
      return left === null || right === null ? null : !settles;
    }
  }
}
