// SPDX-License-Identifier: GPL-2.0-only
/**
 * A session with a supervisor, whose kernel half is played: a subject asks, stands still, and goes on by what bpf/ask.bpf.c would
 * find in `replies`. What the policy says is read from its file, by the reference.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { fieldBytes, structBytes, writeNumber } from '../../src/abi/struct.js';
import type { Application } from '../../src/application/application.js';
import { digestText } from '../../src/application/compiled.js';
import { FolderSource, type PolicySource } from '../../src/application/source.js';
import { attend, type Client } from '../../src/control/client.js';
import type { Notice, RequestOf } from '../../src/control/protocol.js';
import { decide } from '../../src/decide/decide.js';
import { attemptMask } from '../../src/events/attempt.js';
import { bootNow } from '../../src/host/clock.js';
import { encodeReplyKey, type Scope } from '../../src/kernel/asking.js';
import { Gate } from '../../src/kernel/gate.js';
import { u32 } from '../../src/kernel/records.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { Policy } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { heldAs } from '../../src/policy/posture.js';
import { applicationAs, imagesOf, Numbering } from '../../src/session/images.js';
import { Session } from '../../src/session/session.js';
import { launching } from '../../src/supervise/launch.js';
import { Supervisor } from '../../src/supervise/supervisor.js';
import { around } from '../cases.js';
import { eventBytes, TYPE } from '../events/build.js';
import { FakeAddon, type FakeTask } from '../session/fake-addon.js';

export const PROGRAM = '/usr/sbin/d';

/** What became of a call. */
export interface Result {
  readonly verdict: 'permit' | 'deny';
  readonly errnum: number;
  /** `answer`, or why it was never asked. */
  readonly why: 'answer' | 'policy' | 'unattended';
}

interface Pending {
  readonly task: FakeTask;
  readonly path: string;
  readonly operations: readonly Operation[];
  readonly resolve: (result: Result) => void;
}

export class Scene {
  readonly addon = new FakeAddon();
  readonly talk: string[] = [];
  readonly file: string;
  session!: Session;
  supervisor!: Supervisor;
  gate!: Gate;
  #pending: Pending[] = [];
  #last: Policy | null = null;
  #digest = '';
  #sequence = 0;
  #ended!: Promise<unknown>;
  #main = 0;
  /** How often a call was asked. */
  asked = 0;

  private constructor(readonly folder: string) {
    this.file = join(folder, 'policies', 'd.yaml');
  }

