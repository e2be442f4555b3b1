// SPDX-License-Identifier: GPL-2.0-only
/**
 * Getting hold of the gate. Loading, attaching, detaching and every change of who is where happen under one lock, taken
 * here: detaching LSM programs while others attach has crashed kernels, and two sessions must not take one place.
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

/**
 * Does `action` alone: no other callgate changes the gate meanwhile. The event loop goes on while it waits, so that rings are
 * read.
 *
 * @throws Failure naming who holds the lock, after `patience` milliseconds
 */
export async function locked<T>(host: Host, action: () => T | Promise<T>, patience = PATIENCE_MS): Promise<T> {
  ownFolder(host.run);
  const release = await take(host, join(host.run, 'lock'), patience);
  try {
    return await action();
  } finally {
    release();
  }
}

async function take(host: Host, file: string, patience: number): Promise<() => void> {
  const end = performance.now() + patience;
  for (;;) {
    try {
      return host.addon.lock(file);
    } catch (error) {
      if (codeOf(error) !== 'EWOULDBLOCK' && codeOf(error) !== 'EAGAIN') throw error;
      if (performance.now() >= end) throw stuck(file, patience, error);
    }
    await setTimeout(STEP_MS);
  }
}

function stuck(file: string, patience: number, cause: unknown): Failure {
  const holders = lockHolders(file);
  const who = holders.map(({ pid, comm }) => `${comm} (pid ${pid})`).join(', ');
  return new Failure(
    `${file}: held for more than ${patience / 1000} s by ${who === '' ? 'a process that cannot be told' : who}`,
    holders.length === 0
      ? 'cat /proc/locks'
      : `wait for it, or end it: kill ${holders.map(({ pid }) => pid).join(' ')}`,
    cause,
  );
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

/**
 * Takes the gate off if no session is in use and no subject is left anywhere, those included whose session is over: a program
 * that was confined is never free because somebody believed it gone. Call under the lock.
 */
export function releaseGate(host: Host, gate: Gate): boolean {
  if (gate.sessions().length > 0) return false;
  for (let tries = 0; !look(gate, 0).over; tries++) {
    if (tries === FREED_TRIES) return false;
    // Tasks that were collected are freed within moments (an RCU grace period).
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FREED_MS);
  }
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
