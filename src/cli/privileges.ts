import { readFileSync } from 'node:fs';
import { requirePrivileges } from '../session/acquire.js';

/** Throws a Refusal naming the capabilities that this process lacks for holding a gate. */
export function requireRoot(): void {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  requirePrivileges(BigInt(`0x${line ?? '0'}`));
}
