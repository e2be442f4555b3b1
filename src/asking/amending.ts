// SPDX-License-Identifier: GPL-2.0-only
/** Changes of a session's policies by answers, one after the other: written, and in force, or not written. */
import type { Answerer } from '../ask/question.js';
import { CodedFailure } from '../control/protocol.js';
import { Failure } from '../host/failure.js';
import { type Amendment, amend, takeOut } from './amend.js';
import { nameOf } from './asker.js';
import { type Begun, begin, canBegin, ownProgram, takeAway } from './begin.js';
import type { Facts } from './facts.js';
import type { Questions } from './questions.js';

/** What an answer wrote, by which it can be undone. */
export interface Change extends Amendment {
  /** A policy for the program that is run; null: none was needed. */
  readonly begun: Begun | null;
}

export class Amending {
  readonly #questions: Questions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /**
   * Writes the statement and has it in force. Where it cannot be, the file is what it was.
   *
   * @throws CodedFailure `bad-policy`, or a Failure
   */
  write(facts: Facts, statement: string, verdict: 'permit' | 'deny', by: Answerer): Promise<Change> {
    const { record, access } = facts;
    const { around, language } = this.#questions.of;
    const loaded = this.#questions.tellings.loaded(record.policy);
    if (loaded === undefined || access === null)
      throw new Failure(`${record.policy} has no policy in a file, or what it did could not be told`);
    const { file } = loaded;
    if (language !== undefined)
      throw new CodedFailure(
        'bad-policy',
        `${file} is in ${language}: no statement can be written into it`,
        'put the line into the file, and have what waits judged anew; or answer once, for minutes or for the process',
      );
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const answered = `answered by ${by.name.replaceAll('\n', ' ')}, ${time}: ${nameOf(record).replace(/[^ -~]/g, '?')} (${record.pid})`;
    return this.#inTurn(async () => {
      const amendment = amend({ file, access, verdict, statement, comment: [answered] }, around);
      let begun: Begun | null = null;
      try {
        const program = ownProgram(amendment.rule);
        if (program !== null && this.#questions.tellings.loaded(program) === undefined && canBegin(program))
          begun = begin(program, loaded, answered);
        await this.#reload();
      } catch (error) {
        takeOut(amendment, around);
        if (begun !== null) takeAway(begun);
        throw error;
      }
      const written = begun === null ? amendment.written : { ...amendment.written, begun: begun.file };
      return { ...amendment, written, begun };
    });
  }

  /** Takes out again what was written, and has that in force. */
  takeOut(change: Change): Promise<unknown> {
    return this.#inTurn(async () => {
      takeOut(change, this.#questions.of.around);
      if (change.begun !== null) takeAway(change.begun);
      await this.#reload();
    });
  }

  /** Takes in what changed in the files. */
  reload(): ReturnType<Questions['of']['reload']> {
    return this.#inTurn(() => this.#reload());
  }

  #reload(): ReturnType<Questions['of']['reload']> {
    this.#questions.attendance.brace();
    return this.#questions.of.reload();
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
