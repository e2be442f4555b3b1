// SPDX-License-Identifier: GPL-2.0-only
/**
 * Heads: what the objects of version 2 that are no paths are to the automaton, `struct cg_head` of bpf/abi/object.h.
 */
import { ENUMS } from '../abi/abi.gen.js';
import type { Bytes } from '../policy/bytes.js';
import type { Act, Kind, NumberPattern, NumberTable, Process, TargetPattern, Token } from '../policy/model.js';
import { type Alternative, bigEndian, numberTokens, simplest } from './inet.js';
import { KIND_NUMBER } from './layout.js';

const TABLES: Readonly<Record<NumberTable | 'kind', number>> = {
  kind: ENUMS.head_table.HEAD_KIND,
  capability: ENUMS.head_table.HEAD_CAPABILITY,
  uid: ENUMS.head_table.HEAD_UID,
  gid: ENUMS.head_table.HEAD_GID,
  namespace: ENUMS.head_table.HEAD_NAMESPACE,
  kernel: ENUMS.head_table.HEAD_KERNEL,
  ipc: ENUMS.head_table.HEAD_IPC,
};

/** The table, and the number in four bytes, big endian. */
export function headOf(table: NumberTable | 'kind', value: number): Bytes {
  return `${String.fromCharCode(TABLES[table])}${bigEndian(value, 4)}` as Bytes;
}

/** The head of an object that has no path. */
export function kindHead(kind: Kind): Alternative & { readonly kind: 'literal' } {
  return { kind: 'literal', name: headOf('kind', KIND_NUMBER[kind]) };
}

const ACT_TABLES: Readonly<Record<Exclude<Act, 'ioctl'>, number>> = {
  signal: ENUMS.head_table.HEAD_SIGNAL,
  limit: ENUMS.head_table.HEAD_LIMIT,
  priority: ENUMS.head_table.HEAD_PRIORITY,
  ptrace: ENUMS.head_table.HEAD_PTRACE,
  mount: ENUMS.head_table.HEAD_MOUNT,
  unmount: ENUMS.head_table.HEAD_UNMOUNT,
  attribute: ENUMS.head_table.HEAD_ATTRIBUTE,
};
const { HEAD_IOCTL, HEAD_IOCTL_KIND } = ENUMS.head_table;
const { TARGET_PATH, TARGET_CHILD, TARGET_POLICY, TARGET_KIND } = ENUMS.target;
const TARGET_OF: Readonly<Record<Process | 'path' | 'kind', number>> = {
  path: TARGET_PATH,
  child: TARGET_CHILD,
  policy: TARGET_POLICY,
  kind: TARGET_KIND,
};

/** The head of a signal to somebody, of a limit of somebody, of a request to a file, and so on. A request takes the whole number. */
export function targetHead(act: Act, which: number, who: Process | 'path' | 'kind'): Bytes {
  if (act === 'ioctl')
    return `${String.fromCharCode(who === 'path' ? HEAD_IOCTL : HEAD_IOCTL_KIND)}${bigEndian(which, 4)}` as Bytes;
  return `${String.fromCharCode(ACT_TABLES[act])}${bigEndian((TARGET_OF[who] << 8) | which, 4)}` as Bytes;
}

/** The heads of what a pattern says is done to somebody. */
export function targetAlternative({ act, which, who }: TargetPattern): Alternative {
  const head = targetHead(act, 0, who.kind === 'process' ? who.process : who.kind);
  if (act === 'ioctl') return requestAlternative(head.charCodeAt(0), which);
  const tokens = Array.from(head.slice(0, -1), (sign): Token => ({ kind: 'byte', value: sign.charCodeAt(0) }));
  const last: Token =
    which === null
      ? { kind: 'any' }
      : which.length === 1
        ? { kind: 'byte', value: which[0] as number }
        : { kind: 'set', members: Array.from({ length: 256 }, (_, byte) => which.includes(byte)) };
  return simplest([...tokens, last]);
}

/** The same of requests, whose numbers take all four bytes. */
function requestAlternative(table: number, which: TargetPattern['which']): Alternative {
  const head: Token = { kind: 'byte', value: table };
  if (which === null) return simplest([head, ...Array.from({ length: 4 }, (): Token => ({ kind: 'any' }))]);
  const branches = which.flatMap((number) => numberTokens(number, number, 4));
  const [only] = branches;
  if (branches.length === 1 && only !== undefined) return simplest([head, ...only]);
  return { kind: 'glob', tokens: [head, { kind: 'either', branches }] };
}

/** The heads of a range of numbers. */
export function numberAlternative({ table, first, last }: NumberPattern): Alternative {
  const head: Token[] = [{ kind: 'byte', value: TABLES[table] }];
  const branches = numberTokens(first, last, 4);
  const [only] = branches;
  if (branches.length === 1 && only !== undefined) return simplest([...head, ...only]);
  return { kind: 'glob', tokens: [...head, { kind: 'either', branches }] };
}
