// SPDX-License-Identifier: GPL-2.0-only
/** The gate as the benchmark uses it: one session, in which the measured program runs. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { compilePolicy } from '../src/compile/compile.js';
import { type Addon, addon } from '../src/kernel/addon.js';
import { Gate } from '../src/kernel/gate.js';
import { encodeArmedSubject, type SlotMode } from '../src/kernel/records.js';
import { parsePolicy } from '../src/policy/parse.js';
import { newCookie } from '../src/session/places.js';
import { policyText } from './mechanisms.js';

const DIRECTORY = '/sys/fs/bpf/callgate';
const SESSION = 1;
const POLICY = 1;
const NOBODY = (): null => null;
const AROUND = { variable: NOBODY, user: NOBODY, group: NOBODY, rules: NOBODY };

type Held = ReturnType<Addon['hold']>;

export class BenchGate {
  readonly #cookie = BigInt(`0x${newCookie()}`);
  #generation = 0n;
  #turn = 0;
  #version: 1 | 2 = 1;

  private constructor(
    private readonly gate: Gate,
    private readonly root: string,
  ) {}

  static load(root: string): BenchGate {
    addon().load({ directory: DIRECTORY }).close();
    return new BenchGate(new Gate(addon().adopt(DIRECTORY)), root);
  }

  /** Policies are of version 2 from now on. */
  raise(): void {
    this.#version = 2;
    this.gate.raiseVersion(2);
  }

  /** The output of the measured program under the policy with so many rules besides. */
  async measure(mode: SlotMode, rules: number, turns: string, only?: string): Promise<string> {
    const { gate } = this;
    this.#begin(mode, rules);
    const ring = gate.openRing(SESSION, () => undefined);
    const child = this.#hold(['measure', 'none', turns, ...(only === undefined ? [] : [only])]);
    const ended = child.wait();
    await child.release();
    const { code, signal } = await ended;
    ring.drain();
    ring.stop();
    const [output, errors] = ['out', 'err'].map((name) => readFileSync(`/tmp/bench.${name}`, 'utf8'));
    if (code !== 0) throw new Error(`measure: ${code ?? signal}: ${errors}`);
    return output ?? '';
  }

  /** What the ring got from a program in the root folder that may do nothing: whole records, back to back. */
  async records(program: string, ...words: string[]): Promise<Buffer> {
    const { gate } = this;
    this.#begin('enforce', 10);
    const batches: Buffer[] = [];
    const ring = gate.openRing(SESSION, (batch) => void batches.push(Buffer.from(batch)));
    const child = this.#hold([program, ...words], program);
    const ended = child.wait();
    await child.release();
    await ended;
    ring.drain();
    ring.stop();
    return Buffer.concat(batches);
  }

  /** What `act` returns, while a subject lives. */
  async beside(act: () => string): Promise<string> {
    this.#begin('enforce', 100);
    const child = this.#hold(['measure', 'none', '4', 'getpid']);
    const output = act();
    const ended = child.wait();
    await child.release();
    await ended;
    return output;
  }

  /** The same, while the kernel tells of system calls: those that filters refuse, or all that are begun. */
  async watching(calls: 'refused' | 'entered', act: () => string): Promise<string> {
    this.gate.native.watchCalls(calls);
    try {
      return await this.beside(act);
    } finally {
      this.gate.native.unwatchCalls();
    }
  }

  /** Fills slots besides the measured program's own. */
  loadPolicies(count: number): void {
    for (let number = 2; number <= count; number++) this.#place(number, 100 + number, 'enforce', 10);
  }

  /** A policy with so many rules, in a slot that nobody uses; numbers from 1, as few as the largest policies have places. */
  addPolicy(number: number, rules: number): void {
    this.#place(number, number, 'enforce', rules);
  }

  close(): void {
    this.gate.close();
    addon().unload(DIRECTORY);
  }

  #begin(mode: SlotMode, rules: number): void {
    const { gate } = this;
    gate.setSession(SESSION, this.#cookie);
    gate.native.putRing(SESSION, 4 << 20);
    if (mode === 'learn') gate.native.putSeen(SESSION, 4096);
    this.#turn = 1 - this.#turn;
    this.#place(POLICY, this.#turn, mode, rules);
    gate.setProgram(SESSION, 1, POLICY);
  }

  #place(number: number, place: number, mode: SlotMode, rules: number): void {
    const policy = parsePolicy(policyText(rules, this.#version), 'bench.yaml', AROUND);
    const image = compilePolicy(policy, { programs: ['/measure'] }, ++this.#generation, new Uint8Array(32));
    this.gate.native.putImage(image.class, place, image.bytes);
    const slot = { image: { class: image.class, place }, mode, session: SESSION, cookie: this.#cookie, program: 1 };
    this.gate.setSlot(number, slot);
  }

  #hold(argv: string[], program = 'measure'): Held {
    const native = addon();
    const stdio = ['/dev/null', '/tmp/bench.out', '/tmp/bench.err'].map((file, at) =>
      openSync(file, at === 0 ? 'r' : 'w'),
    ) as [number, number, number];
    const child = native.hold({
      ...{ file: `${this.root}/${program}`, argv, env: ['LANG=C'], cwd: this.root, stdio, detached: false },
    });
    for (const fd of stdio) closeSync(fd);
    const subject = encodeArmedSubject(POLICY, SESSION, this.#cookie, child.device, child.inode);
    native.mark(this.gate.native, child.pidfd, subject);
    return child;
  }
}
