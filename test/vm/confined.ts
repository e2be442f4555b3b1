// SPDX-License-Identifier: GPL-2.0-only
/**
 * Programs under policies, for tests of the hooks: the gate is loaded once, each run swaps the policies' images in and
 * runs test/vm/programs/act.c as a subject. Every number it returns is exact.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compilePolicy } from '../../src/compile/compile.js';
import { objectDescription } from '../../src/decide/text.js';
import { EventDecoder, type KernelEvent } from '../../src/events/decode.js';
import { FLOORS } from '../../src/events/names.js';
import { addon } from '../../src/kernel/addon.js';
import { Gate } from '../../src/kernel/gate.js';
import { encodeArmedSubject, type SessionCounters, type SlotMode } from '../../src/kernel/records.js';
import type { Policy } from '../../src/policy/model.js';
import type { Version } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { newCookie } from '../../src/session/places.js';

/** Where the gate is pinned while its hooks are tested. */
export const DIRECTORY = '/sys/fs/bpf/callgate';
export const SESSION = 1;
/** Where fixtures are: a tmpfs of the guest's own. */
export const ROOT = '/tmp/vm';
/** The program that is run, and copies of it with policies of their own. */
export const ACT = `${ROOT}/bin/act`;

/** Milliseconds that no run takes. */
const PATIENCE = 20_000;

/** A rule as it stands in a policy's file. */
export type RuleText = Readonly<Record<string, unknown>>;

/** What one run is under: rules of the program that is run, and of other programs of its application. */
export interface Confinement {
  readonly rules: readonly RuleText[];
  readonly default?: 'deny' | 'permit';
  readonly errno?: string;
  /** Of the language; 1 where absent. */
  readonly version?: Version;
  readonly mode?: SlotMode;
  readonly others?: Readonly<Record<string, readonly RuleText[]>>;
  readonly uid?: number;
  readonly cwd?: string;
  /** A descriptor it is given as 0; else /dev/null. */
  readonly stdin?: number;
  readonly file?: string;
  /** Done while the program stands at its act `wait`. */
  readonly midway?: () => void | Promise<void>;
  /** Done once it runs. */
  readonly meanwhile?: () => void | Promise<void>;
  /** Done before it runs, when the session is there. */
  readonly started?: () => void;
  /** Hears each event as it comes. */
  readonly heard?: (event: KernelEvent) => void;
  /** Milliseconds after which it is ended. */
  readonly patience?: number;
  /** Bytes of the ring buffer. */
  readonly ring?: number;
  /** Nobody reads the ring buffer before the program has ended: what it cannot hold is lost, however fast a reader were. */
  readonly unread?: boolean;
}

export interface Run {
  /** `ok` or an errno, one for each act. */
  readonly results: readonly string[];
  readonly events: readonly KernelEvent[];
  /** What it wrote on descriptor 2. */
  readonly errors: string;
  /** What the session's counters grew by. */
  readonly counts: SessionCounters;
  readonly code: number | null;
  readonly signal: number | null;
}

export class Confined {
  readonly gate: Gate;
  /** The session's as it is now: each run is another under the same number. */
  cookie = cookieOf();
  #generation = 0;
  #turn = 0;

  private constructor(gate: Gate) {
    this.gate = gate;
  }

  /** Loads the gate and makes the fixtures' folder. Half a minute in an emulated machine. */
  static open(): Confined {
    execFileSync(fileURLToPath(new URL('../../../scripts/build-test-programs', import.meta.url)));
    addon().load({ directory: DIRECTORY }).close();
    mkdirSync(`${ROOT}/bin`, { recursive: true });
    cpSync(fileURLToPath(new URL('../../../out/test', import.meta.url)), `${ROOT}/bin`, { recursive: true });
    execFileSync('mkfifo', [`${ROOT}/pipe`]);
    return new Confined(new Gate(addon().adopt(DIRECTORY)));
  }

  /** Begins another session under the same number. Its subjects are none of those before. */
  renew(): void {
    this.cookie = cookieOf();
    this.gate.setSession(SESSION, this.cookie);
  }

  /** Puts the policies in place of those before, for what runs now as well. */
  swap(confinement: Confinement): void {
    this.prepare(confinement)();
  }

