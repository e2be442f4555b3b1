// SPDX-License-Identifier: GPL-2.0-only
/** Signals by their names, and who gets one. */
import { readText, textOf } from './bytes.js';
import { Fault, quoted } from './errors.js';
import { type AccessObject, KINDS, type Kind, type ObjectPattern, PROCESSES, type Process } from './model.js';
import { nearest } from './suggest.js';

type Target = Extract<AccessObject, { type: 'target' }>;
type TargetPattern = Extract<ObjectPattern, { type: 'target' }>;

/** By number, from 1, without SIG (include/uapi/asm-generic/signal.h, as x86 and arm have them). */
const NAMES: readonly string[] = [
  ...[
    'HUP',
    'INT',
    'QUIT',
    'ILL',
    'TRAP',
    'ABRT',
    'BUS',
    'FPE',
    'KILL',
    'USR1',
    'SEGV',
    'USR2',
    'PIPE',
    'ALRM',
    'TERM',
  ],
  ...['STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO'],
  ...['PWR', 'SYS'],
];
export const SIGNALS_LAST = 64;
/** All that a rule can name: real-time signals have no names that mean the same everywhere, so they are told by number. */
export const SIGNAL_NAMES: readonly string[] = Array.from({ length: SIGNALS_LAST }, (_, index) =>
  signalName(index + 1),
);

/** `TERM`, or the number of a real-time signal. */
export function signalName(number: number): string {
  return NAMES[number - 1] ?? String(number);
}

/**
 * The number of a signal.
 *
 * @throws Fault
 */
export function parseSignal(name: string): number {
  const number = SIGNAL_NAMES.indexOf(name) + 1;
  if (number > 0) return number;
  const bare = name.toUpperCase().replace(/^SIG/, '');
  const hint = SIGNAL_NAMES.includes(bare) ? bare : nearest(bare, NAMES);
  throw new Fault('unknown-signal', { name: quoted(name), hint });
}

/** What stands behind the key of the one who gets it. */
export function targetText(
  { who }: TargetPattern,
  path: (pattern: Extract<typeof who, { kind: 'path' }>) => string,
): string {
  switch (who.kind) {
    case 'process':
      return who.process;
    case 'kind':
      return who.of;
    case 'path':
      return path(who);
  }
}

/** `signal:TERM:child`, `signal:TERM:/usr/sbin/nginx`, `signal:TERM:deleted`. */
export function targetObjectText({ signal, who }: Target): string {
  const whom = who.kind === 'path' ? textOf(who.path) : who.kind === 'kind' ? who.of : who.process;
  return `signal:${signalName(signal)}:${whom}`;
}

/** Reads it back; undefined where it is none. */
export function readTarget(word: string): Target | undefined {
  const [, name = '', whom = ''] = /^signal:([A-Z0-9]+):(.+)$/s.exec(word) ?? [];
  const signal = SIGNAL_NAMES.indexOf(name) + 1;
  if (signal === 0) return undefined;
  if (whom.startsWith('/')) return { type: 'target', signal, who: { kind: 'path', path: readText(whom) } };
  const process = PROCESSES.find((one): one is Process => one === whom);
  if (process !== undefined) return { type: 'target', signal, who: { kind: 'process', process } };
  const of = KINDS.find((one): one is Kind => one === whom);
  return of === undefined ? undefined : { type: 'target', signal, who: { kind: 'kind', of } };
}
