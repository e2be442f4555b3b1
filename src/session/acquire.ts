// SPDX-License-Identifier: GPL-2.0-only
/**
 * Getting hold of the gate. Loading, attaching, detaching and every change of who is where happen under one lock, taken
 * here: detaching LSM programs while others attach has crashed kernels, and two sessions must not take one place.
 *
 * Between sessions the gate is kept: its hooks are off, so that nobody pays for them, and its programs and maps stay pinned, as loading
 * them is most of what a session costs to begin.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { codeOf, Failure, messageOf, Refusal } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { lockHolders } from '../host/locks.js';
import { ownFolder } from '../host/secure.js';
import { slowly } from '../host/slow.js';
import type { NativeError } from '../kernel/addon.js';
import { adoptGate, Gate } from '../kernel/gate.js';
import { look } from './living.js';

const FREED_TRIES = 20;
const FREED_MS = 10;

/** Loading a gate takes seconds in an emulated machine; whoever holds the lock longer than this is stuck. */
const PATIENCE_MS = 120_000;
const STEP_MS = 20;
/** After which it is said for whom it waits. */
const TELL_MS = 2000;

/**
 * Does `action` alone: no other callgate changes the gate meanwhile. The event loop goes on while it waits, so that rings are
 * read.
 *
 * @param waiting told once who holds the lock, where that is waited for
 * @throws Failure naming who holds the lock, after `patience` milliseconds
 */
export async function locked<T>(
  host: Host,
  action: () => T | Promise<T>,
  patience = PATIENCE_MS,
  waiting: ((holders: string) => void) | null = null,
): Promise<T> {
  ownFolder(host.run);
  const release = await take(host, join(host.run, 'lock'), patience, waiting);
  try {
    return await action();
  } finally {
    release();
  }
}

async function take(
  host: Host,
  file: string,
  patience: number,
  waiting: ((holders: string) => void) | null,
): Promise<() => void> {
  const begun = performance.now();
  let told = waiting === null;
  for (;;) {
    try {
      return host.addon.lock(file);
    } catch (error) {
      if (codeOf(error) !== 'EWOULDBLOCK' && codeOf(error) !== 'EAGAIN') throw error;
      const waited = performance.now() - begun;
      if (waited >= patience) throw stuck(file, patience, error);
      if (!told && waited >= TELL_MS) {
        told = true;
        waiting?.(holdersOf(file));
      }
    }
    await setTimeout(STEP_MS);
  }
}

function holdersOf(file: string): string {
  const who = lockHolders(file).map(({ pid, comm }) => `${comm} (pid ${pid})`);
  return who.length === 0 ? 'a process that cannot be told' : who.join(', ');
}

function stuck(file: string, patience: number, cause: unknown): Failure {
  const holders = lockHolders(file);
  return new Failure(
    `${file}: held for more than ${patience / 1000} s by ${holdersOf(file)}`,
    holders.length === 0
      ? 'cat /proc/locks'
      : `wait for it, or end it: kill ${holders.map(({ pid }) => pid).join(' ')}`,
    cause,
  );
}

/**
 * The gate that is there, kept or in use; or null. Throws a Failure with the remedy where it is in use and cannot be used.
 */
export function findGate(host: Host): Gate | null {
  try {
    return adoptGate(host.addon, host.pins);
  } catch (error) {
    // An incomplete set was never used: subjects are marked only once it is whole. Whoever loads next replaces it.
    if (codeOf(error) === 'ECANCELED') return null;
    if (codeOf(error) === 'EPROTO') {
      const { found, attached } = error as NativeError & { found?: unknown; attached?: unknown };
      // Without a hook it holds nobody.
      if (attached === false) return null;
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
 * The gate with its hooks on: the one in use, the one that was kept, or a new one. Call under the lock, once host/examine.ts has
 * found nothing in the way.
 *
 * @throws Refusal where the kernel refuses the programs
 */
export function acquireGate(host: Host): Gate {
  const found = findGate(host);
  if (found !== null && (isInUse(found) || resume(host, found))) return found;
  found?.close();
  if (pinned(host)) host.addon.unload(host.pins);
  try {
    return new Gate(slowly('loading the gate into the kernel', () => host.addon.load({ directory: host.pins })));
  } catch (error) {
    throw nativeFailure(error, 'the gate cannot be loaded');
  }
}

/** One of this version that somebody is in, or that the crash of its first session left with its hooks on. */
function isInUse(gate: Gate): boolean {
  return gate.attached && (gate.same || !isEmpty(gate));
}

function isEmpty(gate: Gate): boolean {
  return gate.sessions().length === 0 && gate.whole().living === 0;
}

/** Puts the hooks of a kept gate on; false: it is none to go on with, or they cannot be. */
function resume(host: Host, gate: Gate): boolean {
  if (gate.attached || !gate.same || !isEmpty(gate)) return false;
  gate.renew();
  try {
    host.addon.attach(host.pins);
    gate.attached = true;
    return true;
  } catch {
    // A new one says what is wrong, if that is not to be had either.
    return false;
  }
}

/**
 * Takes the gate's hooks off if no session is in use and no subject is left anywhere, those included whose session is over: a
 * program that was confined is never free because somebody believed it gone. Call under the lock. The gate itself is kept, unless
 * there is a doubt about it: where the dead are counted that nobody has collected yet, or runs were skipped, it is unloaded.
 *
 * @param keep false: it is unloaded
 */
export function releaseGate(host: Host, gate: Gate, keep = true): boolean {
  if (gate.sessions().length > 0) return false;
  for (let tries = 0; ; tries++) {
    const last = tries === FREED_TRIES;
    const { living } = gate.whole();
    if (living === 0 || (last && look(gate, 0).over)) {
      takeOff(host, gate, keep && living === 0 && gate.skipped() === 0);
      return true;
    }
    if (last) return false;
    // Tasks that were collected are freed within moments (an RCU grace period).
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FREED_MS);
  }
}

function takeOff(host: Host, gate: Gate, keep: boolean): void {
  const kept = keep && gate.same;
  gate.close();
  slowly('taking the gate off the kernel', () => (kept ? host.addon.detach(host.pins) : host.addon.unload(host.pins)));
}

/**
 * Takes away what a command left that was killed while it put hooks on or took them off: they hold nobody. Call under the lock.
 */
export function clearRest(host: Host): void {
  if (findGate(host) === null && pinned(host)) host.addon.unload(host.pins);
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

/** Is anything there, a gate or the rest of one? */
export function pinned(host: Host): boolean {
  try {
    return readdirSync(host.pins).length > 0;
  } catch {
    return false;
  }
}
