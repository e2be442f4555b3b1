// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a pattern of paths. */
import { hinted, type Table } from './table.js';

export interface PatternFacts {
  'pattern-relative': { pattern: string };
  'pattern-slashes': { instead: string };
  'trailing-slash': { instead: string };
  'dot-component': { name: string };
  'set-empty': object;
  'set-open': object;
  'set-reversed': { first: string; last: string };
  'set-caret': object;
  'set-class': { name: string };
  'set-multibyte': { character: string };
  'slash-inside': { what: string };
  'brace-open': object;
  'sign-unopened': { sign: string };
  'brace-single': object;
  'brace-depth': { most: number };
  'count-range': { count: string; most: number; spread: number };
  'deep-inside': object;
  'self-inside': object;
  'escape-unknown': { escape: string };
  'escape-byte': { escape: string; what: string };
  'escape-open': object;
  'name-too-long': { least: number; most: number; what: string };
  'path-too-long': { least: number; most: number };
  'component-empty': { component: string };
  'thread-self': { instead: string };
  'variable-unknown': { name: string; hint: string };
  'variable-unset': { name: string };
  'variable-unusable': { name: string; value: string };
}

export const PATTERN_MESSAGES: Table<PatternFacts> = {
  'pattern-relative': {
    message: ({ pattern }) => `${pattern} is not absolute, so it can never match`,
    remedy: ({ pattern }) =>
      pattern.startsWith('~')
        ? 'write ${HOME} instead of ~'
        : 'begin it with /; for a name in any folder write "/**/NAME", for the start folder ${CWD}',
  },
  'pattern-slashes': {
    message: () => 'two slashes in a row can never match',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'trailing-slash': {
    message: () => 'a slash at the end can never match',
    remedy: ({ instead }) => `write ${instead} for the folder, ${instead}/** for all below it, ${instead}/*** for both`,
  },
  'dot-component': {
    message: ({ name }) => `${name} can never match: the kernel judges resolved paths`,
    remedy: () => 'write the path without it',
  },
  'set-empty': {
    message: () => 'an empty set can never match',
    remedy: () => 'write the bytes it stands for; a ] in a set is written \\]',
  },
  'set-open': { message: () => 'a set that is not closed', remedy: () => 'close it with ], or write \\[ for the sign' },
  'set-reversed': {
    message: ({ first, last }) => `the range ${first}-${last} is empty`,
    remedy: ({ first, last }) => `write ${last}-${first}`,
  },
  'set-caret': {
    message: () => 'a set is negated with !, not with ^',
    remedy: () => 'write [!...]; for the sign itself write \\^',
  },
  'set-class': {
    message: ({ name }) => `named classes such as [:${name}:] are not part of the language`,
    remedy: () => 'write the ranges, such as [a-zA-Z0-9]',
  },
  'set-multibyte': {
    message: ({ character }) => `a set is of single bytes, and ${character} has several`,
    remedy: () => 'write {a,b} with the characters instead of a set',
  },
  'slash-inside': {
    message: ({ what }) => `a slash inside ${what}`,
    remedy: () => 'patterns of names never reach over a slash: write a path for each',
  },
  'brace-open': {
    message: () => 'a { that is not closed',
    remedy: () => 'close it with }, or write \\{ for the sign',
  },
  'sign-unopened': {
    message: ({ sign }) => `a ${sign} that closes nothing`,
    remedy: ({ sign }) => `write \\${sign} for the sign`,
  },
  'brace-single': {
    message: () => 'braces with one choice',
    remedy: () => 'write the choice without braces; for the signs write \\{ and \\}',
  },
  'brace-depth': { message: ({ most }) => `braces nested more than ${most} deep`, remedy: () => 'write several paths' },
  'count-range': {
    message: ({ count }) => `${count} is no count`,
    remedy: ({ most, spread }) =>
      `write {6}, or {1-6}, smaller number first; ${most} at most, and ${spread} between the two`,
  },
  'deep-inside': {
    message: () => '** must be a whole component',
    remedy: () => 'write * within a name; ** stands between slashes or at the end',
  },
  'self-inside': {
    message: () => '*** must be the last component, and whole',
    remedy: () => 'write ** between slashes; /x/*** at the end is /x and all below it',
  },
  'escape-unknown': {
    message: ({ escape }) => `unknown escape ${escape}`,
    remedy: () => 'a \\ stands before a sign, or is \\xHH; a backslash itself is \\\\',
  },
  'escape-byte': {
    message: ({ escape, what }) => `${escape} is ${what}, which is in no name`,
    remedy: () => 'remove it',
  },
  'escape-open': {
    message: () => 'the pattern ends in a \\',
    remedy: () => 'write \\\\ for a backslash',
  },
  'name-too-long': {
    message: ({ least, most, what }) =>
      `needs a ${what} of ${least} bytes, at most ${most} are possible: it can never match`,
    remedy: () => 'shorten it',
  },
  'path-too-long': {
    message: ({ least, most }) => `needs a path of ${least} bytes, at most ${most} are possible: it can never match`,
    remedy: () => 'shorten it',
  },
  'component-empty': {
    message: ({ component }) => `${component} stands for the empty name, so it can never match`,
    remedy: () => 'remove it',
  },
  'thread-self': {
    message: () => '/proc/thread-self never matches: the kernel resolves it',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'variable-unknown': {
    message: ({ name }) => `unknown variable \${${name}}`,
    remedy: ({ hint }) =>
      hinted(hint, 'there are ${HOME}, ${USER}, ${UID}, ${CWD} and ${HOST}; for the signs write \\$\\{'),
  },
  'variable-unset': {
    message: ({ name }) => `\${${name}} has no value here`,
    remedy: ({ name }) =>
      name === 'CWD' ? 'run the program from a folder that exists' : 'run the program as a user with a passwd entry',
  },
  'variable-unusable': {
    message: ({ name, value }) => `\${${name}} is ${value}, which cannot stand here`,
    remedy: () => 'write the value out, or mend the passwd entry',
  },
};