  /**
   * @param rules the policy below its program
   * @param language of its files, where it is not callgate's own
   */
  static async open(test: Test, rules: string, language?: string): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'callgate-asking-'));
    const scene = new Scene(folder);
    await scene.#open(`version: 1\nprogram: ${PROGRAM}\n${rules}`, language);
    test.teardown(async () => {
      await scene.end();
      rmSync(folder, { recursive: true, force: true });
    });
    return scene;
  }

  async #open(text: string, language: string | undefined): Promise<void> {
    const { addon, folder, file } = this;
    const below = (name: string): string => join(folder, name);
    mkdirSync(below('policies'), { mode: 0o755 });
    writeFileSync(file, text, { mode: 0o644 });
    const places = { pins: below('bpf'), run: below('run'), journals: below('lib'), logs: below('log') };
    const host = { addon, ...places, policies: below('policies'), groups: [], installation: below('usr') };
    this.gate = new Gate(addon.load({ directory: host.pins }));
    const source: PolicySource = Object.assign(
      new FolderSource(below('policies'), [], around),
      language === undefined ? {} : { language },
    );
    const application = (await source.load()) as Application;
    const numbering = new Numbering();
    const images = imagesOf(applicationAs(application, { attended: false, ask: false }), numbering, 'as-written');
    const facts = {
      ...({ name: 'd-1', kind: 'run', command: [PROGRAM], folder: below('policies'), user: null } as const),
      ...{ log: '/dev/null', journal: null, mode: null },
    };
    this.session = Session.open(host, this.gate, facts, images);
    const policies = { source, numbering, mode: 'as-written', around } as const;
    const talk = (line: string): void => void this.talk.push(line);
    this.supervisor = new Supervisor({ session: this.session, application, sinks: [], policies, talk });
    addon.onSignal = (task, signal) => {
      if (signal === 18) this.#continued(task);
      if (signal === 9) this.died(task);
    };
    const launch = { file: PROGRAM, argv: ['d'], env: [], cwd: '/', stdio: [0, 1, 2], detached: false } as const;
    const started = new Promise<void>((resolve) => {
      addon.onStart = (task) => {
        this.#main = task.pid;
        resolve();
      };
    });
    this.#ended = this.supervisor.attend(launching(this.number, { ...launch, stdio: [0, 1, 2] }));
    await started;
    this.#policy();
  }

  get number(): number {
    return this.session.state.policies[0]?.number ?? 0;
  }

  get folderOfSession(): string {
    return join(this.folder, 'run', 'd-1');
  }

  get text(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** Attends at the door. */
  async attend(watch: Omit<RequestOf<'watch'>, 'v' | 'do'> = {}): Promise<{ client: Client; heard: Heard }> {
    const heard = new Heard();
    const client = await attend(this.folderOfSession, watch, (notice) => heard.take(notice));
    return { client, heard };
  }

  worker(comm = 'worker'): FakeTask {
    return this.addon.spawn(comm, this.number, this.session.number);
  }

  /** A call that the policy judges, as the kernel half would. Resolves when it is over. */
  call(task: FakeTask, path: string, operations: readonly Operation[] = ['read']): Promise<Result> {
    return new Promise((resolve) => this.#judge({ task, path, operations, resolve }));
  }

  /** A SIGCONT from anywhere. */
  continue(task: FakeTask): void {
    this.#continued(task);
  }

  /** Ends a process as a kill from anywhere would. */
  died(task: FakeTask): void {
    this.#pending = this.#pending.filter((one) => one.task !== task);
    this.addon.end(task.pid, null, 9);
  }

  async end(): Promise<void> {
    for (const pid of [...this.addon.tasks.keys()]) this.addon.end(pid, 0);
    this.addon.end(this.#main, 0);
    await this.#ended;
  }

  /** As the file says it, as who is there has it held. */
  #policy(): Policy {
    const { digest } = this.session.state.policies[0] as { digest: string };
    if (this.#last !== null && digest === this.#digest) return this.#last;
    const written = parsePolicy(this.text, this.file, around);
    const postures = [
      { attended: true, ask: false },
      { attended: true, ask: true },
      { attended: false, ask: false },
    ];
    const all = [...postures.map((posture) => heldAs(written, posture)), ...(this.#last === null ? [] : [this.#last])];
    // What is in force, and no file that was not taken in yet.
    const held = all.find((policy) => digestText(policy) === digest);
    if (held === undefined) throw new Error('nobody knows the policy that is in force');
    this.#last = held;
    this.#digest = digest;
    return held;
  }

  #judge(call: Pending): void {
    const { task, path, operations, resolve } = call;
    const bytes = bytesOf(path);
    const { verdict, errno, deciding } = decide(this.#policy(), {
      ...{ operations, object: { type: 'path', path: bytes }, uid: 0, gid: 0 },
    });
    if (verdict !== 'ask') {
      if (verdict === 'deny') this.#tell(call, TYPE.access, 1, deciding.rule?.number ?? 0);
      resolve({ verdict, errnum: errno === undefined ? 0 : 1, why: 'policy' });
      return;
    }
    const answer = this.#answer(call);
    if (answer !== null) {
      this.gate.questions.forget(task.pid);
      resolve({ ...answer, why: 'answer' });
      return;
    }
    if (this.#until() <= bootNow()) {
      this.#tell(call, TYPE.access, 1, deciding.rule?.number ?? 0);
      resolve({ verdict: 'deny', errnum: 1, why: 'unattended' });
      return;
    }
    this.asked++;
    this.#tell(call, TYPE.question, 2, deciding.rule?.number ?? 0);
    const question = Buffer.alloc(structBytes('question'));
    writeNumber(question, 'question', 'cookie', this.session.cookie);
    writeNumber(question, 'question', 'start', task.start);
    writeNumber(question, 'question', 'sequence', BigInt(this.#sequence));
    writeNumber(question, 'question', 'since', bootNow());
    writeNumber(question, 'question', 'group', task.pid);
    this.gate.native.update('questions', u32(task.pid), question);
    task.stopped = true;
    this.#pending.push(call);
  }

  #tell({ task, path, operations }: Pending, type: number, verdict: number, rule: number): void {
    const fields = { type, verdict, sequence: ++this.#sequence, generation: this.#generation, policy: this.number };
    const bytes = eventBytes(path, { ...fields, operations, rule, pid: task.pid, tid: task.pid, comm: task.comm });
    this.addon.gate?.deliver?.(bytes, 1);
  }

  get #generation(): number {
    return this.session.state.policies[0]?.generation ?? 0;
  }

  #until(): bigint {
    return this.gate.native.lookup('attendance', u32(this.session.number))?.readBigUInt64LE(8) ?? 0n;
  }

  #answer({ task, path, operations }: Pending): Omit<Result, 'why'> | null {
    const bits = attemptMask(operations);
    for (const scope of ['thread', 'process', 'policy'] as const satisfies readonly Scope[]) {
      const key = encodeReplyKey({
        ...{ cookie: this.session.cookie, policy: this.number, generation: this.#generation, operations: bits, scope },
        object: { objectType: 1, bytes: Buffer.from(path) },
        task: scope === 'policy' ? { pid: 0, start: 0n } : { pid: task.pid, start: task.start },
      });
      const reply = this.gate.native.lookup('replies', key);
      if (reply === null) continue;
      const expires = fieldBytes(reply, 'reply', 'expires').readBigUInt64LE();
      if (expires !== 0n && expires <= bootNow()) continue;
      if (scope === 'thread') this.gate.native.remove('replies', key);
      const verdict = fieldBytes(reply, 'reply', 'verdict').readUInt32LE() === 0 ? 'permit' : 'deny';
      return { verdict, errnum: fieldBytes(reply, 'reply', 'errnum').readUInt32LE() };
    }
    return null;
  }

  /** The process goes on: what it waited for is judged anew. */
  #continued(task: FakeTask): void {
    task.stopped = false;
    const calls = this.#pending.filter((one) => one.task === task);
    this.#pending = this.#pending.filter((one) => one.task !== task);
    for (const call of calls) this.#judge(call);
  }
}

/** What was told, and a way to wait for it. */
export class Heard {
  readonly notices: Notice[] = [];
  #waiting: (() => void)[] = [];

  take(notice: Notice): void {
    this.notices.push(notice);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  of<T extends Notice['tell']>(tell: T): Extract<Notice, { tell: T }>[] {
    return this.notices.filter((notice): notice is Extract<Notice, { tell: T }> => notice.tell === tell);
  }

  /** The first that is so; waits for it. */
  async next<T extends Notice['tell']>(
    tell: T,
    is: (notice: Extract<Notice, { tell: T }>) => boolean = () => true,
  ): Promise<Extract<Notice, { tell: T }>> {
    for (;;) {
      const found = this.of(tell).find(is);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
