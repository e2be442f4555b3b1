// SPDX-License-Identifier: GPL-2.0-only
/** From the ring buffer to the pipeline: bytes become records, and losses are told as what they are. */

import type { Application } from '../application/application.js';
import { digestText, rulesOf } from '../application/compiled.js';
import { EventDecoder, type KernelEvent } from '../events/decode.js';
import { type EventRecord, isEvent, type LogRecord } from '../events/record.js';
import { type JudgingPolicy, Recorder } from '../events/recorder.js';
import { bootTime } from '../host/clock.js';
import { Passed } from '../learn/passed.js';
import { counted } from '../policy/counted.js';
import { callsOfBits } from '../policy/syscalls.js';
import type { Session } from '../session/session.js';
import { countersOf } from '../session/status.js';
import { Pipeline } from './pipeline.js';
import type { EventSink } from './sink.js';

/** What came of the ring buffer: the events, and their records in the same order. */
export type Heard = (events: readonly KernelEvent[], records: readonly EventRecord[]) => void;

export class Reporter {
  readonly #session: Session;
  readonly #talk: (line: string) => void;
  readonly #heard: Heard;
  readonly #pipeline: Pipeline;
  readonly #decoder = new EventDecoder();
  readonly #recorder: Recorder;
  /** What programs were run with, while they are learned. */
  readonly #passed = new Passed();
  /** By program and digest: what a generation was compiled from. */
  readonly #held = new Map<string, JudgingPolicy>();
  /** By number and generation in the gate. */
  readonly #judging = new Map<string, JudgingPolicy>();
  /** System calls that were told, by whose they are. */
  readonly #called = new Map<string, readonly bigint[]>();
  /** What of the losses was told already. */
  #lost = { dropped: 0, malformed: 0 };

  /**
   * @param sinks get every record; closed by `end`
   * @param talk says to the person what is wrong with a sink
   * @param heard gets what the kernel half said, with the records of it, once they are on their way to the sinks
   */
  constructor(
    session: Session,
    sinks: readonly EventSink[],
    talk: (line: string) => void,
    heard: Heard = () => undefined,
  ) {
    const { name, command, folder, kind } = session.state;
    this.#session = session;
    this.#talk = talk;
    this.#heard = heard;
    this.#pipeline = new Pipeline(name, sinks, talk);
    const policy = (number: number, generation: number): JudgingPolicy | undefined => this.#policy(number, generation);
    this.#recorder = new Recorder({ name, policy, bootTime: bootTime() });
    this.#pipeline.note({ type: 'session', kind, command, folder });
  }

