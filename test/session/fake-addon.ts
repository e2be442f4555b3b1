// SPDX-License-Identifier: GPL-2.0-only
/**
 * The native half without a kernel: maps are tables in memory, a program is an entry in a list that the test ends. It
 * keeps the promises of src/kernel/addon.ts that the sessions rest on, and fails where the real one would.
 */
import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import { fieldOf, structBytes, writeNumber } from '../../src/abi/struct.js';
import type {
  Addon,
  ForkWatch,
  HeldChild,
  LaunchOptions,
  LoadOptions,
  NativeGate,
  NativeRing,
} from '../../src/kernel/addon.js';
import { encodeEntryFile } from '../../src/kernel/entry.js';
import { SUBJECT_DEAD, u32, u64 } from '../../src/kernel/records.js';

const VALUE_BYTES: Readonly<Record<string, number>> = {
  policies: structBytes('slot'),
  programs: 4,
  sessions: structBytes('session'),
  guards: 8,
  owners: structBytes('maker'),
  owning: structBytes('owning'),
  protections: 4,
  protection_marks: 8,
  replies: 16,
  questions: 48,
  attendance: 16,
  entrants: structBytes('entrant'),
  groups: structBytes('group'),
  calls: structBytes('calls'),
  called: structBytes('called'),
  entries: 4,
  gate: structBytes('gate'),
};
const ARRAYS: readonly string[] = ['policies', 'sessions', 'gate', 'protection_marks', 'attendance', 'calls'];

export interface FakeTask {
  pid: number;
  policy: number;
  session: number;
  cookie: bigint;
  comm: string;
  /** When it started; with the pid its name. */
  start: bigint;
  /** It ended, and somebody holds it: it is counted and listed, and can do nothing. */
  zombie: boolean;
  /** The walk over all tasks does not meet it. */
  hidden: boolean;
  stopped: boolean;
  /** CG_TASK_* that a walk tells besides. */
  marks: number;
  /** Number of the cgroup it is in. */
  member: bigint;
  parent: number;
  memory: bigint;
  /** Inode of what it runs. */
  file: bigint;
  /** Signals it ignores. */
  ignores: readonly number[];
  ended: (() => void)[];
  alive: boolean;
  exit: { code: number | null; signal: number | null };
}

const nameOf = ({ file }: LaunchOptions): string => Buffer.from(file as Uint8Array).toString();
const SESSION_LIFE = fieldOf('session', 'cookie').offset / 8;

export class FakeAddon implements Addon {
  readonly abiVersion = 1;
  readonly laterHooks: readonly string[] = [];
  gate: FakeGate | null = null;
  readonly tasks = new Map<number, FakeTask>();
  readonly launched: LaunchOptions[] = [];
  readonly signals: [pid: number, signal: number][] = [];
  readonly calls: string[] = [];
  /** Called when a program has been let go. */
  onStart: (task: FakeTask) => void = (task) => this.end(task.pid, 0);
  /** Called when a signal has reached a process. */
  onSignal: (task: FakeTask, signal: number) => void = () => undefined;
  /** How often each process is held by a pidfd. */
  readonly pidfds = new Map<number, number>();
  adoptError: Error | null = null;
  attachError: Error | null = null;
  /** Tasks there have been. */
  born = 0;
  /** No number of a real process: it is asked about in /proc, and our own may come to the door (Linux has 4194304 at most). */
  #nextPid = 5_000_000;
  #nextId = 1;

