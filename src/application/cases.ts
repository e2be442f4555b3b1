// SPDX-License-Identifier: GPL-2.0-only
/**
 * The file `cases` beside policies: attempts, and what they must come to. A line each:
 *
 *     usr_sbin_nginx                                whose cases follow: a policy file without .yaml, or a program's path
 *     permit read,write /srv/www/x uid 33 owner 33  VERDICT OPERATION[,OPERATION] OBJECT [WORD VALUE]...
 *
 * An object is written as events have it; a space in a name is \x20. A word that begins with `#` begins a comment.
 */
import { readObject } from '../events/object.js';
import { destinationOf } from '../policy/destination.js';
import { ERRNO_NAMES, isErrno } from '../policy/errno.js';
import { problemText } from '../policy/errors.js';
import type { Access, AccessObject, Transition, Verdict } from '../policy/model.js';
import { hasOwner, isAbout, objectExample } from '../policy/numbers.js';
import { objectFault } from '../policy/object-fault.js';
import { isOperation, OPERATIONS, type Operation, SOCKET_OPERATIONS, sortOf, versionOf } from '../policy/operations.js';
import { nearest } from '../policy/suggest.js';
import { type Problem, problemAt } from './problem.js';

/** What an attempt must come to. */
export interface Wanted {
  readonly verdict: Verdict;
  /** Absent: whichever. */
  readonly errno?: string;
  readonly log?: boolean;
  readonly transition?: Transition;
}

export interface Case {
  readonly line: number;
  readonly text: string;
  /** The word of the section it stands in; null: before the first. */
  readonly section: string | null;
  readonly access: Access;
  readonly wanted: Wanted;
}

const VERDICTS: readonly string[] = ['permit', 'deny', 'ask'] satisfies Verdict[];
const TRANSITIONS: readonly string[] = ['own', 'inherit', 'unconfined'] satisfies Transition[];
const WORDS = ['uid', 'gid', 'owner', 'errno', 'log', 'policy'] as const;
const ID_MAX = 0xffffffff;

