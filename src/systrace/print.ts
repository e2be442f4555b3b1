// SPDX-License-Identifier: GPL-2.0-only
/** Classic policies as text, in the one form that systrace writes: tab-indented, one rule a line. */
import type { Action, ClassicPolicy, ClassicRule, Expression } from './syntax.js';
import { stringText } from './tokens.js';

/** A whole policy. One character a byte, ending in a newline. */
export function printPolicy({ program, emulation, detached, rules }: ClassicPolicy): string {
  const lines = [`Policy: ${program}, Emulation: ${emulation}`];
  if (detached) lines.push('detached');
  else lines.push(...rules.map((rule) => `\t${printRule(rule)}`));
  return `${lines.join('\n')}\n`;
}

/** One rule, without indentation and newline. */
export function printRule({ emulation, call, condition, action }: Omit<ClassicRule, 'place'>): string {
  const then = condition === null ? '' : `${printExpression(condition)} then `;
  return `${emulation}-${call}: ${then}${actionText(action)}`;
}

/** A condition that is read back as the same: whatever stands left of an operator is put in parentheses. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'true':
      return 'true';
    case 'test': {
      const { name, index, operator, value } = expression;
      return `${name}${index === null ? '' : `[${index}]`} ${operator} ${stringText(value)}`;
    }
    case 'not':
      return `not ${printExpression(expression.of)}`;
    case 'and':
    case 'or': {
      const left = printExpression(expression.left);
      const alone = expression.left.kind === 'true' || expression.left.kind === 'test';
      return `${alone ? left : `(${left})`} ${expression.kind} ${printExpression(expression.right)}`;
    }
  }
}

function actionText({ verdict, now, errno, flag, log, elevation, predicate }: Action): string {
  let text: string = verdict;
  if (now) text += '-now';
  const inBrackets = errno?.toLowerCase() ?? flag;
  if (inBrackets !== null && inBrackets !== undefined) text += `[${inBrackets}]`;
  if (log) text += ' log';
  if (elevation !== null) {
    const group = elevation.group === null ? '' : `:${elevation.group}`;
    text += ` as ${elevation.user ?? ''}${group}`;
  }
  if (predicate !== null) text += `, if ${predicate.of} ${predicate.sign} ${predicate.id}`;
  return text;
}
