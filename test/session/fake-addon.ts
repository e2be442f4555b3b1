/**
 * The native half without a kernel: maps are tables in memory, a program is an entry in a list that the test ends. It
 * keeps the promises of src/kernel/addon.ts that the sessions rest on, and fails where the real one would.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Addon, HeldChild, LaunchOptions, LoadOptions, NativeGate, NativeRing } from '../../src/kernel/addon.js';

const VALUE_BYTES: Readonly<Record<string, number>> = { policies: 16, programs: 4, sessions: 488, guards: 8 };
const ARRAYS: readonly string[] = ['policies', 'sessions'];

export interface FakeTask {
  pid: number;
  policy: number;
  session: number;
  comm: string;
  stopped: boolean;
  /** Signals it ignores. */
  ignores: readonly number[];
  ended: (() => void)[];
  alive: boolean;
  exit: { code: number | null; signal: number | null };
}

export class FakeAddon implements Addon {
  readonly abiVersion = 1;
  gate: FakeGate | null = null;
  readonly tasks = new Map<number, FakeTask>();
  readonly launched: LaunchOptions[] = [];
  readonly signals: [pid: number, signal: number][] = [];
  readonly calls: string[] = [];
  /** Called when a program has been let go. */
  onStart: (task: FakeTask) => void = (task) => this.end(task.pid, 0);
  adoptError: Error | null = null;
  #nextPid = 4000;
  #nextId = 1;

  load(_options: LoadOptions): NativeGate {
    if (this.gate !== null) throw failure('EEXIST', 'pin');
    this.calls.push('load');
    this.gate = new FakeGate(this, this.#nextId++);
    return this.gate;
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
  }

  hold(options: LaunchOptions): HeldChild {
    this.launched.push(options);
    const task = this.spawn(options.file.split('/').at(-1) ?? '', 0, 0);
    const wait = new Promise<{ code: number | null; signal: number | null }>((resolve) => {
      task.ended.push(() => resolve(task.exit));
    });
    return {
      pid: task.pid,
      pidfd: task.pid,
      device: 0x800001,
      inode: 42n,
      release: async () => {
        if (options.file.endsWith('missing')) throw failure('ENOENT', 'exec');
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
    const task: FakeTask = { pid, policy, session, comm, stopped: false, ignores: [], ended: [], alive: true, exit };
    this.tasks.set(pid, task);
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
    if (!this.tasks.has(pid)) throw failure('ESRCH', 'pidfd_open');
    return pid;
  }

  waitPidfd(pidfd: number): { done: Promise<void>; cancel(): void } {
    const task = this.#task(pidfd);
    return { done: new Promise((resolve) => task.ended.push(() => resolve())), cancel: () => undefined };
  }

  sendSignal(pidfd: number, signal: number): void {
    const task = this.#task(pidfd);
    this.signals.push([task.pid, signal]);
    if ((signal === 15 || signal === 9 || signal === 2) && !task.ignores.includes(signal))
      this.end(task.pid, null, signal);
  }

  closeFd(): void {}

  lock(path: string, _wait: boolean): () => void {
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

  /** Who connects; a test may say somebody else. */
  connecting = process.pid;

  peer(): number {
    return this.connecting;
  }

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
    return found ?? (ARRAYS.includes(map) ? Buffer.alloc(VALUE_BYTES[map] ?? 0) : null);
  }

  update(map: string, key: Uint8Array, value: Uint8Array): void {
    if (value.length !== VALUE_BYTES[map]) throw new RangeError(`${map}: a value has ${VALUE_BYTES[map]} bytes`);
    this.#map(map).set(Buffer.from(key).toString('hex'), Buffer.from(value));
  }

  remove(map: string, key: Uint8Array): boolean {
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

  subjects(session: number): Buffer {
    const tasks = [...this.#addon.tasks.values()].filter(
      (task) => task.policy !== 0 && (session === 0 || task.session === session),
    );
    return Buffer.concat(
      tasks.map((task) => {
        const record = Buffer.alloc(56);
        record.writeUInt32LE(task.pid, 0);
        record.writeUInt32LE(task.pid, 4);
        record.writeUInt32LE(task.policy, 8);
        record.writeUInt32LE(task.session, 12);
        record.writeBigUInt64LE(BigInt(task.pid) * 1000n, 16);
        record.writeUInt32LE(task.stopped ? 1 : 0, 32);
        record.write(task.comm.slice(0, 15), 40);
        return record;
      }),
    );
  }

  markProcess(): number {
    throw failure('ENOSYS', 'mark process');
  }

  trial(): Buffer {
    throw failure('ENOSYS', 'trial');
  }

  trials(): Buffer {
    throw failure('ENOSYS', 'trials');
  }

  programs(): { name: string; attached: boolean; recursionMisses: number }[] {
    return [{ name: 'file_open', attached: true, recursionMisses: 0 }];
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
