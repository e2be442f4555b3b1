/**
 * Getting hold of the gate. Loading, attaching, detaching and every change of who is where happen under one lock, taken
 * here: detaching LSM programs while others attach has crashed kernels, and two sessions must not take one place.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, Failure, messageOf, Refusal } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ownFolder } from '../host/secure.js';
import { slowly } from '../host/slow.js';
import type { NativeError } from '../kernel/addon.js';
import { adoptGate, Gate } from '../kernel/gate.js';

/** Does `action` alone: no other callgate changes the gate meanwhile. */
export async function locked<T>(host: Host, action: () => T | Promise<T>): Promise<T> {
  ownFolder(host.run);
  const release = host.addon.lock(join(host.run, 'lock'), true);
  try {
    return await action();
  } finally {
    release();
  }
}

/** The gate that is there, or null. Throws a Failure with the remedy where it cannot be used. */
export function findGate(host: Host): Gate | null {
  try {
    return adoptGate(host.addon, host.pins);
  } catch (error) {
    // An incomplete set was never used: subjects are marked only once it is whole. Whoever loads next replaces it.
    if (codeOf(error) === 'ECANCELED') return null;
    if (codeOf(error) === 'EPROTO') {
      const found = (error as NativeError & { found?: unknown }).found;
      throw new Refusal(
        `${host.pins} holds a gate of another version (ABI ${String(found)}, this callgate speaks ${host.addon.abiVersion})`,
        'end its sessions with the callgate that made it, or take it off: callgate unload --all',
        error,
      );
    }
    throw nativeFailure(error, `the gate under ${host.pins} cannot be opened`);
  }
}

/**
 * The gate, loaded if there is none. Call under the lock, once host/examine.ts has found nothing in the way.
 *
 * @throws Refusal where the kernel refuses the programs
 */
export function acquireGate(host: Host): Gate {
  const found = findGate(host);
  if (found !== null) return found;
  if (pinned(host)) host.addon.unload(host.pins);
  try {
    return new Gate(slowly('loading the gate into the kernel', () => host.addon.load({ directory: host.pins })));
  } catch (error) {
    throw nativeFailure(error, 'the gate cannot be loaded');
  }
}

/** Takes the gate off if no subject is left and no session is in use. Call under the lock. */
export function releaseGate(host: Host, gate: Gate): boolean {
  if (gate.sessions().length > 0 || gate.subjects(0).length > 0) return false;
  gate.close();
  slowly('taking the gate off the kernel', () => host.addon.unload(host.pins));
  return true;
}

/** A failure of the addon as one sentence: what was tried, the errno, the verifier's word. */
export function nativeFailure(error: unknown, what: string): Failure {
  if (error instanceof Failure) return error;
  const native = error as Partial<NativeError>;
  const detail = [native.operation, native.code].filter((part) => part !== undefined).join(': ');
  const verifier = native.verifier === undefined ? '' : `\n  the verifier says: ${native.verifier}`;
  return new Refusal(
    `${what} (${detail === '' ? messageOf(error) : `${detail}; ${messageOf(error)}`})${verifier}`,
    'callgate doctor',
    error,
  );
}

function pinned(host: Host): boolean {
  try {
    return readdirSync(host.pins).length > 0;
  } catch {
    return false;
  }
}
