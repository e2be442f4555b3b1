// SPDX-License-Identifier: GPL-2.0-only
/** Which numbers and places of the gate are free. Asked under the lock; what states say is checked against the gate. */
import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { fileStem } from '../application/policy-name.js';
import { Refusal } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { IMAGE_PLACES, POLICIES_MAX, SESSIONS_MAX } from '../kernel/records.js';
import { type ImagePlace, readStates, type SessionState, sessionFolder } from './state.js';

/** Hands out what no session uses. Two calls never give the same. */
export class Places {
  readonly #gate: Gate;
  readonly #policies = new Set<number>();
  readonly #images = new Set<string>();
  readonly #sessions = new Set<number>();

  constructor(host: Host, gate: Gate) {
    this.#gate = gate;
    for (const state of readStates(host)) this.#take(state);
  }

  #take(state: SessionState): void {
    this.#sessions.add(state.number);
    for (const policy of state.policies) {
      this.#policies.add(policy.number);
      this.#images.add(key(policy.image));
    }
    for (const place of state.held) this.#images.add(key(place));
  }

  /** @throws Refusal where 255 sessions are in use */
  session(): number {
    for (let number = 1; number < SESSIONS_MAX; number++)
      if (!this.#sessions.has(number) && this.#gate.session(number) === null) {
        this.#sessions.add(number);
        return number;
      }
    throw new Refusal(
      `all ${SESSIONS_MAX - 1} sessions of the gate are in use`,
      'callgate status, then callgate stop NAME',
    );
  }

  /** @throws Refusal where 4095 policies are in use */
  policy(): number {
    for (let number = 1; number < POLICIES_MAX; number++)
      if (!this.#policies.has(number) && this.#gate.slot(number) === null) {
        this.#policies.add(number);
        return number;
      }
    throw new Refusal(
      `all ${POLICIES_MAX - 1} policies of the gate are in use`,
      'callgate status, then callgate stop NAME',
    );
  }

  /** @throws Refusal where all places of this size of image are in use */
  image(imageClass: number): ImagePlace {
    const places = IMAGE_PLACES[imageClass] ?? 0;
    for (let place = 0; place < places; place++) {
      const free = { class: imageClass, place };
      if (this.#images.has(key(free)) || this.#gate.hasImage(imageClass, place)) continue;
      this.#images.add(key(free));
      return free;
    }
    throw new Refusal(
      `all ${places} places for policies of this size (class ${imageClass}) are in use`,
      'callgate status, then callgate stop NAME',
    );
  }
}

/** What tells a session from all that have had its numbers, in 16 hex digits; never 0. */
export function newCookie(): string {
  for (;;) {
    const cookie = randomBytes(8).toString('hex');
    if (!/^0*$/.test(cookie)) return cookie;
  }
}

/** A name for a session of a program that no session and no log has had: `inetd-1`. */
export function freeName(host: Host, program: string): string {
  const stem = fileStem(program.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9._+]/g, '_');
  for (let number = 1; ; number++) {
    const name = `${stem}-${number}`;
    const taken = [sessionFolder(host, name), join(host.logs, `${name}.jsonl`), join(host.journals, `${name}.journal`)];
    // A link that leads nowhere takes the name of a log all the same.
    if (taken.every((path) => lstatSync(path, { throwIfNoEntry: false }) === undefined)) return name;
  }
}

function key(place: ImagePlace): string {
  return `${place.class}/${place.place}`;
}
