// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is done to another process: which signal is sent, which limit is set, and so on, by its name; and to whom. Likewise to a file: which
 * attribute is changed, which request is made. Or what is mounted, and where.
 */
import { readText, textOf } from './bytes.js';
import { COMMANDS, commandName, commandNumber, parseCommand, UNDECIDED } from './commands.js';
import { Fault, quoted } from './errors.js';
import {
  ACTS,
  type AccessObject,
  type Act,
  CLOSED_KINDS,
  DEEDS,
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

/** What an act can be, each with its number (enum cg_priority, cg_ptrace, cg_attribute of bpf/abi/object.h, where the kernel has none). */
const WORDS: Readonly<Record<Exclude<Act, 'ioctl'>, readonly (readonly [name: string, number: number])[]>> = {
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
  attribute: [
    ['times', 1],
    ['user', 2],
    ['trusted', 3],
    ['flags', 4],
    ['other', 5],
  ],
};
const NAMED = ACTS.filter((act): act is keyof typeof WORDS => act !== 'ioctl');
const NAMES = new Map<Act, ReadonlyMap<number, string>>(
  NAMED.map((act) => [act, new Map(WORDS[act].map(([name, number]) => [number, name]))]),
);
const NUMBERS = new Map<Act, ReadonlyMap<string, number>>(NAMED.map((act) => [act, new Map(WORDS[act])]));

/** The key under which a rule says which. */
export type WhichKey = Exclude<Act, 'mount' | 'unmount' | 'ioctl'> | 'type' | 'command';
const WHICH_KEYS: Readonly<Record<Act, WhichKey>> = {
  ...{ signal: 'signal', limit: 'limit', priority: 'priority', ptrace: 'ptrace', mount: 'type', unmount: 'type' },
  ...{ attribute: 'attribute', ioctl: 'command' },
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

/** All that a rule can name. Of requests there are others, which have a number only. */
export function whichNames(act: Act): string[] {
  return act === 'ioctl' ? [...COMMANDS] : WORDS[act].map(([name]) => name);
}

/** Their numbers. */
export function whichNumbers(act: Act): number[] {
  return act === 'ioctl'
    ? COMMANDS.map((name) => commandNumber(name) as number)
    : WORDS[act].map(([, number]) => number);
}

/** `TERM`, `cpu`; the number where there is no name. */
export function whichName(act: Act, number: number): string {
  return act === 'ioctl' ? commandName(number) : (NAMES.get(act)?.get(number) ?? String(number));
}

function numberOf(act: Act, name: string): number | undefined {
  return act === 'ioctl' ? commandNumber(name) : NUMBERS.get(act)?.get(name);
}

/**
 * The number of a signal, a limit and so on, as the act has it.
 *
 * @throws Fault
 */
export function parseWhich(act: Act, name: string): number {
  if (act === 'ioctl') return parseCommand(name);
  const number = numberOf(act, name);
  if (number !== undefined) return number;
  const bare = act === 'signal' ? name.toUpperCase().replace(/^SIG/, '') : name.toLowerCase().replace(/^rlimit_/, '');
  const named = whichNames(act).filter((one) => !/^\d/.test(one));
  const hint = named.includes(bare) ? bare : nearest(bare, named);
  throw new Fault(`unknown-${whichKey(act)}`, { name: quoted(name), hint });
}

/** Is the operation one that is done to another process, such a one to a file, or one at a place? */
export function isAct(operation: string): operation is Act {
  return (ACTS as readonly string[]).includes(operation);
}

/** Is it done to a file? */
export function isDeed(act: Act): boolean {
  return DEEDS.includes(act);
}

/** Is it done to a file of a kind that no default opens? What is done to processes has none. */
export function isClosedDeed(object: AccessObject): boolean {
  return (
    object.type === 'target' && isDeed(object.act) && object.who.kind === 'kind' && CLOSED_KINDS.includes(object.who.of)
  );
}

/** The processes that a rule of the act can name. Who is under the same policy may do what its like may, so that none is of `ptrace`. */
export function processesOf(act: Act): readonly Process[] {
  if (isDeed(act) || isPlaced(act)) return [];
  return PROCESSES.filter((process) => act !== 'ptrace' || process !== 'policy');
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
  const [, act = '', name = '', whom = ''] = /^([a-z]+):([A-Za-z0-9_]+):(.+)$/s.exec(word) ?? [];
  const which = isAct(act) ? numberOf(act, name) : undefined;
  if (which === undefined || !isAct(act)) return undefined;
  // What no rule decides is no attempt of a policy's.
  if (act === 'ioctl' && UNDECIDED.includes(which)) return undefined;
  const target = { type: 'target', act, which } as const;
  if (whom.startsWith('/')) return { ...target, who: { kind: 'path', path: readText(whom) } };
  const process = isDeed(act) ? undefined : PROCESSES.find((one) => one === whom);
  if (process !== undefined) return { ...target, who: { kind: 'process', process } };
  const of = KINDS.find((one): one is Kind => one === whom);
  return of === undefined ? undefined : { ...target, who: { kind: 'kind', of } };
}