  load(_options: LoadOptions): NativeGate {
    if (this.gate !== null) throw failure('EEXIST', 'pin');
    this.calls.push('load');
    this.gate = new FakeGate(this, this.#nextId++);
    return this.gate;
  }

  attach(): void {
    this.calls.push('attach');
    if (this.attachError !== null) throw this.attachError;
    if (this.gate === null) throw failure('ENOENT', 'attach');
    this.gate.attached = true;
  }

  detach(): void {
    this.calls.push('detach');
    if (this.gate === null) throw failure('ENOENT', 'detach');
    this.gate.attached = false;
  }

  adopt(): NativeGate {
    if (this.adoptError !== null) throw this.adoptError;
    if (this.gate === null) throw failure('ENOENT', 'open pins');
    return this.gate;
  }

  openTrial(): NativeGate {
    throw failure('ENOSYS', 'openTrial');
  }

  unload(): string[] {
    this.calls.push('unload');
    const had = this.gate !== null;
    this.gate = null;
    this.adoptError = null;
    for (const task of this.tasks.values()) task.policy = 0;
    return had ? ['maps/policies', 'links/file_open'] : [];
  }

  mark(_gate: NativeGate, pidfd: number, subject: Uint8Array): void {
    const bytes = Buffer.from(subject);
    const task = this.#task(pidfd);
    task.policy = bytes.readUInt32LE(0);
    task.session = bytes.readUInt32LE(4);
    task.cookie = bytes.readBigUInt64LE(fieldOf('subject', 'cookie').offset);
  }

  hold(options: LaunchOptions): HeldChild {
    this.launched.push(options);
    const task = this.spawn(nameOf(options).split('/').at(-1) ?? '', 0, 0);
    const wait = new Promise<{ code: number | null; signal: number | null }>((resolve) => {
      task.ended.push(() => resolve(task.exit));
    });
    return {
      pid: task.pid,
      pidfd: task.pid,
      device: 0x800001,
      inode: 42n,
      release: async () => {
        if (nameOf(options).endsWith('missing')) throw failure('ENOENT', 'exec');
        this.onStart(task);
      },
      abandon: () => this.end(task.pid, 0),
      wait: () => wait,
    };
  }

  /** A new process under a policy. */
  spawn(comm: string, policy: number, session: number): FakeTask {
    const pid = this.#nextPid++;
    const exit = { code: 0, signal: null };
    const cookie = this.gate?.cookieOf(session) ?? 0n;
    const task: FakeTask = {
      ...{ pid, policy, session, cookie, comm, start: BigInt(pid) * 1000n, zombie: false, hidden: false },
      ...{ stopped: false, ignores: [], ended: [], alive: true, exit },
      ...{ marks: 0, member: 0n, parent: 1, memory: BigInt(pid), file: 7n },
    };
    this.tasks.set(pid, task);
    this.born++;
    return task;
  }

  /** Ends a process with a status, or by a signal. */
  end(pid: number, code: number | null, signal: number | null = null): void {
    const task = this.tasks.get(pid);
    if (task === undefined || !task.alive) return;
    task.alive = false;
    task.exit = { code, signal };
    this.tasks.delete(pid);
    for (const ended of task.ended) ended();
  }

  openPidfd(pid: number): number {
    if (!this.tasks.has(pid) && pid !== this.connecting) throw failure('ESRCH', 'pidfd_open');
    this.pidfds.set(pid, (this.pidfds.get(pid) ?? 0) + 1);
    return pid;
  }

  waitPidfd(pidfd: number): { done: Promise<void>; cancel(): void } {
    const task = this.#task(pidfd);
    return { done: new Promise((resolve) => task.ended.push(() => resolve())), cancel: () => undefined };
  }

  sendSignal(pidfd: number, signal: number): void {
    const task = this.#task(pidfd);
    this.signals.push([task.pid, signal]);
    this.onSignal(task, signal);
    if ((signal === 15 || signal === 9 || signal === 2) && !task.ignores.includes(signal))
      this.end(task.pid, null, signal);
  }

  closeFd(fd: number): void {
    this.pidfds.set(fd, (this.pidfds.get(fd) ?? 0) - 1);
  }

  lock(path: string): () => void {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, 'w', 0o600);
    this.calls.push('lock');
    return () => {
      this.calls.push('release');
      closeSync(fd);
    };
  }

  writeUnstopped(fd: number, bytes: Uint8Array): number {
    return writeSync(fd, bytes);
  }

  duplicate(fd: number): number {
    return openSync(`/proc/self/fd/${fd}`, 'r+');
  }

  /** Who connects; a test may say somebody else. */
  connecting = process.pid;

  /** As whom. */
  connectingAs = 0;

  peer(): { pid: number; uid: number } {
    return { pid: this.connecting, uid: this.connectingAs };
  }