/** What is wrong with a line, and where in it. */
class Wrong extends Error {
  constructor(
    readonly word: Word,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

interface Word {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

/** Reads a file of cases: those that are well formed, and what is wrong with the others. */
export function readCases(file: string, text: string): { readonly cases: Case[]; readonly problems: Problem[] } {
  const cases: Case[] = [];
  const problems: Problem[] = [];
  let section: string | null = null;
  text.split('\n').forEach((line, index) => {
    const words = wordsOf(line);
    const [first] = words;
    if (first === undefined) return;
    if (words.length === 1 && !VERDICTS.includes(first.text)) {
      section = first.text;
      return;
    }
    try {
      cases.push({ line: index + 1, text: words.map((word) => word.text).join(' '), section, ...caseOf(words) });
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      const place = { file, line: index + 1, column: error.word.column };
      problems.push(problemAt(place, error.message, error.remedy, text));
    }
  });
  return { cases, problems };
}

function wordsOf(line: string): Word[] {
  const words = [...line.matchAll(/\S+/g)].map((found) => ({ text: found[0], column: found.index + 1 }));
  const comment = words.findIndex(({ text }) => text.startsWith('#'));
  return comment < 0 ? words : words.slice(0, comment);
}

function caseOf(words: readonly Word[]): Pick<Case, 'access' | 'wanted'> {
  const [verdict, operation, object, ...rest] = words as [Word, ...(Word | undefined)[]];
  const last = words.at(-1) as Word;
  if (!VERDICTS.includes(verdict.text))
    throw new Wrong(verdict, `"${verdict.text}" is no verdict`, hint(verdict.text, VERDICTS));
  if (operation === undefined || object === undefined)
    throw new Wrong(last, 'a case has a verdict, operations and an object', 'write: deny read /etc/shadow');
  const operations = operation.text.split(',').map((name) => {
    if (isOperation(name)) return name;
    throw new Wrong(operation, `"${name}" is no operation`, hint(name, OPERATIONS));
  });
  const on = objectOf(object, operations);
  const said = saidBy(rest as readonly Word[]);
  const number = (word: 'uid' | 'gid' | 'owner'): number | undefined => {
    const value = said.get(word);
    return value === undefined ? undefined : idOf(value);
  };
  const owner = number('owner');
  if (owner !== undefined && !hasOwner(on))
    throw new Wrong(
      said.get('owner') as Word,
      on.type === 'number' ? `the object of ${operations.join()} has no owner` : 'an address has no owner',
      'leave it out',
    );
  return {
    access: {
      operations,
      object: destinationOf(on, operations),
      uid: number('uid') ?? 0,
      gid: number('gid') ?? 0,
      ...(owner === undefined ? {} : { owner }),
    },
    wanted: wantedOf(verdict.text as Verdict, operations, said),
  };
}

function objectOf(word: Word, operations: readonly Operation[]): AccessObject {
  // Of a socket of another family events write it with spaces.
  const object = readObject(word.text) ?? readObject(word.text.replaceAll('\\x20', ' '));
  if (/\\(?!x[0-9A-Fa-f]{2})/.test(word.text.replaceAll('\\\\', '')))
    throw new Wrong(
      word,
      `"${word.text}" has a backslash that stands for nothing`,
      'write \\x20 for a space, \\\\ for a backslash',
    );
  const path = word.text.replace(/^unix:(?=\/)/, '');
  const crooked = path.startsWith('/') && path !== '/' && /\/(\/|\.\.?(\/|$)|$)/.test(path);
  const fault = object === undefined ? objectFault(word.text) : null;
  if (fault !== null) {
    const { message, remedy } = problemText(fault.code, fault.facts);
    throw new Wrong(word, `"${word.text}": ${message}`, remedy);
  }
  if (object === undefined || crooked)
    throw new Wrong(
      word,
      `"${word.text}" is no object`,
      crooked
        ? 'write an absolute path without . or .., without // and without a slash at its end'
        : `write ${objectExample(operations[0] as Operation)}`,
    );
  const wrong = operations.find((operation) => !isAbout(operation, object));
  const alone = operations.find((operation) => versionOf(operation) > 1);
  if (wrong !== undefined)
    throw new Wrong(
      word,
      `"${word.text}" is no object of ${wrong}`,
      sortOf(wrong) === 'file' && object.type !== 'number' && object.type !== 'target'
        ? `operations on sockets are ${SOCKET_OPERATIONS.join(', ')}`
        : `write ${objectExample(wrong)}`,
    );
  if (alone !== undefined && operations.length > 1)
    throw new Wrong(word, `${alone} is an attempt by itself`, 'write a line for each operation');
  return object;
}

function saidBy(words: readonly Word[]): Map<(typeof WORDS)[number], Word> {
  const said = new Map<(typeof WORDS)[number], Word>();
  for (let at = 0; at < words.length; at += 2) {
    const [word, value] = [words[at] as Word, words[at + 1]];
    const name = WORDS.find((one) => one === word.text);
    if (name === undefined)
      throw new Wrong(word, `"${word.text}" is none of ${WORDS.join(', ')}`, 'a space in a name is written \\x20');
    if (said.has(name)) throw new Wrong(word, `${name} stands here twice`, 'leave one out');
    if (value === undefined) throw new Wrong(word, `${name} has no value`, `write: ${name} VALUE`);
    said.set(name, value);
  }
  return said;
}

function idOf(word: Word): number {
  if (/^\d{1,10}$/.test(word.text) && Number(word.text) <= ID_MAX) return Number(word.text);
  throw new Wrong(word, `"${word.text}" is no id`, `write a number up to ${ID_MAX}`);
}

function wantedOf(
  verdict: Verdict,
  operations: readonly Operation[],
  said: ReadonlyMap<(typeof WORDS)[number], Word>,
): Wanted {
  const [errno, log, policy] = [said.get('errno'), said.get('log'), said.get('policy')];
  if (errno !== undefined && verdict !== 'deny') throw new Wrong(errno, 'only a denial has an errno', 'leave it out');
  if (errno !== undefined && !isErrno(errno.text))
    throw new Wrong(errno, `"${errno.text}" is no error name`, hint(errno.text, ERRNO_NAMES));
  if (log !== undefined && log.text !== 'yes' && log.text !== 'no')
    throw new Wrong(log, `"${log.text}" is neither yes nor no`, 'write: log yes');
  if (policy !== undefined && (verdict !== 'permit' || !operations.includes('exec')))
    throw new Wrong(policy, 'only a permitted exec has a policy', 'leave it out');
  if (policy !== undefined && !TRANSITIONS.includes(policy.text))
    throw new Wrong(policy, `"${policy.text}" is none of ${TRANSITIONS.join(', ')}`, hint(policy.text, TRANSITIONS));
  return {
    verdict,
    ...(errno === undefined ? {} : { errno: errno.text }),
    ...(log === undefined ? {} : { log: log.text === 'yes' }),
    ...(policy === undefined ? {} : { transition: policy.text as Transition }),
  };
}

/** Operations all of them; of error names the first do. */
const MOST_LISTED = OPERATIONS.length;

function hint(word: string, words: readonly string[]): string {
  const near = nearest(word, words);
  return near === '' ? `write ${words.slice(0, MOST_LISTED).join(', ')}` : `did you mean ${near}?`;
}
