// SPDX-License-Identifier: GPL-2.0-only
/** What this process may do: the capabilities that holding a gate takes. The one list of them. */
import { existsSync, readFileSync } from 'node:fs';
import { Refusal } from './failure.js';
import { asRoot } from './shell.js';

/** What a process needs to hold a gate; the bit of each in CapEff. */
const CAPABILITIES: Readonly<Record<string, number>> = {
  CAP_SYS_ADMIN: 21,
  CAP_BPF: 39,
  CAP_PERFMON: 38,
  CAP_KILL: 5,
  CAP_SETUID: 7,
  CAP_SETGID: 6,
};

/** Names of the needed capabilities that a mask (as in /proc/self/status) lacks. */
export function missingCapabilities(mask: bigint): string[] {
  return Object.entries(CAPABILITIES)
    .filter(([, bit]) => (mask & (1n << BigInt(bit))) === 0n)
    .map(([name]) => name);
}

/** The effective capabilities of this process. */
export function ownCapabilities(): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return BigInt(`0x${line ?? '0'}`);
}

/** Throws a Refusal that names the capabilities this process lacks. */
export function requirePrivileges(mask: bigint): void {
  const missing = missingCapabilities(mask);
  if (missing.length > 0)
    throw new Refusal(`this needs root, or the capabilities that are missing here: ${missing.join(', ')}`, asRoot());
}

/** Throws a Refusal naming the capabilities that this process lacks for holding a gate. */
export function requireRoot(): void {
  requirePrivileges(ownCapabilities());
}

/** Are this process's capabilities those of a user namespace, which count for nothing outside of it? (user_namespaces(7)) */
export function inUserNamespace(): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    return false;
  }
}

/** Is this process under a seccomp filter, as containers put one on? (proc(5): Seccomp) */
export function underSeccompFilter(): boolean {
  return /^Seccomp:\s*2$/m.test(readFileSync('/proc/self/status', 'utf8'));
}

/** The file by which this process can be told to be in a container; null: none of them is there. */
export function containerMark(): string | null {
  return ['/run/systemd/container', '/.dockerenv', '/run/.containerenv'].find((file) => existsSync(file)) ?? null;
}
