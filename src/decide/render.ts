// SPDX-License-Identifier: GPL-2.0-only
/** An explanation for people. */
import type { Operation } from '../policy/operations.js';
import type { Reason } from '../policy/settled.js';
import { writeStatement } from '../policy/statement.js';
import type { Position } from './change.js';
import type { Explanation, NearRule, OperationExplanation, RuleReference } from './explain.js';
import type { Obstacle } from './miss.js';

/** Objects of a rule that are written out before the rest is only counted. */
const OBJECTS_SHOWN = 3;

/**
 * The explanation as lines of text, each ended by a newline: the verdict, the deciding rule or the nearest ones for each
 * operation, and the statement that would change it.
 */
export function renderExplanation(explanation: Explanation): string {
  const { verdict, errno, operations, object, mode } = explanation;
  const answer = { permit: 'permitted', deny: `denied with ${errno}`, ask: 'asked' }[verdict];
  const enforced = mode === 'complain' && verdict !== 'permit' && !operations.some(isOfTheFloor);
  const logged = enforced ? ' (complain mode: only logged)' : '';
  const lines = [`${listed(operations.map(({ operation }) => operation))} ${object}: ${answer}${logged}`, ''];
  for (const operation of operations) lines.push(...operationLines(operation, explanation));
  lines.push('', ...changeLines(explanation, verdict === 'permit' ? 'deny' : 'permit'));
  return `${lines.join('\n')}\n`;
}

/** Such a denial holds in complain mode too. */
function isOfTheFloor({ verdict, by }: OperationExplanation): boolean {
  return verdict === 'deny' && (by === 'floor' || by === 'settled' || by === 'version');
}

function operationLines(explained: OperationExplanation, { file }: Explanation): string[] {
  const { operation, verdict, by, rule, nearest, settled } = explained;
  const head = `  ${operation}: ${verdict}`;
  if (settled !== undefined) return [`${head}: ${SETTLED[settled]}`];
  if (rule !== null) {
    if (by === 'interpreter') return [`${head}, because ${rule.file} names it as its interpreter`];
    const how = by === 'implied' ? `, implied by ${nameOf(rule)}` : ` by ${nameOf(rule)}`;
    return [`${head}${how}`, `    ${summary(rule)}`];
  }
  const why = `${head}: ${whyNoRule(by, file)}`;
  if (nearest.length === 0) return [why, '    no rule comes near'];
  return [`${why}; the nearest rules:`, ...nearest.flatMap(nearLines)];
}

const SETTLED: Readonly<Record<Reason, string>> = {
  root: 'the floor refuses it: nothing is mounted over / or unmounted from it, whatever a policy permits',
  kernel:
    'the floor refuses it: proc, sysfs, cgroups and bpffs, by which the kernel is asked and told, are kept as they are, whatever a policy permits',
  own: "the floor refuses it: callgate's own folders are kept as they are, whatever a policy permits",
  above:
    "the floor refuses it: callgate's own folders lie below and are kept where they are, whatever a policy permits",
  asking:
    'it takes no rule: it asks what a thing is, of a terminal, of /dev/null and its like, or of what is no device (of other devices a rule decides)',
  alike: 'it takes no rule: a process under the same policy may do the same',
};

function whyNoRule(by: OperationExplanation['by'], file: string): string {
  switch (by) {
    case 'closed':
      return 'no path can be told for it, and no rule names such objects, which no default opens';
    case 'floor':
      return 'it is of the floor, which no default opens: only a rule that names it does';
    case 'version':
      return 'the policy is of version 1, which does not govern it';
    case 'kernel':
      return 'by this file the kernel is made to run or load something, which no pattern and no default permits: only a rule that names it in full does';
    default:
      return `no rule matches, so the default of ${file} decides`;
  }
}

function nearLines({ rule, obstacles }: NearRule): string[] {
  return [`    ${nameOf(rule)}: ${summary(rule)}`, ...obstacles.map((obstacle) => `      ${obstacleText(obstacle)}`)];
}

function obstacleText(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'operation':
      return `lists ${listed(obstacle.listed)} only`;
    case 'component': {
      const { pattern, component, expected, got } = obstacle;
      if (expected === null) return `${pattern} ends before component ${component} of the path, ${got}`;
      if (got === null) return `${pattern} wants ${expected} as component ${component}, where the path ends`;
      return `${pattern} wants ${expected} as component ${component}, the path has ${got}`;
    }
    case 'object':
      return `${obstacle.pattern} wants ${obstacle.what} ${obstacle.expected}, this is ${obstacle.got}`;
    case 'pattern':
      return 'reaches it by a pattern only';
    case 'condition':
      return `${obstacle.which} ${obstacle.condition}: this is ${obstacle.caller}`;
  }
}

function unchangeable({ operations, program }: Explanation): string {
  if (operations.some(({ by }) => by === 'version'))
    return 'No statement changes this: write `version: 2` at the head of the policy.';
  if (operations.some(({ by, verdict }) => by === 'settled' && verdict === 'permit'))
    return 'No statement changes this: no policy is asked.';
  if (operations.some(({ by }) => by === 'floor' || by === 'settled'))
    return 'No statement changes this: no policy permits it.';
  return `No statement changes this: the interpreter of ${program} is granted before any rule. Change interpreter:.`;
}

function changeLines(explanation: Explanation, wanted: 'permit' | 'deny'): string[] {
  const { change } = explanation;
  if (change === null) return [unchangeable(explanation)];
  const { position, statement } = change;
  return [`To ${wanted} it, ${whereText(position)}:`, ...indented(writeStatement(statement))];
}

/** Rules of groups stand before a policy's own, so that what one of them decides is changed there, for all who use it. */
function whereText(position: Position): string {
  if (position.at === 'end') return `add at the end of ${position.file}`;
  const { place, rule, group } = position;
  const of = group === undefined ? '' : ` of group ${group}: all policies that use it change`;
  return `insert before line ${place.line} of ${place.file} (rule ${rule}${of})`;
}

function indented(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `  ${line.replace(/^ {2}/, '')}`);
}

function nameOf({ number, line, file, group }: RuleReference): string {
  return `rule ${number}${group === undefined ? '' : ` of group ${group}`} (${file}:${line})`;
}

function summary({ verdict, operations, objects }: RuleReference): string {
  const rest = objects.length - OBJECTS_SHOWN;
  const shown = objects.slice(0, OBJECTS_SHOWN).join(', ');
  return `${verdict} ${listed(operations)} ${shown}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function listed(operations: readonly Operation[]): string {
  return operations.join(', ');
}