  receiveNow(): number {
    return -1;
  }

  connectDatagram(path: string): number {
    throw failure('ENOENT', `connect ${path}`);
  }

  sendMemory(): void {}

  becomeSubreaper(): void {}

  reapOrphans(): number[] {
    return [];
  }

  probe(): ReturnType<Addon['probe']> {
    return {};
  }

  #task(pidfd: number): FakeTask {
    const task = this.tasks.get(pidfd);
    if (task === undefined) throw failure('ESRCH', 'pidfd');
    return task;
  }
}

export class FakeGate implements NativeGate {
  readonly maps = new Map<string, Map<string, Buffer>>();
  readonly images = new Map<string, Buffer>();
  readonly rings = new Map<number, number>();
  readonly seen = new Map<number, number>();
  readonly #addon: FakeAddon;
  readonly #id: number;
  attached = true;
  same = true;
  skips = 0;
  deliver: ((batch: Buffer, records: number) => void) | null = null;
  closed = 0;

  constructor(addon: FakeAddon, id: number) {
    this.#addon = addon;
    this.#id = id;
  }

  describeMap(map: string): ReturnType<NativeGate['describeMap']> {
    const valueSize = VALUE_BYTES[map];
    if (valueSize === undefined) throw failure('ENOENT', `map ${map}`);
    return { keySize: 4, valueSize, maxEntries: 4096, type: 2, id: this.#id };
  }

  lookup(map: string, key: Uint8Array): Buffer | null {
    const found = this.#map(map).get(Buffer.from(key).toString('hex'));
    if (map === 'sessions' && found !== undefined) return this.#counted(found);
    if (map === 'gate') return this.#whole();
    return found ?? (ARRAYS.includes(map) ? Buffer.alloc(VALUE_BYTES[map] ?? 0) : null);
  }

  update(map: string, key: Uint8Array, value: Uint8Array): void {
    if (value.length !== VALUE_BYTES[map]) throw new RangeError(`${map}: a value has ${VALUE_BYTES[map]} bytes`);
    this.#map(map).set(Buffer.from(key).toString('hex'), Buffer.from(value));
  }

  remove(map: string, key: Uint8Array): boolean {
    // As the kernel does, whose arrays have all their entries for ever.
    if (ARRAYS.includes(map)) throw failure('EINVAL', `remove from ${map}`);
    return this.#map(map).delete(Buffer.from(key).toString('hex'));
  }

  keys(map: string): Buffer[] {
    return [...this.#map(map).keys()].map((key) => Buffer.from(key, 'hex'));
  }

  putImage(imageClass: number, index: number, bytes: Uint8Array): void {
    this.images.set(`${imageClass}/${index}`, Buffer.from(bytes));
  }

  removeImage(imageClass: number, index: number): void {
    if (!this.images.delete(`${imageClass}/${index}`)) throw failure('ENOENT', 'remove image');
  }

  getImage(imageClass: number, index: number): Buffer | null {
    return this.images.get(`${imageClass}/${index}`) ?? null;
  }

  putRing(index: number, bytes: number): void {
    this.rings.set(index, bytes);
  }

  removeRing(index: number): void {
    if (!this.rings.delete(index)) throw failure('ENOENT', 'remove ring');
  }

  putSeen(index: number, entries: number): void {
    this.seen.set(index, entries);
  }

  removeSeen(index: number): void {
    if (!this.seen.delete(index)) throw failure('ENOENT', 'remove seen');
  }

  readSeen(): { key: Buffer; value: Buffer }[] {
    return [];
  }

  openRing(index: number, deliver: (batch: Buffer, records: number) => void): NativeRing {
    if (!this.rings.has(index)) throw failure('ENOENT', 'open ring');
    this.deliver = deliver;
    // As the real one does, it holds the event loop open.
    const open = setInterval(() => undefined, 1000);
    return { drain: () => undefined, stop: () => clearInterval(open) };
  }

  /** What the session of this number shows; 0: there is none. */
  cookieOf(session: number): bigint {
    return this.lookup('sessions', u32(session))?.readBigUInt64LE(8 * SESSION_LIFE) ?? 0n;
  }

  #counted(found: Buffer): Buffer {
    const session = Buffer.from(found);
    const cookie = session.readBigUInt64LE(8 * SESSION_LIFE);
    const living = [...this.#addon.tasks.values()].filter((task) => task.policy !== 0 && task.cookie === cookie);
    session.writeBigUInt64LE(BigInt(living.length), 8 * (SESSION_LIFE + 1));
    session.writeBigUInt64LE(BigInt(this.#addon.born), 8 * (SESSION_LIFE + 2));
    if (this.ending.has(cookie)) session.writeBigUInt64LE(1n, 8 * (SESSION_LIFE + 3));
    return session;
  }

  #whole(): Buffer {
    const whole = Buffer.alloc(structBytes('gate'));
    const living = [...this.#addon.tasks.values()].filter((task) => task.policy !== 0);
    whole.writeBigUInt64LE(BigInt(living.length), 0);
    whole.writeBigUInt64LE(BigInt(this.#addon.born), 8);
    whole.writeBigUInt64LE(this.off ? 1n : 0n, 16);
    return whole;
  }

  /** Cookies of the sessions whose subjects may not fork. */
  readonly ending = new Set<bigint>();
  off = false;

  /** Those whose subjects are let go. */
  readonly leaving = new Set<bigint>();

  endSession(session: number, cookie: bigint, ending: number): boolean {
    if (session === 0) this.off = ending === 1;
    else if (this.cookieOf(session) !== cookie) return false;
    else {
      this.ending.delete(cookie);
      this.leaving.delete(cookie);
      if (ending === 1) this.ending.add(cookie);
      if (ending === 2) this.leaving.add(cookie);
    }
    return true;
  }

  /** Forks that the kernel will not have told of. */
  missedForks = 0;
  /** How many watch forks now. */
  watching = 0;
  /** Called at the beginning of each walk that takes tasks in. */
  onEnter: () => void = () => undefined;

  surveyTasks(): Buffer {
    return this.#surveyed([...this.#addon.tasks.values()]);
  }

  surveyOf(pidfd: number): Buffer {
    return this.#surveyed([...this.#addon.tasks.values()].filter(({ pid }) => pid === pidfd));
  }

  enterTasks(): Buffer {
    this.onEnter();
    const fresh = new Set<FakeTask>();
    const met = [...this.#addon.tasks.values()].filter((task) => {
      const entrant = this.lookup('entrants', u32(task.pid));
      const group = this.lookup('groups', u64(task.member));
      const named = entrant !== null && entrant.readBigUInt64LE(0) === task.start;
      if (!named && group === null) return false;
      if (task.policy === 0 && !task.hidden) {
        // Both end with cookie, session and policy.
        const [facts, at] = named ? [entrant, 8] : [group as Buffer, 0];
        task.cookie = facts.readBigUInt64LE(at);
        task.session = facts.readUInt32LE(at + 8);
        const file = encodeEntryFile(task.cookie, { device: 0, inode: task.file });
        const own = named ? null : this.lookup('entries', file);
        task.policy = own?.readUInt32LE(0) ?? facts.readUInt32LE(at + 12);
        fresh.add(task);
        this.#addon.born++;
      }
      return true;
    });
    return this.#surveyed(met, fresh);
  }

  leaveTasks(): Buffer {
    const left = [...this.#addon.tasks.values()].filter((task) => task.policy !== 0 && this.leaving.has(task.cookie));
    const records = this.#surveyed(left, new Set(left));
    for (const task of left) task.policy = 0;
    return records;
  }

  /** Somebody is in a cgroup that is watched, as long as this holds. */
  gathered = false;

  watchGroups(): void {
    this.gathered = true;
  }

  unwatchGroups(): void {
    this.gathered = false;
  }

  /** What system calls are looked at, as long as this holds. */
  called: string[] = [];

  watchCalls(which: 'entered' | 'refused'): void {
    if (!this.called.includes(which)) this.called.push(which);
  }

  unwatchCalls(): void {
    this.called = [];
  }

  /** The hooks of version 2 are on. */
  later = false;

  attachLater(): void {
    this.later = true;
  }

  watchForks(): ForkWatch {
    this.watching++;
    return { missed: () => this.missedForks, close: () => this.watching-- };
  }

  #surveyed(tasks: readonly FakeTask[], fresh: ReadonlySet<FakeTask> = new Set()): Buffer {
    return Buffer.concat(
      tasks.map((task) => {
        const record = Buffer.alloc(structBytes('survey_record'));
        const subject = task.policy !== 0;
        writeNumber(record, 'survey_record', 'pid', task.pid);
        writeNumber(record, 'survey_record', 'tid', task.pid);
        writeNumber(record, 'survey_record', 'ppid', task.parent);
        writeNumber(record, 'survey_record', 'memory', task.memory);
        writeNumber(record, 'survey_record', 'start', task.start);
        writeNumber(
          record,
          'survey_record',
          'member',
          this.lookup('groups', u64(task.member))?.readBigUInt64LE(0) ?? 0n,
        );
        writeNumber(record, 'survey_record', 'exe_inode', task.file);
        writeNumber(record, 'survey_record', 'policy', task.policy);
        writeNumber(record, 'survey_record', 'cookie', task.cookie);
        record.write(task.comm.slice(0, 15), fieldOf('survey_record', 'comm').offset);
        const flags =
          (subject ? NUMBERS.TASK_SUBJECT : 0) |
          (task.zombie ? NUMBERS.TASK_DEAD : 0) |
          (fresh.has(task) ? NUMBERS.TASK_FRESH : 0) |
          task.marks;
        writeNumber(record, 'survey_record', 'flags', flags);
        return record;
      }),
    );
  }

  subjectsOf(pidfd: number): Buffer {
    if ((this.#addon.pidfds.get(pidfd) ?? 0) <= 0) throw failure('EBADF', 'subjectsOf');
    return this.#records([...this.#addon.tasks.values()].filter(({ pid, policy }) => pid === pidfd && policy !== 0));
  }

  subjects(session: number): Buffer {
    return this.#records(
      [...this.#addon.tasks.values()].filter(
        (task) => task.policy !== 0 && !task.hidden && (session === 0 || task.session === session),
      ),
    );
  }

  #records(tasks: readonly FakeTask[]): Buffer {
    return Buffer.concat(
      tasks.map((task) => {
        const record = Buffer.alloc(72);
        record.writeUInt32LE(task.pid, 0);
        record.writeUInt32LE(task.pid, 4);
        record.writeUInt32LE(task.policy, 8);
        record.writeUInt32LE(task.session, 12);
        record.writeBigUInt64LE(task.start, 16);
        record.writeUInt32LE(task.zombie ? SUBJECT_DEAD : 0, 24);
        record.writeUInt32LE(task.stopped ? 1 : 0, 32);
        record.write(task.comm.slice(0, 15), 40);
        record.writeBigUInt64LE(task.cookie, 56);
        record.writeBigUInt64LE(BigInt(task.pid), 64);
        return record;
      }),
    );
  }

  identify(fd: number): { device: number; inode: bigint } {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return { device: Number(dev), inode: ino };
  }

  trial(): Buffer {
    throw failure('ENOSYS', 'trial');
  }

  trials(): Buffer {
    throw failure('ENOSYS', 'trials');
  }

  programs(): { name: string; recursionMisses: number }[] {
    // What the first of two was skipped for, the second did.
    return [
      { name: 'call_left', recursionMisses: 7 },
      { name: 'call_left_again', recursionMisses: 0 },
      { name: 'file_open', recursionMisses: this.skips },
    ];
  }

  close(): void {
    this.closed++;
  }

  #map(name: string): Map<string, Buffer> {
    if (VALUE_BYTES[name] === undefined) throw failure('ENOENT', `map ${name}`);
    let map = this.maps.get(name);
    if (map === undefined) {
      map = new Map();
      this.maps.set(name, map);
    }
    return map;
  }
}

/** An error as the addon throws it. */
export function failure(code: string, operation: string): Error {
  return Object.assign(new Error(`${operation}: ${code}`), { code, operation });
}