  /** Events may name these policies from now on; those of before stay known, for events that are still on their way. */
  hold(application: Application): void {
    // What holds now is looked up while the session still says so.
    for (const { number, generation } of this.#session.state.policies) this.#policy(number, generation);
    for (const { policy } of application.policies) {
      const digest = digestText(policy);
      const judging = { program: policy.program, digest, rules: rulesOf(policy), anyone: false };
      this.#held.set(`${policy.program} ${digest}`, judging);
    }
  }

  /** Takes in what another supervisor recorded of the session before. */
  resume(record: LogRecord): void {
    if (record.type === 'lost') this.#lost.dropped += record.dropped;
    else if (isEvent(record)) this.#recorder.resume(record);
  }

  /** Takes a batch as the ring buffer holds it. */
  readonly deliver = (batch: Buffer): void => {
    for (const events of this.#decoder.chunks(batch)) {
      const records = events.map((event) => this.#recorder.record(event));
      this.#pipeline.records(records);
      this.#heard(events, records);
      this.#takeArguments();
      // A program is told of before it makes its first call.
      if (events.some(({ type }) => type === 'exec')) this.noteCalled();
      if (this.#passed.waits) this.#notePassed(events, records);
    }
    this.#takeArguments();
    const { unread, cut } = this.#passed.takeMissing();
    if (unread + cut > 0) this.#pipeline.note({ type: 'unread', unread, cut });
    this.#noteLosses(this.#session.gate.session(this.#session.number)?.dropped);
  };

  /** While learning, tells which system calls were made that were not told before. Call now and then: a learner may be killed. */
  noteCalled(): void {
    if (this.#session.state.kind !== 'learn') return;
    for (const { policy, exe, architecture, made } of this.#session.gate.called(this.#session.cookie)) {
      const key = `${policy} ${exe} ${architecture}`;
      const before = this.#called.get(key) ?? [];
      const fresh = made.map((word, index) => word & ~(before[index] ?? 0n));
      const program = fresh.some((word) => word !== 0n) ? this.#recorder.callerOf({ policy, exe }) : null;
      // The event that says who it is may still be on its way.
      if (program === null) continue;
      this.#called.set(key, made);
      this.#pipeline.note({ type: 'called', program, architecture, calls: callsOfBits(fresh, architecture) });
    }
  }

  #takeArguments(): void {
    for (const told of this.#decoder.takeArguments()) this.#passed.take(this.#recorder.programOf(told), told);
  }

  /** Of what programs were run with, only what they then used is ever written down: it may hold passwords. */
  #notePassed(events: readonly KernelEvent[], records: readonly EventRecord[]): void {
    events.forEach(({ object }, index) => {
      const record = records[index];
      if (object?.type !== 'path' || record === undefined || !isUse(record)) return;
      const { policy: program } = record;
      for (const path of this.#passed.used(program, object.path)) this.#pipeline.note({ type: 'given', program, path });
    });
  }

  /** Something that went wrong, for the log. */
  problem(problem: string): void {
    this.#pipeline.note({ type: 'problem', problem });
  }

  /** Resolves once every sink has handed on what it can. */
  flush(): Promise<void> {
    return this.#pipeline.flush();
  }

  /**
   * Tells what the session lost, if anything, and what it came to; closes the sinks.
   *
   * @param unattended its supervisor had died, and this is written by whoever frees the session
   */
  end(unattended = false): void {
    this.noteCalled();
    const counters = this.#session.gate.session(this.#session.number);
    this.#noteLosses(counters?.dropped);
    const lost = this.#pipeline.close({
      ...{ type: 'end', sequence: counters?.sequence ?? 0, ...countersOf(counters) },
      ...(unattended ? { unattended: true as const } : {}),
    });
    // That a disk took nothing cannot be read on it.
    for (const { sink, lost: records, failure } of lost)
      this.#talk(
        records === 0
          ? `the ${sink} failed at its end (${failure})`
          : `lost ${counted(records, 'record')} of the ${sink}${failure === null ? '' : ` (${failure})`}`,
      );
  }

  /** Tells what was lost since the last time, if anything: the kernel half counts what its ring had no room for. */
  #noteLosses(known: number | undefined): void {
    const now = { dropped: known ?? this.#lost.dropped, malformed: this.#decoder.malformed };
    const dropped = now.dropped - this.#lost.dropped;
    const malformed = now.malformed - this.#lost.malformed;
    this.#lost = now;
    if (dropped + malformed > 0) this.#pipeline.note({ type: 'lost', dropped, malformed, unwritten: 0 });
  }

  #policy(number: number, generation: number): JudgingPolicy | undefined {
    const key = `${number} ${generation}`;
    const known = this.#judging.get(key);
    if (known !== undefined) return known;
    const state = this.#session.policyNumbered(number);
    if (state === undefined) return undefined;
    const { program, digest } = state;
    // A policy whose text is not at hand any more is named by what the state says, without its rules.
    const bare = { program, digest, rules: [], anyone: state.index === 0 };
    const held = state.index === 0 ? bare : this.#held.get(`${program} ${digest}`);
    if (held !== undefined && state.generation === generation) this.#judging.set(key, held);
    return held ?? bare;
  }
}

/** Did the program do something to the object? That it looked whether it is there says nothing. */
function isUse({ type, verdict, enforced, operation }: EventRecord): boolean {
  if (type !== undefined || (verdict === 'deny' && enforced)) return false;
  return operation.some((one) => one !== 'stat');
}
