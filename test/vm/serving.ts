// SPDX-License-Identifier: GPL-2.0-only
/** One subject that does one attempt after another (`act serve`), its policy replaced in between. Everything here is synchronous. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Image } from '../../src/compile/compile.js';
import { EventDecoder, type KernelEvent } from '../../src/events/decode.js';
import type { NativeRing } from '../../src/kernel/addon.js';
import { addon } from '../../src/kernel/addon.js';
import { encodeArmedSubject, type SessionCounters } from '../../src/kernel/records.js';
import { ACT, type Confined, ROOT, SESSION, told } from './confined.js';

/** The policy of the subject, and of every program that it may exec as `own`. */
const POLICY = 1;
const TARGET = 2;
/** More than a file of the corpus names. */
const PROGRAMS = 20;
/** Where images are put in turn, behind the two that stay; the largest class has eight places. */
const PLACES = [3, 4] as const;
const SIGKILL = 9;

/** What an attempt came to. */
export interface Outcome {
  /** What the acts before the measured ones came to. */
  readonly before: readonly string[];
  /** Of each measured act: `ok`, or an errno. */
  readonly results: readonly string[];
  /** Under the policy alone. */
  readonly events: readonly KernelEvent[];
}

export class Serving {
  readonly #confined: Confined;
  readonly #free: Image;
  readonly #input: number;
  readonly #output: number;
  readonly #decoder = new EventDecoder();
  readonly #ring: NativeRing;
  readonly #pidfd: number;
  readonly #ended: Promise<unknown>;
  readonly #released: Promise<void>;
  #events: KernelEvent[] = [];
  #waiting = '';
  #place: number = PLACES[0];

  private constructor(confined: Confined, free: Image, target: Image, cwd: string) {
    const native = addon();
    this.#confined = confined;
    this.#free = free;
    confined.renew();
    confined.gate.native.putRing(SESSION, 4 << 20);
    confined.gate.native.putImage(free.class, 1, free.bytes);
    this.#hold(POLICY, free, 1, 1);
    confined.gate.native.putImage(target.class, 2, target.bytes);
    this.#hold(TARGET, target, 2, 2);
    // The first program of an image is the policy's own; all others are targets.
    confined.gate.removePrograms(SESSION);
    for (let program = 1; program <= PROGRAMS; program++)
      confined.gate.setProgram(SESSION, program, program === 1 ? POLICY : TARGET);
    this.#ring = confined.gate.openRing(SESSION, (batch) => this.#events.push(...this.#decoder.push(batch)));
    const pipes = ['serve-in', 'serve-out'].map((name) => `${ROOT}/${name}`);
    for (const pipe of pipes) rmSync(pipe, { force: true });
    execFileSync('mkfifo', pipes);
    [this.#input, this.#output] = pipes.map((pipe) => openSync(pipe, 'r+')) as [number, number];
    const child = native.hold({
      ...{ file: ACT, argv: ['act', 'serve'], env: ['LANG=C'], cwd, detached: false },
      stdio: [this.#input, this.#output, 2],
    });
    native.mark(
      confined.gate.native,
      child.pidfd,
      encodeArmedSubject(POLICY, SESSION, confined.cookie, child.device, child.inode),
    );
    this.#pidfd = child.pidfd;
    this.#ended = child.wait();
    this.#released = child.release();
  }

  /** Starts it under `free`, which permits all that attempts need to be prepared; `target` is that of programs it execs as `own`. */
  static async start(confined: Confined, free: Image, target: Image, cwd: string): Promise<Serving> {
    const serving = new Serving(confined, free, target, cwd);
    await serving.#released;
    return serving;
  }

  #hold(policy: number, image: Image, place: number, program: number): void {
    const { cookie } = this.#confined;
    const slot = { image: { class: image.class, place }, mode: 'enforce', session: SESSION, cookie, program } as const;
    this.#confined.gate.setSlot(policy, slot);
  }

  /** Puts an image beside the others and returns what makes it the subject's policy. */
  prepare(image: Image): () => void {
    this.#place = this.#place === PLACES[0] ? PLACES[1] : PLACES[0];
    const place = this.#place;
    this.#confined.gate.native.putImage(image.class, place, image.bytes);
    return () => this.#hold(POLICY, image, place, 1);
  }

  /**
   * Has a child of the subject do the acts `before`, then `meanwhile` outside, then the acts `measured`, under the policy
   * that `hold` puts in place (under the free one where it is null).
   */
  attempt(
    before: readonly string[],
    measured: readonly string[],
    hold: (() => void) | null,
    meanwhile?: () => void,
  ): Outcome {
    this.#take();
    writeSync(this.#input, `${[...before, 'wait', ...measured, 'wait'].join(' ')}\n`);
    const prepared = this.#lines(before.length);
    meanwhile?.();
    const refused = told(this.#take());
    if (refused.length > 0) throw new Error(`the free policy told of ${refused.join(', ')}, after ${before.join(' ')}`);
    hold?.();
    writeSync(this.#input, '\n');
    const [, ...results] = this.#lines(1 + measured.length);
    const events = this.#take();
    if (hold !== null) this.#hold(POLICY, this.#free, 1, 1);
    writeSync(this.#input, '\n');
    const [, end] = this.#lines(2);
    if (end !== 'done') throw new Error(`it ended otherwise: ${end}`);
    return { before: prepared, results, events };
  }

  /** What the session has counted. */
  counted(): SessionCounters {
    const counters = this.#confined.gate.session(SESSION);
    if (counters === null) throw new Error('the session is gone');
    return counters;
  }

  /** The events so far. */
  #take(): KernelEvent[] {
    this.#ring.drain();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** That many lines; fewer, and then `died`, where a signal ended it. */
  #lines(count: number): string[] {
    const chunk = Buffer.alloc(4096);
    const lines: string[] = [];
    while (lines.length < count) {
      const end = this.#waiting.indexOf('\n');
      if (end >= 0) {
        const line = this.#waiting.slice(0, end);
        this.#waiting = this.#waiting.slice(end + 1);
        lines.push(line);
        if (line === 'died' || (line === 'done' && lines.length < count))
          throw new Error(`${line} after ${lines.join()}`);
        continue;
      }
      this.#waiting += chunk.toString('latin1', 0, readSync(this.#output, chunk));
    }
    return lines;
  }

  /** Ends the subject. */
  async stop(): Promise<void> {
    addon().sendSignal(this.#pidfd, SIGKILL);
    closeSync(this.#input);
    closeSync(this.#output);
    this.#ring.stop();
    await this.#ended;
  }
}
