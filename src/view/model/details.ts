// SPDX-License-Identifier: GPL-2.0-only
/** All there is to know of what is chosen: who asks for what, and what would decide it for good. */
import type { Asker, Question, RecentDenial, Suggestion } from '../../ask/question.js';
import type { Row } from './row.js';
import { type State, type Subject, suggestionsOf } from './state.js';
import { oneLine } from './statement.js';
import { chunks, ends, safe, wrap } from './text.js';
import { countText, parentsText, ruleText, spanText } from './words.js';

/** Columns of a field's name. */
const NAMES = 10;

export interface Details {
  readonly rows: readonly Row[];
  /** Where the chosen suggestion stands among them: first row, and the one behind its last. */
  readonly chosen: readonly [number, number];
}

/** The details, as wide as the screen; names whole, however long. */
export function detailsOf(state: State, subject: Subject): Details {
  const width = state.columns;
  const facts = subject.kind === 'question' ? ofQuestion(subject.question, state) : ofDenial(subject.denial, state);
  const rows: Row[] = facts.flatMap(([name, text]) => field(name, text, width));
  const suggestions = suggestionsOf(subject);
  rows.push(heading(state, subject));
  let chosen: readonly [number, number] = [0, 0];
  for (const suggestion of suggestions) {
    const isChosen = suggestion.number === state.suggestion;
    const lines = suggested(suggestion, isChosen, state);
    if (isChosen) chosen = [rows.length, rows.length + lines.length];
    rows.push(...lines);
  }
  return { rows, chosen };
}

type Fact = readonly [name: string, text: string];

function field(name: string, text: string, width: number): Row[] {
  const lines = (name === 'object' ? chunks : wrap)(safe(text), width - NAMES);
  return lines.map((line, index) => ({ text: `${(index === 0 ? name : '').padEnd(NAMES)}${line}` }));
}

function ofQuestion(question: Question, { now }: State): Fact[] {
  const { operations, attempted, asker, pids, policy, rule, errno, fallback, deadline } = question;
  const others = attempted.filter((operation) => !operations.includes(operation));
  const also =
    others.length === 0 ? '' : ` (${others.join(', ')} of it ${others.length === 1 ? 'is' : 'are'} permitted)`;
  const nobody = fallback === 'permit' ? 'permitted' : `denied (${errno})`;
  return [
    ['object', question.object],
    ['wants', `${operations.join(', ')}${also}`],
    ...who(asker),
    ...(pids.length > 1
      ? [['waiting', `${countText(pids.length, 'process', 'processes')}: ${pids.join(', ')}`] as const]
      : []),
    ['asked by', ruleText(rule, policy)],
    [
      'otherwise',
      deadline === null
        ? `waits while somebody attends, then ${nobody}`
        : `${nobody} in ${spanText(Date.parse(deadline) - now)}`,
    ],
  ];
}

function ofDenial(
  { operations, object, asker, policy, rule, errno, reason, count, first, last }: RecentDenial,
  { now }: State,
): Fact[] {
  const by = reason === null ? ruleText(rule, policy) : `no rule: ${reason}`;
  const ago = (time: string): string => `${spanText(now - Date.parse(time))} ago`;
  return [
    ['object', object],
    [
      'denied',
      `${operations.join(', ')} (${errno}), ${countText(count, 'time')}: first ${ago(first)}, last ${ago(last)}`,
    ],
    ...who(asker),
    ['denied by', by],
  ];
}

function who({ comm, pid, tid, uid, gid, user, exe, command, parents }: Asker): Fact[] {
  const thread = tid === pid ? '' : `, thread ${tid}`;
  return [
    ['program', `${comm}[${pid}]${thread}, user ${user ?? '?'} (${uid}:${gid}), runs ${exe}`],
    ...(command.length === 0 ? [] : [['command', command.join(' ')] as const]),
    ['parents', parentsText(parents)],
  ];
}

function heading(state: State, subject: Subject): Row {
  const { columns, verdict } = state;
  const none = suggestionsOf(subject).length === 0;
  if (none)
    return { text: ends('no statement can name it: it cannot be decided for good', '', columns), style: 'strong' };
  const left = subject.kind === 'denial' ? 'permit this from now on (a):' : `${verdict} it for good (a):`;
  return { text: ends(left, 'here also   alike', columns), style: 'strong' };
}

/** A suggestion on one line; the chosen one with all that is known of it. */
function suggested(suggestion: Suggestion, isChosen: boolean, { columns, verdict }: State): Row[] {
  const { number, label, statement, whole, grants, alike } = suggestion;
  const here = grants === null ? '...' : `${grants.count}${grants.more ? '+' : ''}`;
  const others = alike === null ? '...' : String(alike.length);
  const left = `${isChosen ? '>' : ' '}${number} ${oneLine(statement, verdict)}`;
  const line = ends(left, `${here.padStart(8)} ${others.padStart(7)}`, columns);
  if (!isChosen) return [{ text: line }];
  const also =
    grants === null
      ? 'what else it reaches is looked for'
      : grants.count === 0
        ? 'nothing else here'
        : `here also: ${grants.names.join(', ')}${grants.more || grants.count > grants.names.length ? ', ...' : ''}`;
  const like =
    alike === null
      ? []
      : [alike.length === 0 ? 'no other policy permits it' : `permitted already: ${alike.join(', ')}`];
  const text = [`${label}${whole ? ' (asks back)' : ''}`, also, ...like].join('; ');
  return [{ text: line, style: 'chosen' }, ...wrap(safe(text), columns - 3).map((part) => ({ text: `   ${part}` }))];
}
