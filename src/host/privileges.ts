/** What this process may do: the capabilities that holding a gate takes. */
import { readFileSync } from 'node:fs';
import { Refusal } from './failure.js';

/** What a process needs to hold a gate; the bit of each in CapEff. */
const CAPABILITIES: Readonly<Record<string, number>> = {
  CAP_SYS_ADMIN: 21,
  CAP_BPF: 39,
  CAP_PERFMON: 38,
  CAP_SYS_RESOURCE: 24,
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

/** Throws a Refusal that names the capabilities this process lacks. */
export function requirePrivileges(mask: bigint): void {
  const missing = missingCapabilities(mask);
  if (missing.length > 0)
    throw new Refusal(
      `this needs root, or the capabilities that are missing here: ${missing.join(', ')}`,
      `sudo ${['callgate', ...process.argv.slice(2)].join(' ')}`,
    );
}

/** Throws a Refusal naming the capabilities that this process lacks for holding a gate. */
export function requireRoot(): void {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  requirePrivileges(BigInt(`0x${line ?? '0'}`));
}
