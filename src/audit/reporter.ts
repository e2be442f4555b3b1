/** What becomes of a session's events: all into the log, denials to the person, losses told as what they are. */

import type { Application } from '../application/application.js';
import { digestText, rulesOf } from '../application/compiled.js';
import { EventDecoder } from '../events/decode.js';
import { lineOf } from '../events/line.js';
import type { EventRecord } from '../events/record.js';
import { type JudgingPolicy, Recorder } from '../events/recorder.js';
import { bootTime } from '../host/clock.js';
import type { Session } from '../session/session.js';
import { Log } from './log.js';

/** Whoever else wants the records: a learner's journal. */
export type Sink = (records: readonly EventRecord[]) => void;

/** Lines told to the person in one second at most; the log has them all. */
const LINES_A_SECOND = 20;

export class Reporter {
  readonly #session: Session;
  readonly #talk: ((line: string) => void) | null;
  readonly #sink: Sink | null;
  readonly #log: Log;
  readonly #decoder = new EventDecoder();
  readonly #recorder: Recorder;
  /** By program and digest: what a generation was compiled from. */
  readonly #held = new Map<string, JudgingPolicy>();
  /** By number and generation in the gate. */
  readonly #judging = new Map<string, JudgingPolicy>();
  #told = { second: 0, lines: 0, more: 0 };
  #failed: string | null = null;
  /** What of the losses stands in the log already. */
  #lost = { dropped: 0, malformed: 0 };

  /**
   * @param talk says a denial to the person; null: nobody wants to hear them
   * @param sink gets every record beside the log
   * @throws Failure where the log cannot be opened
   */
  constructor(session: Session, talk: ((line: string) => void) | null, sink: Sink | null = null) {
    const { name, log, command, folder, kind } = session.state;
    this.#session = session;
    this.#talk = talk;
    this.#sink = sink;
    this.#log = new Log(log);
    const policy = (number: number, generation: number): JudgingPolicy | undefined => this.#policy(number, generation);
    this.#recorder = new Recorder({ name, policy, bootTime: bootTime() });
    this.#note('session', { kind, command, folder });
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

  /** Takes a batch as the ring buffer holds it. */
  readonly deliver = (batch: Buffer): void => {
    const records = this.#decoder.push(batch).map((event) => this.#recorder.record(event));
    this.#log.write(records.map((record) => JSON.stringify(record)));
    this.#sink?.(records);
    for (const record of records) if (worthTelling(record)) this.#tell(lineOf(record));
    this.#noteLosses(this.#session.gate.session(this.#session.number)?.dropped);
    this.#watchLog();
  };

  /** Something that went wrong, for the log. */
  note(problem: string): void {
    this.#note('problem', { problem });
  }

  /** Writes what the session lost, if anything, and closes the log. */
  close(): void {
    const counters = this.#session.gate.session(this.#session.number);
    this.#noteLosses(counters?.dropped);
    if (this.#log.lost > 0) this.#note('lost', { dropped: 0, malformed: 0, unwritten: this.#log.lost });
    if (this.#told.more > 0) this.#talk?.(`${this.#told.more} more denials, in ${this.#session.state.log}`);
    this.#note('end', { ...(counters ?? {}) });
    this.#log.close();
    // That a disk took nothing cannot be read on it.
    if (this.#log.lost > 0) this.#talk?.(`${this.#log.lost} lines of the log were lost (${this.#log.failure ?? ''})`);
  }

  /** Writes what was lost since the last time, if anything: the kernel half counts what its ring had no room for. */
  #noteLosses(known: number | undefined): void {
    const now = { dropped: known ?? this.#lost.dropped, malformed: this.#decoder.malformed };
    const dropped = now.dropped - this.#lost.dropped;
    const malformed = now.malformed - this.#lost.malformed;
    this.#lost = now;
    if (dropped + malformed > 0) this.#note('lost', { dropped, malformed, unwritten: 0 });
  }

  #policy(number: number, generation: number): JudgingPolicy | undefined {
    const key = `${number} ${generation}`;
    const known = this.#judging.get(key);
    if (known !== undefined) return known;
    const state = this.#session.policyNumbered(number);
    if (state === undefined) return undefined;
    const empty = { program: state.program, digest: state.digest, rules: [], anyone: true };
    const found = state.index === 0 ? empty : this.#held.get(`${state.program} ${state.digest}`);
    if (found !== undefined && state.generation === generation) this.#judging.set(key, found);
    return found;
  }

  #tell(line: string): void {
    if (this.#talk === null) return;
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#told.second) {
      if (this.#told.more > 0) this.#talk(`${this.#told.more} more denials, in ${this.#session.state.log}`);
      this.#told = { second, lines: 0, more: 0 };
    }
    if (++this.#told.lines > LINES_A_SECOND) this.#told.more++;
    else this.#talk(line);
  }

  #note(type: string, facts: Readonly<Record<string, unknown>>): void {
    const time = new Date().toISOString();
    this.#log.write([JSON.stringify({ v: 1, type, time, session: this.#session.state.name, ...facts })]);
  }

  #watchLog(): void {
    const { failure } = this.#log;
    if (failure !== null && this.#failed === null)
      this.#talk?.(
        `the log cannot be written (${failure}); events wait in memory, what is refused is refused all the same`,
      );
    this.#failed = failure;
  }
}

/** What a person at the terminal is told of: what was refused, or would have been. */
function worthTelling({ verdict, learnt, type }: EventRecord): boolean {
  return type === 'floor' || (type === undefined && verdict !== 'permit' && learnt !== true);
}
