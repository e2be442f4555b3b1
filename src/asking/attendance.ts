// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who is there to answer. The kernel half is told for moments only, again and again: where this process dies, it hears nothing
 * more, and denies.
 */
import type { Answerer } from '../ask/question.js';
import type { Notice } from '../control/protocol.js';
import type { Posture } from '../policy/posture.js';

/** How long the kernel half is told that somebody is there, how often, and how long before something that takes its time. */
const LEASE_NS = 3_000_000_000n;
const RENEW_MS = 500;
const LONG_NS = 30_000_000_000n;

export interface Attendant {
  readonly by: Answerer;
  /** What is denied by default is to be asked. */
  readonly ask: boolean;
  readonly tell: (notice: Notice) => void;
}

export interface AttendanceOf {
  /** Tells the kernel half that somebody is there until then. */
  readonly attend: (until: bigint) => void;
  /** CLOCK_BOOTTIME. */
  readonly now: () => bigint;
  /** Called each time the kernel half is told. */
  readonly tick: () => void;
}

export class Attendance {
  readonly #of: AttendanceOf;
  readonly #attendants = new Set<Attendant>();
  #timer: NodeJS.Timeout | null = null;
  #refusing = false;
  #served: (somebody: boolean) => void = () => undefined;
  /** True: somebody attends, and the policies ask them. False: nothing will be asked. */
  readonly somebody = new Promise<boolean>((resolve) => {
    this.#served = resolve;
  });

  constructor(of: AttendanceOf) {
    this.#of = of;
  }

  get size(): number {
    return this.#attendants.size;
  }

  get posture(): Posture {
    return { attended: this.size > 0, ask: [...this.#attendants].some(({ ask }) => ask) };
  }

  add(attendant: Attendant): void {
    this.#attendants.add(attendant);
    this.#timer ??= setInterval(() => {
      this.#renew(LEASE_NS);
      this.#of.tick();
    }, RENEW_MS).unref();
    this.#renew(LEASE_NS);
  }

  /** The policies are held as is right for who is there. */
  served(): void {
    if (this.size > 0) this.#served(true);
  }

  /** False: it was not there any more. */
  remove(attendant: Attendant): boolean {
    if (!this.#attendants.delete(attendant)) return false;
    if (this.size === 0) this.#end();
    return true;
  }

  /** Something is about to keep this process from all else. */
  brace(): void {
    if (this.size > 0) this.#renew(LONG_NS);
  }

  tell(notice: Notice): void {
    for (const { tell } of this.#attendants) tell(notice);
  }

  /** Whoever is there is told still, and nothing is asked any more. */
  refuse(): void {
    if (this.size > 0) this.#end();
    this.#refusing = true;
    this.#served(false);
  }

  /** Nobody is there any more, and nobody is told. */
  close(): void {
    if (this.size > 0) this.#end();
    this.#attendants.clear();
  }

  #renew(lease: bigint): void {
    if (this.#refusing) return;
    this.#of.attend(this.#of.now() + lease);
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#of.attend(0n);
  }
}
