// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is done to another process: which signal is sent, which limit is set, and so on, by its name; and to whom. Or what is mounted,
 * and where.
 */
import { readText, textOf } from './bytes.js';
import { Fault, quoted } from './errors.js';
import {
  ACTS,
  type AccessObject,
  type Act,
  KINDS,
  type Kind,
  type ObjectPattern,
  PROCESSES,
  type Process,
} from './model.js';
import { nearest } from './suggest.js';

type Target = Extract<AccessObject, { type: 'target' }>;
type TargetPattern = Extract<ObjectPattern, { type: 'target' }>;

const SIGNALS_LAST = 64;
/** By number, from 1, without SIG (include/uapi/asm-generic/signal.h, as x86 and arm have them). */
const SIGNALS: readonly string[] = [
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
/** By number, from 0, without RLIMIT_ (include/uapi/asm-generic/resource.h). */
const LIMITS: readonly string[] = [
  ...['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as', 'locks', 'sigpending'],
  ...['msgqueue', 'nice', 'rtprio', 'rttime'],
];

/** By number, from 1 (enum cg_file_system of bpf/abi/object.h, which says why it is these). */
const FILE_SYSTEMS: readonly string[] = [
  ...['tmpfs', 'ramfs', 'ext2', 'ext3', 'ext4', 'xfs', 'f2fs', 'vfat', 'exfat', 'iso9660', 'udf', 'squashfs', 'erofs'],
];

/** What an act can be, each with its number (enum cg_priority and cg_ptrace of bpf/abi/object.h, where the kernel has none). */
const WORDS: Readonly<Record<Act, readonly (readonly [name: string, number: number])[]>> = {
  // Real-time signals have no names that mean the same everywhere, so they are told by number.
  signal: Array.from({ length: SIGNALS_LAST }, (_, index) => [SIGNALS[index] ?? String(index + 1), index + 1]),
  limit: LIMITS.map((name, number) => [name, number]),
  priority: [
    ['nice', 1],
    ['io', 2],
    ['scheduler', 3],
    ['memory', 4],
  ],
  ptrace: [
    ['read', 1],
    ['attach', 2],
  ],
  mount: FILE_SYSTEMS.map((name, index) => [name, index + 1]),
  // Somebody else mounted it, so it may be any.
  unmount: [...FILE_SYSTEMS.map((name, index) => [name, index + 1] as const), ['other', 0]],
};
const NAMES = new Map(ACTS.map((act) => [act, new Map(WORDS[act].map(([name, number]) => [number, name]))]));
const NUMBERS = new Map(ACTS.map((act) => [act, new Map(WORDS[act])]));

/** The key under which a rule says which. */
export type WhichKey = Exclude<Act, 'mount' | 'unmount'> | 'type';
const WHICH_KEYS: Readonly<Record<Act, WhichKey>> = {
  ...{ signal: 'signal', limit: 'limit', priority: 'priority', ptrace: 'ptrace', mount: 'type', unmount: 'type' },
};

/** The key under which a rule for the act says which. */
export function whichKey(act: Act): WhichKey {
  return WHICH_KEYS[act];
}

/** The acts of which a key says which; none: it is another key. */
export function actsOf(key: string): Act[] {
  return ACTS.filter((act) => WHICH_KEYS[act] === key);
}

/** Is it done at a place, and not to a process? Places have paths. */
export function isPlaced(act: Act): boolean {
  return act === 'mount' || act === 'unmount';
}

/** Those to whom a rule for the act can say it is done, by what they are. Nobody traces his like by a rule. */
export function processesOf(act: Act): readonly Process[] {
  if (isPlaced(act)) return [];
  return act === 'ptrace' ? PROCESSES.filter((process) => process !== 'policy') : PROCESSES;
}

/** All that a rule can name. */
export function whichNames(act: Act): string[] {
  return WORDS[act].map(([name]) => name);
}

/** Their numbers. */
export function whichNumbers(act: Act): number[] {
  return WORDS[act].map(([, number]) => number);
}

/** `TERM`, `cpu`; the number where there is no name. */
export function whichName(act: Act, number: number): string {
  return NAMES.get(act)?.get(number) ?? String(number);
}

/**
 * The number of a signal, a limit and so on, as the act has it.
 *
 * @throws Fault
 */
export function parseWhich(act: Act, name: string): number {
  const number = NUMBERS.get(act)?.get(name);
  if (number !== undefined) return number;
  const bare = act === 'signal' ? name.toUpperCase().replace(/^SIG/, '') : name.toLowerCase().replace(/^rlimit_/, '');
  const named = whichNames(act).filter((one) => !/^\d/.test(one));
  const hint = named.includes(bare) ? bare : nearest(bare, named);
  throw new Fault(`unknown-${whichKey(act)}`, { name: quoted(name), hint });
}

/** Is the operation one that is done to another process, or at a place? */
export function isAct(operation: string): operation is Act {
  return (ACTS as readonly string[]).includes(operation);
}

/** What stands behind the key of the one to whom it is done. */
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

/** `signal:TERM:child`, `limit:cpu:/usr/sbin/nginx`, `ptrace:attach:deleted`. */
export function targetObjectText({ act, which, who }: Target): string {
  const whom = who.kind === 'path' ? textOf(who.path) : who.kind === 'kind' ? who.of : who.process;
  return `${act}:${whichName(act, which)}:${whom}`;
}

/** Reads it back; undefined where it is none. */
export function readTarget(word: string): Target | undefined {
  const [, act = '', name = '', whom = ''] = /^([a-z]+):([A-Za-z0-9]+):(.+)$/s.exec(word) ?? [];
  const which = isAct(act) ? NUMBERS.get(act)?.get(name) : undefined;
  if (which === undefined || !isAct(act)) return undefined;
  const target = { type: 'target', act, which } as const;
  if (whom.startsWith('/')) return { ...target, who: { kind: 'path', path: readText(whom) } };
  const process = PROCESSES.find((one): one is Process => one === whom);
  if (process !== undefined) return { ...target, who: { kind: 'process', process } };
  const of = KINDS.find((one): one is Kind => one === whom);
  return of === undefined ? undefined : { ...target, who: { kind: 'kind', of } };
}
