// SPDX-License-Identifier: GPL-2.0-only
/**
 * A session's part of the gate: its number, its policies' slots and images, its ring. Opened, changed and freed under the
 * lock; the state file always names all that is taken, before it is taken, so that nothing is left over when this process
 * is killed at any point.
 */

import type { Host } from '../host/host.js';
import { processStart } from '../host/proc-stat.js';
import type { Calls } from '../kernel/calls.js';
import type { Gate } from '../kernel/gate.js';
import type { Slot, SlotMode } from '../kernel/records.js';
import type { Version } from '../policy/operations.js';
import { look } from './living.js';
import { newCookie, Places } from './places.js';
import { type Held, protectFiles } from './protect.js';
import {
  cookieOf,
  type ImagePlace,
  type PolicyState,
  readStates,
  removeState,
  type SessionState,
  writeState,
} from './state.js';

/** A compiled policy of an application, on its way into the gate. */
export interface Image {
  /** Number in the application, from 1; 0: programs without a policy, while learning. */
  readonly index: number;
  readonly program: string;
  readonly file: string | null;
  readonly digest: string;
  readonly generation: number;
  readonly mode: SlotMode;
  /** Version of the language that the policy is written in. */
  readonly version: Version;
  readonly class: number;
  readonly bytes: Uint8Array;
}

export type SessionFacts = Omit<
  SessionState,
  'v' | 'number' | 'cookie' | 'policies' | 'held' | 'supervisor' | 'started' | 'installation'
>;

/** Bytes of the ring buffer: a learner sees everything, an enforcing session only what is refused. */
const RING_BYTES = { learn: 16 * 1024 * 1024, run: 4 * 1024 * 1024 } as const;
/** Distinct attempts a learner keeps in the kernel, to count repeats instead of reporting them. */
const SEEN_ENTRIES = 32768;

export class Session {
  readonly host: Host;
  readonly gate: Gate;
  #state: SessionState;
  /** Keeps the protected inodes in memory: overlayfs numbers a folder anew once it has been forgotten. */
  #held: Held | null = null;

  private constructor(host: Host, gate: Gate, state: SessionState) {
    this.host = host;
    this.gate = gate;
    this.#state = state;
  }

  /**
   * Puts a new session into the gate. Call under the lock.
   *
   * @param calls what is to be told of its subjects' system calls; null: nothing
   * @throws Refusal where the gate is full; nothing is left then
   */
  static open(
    host: Host,
    gate: Gate,
    facts: SessionFacts,
    images: readonly Image[],
    calls: ((cookie: bigint) => Calls) | null = null,
  ): Session {
    const places = new Places(host, gate);
    const state: SessionState = {
      v: 1,
      ...facts,
      number: places.session(),
      cookie: newCookie(),
      supervisor: { pid: process.pid, start: String(processStart(process.pid)) },
      installation: host.installation,
      started: new Date().toISOString(),
      policies: images.map((image) => policyState(image, places.policy(), places.image(image.class))),
      held: [],
    };
    const session = new Session(host, gate, state);
    writeState(host, state);
    try {
      session.#fill(images);
      if (calls !== null) gate.setCalls(state.number, calls(cookieOf(state)));
    } catch (error) {
      session.free();
      throw error;
    }
    return session;
  }

  /** The session of a state that was found, to clean up behind it or to look into it. */
  static found(host: Host, gate: Gate, state: SessionState): Session {
    return new Session(host, gate, state);
  }

  get state(): SessionState {
    return this.#state;
  }

  get number(): number {
    return this.#state.number;
  }

