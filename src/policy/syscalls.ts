// SPDX-License-Identifier: GPL-2.0-only
/** The key `syscalls:`, read; and what it comes to. Pure. */
import { isMap, type ParsedNode } from 'yaml';
import { ALWAYS, NAMED_GROUPS } from './call-groups.js';
import { type Architecture, callName, callNames, callNumber, inTableOrder } from './calls.js';
import { ERRNO_NAMES, isErrno } from './errno.js';
import { quoted } from './errors.js';
import type { Policy, Syscalls } from './model.js';
import { type Entry, entriesOf, refuseUnknown, startOf, textValue, words } from './nodes.js';
import type { Source } from './source.js';
import { nearest } from './suggest.js';

/** In the order in which they are written. */
const KEYS: readonly string[] = ['refused', 'permit'];
/** What a refused call gets in the place of an error: SIGSYS, which ends the process. */
export const KILL = 'kill';

/** Reads a list of calls, or `refused` and `permit`. What is wrong is reported. */
export function syscallsOf(source: Source, entry: Entry): Syscalls | undefined {
  if (!isMap(entry.value)) return { permit: callsOf(source, entry) };
  const entries = entriesOf(source, entry.value, entry.key);
  if (entries === undefined) return undefined;
  refuseUnknown(source, entries, KEYS, entry.key);
  const [refused, permit] = KEYS.map((key) => entries.find((one) => one.key === key));
  if (permit === undefined) {
    source.report('missing-key', { key: 'permit', where: 'syscalls', example: 'permit: ["@basic"]' }, entry.at);
    return undefined;
  }
  const means = refused === undefined ? undefined : refusedOf(source, refused);
  return { permit: callsOf(source, permit), ...(means === undefined ? {} : { refused: means }) };
}

function callsOf(source: Source, entry: Entry): string[] {
  return words(source, entry).map(({ value, node }) => {
    const at = startOf(node as ParsedNode);
    if (value.startsWith('@')) {
      if (!NAMED_GROUPS.has(value.slice(1))) {
        const names = [...NAMED_GROUPS.keys()].map((name) => `@${name}`);
        source.report(
          'syscall-group',
          { name: quoted(value), hint: nearest(value, names), names: names.join(', ') },
          at,
        );
      }
    } else if (callNumber(value) === undefined)
      source.report('syscall-name', { name: quoted(value), hint: nearest(value, callNames()) }, at);
    return value;
  });
}

function refusedOf(source: Source, entry: Entry): string | undefined {
  const found = textValue(source, entry);
  if (found === undefined || found.value === KILL || isErrno(found.value)) return found?.value;
  const facts = { name: quoted(found.value), hint: nearest(found.value, [KILL, ...ERRNO_NAMES]) };
  source.report('syscall-refused', facts, startOf(found.node as ParsedNode));
  return undefined;
}

/** The calls that a list permits, groups written out and those that are always permitted with them, by number; null: all. */
export function permittedCalls({ syscalls }: Pick<Policy, 'syscalls'>): string[] | null {
  if (syscalls === undefined) return null;
  return inTableOrder([
    ...ALWAYS,
    ...syscalls.permit.flatMap((word) => (word.startsWith('@') ? (NAMED_GROUPS.get(word.slice(1)) ?? []) : [word])),
  ]);
}

/** What a call gets that the policy's list does not have: `kill`, or the name of an error. */
export function refusedWith({ syscalls, errno }: Pick<Policy, 'syscalls' | 'errno'>): string {
  return syscalls?.refused ?? errno;
}

/** Why no filter can hold a program that starts under a policy with `syscalls:`. */
export type Unfiltered =
  /** It may run a program that is under no policy: a filter would go with it. */
  | { readonly why: 'unconfined'; readonly policy: Policy; readonly line: number }
  /** It may run a program whose policy permits all calls. */
  | { readonly why: 'all'; readonly policy: Policy }
  /** It may run a program of which nothing is to be refused. */
  | { readonly why: 'complain'; readonly policy: Policy };

/** What may be called by a program and all that it comes to run. */
export interface CallUnion {
  /** Names of x86_64's calls, by number. */
  readonly calls: readonly string[];
  /** `kill`, or the name of an error; as the policy says that is started. */
  readonly refused: string;
  /** The programs whose lists went into it, the one that is started first. */
  readonly programs: readonly string[];
  /** Absent: a filter can refuse the rest. */
  readonly unfiltered?: Unfiltered;
}

/**
 * What a filter permits that a program is started with. It is inherited for ever, so it has to permit whatever a policy permits that is
 * reached by exec.
 *
 * @param start policy of the program that is started
 * @param reached the policies that a policy's programs may come under by exec, and whether some may come under none
 * @returns null where the policy that is started says nothing of system calls
 */
export function unionOf(
  start: Policy,
  reached: (policy: Policy) => { readonly policies: readonly Policy[]; readonly unconfined: number | null },
): CallUnion | null {
  if (start.syscalls === undefined) return null;
  const all = [start];
  let unfiltered: Unfiltered | undefined;
  for (const policy of all) {
    const { policies, unconfined } = reached(policy);
    if (unconfined !== null) unfiltered ??= { why: 'unconfined', policy, line: unconfined };
    all.push(...policies.filter((next) => !all.includes(next)));
  }
  const open = all.find((policy) => policy.syscalls === undefined);
  if (open !== undefined) unfiltered ??= { why: 'all', policy: open };
  const complaining = all.find((policy) => policy.mode === 'complain');
  if (complaining !== undefined) unfiltered ??= { why: 'complain', policy: complaining };
  return {
    calls: inTableOrder(all.flatMap((policy) => permittedCalls(policy) ?? [])),
    refused: refusedWith(start),
    programs: all.map(({ program }) => program),
    ...(unfiltered === undefined ? {} : { unfiltered }),
  };
}

/** The number of each as a bit, in words of 64. Numbers beyond are left out: what has none is refused. */
export function callBits(calls: readonly string[], words: number): bigint[] {
  const bits = Array.from({ length: words }, () => 0n);
  for (const call of calls) {
    const number = callNumber(call);
    if (number === undefined || number >= words * 64) continue;
    bits[number >> 6] = (bits[number >> 6] ?? 0n) | (1n << BigInt(number & 63));
  }
  return bits;
}

/** The names of set bits. */
export function callsOfBits(bits: readonly bigint[], architecture: Architecture): string[] {
  return bits.flatMap((word, index) =>
    Array.from({ length: 64 }, (_, bit) => bit)
      .filter((bit) => ((word >> BigInt(bit)) & 1n) === 1n)
      .map((bit) => callName(architecture, index * 64 + bit)),
  );
}
