// SPDX-License-Identifier: GPL-2.0-only
/** What can be completed, from the commands' own declarations, so that it and --help cannot differ. */
import { ACTS, KINDS, NUMBER_TABLES, PROTOCOL_BYTE } from '../../policy/model.js';

/** Of what kind a word is. */
export type Kind =
  /** Living sessions; those with a log. */
  | 'session'
  | 'log'
  /** A policy's file, a folder of them, an application. */
  | 'policy'
  | 'file'
  | 'folder'
  | 'user'
  /** A program; a whole command line. */
  | 'program'
  | 'line'
  | 'operation'
  /** What an attempt is made on: a path, or what begins as others do. */
  | 'object'
  | 'command'
  | 'shell'
  | 'none';

export interface CompletedFlag {
  readonly name: string;
  readonly description: string;
  /** What its value may be: a list of words, or a kind; null: it takes none. */
  readonly value: readonly string[] | Kind | null;
}

export interface Completed {
  /** The words that call it: `policy`, `check`. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** What the words behind it are, by place; the last is of all that follow. */
  readonly operands: readonly Kind[];
}

/** A group of commands. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
}

export interface Completion {
  readonly topics: readonly Topic[];
  readonly commands: readonly Completed[];
}

/** Where the words of a kind are found. */
export const PLACES = {
  sessions: '/run/callgate',
  logs: '/var/log/callgate',
  policies: '/etc/callgate/policies',
} as const;
/** How objects begin that are no paths. */
export const OBJECTS: readonly string[] = [
  ...[...(Object.keys(PROTOCOL_BYTE) as string[]), 'unix', ...NUMBER_TABLES, ...ACTS].map((word) => `${word}:`),
  ...KINDS,
];
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** By command, what its operands are: oclif declares their names only. */
export const OPERANDS: Readonly<Record<string, readonly Kind[]>> = {
  attach: ['session'],
  completion: ['shell', 'none'],
  doctor: ['none'],
  help: ['command'],
  learn: ['line'],
  mode: ['session', 'none'],
  run: ['line'],
  status: ['session'],
  stop: ['session', 'none'],
  unload: ['none'],
  'audit denials': ['log'],
  'audit export': ['log', 'none'],
  'audit tail': ['log'],
  'learn forget': ['log'],
  'learn intersect': ['policy', 'log'],
  'learn merge': ['policy', 'log'],
  'learn status': ['policy', 'none'],
  'policy check': ['policy'],
  'policy diff': ['policy', 'policy', 'none'],
  'policy explain': ['policy', 'operation', 'object', 'none'],
  'policy export': ['policy'],
  'policy fmt': ['policy'],
  'policy import': ['file'],
  'policy new': ['program', 'none'],
  'policy replay': ['policy', 'log'],
  'policy show': ['policy', 'none'],
  'policy test': ['policy', 'none'],
};

/** By what --help calls the value of a flag. */
const VALUES: Readonly<Record<string, Kind>> = {
  DIR: 'folder',
  FILE: 'file',
  PATH: 'file',
  U: 'user',
  SESSION: 'log',
  CMD: 'program',
};
/** Beginnings of targets of an export: what stands behind the colon is a place. */
const TARGET: readonly string[] = ['jsonl:', 'csv:', 'syslog', 'syslog:', 'syslog:tcp:', 'journald', 'journald:'];

/** What oclif's manifest, or its configuration, says of a command. */
export interface Declared {
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly flags?: Readonly<Record<string, DeclaredFlag>> | undefined;
}

export interface DeclaredFlag {
  readonly type: 'option' | 'boolean';
  readonly description?: string | undefined;
  readonly summary?: string | undefined;
  readonly helpValue?: string | readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** Throws RangeError for a command of which nobody said what its operands are. */
export function completionOf(commands: Iterable<Declared>, topics: Readonly<Record<string, string>>): Completion {
  const completed = [...commands]
    .filter(({ hidden }) => hidden !== true)
    .map(({ id, summary, flags }): Completed => {
      const words = id.split(':');
      const operands = OPERANDS[words.join(' ')];
      if (operands === undefined)
        throw new RangeError(`src/cli/completion/model.ts: what stands behind ${words.join(' ')}?`);
      return {
        words,
        summary: plainly(summary),
        operands,
        flags: Object.entries(flags ?? {}).map(([name, flag]) => ({
          name,
          description: plainly(flag.summary ?? flag.description),
          value: valueOf(name, flag),
        })),
      };
    })
    .sort((one, other) => (one.words.join(' ') < other.words.join(' ') ? -1 : 1));
  const names = [...new Set(completed.filter(({ words }) => words.length > 1).map(({ words }) => words[0] as string))];
  return { commands: completed, topics: names.map((name) => ({ name, summary: plainly(topics[name]) })) };
}

/** Commands and topics that stand first, each once: `learn` is both. */
export function firstWords({ commands, topics }: Completion): readonly Topic[] {
  const alone = commands.filter(({ words }) => words.length === 1);
  return [
    ...alone.map(({ words, summary }) => ({ name: words[0] as string, summary })),
    ...topics.filter(({ name }) => !alone.some(({ words }) => words[0] === name)),
  ];
}

function valueOf(name: string, { type, options, helpValue }: DeclaredFlag): CompletedFlag['value'] {
  if (type === 'boolean') return null;
  if (options !== undefined) return options;
  const word = String(helpValue ?? '');
  return word === 'TARGET' ? TARGET : (VALUES[word] ?? (name === 'policies' ? 'folder' : 'none'));
}

/** One line, without what a shell or its completion would take for its own. */
function plainly(text: string | undefined): string {
  return (
    (text ?? '')
      .split('\n')[0]
      ?.replace(/['"`$\\[\]:]/g, ' ')
      .replace(/ {2,}/g, ' ')
      .trim() ?? ''
  );
}