  /** Compiles the policies; what it returns puts them in place, as often as it is called. */
  prepare(confinement: Confinement): () => void {
    const { rules, others = {}, mode = 'enforce' } = confinement;
    const programs = [ACT, ...Object.keys(others)];
    const images = [rules, ...Object.values(others)].map((rules, index) =>
      compilePolicy(
        policyOf(programs[index] ?? ACT, rules, confinement),
        { programs },
        BigInt(++this.#generation),
        new Uint8Array(32),
      ),
    );
    return () => {
      this.gate.raiseVersion(confinement.version ?? 1);
      // Two places each, in turn: what a hook reads just now stays what it was.
      this.#turn = 1 - this.#turn;
      this.gate.removePrograms(SESSION);
      images.forEach((image, index) => {
        const place = 2 * index + this.#turn;
        this.gate.native.putImage(image.class, place, image.bytes);
        const slot = {
          image: { class: image.class, place },
          mode,
          session: SESSION,
          cookie: this.cookie,
          program: index + 1,
        };
        this.gate.setSlot(index + 1, slot);
        this.gate.setProgram(SESSION, index + 1, index + 1);
      });
    };
  }

  /** Runs the acts as one process under the policy. */
  async run(acts: readonly string[], confinement: Confinement): Promise<Run> {
    const native = addon();
    this.renew();
    this.gate.native.putRing(SESSION, confinement.ring ?? 4 << 20);
    if (confinement.mode === 'learn') this.gate.native.putSeen(SESSION, 1024);
    this.swap(confinement);
    const events: KernelEvent[] = [];
    const decoder = new EventDecoder();
    const listen = () =>
      this.gate.openRing(SESSION, (batch) => {
        const come = decoder.push(batch);
        events.push(...come);
        for (const event of come) confinement.heard?.(event);
      });
    const early = confinement.unread ? null : listen();
    const output = openSync(`${ROOT}/out`, 'w');
    const errors = openSync(`${ROOT}/err`, 'w');
    const pipe = `${ROOT}/pipe`;
    const input =
      confinement.stdin ?? openSync(confinement.midway ? pipe : '/dev/null', confinement.midway ? 'r+' : 'r');
    const child = native.hold({
      file: confinement.file ?? ACT,
      argv: ['act', ...acts],
      env: ['LANG=C'],
      cwd: confinement.cwd ?? '/',
      stdio: [input, output, errors],
      detached: false,
      ...(confinement.uid === undefined ? {} : { uid: confinement.uid, gid: confinement.uid, groups: [] }),
    });
    native.mark(this.gate.native, child.pidfd, encodeArmedSubject(1, SESSION, this.cookie, child.device, child.inode));
    confinement.started?.();
    const ended = child.wait();
    await child.release();
    await confinement.meanwhile?.();
    if (confinement.midway !== undefined) {
      const before = acts.indexOf('wait');
      while (readFileSync(`${ROOT}/out`, 'utf8').split('\n').length <= before) await setTimeout(5);
      await confinement.midway();
      writeSync(input, '\n');
    }
    const slow = globalThis.setTimeout(() => native.sendSignal(child.pidfd, 9), confinement.patience ?? PATIENCE);
    const { code, signal } = await ended;
    clearTimeout(slow);
    const ring = early ?? listen();
    ring.drain();
    ring.stop();
    if (confinement.stdin === undefined) closeSync(input);
    closeSync(output);
    closeSync(errors);
    const counts = this.gate.session(SESSION);
    if (counts === null) throw new Error('the session is gone');
    const complaint = readFileSync(`${ROOT}/err`, 'utf8');
    // Another program that is run under this name may have something to say.
    if (confinement.file === undefined && complaint.startsWith('act: ')) throw new Error(complaint);
    const results = readFileSync(`${ROOT}/out`, 'utf8').split('\n').slice(0, -1);
    return { results, events, errors: complaint, counts, code, signal };
  }

  close(): void {
    this.gate.close();
    addon().unload(DIRECTORY);
  }
}

function cookieOf(): bigint {
  return BigInt(`0x${newCookie()}`);
}

/** Runs the acts as no subject; what each came to. */
export async function free(acts: readonly string[], cwd = '/'): Promise<string[]> {
  const child = spawn(ACT, acts, { stdio: ['ignore', 'pipe', 'inherit'], cwd });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return output.split('\n').slice(0, -1);
}

/**
 * The operations and object of each event, as `read /etc/passwd` or `floor mount`, with `?` for an object that could not
 * be told. Without those that only say which program a subject runs.
 */
export function told(events: readonly KernelEvent[]): string[] {
  return events
    .filter(({ type }) => type !== 'exec')
    .map(({ type, reason, operations, object, word }) =>
      type === 'floor'
        ? `floor ${FLOORS[reason]}${word === null ? '' : ` ${word}`}`
        : `${operations.join('+')} ${object === null ? '?' : objectDescription(object)}`,
    );
}

// JSON is YAML. The C library's start-up looks at its own name.
function policyOf(
  program: string,
  rules: readonly RuleText[],
  { default: otherwise, errno, version = 1 }: Confinement,
): Policy {
  const all = [{ permit: 'read', path: '/proc/self/exe' }, ...rules];
  const text = JSON.stringify({
    version,
    program,
    default: otherwise ?? 'deny',
    errno: errno ?? 'EPERM',
    rules: all,
  });
  const none = (): null => null;
  return parsePolicy(text, 'policy.yaml', { variable: none, user: none, group: none, rules: none });
}

/**
 * Has the acts done by a process that is no subject, and `work` as soon as the first `ready` of them are; what comes of
 * all of them once it ended. It is given an empty line when `work` is done.
 */
export async function beside(
  acts: readonly string[],
  ready: number,
  work: (pid: number) => Promise<void>,
): Promise<string[]> {
  const child = spawn(ACT, acts, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let output = '';
  await new Promise<void>((resolve) => {
    void ended.then(() => resolve());
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
      if (output.split('\n').length > ready) resolve();
    });
  });
  await work(child.pid ?? 0);
  child.stdin.on('error', () => undefined);
  child.stdin.end('\n');
  // One that still waits for what will not come shows by what it did not print.
  const slow = globalThis.setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await ended;
  clearTimeout(slow);
  return output.split('\n').slice(0, -1);
}
