// SPDX-License-Identifier: GPL-2.0-only
/** What is told of questions and of denials: by the policies that hold, with what would decide them for good. */
import type { Application, LoadedPolicy } from '../application/application.js';
import type { Question, RecentDenial, Suggestion } from '../ask/question.js';
import type { Asked, Evidence } from '../ask/suggest.js';
import { timeText } from '../events/recorder.js';
import { bootTime } from '../host/clock.js';
import type { Host } from '../host/host.js';
import { Given } from '../learn/given.js';
import { NOWHERE } from '../learn/places.js';
import type { PathPattern } from '../policy/model.js';
import { askerOf } from './asker.js';
import { canBegin } from './begin.js';
import type { Refused } from './denials.js';
import { askedOf, type Facts, policyOf, ruleOf, suggestionsOf } from './facts.js';
import type { Waiting } from './waiting.js';
import { Weigher } from './weigh.js';

/** What else was asked that generalising goes by. */
const BEFORE_MOST = 64;
/** More questions than anybody reads one by one: that many wait, or came within so many milliseconds. */
const CROWD = 64;
const CROWD_MS = 10_000;
/** Why something was refused that a statement can permit. */
const MENDABLE: readonly (string | undefined)[] = [undefined, 'unattended', 'unaskable', 'questions', 'target'];

export interface TellingsOf {
  /** Its name. */
  readonly session: string;
  readonly host: Host;
  readonly application: Application;
  readonly sensitive: readonly PathPattern[];
  /** What stood on the command line, as learning looks at it. */
  readonly named: readonly string[];
  /** When a question gets the fallback; null: never. */
  readonly deadlineOf: (id: number) => string | null;
  /** Questions that wait. */
  readonly waiting: () => number;
}

export class Tellings {
  readonly #of: TellingsOf;
  readonly #weigher: Weigher;
  readonly #before: Asked[] = [];
  /** When the last ones were asked. */
  readonly #times: number[] = [];
  #application: Application;

  constructor(of: TellingsOf) {
    this.#of = of;
    this.#application = of.application;
    this.#weigher = new Weigher(of.host, of.sensitive);
  }

  /** The policies that hold from now on. */
  hold(application: Application): void {
    this.#application = application;
  }

  /** The policy of a program as it is held. */
  loaded(program: string): LoadedPolicy | undefined {
    return this.#application.policies.find(({ policy }) => policy.program === program);
  }

  /** What was asked goes into what is suggested later. */
  remember(facts: Facts): void {
    const asked = askedOf(facts);
    if (asked !== null) this.#before.push(asked);
    if (this.#before.length > BEFORE_MOST) this.#before.shift();
    this.#times.push(performance.now());
    if (this.#times.length > CROWD) this.#times.shift();
  }

  /** What would decide it for good. */
  suggestions(facts: Facts): readonly Suggestion[] {
    return suggestionsOf(facts, () => this.#evidence());
  }

  question(entry: Waiting): Question {
    const { facts, threads } = entry;
    const [first] = [...threads.values()];
    const { record, operations } = first?.facts ?? facts;
    const loaded = this.loaded(record.policy);
    const since = [...threads.values()].reduce(
      (least, one) => (one.since < least ? one.since : least),
      first?.since ?? 0n,
    );
    const { policy } = loaded ?? {};
    const rule = ruleOf(facts, loaded);
    return {
      id: entry.id,
      session: this.#of.session,
      policy: policyOf(facts, loaded),
      asker: askerOf(record, true),
      operations,
      attempted: record.operation,
      object: record.object,
      directory: record.directory === true,
      since: timeText(since + bootTime()),
      asked: entry.asked,
      threads: threads.size,
      pids: [...new Set([...threads.values()].map(({ pid }) => pid))],
      rule,
      errno: policy?.errno ?? 'EPERM',
      fallback: policy?.asking?.fallback ?? 'deny',
      deadline: this.#of.deadlineOf(entry.id),
      suggestions: this.suggestions(facts),
    };
  }

  denial({ id, facts, first, last, count }: Refused): RecentDenial {
    const { record, operations } = facts;
    const loaded = this.loaded(record.policy);
    const mendable = record.type !== 'floor' && record.type !== 'syscall' && MENDABLE.includes(record.reason);
    return {
      ...{ id, session: record.session, policy: policyOf(facts, loaded), asker: askerOf(record, false) },
      operations,
      object: record.object,
      errno: record.errno ?? 'EPERM',
      reason: record.reason ?? null,
      rule: ruleOf(facts, loaded),
      ...{ count, first, last },
      suggestions: mendable ? this.suggestions(facts) : [],
    };
  }

  /** Looks what its suggestions would grant, and remembers it. Takes its time. */
  weigh(facts: Facts): void {
    const policy = this.loaded(facts.record.policy)?.policy;
    const suggestions = this.suggestions(facts);
    if (facts.access === null || policy === undefined || facts.proposals === null) return;
    facts.suggestions = this.#weigher.weigh({
      ...{ access: facts.access, policy, suggestions },
      proposals: facts.proposals,
    });
  }

  #evidence(): Evidence {
    const { sensitive, named } = this.#of;
    const given = new Given([{ named, configured: [], command: [] }], []);
    const programs = this.#application.policies.map(({ policy }) => policy.program);
    const before = this.#isCrowded() ? null : this.#before;
    return { before, context: { sensitive, machine: NOWHERE, given }, programs, begins: canBegin };
  }
  #isCrowded(): boolean {
    const [first] = this.#times;
    const quick = this.#times.length === CROWD && first !== undefined && performance.now() - first < CROWD_MS;
    return quick || this.#of.waiting() > CROWD;
  }
}