  /** What its subjects show; see Slot.cookie. */
  get cookie(): bigint {
    return cookieOf(this.#state);
  }

  /** The policy of a program of the application; for one that has none, where learning, the empty one. */
  policyOf(program: string): PolicyState | undefined {
    return (
      this.#state.policies.find((policy) => policy.index > 0 && policy.program === program) ??
      this.#state.policies.find((policy) => policy.index === 0)
    );
  }

  /** The policy under a number of the gate. */
  policyNumbered(number: number): PolicyState | undefined {
    return this.#state.policies.find((policy) => policy.number === number);
  }

  /**
   * Puts new images in the place of old ones (same program) or beside them (a new one); policies that are not named stay.
   * Each swap is one update: no moment without policy, none with half of one. The old images stay in their places until
   * `release` is called with what this returns, after a grace period in which hooks that have begun may still read them.
   * Call under the lock.
   */
  replace(images: readonly Image[]): ImagePlace[] {
    const places = new Places(this.host, this.gate);
    const moves = images.map((image) => {
      const old = this.#state.policies.find((policy) => policy.index === image.index);
      return { image, old, next: policyState(image, old?.number ?? places.policy(), places.image(image.class)) };
    });
    const fresh = moves.map(({ next }) => next.image);
    this.#write({ ...this.#state, held: [...this.#state.held, ...fresh] });
    try {
      for (const { image, next } of moves) this.gate.native.putImage(image.class, next.image.place, image.bytes);
    } catch (error) {
      this.release(fresh);
      throw error;
    }
    this.#tellVersions(images);
    for (const { image, next } of moves) {
      this.gate.setSlot(next.number, slotOf(image, next, this));
      if (image.index > 0) this.gate.setProgram(this.number, image.index, next.number);
    }
    const retired = moves.flatMap(({ old }) => (old === undefined ? [] : [old.image]));
    const replaced = new Map(moves.map(({ next }) => [next.index, next]));
    const kept = this.#state.policies.map((policy) => replaced.get(policy.index) ?? policy);
    const added = moves.flatMap(({ old, next }) => (old === undefined ? [next] : []));
    const held = this.#state.held.filter((place) => !fresh.includes(place));
    this.#write({ ...this.#state, policies: [...kept, ...added], held: [...held, ...retired] });
    this.#protect();
    return retired;
  }

  /** Takes images out of places where no slot refers to them any more. Call under the lock. */
  release(places: readonly ImagePlace[]): void {
    for (const { class: imageClass, place } of places) this.gate.native.removeImage(imageClass, place);
    const gone = (place: ImagePlace): boolean =>
      places.some((other) => other.class === place.class && other.place === place.place);
    this.#write({ ...this.#state, held: this.#state.held.filter((place) => !gone(place)) });
  }

  /** Switches every policy of the session, at once and for all images to come. Call under the lock. */
  setMode(mode: 'enforce' | 'complain'): void {
    for (const policy of this.#state.policies) {
      const slot = this.gate.slot(policy.number);
      if (slot !== null) this.gate.setSlot(policy.number, { ...slot, mode });
    }
    this.#write({ ...this.#state, mode });
  }

  /** Is nobody of it left, as src/session/living.ts proves it? A session that never got into the gate has nobody. */
  get isOver(): boolean {
    return this.gate.life(this.number)?.cookie !== this.cookie || look(this.gate, this.number).over;
  }

  /**
   * Takes everything of the session out of the gate. What is missing already is no failure. Call under the lock, and once it
   * is over: who is left is refused everything from then on, and his attempts are counted as strays.
   */
  free(): void {
    const { native } = this.gate;
    for (const policy of this.#state.policies) this.gate.setSlot(policy.number, null);
    this.gate.removePrograms(this.number);
    for (const { class: imageClass, place } of [...this.#state.policies.map(({ image }) => image), ...this.#state.held])
      ignoring('ENOENT', () => native.removeImage(imageClass, place));
    ignoring('ENOENT', () => native.removeRing(this.number));
    ignoring('ENOENT', () => native.removeSeen(this.number));
    this.gate.protection.unguard(this.#state.supervisor.pid);
    this.gate.forgetSession(this.number, this.cookie);
    this.gate.setSession(this.number, null);
    removeState(this.host, this.#state.name);
    // What the sessions that are left have in use; this one's own goes with it.
    protectFiles(this.host, this.gate, readStates(this.host)).close();
    this.#held?.close();
    this.#held = null;
  }

  /**
   * Tells the gate anew which files no subject may change: this session's and those of every other. Call under the lock,
   * before the first subject and when files took others' places.
   */
  #protect(): void {
    const before = this.#held;
    this.#held = protectFiles(this.host, this.gate, readStates(this.host));
    before?.close();
  }

  #fill(images: readonly Image[]): void {
    const { native } = this.gate;
    const { kind, supervisor } = this.#state;
    this.#tellVersions(images);
    this.gate.setSession(this.number, this.cookie);
    native.putRing(this.number, RING_BYTES[kind]);
    if (kind === 'learn') native.putSeen(this.number, SEEN_ENTRIES);
    images.forEach((image, at) => {
      const policy = this.#state.policies[at] as PolicyState;
      native.putImage(image.class, policy.image.place, image.bytes);
      this.gate.setSlot(policy.number, slotOf(image, policy, this));
      this.gate.setProgram(this.number, image.index, policy.number);
    });
    this.gate.protection.guard(supervisor.pid);
    this.#protect();
  }

  /** Before a policy of a later version is in force. */
  #tellVersions(images: readonly Image[]): void {
    this.gate.raiseVersion(Math.max(1, ...images.map(({ version }) => version)));
  }

  #write(state: SessionState): void {
    writeState(this.host, state);
    this.#state = state;
  }
}

function policyState(image: Image, number: number, place: ImagePlace): PolicyState {
  const { index, program, file, digest, generation } = image;
  return { number, index, program, file, digest, generation, image: place };
}

function slotOf(image: Image, policy: PolicyState, { number, cookie }: Session): Slot {
  return { image: policy.image, mode: image.mode, session: number, cookie, program: image.index };
}

function ignoring(code: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  }
}
