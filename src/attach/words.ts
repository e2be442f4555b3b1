// SPDX-License-Identifier: GPL-2.0-only
/** What a person types at a question, by key or by name. */
import type { Answer, AnswerScope } from '../ask/answer.js';
import { Failure } from '../host/failure.js';
import { isErrno } from '../policy/errno.js';

export type Typed =
  | { readonly do: 'answer'; readonly question: number | null; readonly answer: Answer }
  | { readonly do: 'edit' | 'retry' | 'kill' | 'show'; readonly question: number | null }
  | { readonly do: 'undo' | 'list' | 'denials' | 'help' | 'quit' | 'skip' }
  | { readonly do: 'allow'; readonly denial: number; readonly statement: number | string | undefined };

export const HELP = `an answer is [QUESTION] WORD [SCOPE] [ERROR]; without a number it is for the question that was shown last
  p, permit        let it happen             d, deny          refuse it; an error's name says with which: d ENOENT
    once           this call (if absent)     10m              for so many minutes
    r, process     while the process runs    a, always [N]    write suggestion N (1) into the policy, in force at once
    a STATEMENT    write your own, on one line with ; between keys: p always permit: read; path: /srv/x
  e, edit          open the policy in $EDITOR, then judge anew what waits
  t, retry         the same without an editor        k, kill          end the program
  u, undo          take the last answer back         n, skip          show the next question
  l, list          all that waits                    s, show          the question again
  x, denials       what was refused lately           allow N [S]      permit denial N from now on, by suggestion S
  q, quit          detach: the program runs on under its policy`;

const NAMES: Readonly<Record<string, Exclude<Typed['do'], 'answer' | 'allow'>>> = {
  ...{ e: 'edit', edit: 'edit', t: 'retry', retry: 'retry', k: 'kill', kill: 'kill', s: 'show', show: 'show' },
  ...{ u: 'undo', undo: 'undo', l: 'list', list: 'list', x: 'denials', denials: 'denials', n: 'skip', skip: 'skip' },
  ...{ '?': 'help', h: 'help', help: 'help', q: 'quit', quit: 'quit', exit: 'quit' },
};
const VERDICTS: Readonly<Record<string, Answer['verdict']>> = {
  p: 'permit',
  permit: 'permit',
  d: 'deny',
  deny: 'deny',
};

/** Reads a line. Throws a Failure that says what is wrong with it. */
export function readTyped(line: string): Typed {
  const all = line.trim().split(/\s+/);
  const numbered = /^\d+$/.test(all[0] ?? '');
  const question = numbered ? Number(all[0]) : null;
  const [first = '', ...rest] = numbered ? all.slice(1) : all;
  const name = NAMES[first];
  switch (name) {
    case 'edit':
    case 'retry':
    case 'kill':
    case 'show':
      return { do: name, question };
    case 'undo':
    case 'list':
    case 'denials':
    case 'skip':
    case 'help':
    case 'quit':
      return { do: name };
    case undefined:
      break;
  }
  if (first === 'allow') {
    const [denial, statement] = rest;
    if (denial === undefined || !/^\d+$/.test(denial)) throw unknown(line, 'allow N, by the number of a denial');
    return { do: 'allow', denial: Number(denial), statement: statement === undefined ? undefined : Number(statement) };
  }
  const verdict = VERDICTS[first];
  if (verdict === undefined) throw unknown(line, '?');
  return { do: 'answer', question, answer: { verdict, ...answerOf(rest, line) } };
}

function answerOf(words: readonly string[], line: string): Omit<Answer, 'verdict'> {
  let scope: AnswerScope = 'once';
  const more: { errno?: string; statement?: number | string } = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const minutes = /^(\d+(?:\.\d+)?)m(?:in(?:utes?)?)?$/.exec(word);
    if (word === 'once' || word === 'o') scope = 'once';
    else if (word === 'process' || word === 'r') scope = 'process';
    else if (minutes !== null) scope = { minutes: Number(minutes[1]) };
    else if (word === 'always' || word === 'a') {
      scope = 'always';
      const next = words[at + 1];
      if (next !== undefined && /^\d+$/.test(next)) {
        more.statement = Number(next);
        at++;
      } else if (next !== undefined && /^(?:-|permit:|deny:)/.test(next)) {
        more.statement = words
          .slice(at + 1)
          .join(' ')
          .replace(/^-\s*/, '')
          .replace(/;\s*/g, '\n');
        break;
      }
    } else if (isErrno(word.toUpperCase())) more.errno = word.toUpperCase();
    else throw unknown(line, '?');
  }
  return { scope, ...more };
}

function unknown(line: string, remedy: string): Failure {
  return new Failure(`${line.trim()}: no answer`, remedy);
}
