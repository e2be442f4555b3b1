// SPDX-License-Identifier: GPL-2.0-only
/** What was refused lately, each once: for whoever attends, and wants it permitted from now on. */
import type { EventRecord } from '../events/record.js';
import type { Facts } from './facts.js';

export interface Refused {
  readonly id: number;
  readonly facts: Facts;
  readonly first: string;
  last: string;
  count: number;
}

/** Those refused last. */
const MOST = 200;

export class RecentDenials {
  readonly #byKey = new Map<string, Refused>();
  #last = 0;

  /** Takes one in; `facts` are made only of what was not refused before. */
  add(record: EventRecord, facts: () => Facts): Refused {
    const key = `${record.policy}\n${record.operation.join()}\n${record.object}\n${record.reason ?? ''}`;
    let known = this.#byKey.get(key);
    if (known === undefined)
      known = { id: ++this.#last, facts: facts(), first: record.time, last: record.time, count: 0 };
    // The last refused is the last to be forgotten.
    else this.#byKey.delete(key);
    known.last = record.time;
    known.count += record.count;
    this.#byKey.set(key, known);
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > MOST && oldest !== undefined) this.#byKey.delete(oldest);
    return known;
  }

  /** Those refused last come last. */
  all(): Refused[] {
    return [...this.#byKey.values()];
  }

  get(id: number): Refused | undefined {
    return this.all().find((one) => one.id === id);
  }
}
