// SPDX-License-Identifier: GPL-2.0-only
/** The classic log as a sink: denials that no rule was silent about, and what rules with `log` decided. */
import type { EventSink, Line } from '../audit/sink.js';
import type { EventRecord } from '../events/record.js';
import { findUser } from '../host/accounts.js';
import { classicLine, type LinePolicy } from './line.js';
import type { Outlet } from './outlet.js';

/** How long a user's name is believed, in milliseconds: asking getent for each line would be dear. */
const NAME_MS = 60_000;
const NAMES_MOST = 1000;

export interface ClassicSinkFacts {
  /** What a line says of the policy of a program. */
  readonly policyOf: (program: string) => LinePolicy;
  readonly aliased: boolean;
  /** Is a permit told? While learning they all come, and those of rules with `log` alone were told. */
  readonly isLogged: (record: EventRecord) => boolean;
}

export class ClassicSink implements EventSink {
  readonly name: string;
  readonly #outlet: Outlet;
  readonly #facts: ClassicSinkFacts;
  readonly #names = new Map<number, { readonly name: string; readonly until: number }>();

  constructor(outlet: Outlet, facts: ClassicSinkFacts) {
    this.name = outlet.name;
    this.#outlet = outlet;
    this.#facts = facts;
  }

  get lost(): number {
    return this.#outlet.lost;
  }

  get failure(): string | null {
    return this.#outlet.failure;
  }

  records(lines: readonly Line<EventRecord>[]): void {
    const { policyOf, aliased, isLogged } = this.#facts;
    for (const { record } of lines) {
      if (!isJudged(record) || (record.verdict === 'permit' && !isLogged(record))) continue;
      this.#outlet.say(classicLine(record, { user: this.#user(record.uid), policy: policyOf(record.policy), aliased }));
    }
  }

  note(): void {
    // systrace said nothing of itself; callgate's own log has it.
  }

  async flush(): Promise<void> {
    this.#outlet.flush();
  }

  close(): void {
    this.#outlet.close();
  }

  #user(uid: number): string {
    const known = this.#names.get(uid);
    const now = Date.now();
    if (known !== undefined && known.until > now) return known.name;
    const name = findUser(uid)?.name ?? String(uid);
    if (this.#names.size >= NAMES_MOST) this.#names.clear();
    this.#names.set(uid, { name, until: now + NAME_MS });
    return name;
  }
}

/** What is being learned was never logged, nor was a question: its answer is. */
function isJudged({ type, learnt }: EventRecord): boolean {
  return (type === undefined && learnt !== true) || type === 'floor';
}
