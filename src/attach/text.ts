// SPDX-License-Identifier: GPL-2.0-only
/** Questions and what became of them, as lines that read well one after the other. */

import type { Asker, AskingRule, Question, RecentDenial, Suggestion } from '../ask/question.js';
import type { Notice } from '../control/protocol.js';
import { localTime } from '../host/time.js';
import { counted } from '../policy/counted.js';

export function questionText(question: Question): string {
  const { id, asker, policy, operations, object, threads, pids, asked, since, deadline, fallback } = question;
  const many =
    threads === 1 ? '' : `; ${threads} threads of ${pids.length === 1 ? '1 process' : `${pids.length} processes`} wait`;
  const times = asked === 1 ? '' : `; asked ${asked} times`;
  const late = deadline === null ? '' : `; at ${localTime(deadline, false)} it is ${fallback}`;
  const other = question.attempted.filter((operation) => !operations.includes(operation));
  return [
    `question ${id}: ${asker.comm} (${asker.pid}) asks to ${operations.join(', ')} ${object}`,
    ...(other.length === 0 ? [] : [`  in one call with: ${other.join(', ')} (permitted)`]),
    `  program ${asker.exe}${policy.program === asker.exe ? '' : `, under the policy of ${policy.program}`}, user ${userOf(asker)}`,
    ...(asker.command.length === 0 ? [] : [`  command ${asker.command.join(' ')}`]),
    ...(asker.parents.length === 0
      ? []
      : [`  started by ${asker.parents.map(({ comm, pid }) => `${comm} (${pid})`).join(', by ')}`]),
    `  ${ruleText(question.rule)} asks; waits since ${localTime(since, false)}${times}${many}${late}`,
    ...suggestionLines(question.suggestions),
  ].join('\n');
}

export function denialText(denial: RecentDenial): string {
  const { id, asker, operations, object, errno, count, last, reason, rule } = denial;
  const why = reason === null ? ruleText(rule) : reason;
  return [
    `denial ${id}: ${asker.comm} (${asker.pid}) was refused to ${operations.join(', ')} ${object} (${errno}, ${why}), ${count === 1 ? 'once' : `${count} times`}, last ${localTime(last, false)}`,
    ...suggestionLines(denial.suggestions),
  ].join('\n');
}

/** Null: nothing is to be said of it here. */
export function noticeText(notice: Notice): string | null {
  switch (notice.tell) {
    case 'question':
    case 'denial':
    case 'ready':
      return null;
    case 'answered': {
      const { question, by, note } = notice.answered;
      return `question ${question} was answered by ${by.name}: ${note}`;
    }
    case 'gone':
      return `question ${notice.question} is gone: ${GONE[notice.why]}`;
    case 'undone':
      return notice.undone.note;
    case 'full':
      return `more is asked than is kept: ${counted(notice.denied, 'call')} denied for it so far`;
    case 'problem':
      return notice.problem;
    case 'ended':
      return 'the session is over';
  }
}

const GONE = {
  died: 'whoever asked has ended',
  killed: 'it was ended',
  decided: 'the changed policy decides it',
  retried: 'it is judged anew',
} as const;

function userOf({ user, uid }: Asker): string {
  return user === null ? String(uid) : `${user} (${uid})`;
}

function ruleText(rule: AskingRule | null): string {
  if (rule === null) return 'the default';
  const { number, file, line, group } = rule;
  return group === null ? `rule ${number} (${file}:${line})` : `rule ${number} of group ${group} (${file}:${line})`;
}

function suggestionLines(suggestions: readonly Suggestion[]): string[] {
  return suggestions.flatMap((suggestion) => {
    const [first = '', ...more] = suggestion.statement.split('\n');
    return [
      `  ${suggestion.number} ${suggestion.label}${grantsText(suggestion)}`,
      `      ${[first.replace(/^- /, ''), ...more.map((line) => line.trim())].join('; ')}`,
    ];
  });
}

function grantsText({ grants, alike }: Suggestion): string {
  if (grants === null) return '';
  const { count, more, names } = grants;
  const some = names.length === 0 ? '' : `, such as ${names.slice(0, 3).join(', ')}`;
  const also =
    count === 0
      ? more
        ? 'grants more than is looked at'
        : 'grants nothing else that is there'
      : `grants ${more ? 'more than ' : ''}${count} more that ${count === 1 ? 'is' : 'are'} there${some}`;
  const others = alike === null || alike.length === 0 ? '' : `; ${alike.join(', ')} may already`;
  return `: ${also}${others}`;
}
