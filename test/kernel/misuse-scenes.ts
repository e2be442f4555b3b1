// SPDX-License-Identifier: GPL-2.0-only
/** What misuse.test.ts runs in a process of its own: `node misuse-scenes.js RINGS SCENE`. A worker runs the same file. */

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { structBytes } from '../../src/abi/struct.js';
import { addon, type LaunchOptions, type NativeGate } from '../../src/kernel/addon.js';

const [rings = '', scene = ''] = isMainThread ? process.argv.slice(2) : (workerData as string[]);
const native = addon();
const TRIAL = new URL('../../../out/bpf/trial.bpf.o', import.meta.url).pathname;
const TRIAL_BYTES = structBytes('trial');

/** Written at once, for the process may end in the next call. */
function say(text: string): void {
  writeSync(1, `${text}\n`);
}

type Callable = (...given: unknown[]) => unknown;

/** How a call ended: the code of what it threw or rejected with, `ok`, or what came that is no Error with a code. */
async function ending(call: Callable, given: readonly unknown[]): Promise<string> {
  try {
    await call(...given);
    return 'ok';
  } catch (error) {
    const { code } = error as { code?: unknown };
    return error instanceof Error && typeof code === 'string' ? code : `no code: ${String(error)}`;
  }
}

function detached(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

const hostile = {
  toString: (): string => {
    throw new Error('converted');
  },
  valueOf: (): number => {
    throw new Error('converted');
  },
};
const noNumbers = [undefined, null, '1', true, {}, [], hostile, Symbol('s'), 1n, -1, 0.5, Number.NaN];
const beyond = [2 ** 32, 2 ** 53, -(2 ** 31), Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const number = [...noNumbers, ...beyond];
const descriptor = [...number, 2 ** 31, 2 ** 32 - 1];
const text = [undefined, null, 5, {}, hostile, Symbol('s'), 'a\0b', Buffer.from('maps')];
const noBytes = [undefined, null, 'bytes', [1], {}, hostile, new ArrayBuffer(8), new DataView(new ArrayBuffer(8))];
const bytes = [...noBytes, new Float64Array(1), new Int8Array(4), detached(4), detached(TRIAL_BYTES)];
const cookie = [undefined, null, 1, '1', -1n, 2n ** 64n];
const callback = [undefined, null, {}, 'deliver', 5];

/** A call that is right, and for each argument what is wrong in its place. */
type Row = readonly [given: readonly unknown[], wrong: readonly (readonly unknown[])[]];

const options = (changed: object = {}): LaunchOptions => ({
  file: '/bin/true',
  argv: ['true'],
  env: [],
  cwd: null,
  stdio: [0, 1, 2],
  detached: false,
  ...changed,
});

const texts = [undefined, null, 'true', {}, [5], ['a\0b'], [hostile], Object.assign([], { length: 2 ** 32 - 1 })];
const ids = ['0', -1, 0.5, Number.NaN, 2 ** 32 - 1, 2 ** 32, {}, true];
const wrongOptions = [
  ...[undefined, null, 5, 'options', {}],
  ...[...text.slice(0, -1), Buffer.from('a\0b'), detached(4)].map((file) => options({ file })),
  ...texts.flatMap((list) => [options({ argv: list }), options({ env: list })]),
  ...[5, 'a\0b', {}, true].map((cwd) => options({ cwd })),
  ...ids.flatMap((id) => [options({ uid: id }), options({ gid: id }), options({ groups: [id] })]),
  ...[5, {}, 'groups'].map((groups) => options({ groups })),
  ...[0, 'true', {}].map((value) => options({ detached: value })),
  ...[5, 'filter', {}, { permit: 5, refused: 1 }, { permit: [1] }].map((filter) => options({ filter })),
  ...[-1, 4096, '1', 0.5, null].map((refused) => options({ filter: { permit: [], refused } })),
  ...[-1, 2 ** 30, '1', 0.5, null, {}].map((call) => options({ filter: { permit: [call], refused: 1 } })),
  ...[null, {}, [], [0, 1], [0, 1, -1], [0, 1, 0.5], ['0', 1, 2]].map((stdio) => options({ stdio })),
  ...[5, 'held', {}, { pid: -1, control: 0 }, { pid: 1.5, control: 0 }].map((held) => options({ held })),
];

function tableOf(gate: NativeGate, folder: string): Record<string, Row> {
  const subject = Buffer.alloc(64);
  return {
    openTrial: [[TRIAL], [text]],
    load: [
      [{ directory: '/nowhere/gate' }],
      [[undefined, null, 5, {}, { directory: 'a\0b' }, { directory: 5 }, { directory: undefined }]],
    ],
    adopt: [['/nowhere'], [text]],
    attach: [['/nowhere'], [text]],
    detach: [['/nowhere'], [text]],
    unload: [['/nowhere'], [text]],
    mark: [
      [gate, 0, subject],
      [
        [undefined, null, 5, {}, [], Object.create(gate), new Proxy(gate, {}), { ...gate }, native, Buffer.alloc(8)],
        descriptor,
        bytes,
      ],
    ],
    hold: [[options({ file: '/nowhere' })], [wrongOptions]],
    openPidfd: [[process.pid], [[...descriptor, 0]]],
    waitPidfd: [[9999], [descriptor]],
    sendSignal: [
      [9999, 0],
      [descriptor, [...number, 65, 1000]],
    ],
    closeFd: [[9999], [descriptor]],
    lock: [[`${folder}/lock`], [text]],
    writeUnstopped: [
      [9999, Buffer.from('x')],
      [descriptor, bytes],
    ],
    duplicate: [[9999], [descriptor]],
    peer: [[9999], [descriptor]],
    receiveNow: [
      [9999, Buffer.alloc(1)],
      [descriptor, bytes],
    ],
    connectDatagram: [[`${folder}/nobody`], [text]],
    sendMemory: [
      [9999, Buffer.from('x')],
      [descriptor, bytes],
    ],
    becomeSubreaper: [[], []],
    reapOrphans: [[], []],
    probe: [[], []],
  };
}

const key = Buffer.alloc(4);
const methods: Record<Exclude<keyof NativeGate, 'close' | 'attached' | 'same'>, Row> = {
  describeMap: [['policies'], [text]],
  lookup: [
    ['policies', key],
    [text, bytes.concat(Buffer.alloc(3), Buffer.alloc(5), Buffer.alloc(0))],
  ],
  update: [
    ['policies', key, key],
    [text, bytes, [...noBytes, key, Buffer.alloc(0), detached(32)]],
  ],
  remove: [
    ['policies', key],
    [text, bytes.concat(Buffer.alloc(3), Buffer.alloc(5))],
  ],
  keys: [['policies'], [text]],
  putImage: [
    [0, 0, key],
    [[...number, 4, 2 ** 32 - 1], number, [...bytes, key]],
  ],
  removeImage: [
    [0, 0],
    [[...number, 4, 1000], number],
  ],
  getImage: [
    [0, 0],
    [[...number, 4, 1000], number],
  ],
  putRing: [
    [0, 4096],
    [number, [...number, 0]],
  ],
  removeRing: [[0], [number]],
  putSeen: [
    [0, 16],
    [number, [...number, 0]],
  ],
  removeSeen: [[0], [number]],
  readSeen: [[0], [number]],
  openRing: [
    [0, () => {}],
    [number, callback],
  ],
  subjects: [[0], [number]],
  subjectsOf: [[0], [descriptor]],
  endSession: [
    [0, 1n, 1],
    [number, cookie, [...number, 3]],
  ],
  surveyTasks: [[], []],
  surveyOf: [[0], [descriptor]],
  enterTasks: [[], []],
  leaveTasks: [[], []],
  watchForks: [[], []],
  watchGroups: [[], []],
  unwatchGroups: [[], []],
  attachLater: [[], []],
  watchCalls: [['entered'], [[...text, 'left']]],
  unwatchCalls: [[], []],
  identify: [[0], [descriptor]],
  trial: [[Buffer.alloc(TRIAL_BYTES)], [[...bytes, Buffer.alloc(TRIAL_BYTES - 1), Buffer.alloc(0)]]],
  trials: [[Buffer.alloc(TRIAL_BYTES)], [[...bytes, Buffer.alloc(TRIAL_BYTES + 1), Buffer.alloc(0)]]],
  programs: [[], []],
};

/** Calls everything wrongly: each argument in turn, none at all, and some too many that are no matter. */
async function refuse(of: object, rows: Record<string, Row>): Promise<void> {
  for (const [name, [given, wrong]] of Object.entries(rows)) {
    const call = (of as Record<string, Callable>)[name] as Callable;
    let count = 0;
    const codes = new Set<string>();
    for (const [at, values] of wrong.entries())
      for (const value of values) {
        codes.add(await ending(call, given.with(at, value)));
        count++;
      }
    if (wrong.length > 0) codes.add(await ending(call, []));
    say(`${name} ${count > 0 ? [...codes].join(',') : '-'} ${await ending(call, [...given, hostile, 5])}`);
    total += count;
  }
}
let total = 0;

/** What polls and holds until somebody ends it. */
function busy(): void {
  const gate = native.openTrial(rings);
  gate.putRing(0, 4096);
  gate.openRing(0, () => {});
  const own = native.openPidfd(process.pid);
  native.waitPidfd(own);
  native.waitPidfd(own);
  const going = native.hold(options({ file: '/bin/sleep', argv: ['sleep', '1000'] }));
  native.hold(options());
  void going.wait();
  void going.release();
  // Its end, whichever way, is the end of the whole tree.
  native.sendSignal(going.pidfd, 0);
  process.once('exit', () => native.sendSignal(going.pidfd, 9));
  gate.trial(Buffer.alloc(TRIAL_BYTES));
}

function openFiles(): number {
  const folder = '/proc/self/fd';
  return process.getBuiltinModule('node:fs').readdirSync(folder).length;
}

const scenes: Record<string, () => Promise<void>> = {
  async functions() {
    const folder = mkdtempSync(`${tmpdir()}/callgate-misuse-`);
    const table = tableOf(native.openTrial(TRIAL), folder);
    say(
      `left out: ${Object.keys(native).filter((name) => !(name in table) && !['abiVersion', 'laterHooks'].includes(name))}`,
    );
    await refuse(native, table);
    rmSync(folder, { recursive: true });
    say(`cases: ${total > 200}`);
  },

  async methods() {
    const gate = native.openTrial(TRIAL);
    say(`left out: ${Object.keys(gate).filter((name) => !(name in methods))}`);
    await refuse(gate, methods);
    gate.close();
    gate.close();
    for (const [name, [given]] of Object.entries(methods))
      say(`closed: ${name} ${await ending((gate as never as Record<string, Callable>)[name] as Callable, given)}`);
    say(`closed: mark ${await ending(native.mark as Callable, [gate, 0, Buffer.alloc(64)])}`);
    const { describeMap } = native.openTrial(TRIAL);
    say(`a method by itself: ${describeMap('policies').keySize}`);
    say(`cases: ${total > 200}`);
  },

  /** Getters that throw, detach and grow. */
  async getters() {
    const throwing = (name: string, base: object): object =>
      Object.defineProperty({ ...base }, name, {
        enumerable: true,
        get: () => {
          throw new RangeError(name);
        },
      });
    const caught = (call: () => unknown): string => {
      try {
        call();
        return 'ok';
      } catch (error) {
        return String(error);
      }
    };
    for (const name of [...Object.keys(options()), 'uid', 'gid', 'groups', 'held'])
      say(caught(() => native.hold(throwing(name, options()) as never)));
    for (const name of ['pid', 'control'])
      say(caught(() => native.hold(options({ held: throwing(name, { pid: 1, control: 0 }) }) as never)));
    for (const name of ['directory']) say(caught(() => native.load(throwing(name, { directory: '/x' }) as never)));
    for (const name of ['argv', 'env', 'groups', 'stdio'])
      say(caught(() => native.hold(options({ [name]: throwing('0', [1]) }) as never)));
    const growing: string[] = ['true'];
    for (const at of [0, 1])
      Object.defineProperty(growing, at, {
        get: () => {
          if (growing.length < 1e6) growing.push('more');
          return 'more';
        },
      });
    const element = throwing('0', []);
    say(
      caught(() => native.hold(options({ argv: Object.setPrototypeOf([...growing], element) }))).replace(
        /.*/,
        'survived',
      ),
    );
    const shrinking = Object.defineProperty(['a', 'b', 'c'], 0, {
      get() {
        shrinking.length = 1;
        return 'a';
      },
    });
    say(caught(() => native.hold(options({ argv: shrinking }))));
    const buffer = Buffer.from;
    Object.assign(Buffer, { from: undefined });
    const gate = native.openTrial(rings);
    gate.putRing(0, 4096);
    say(await ending(gate.openRing as Callable, [0, () => {}]));
    Object.assign(Buffer, { from: buffer });
  },

  async ring() {
    const gate = native.openTrial(rings);
    say(`processors: ${await ending(gate.lookup as Callable, ['processors', key])}`);
    say(`no ring yet: ${await ending(gate.openRing as Callable, [1, () => {}])}`);
    gate.putRing(0, 4096);
    const write = (): void => void gate.trial(Buffer.alloc(TRIAL_BYTES));
    let kept: Uint8Array = new Uint8Array();
    // From drain: what deliver throws comes back, and the record stays.
    let times = 0;
    const ring = gate.openRing(0, (batch, records) => {
      times++;
      say(`delivered ${batch.length} ${records} ${batch[0]}`);
      if (times === 1) throw new RangeError('first');
      if (times === 2) say(`within: ${String(errorOf(() => ring.drain()))}`);
      if (times === 3) structuredClone(batch.buffer, { transfer: [batch.buffer as ArrayBuffer] });
      if (times === 5) {
        ring.stop();
        ring.stop();
        ring.drain();
      }
      kept = batch;
    });
    write();
    say(String(errorOf(() => ring.drain())));
    ring.drain();
    write();
    ring.drain();
    say(`kept: ${kept.length}`);
    write();
    ring.drain();
    write();
    // From the loop now.
    while (times < 5) await new Promise((resolve) => setTimeout(resolve, 1));
    ring.stop();
    ring.drain();
    await new Promise((resolve) => setTimeout(resolve, 10));
    ring.stop();
    ring.drain();
    write();
    // What throws there is told, and the record handed on again.
    const told: unknown[] = [];
    process.on('uncaughtException', (error) => told.push(String(error)));
    let again = 0;
    await new Promise<void>((resolve) => {
      const other = gate.openRing(0, () => {
        again++;
        if (again < 3) throw new TypeError(`time ${again}`);
        other.stop();
        resolve();
      });
    });
    say(`told: ${told.join(', ')}`);
    // Closed under an open ring, which goes on.
    const last = gate.openRing(0, () => {});
    gate.close();
    last.drain();
    last.stop();
  },

  async descriptors() {
    const fd = native.openPidfd(process.pid);
    const before = openFiles();
    const first = native.waitPidfd(fd);
    const second = native.waitPidfd(fd);
    native.closeFd(fd);
    say(`closed twice: ${await ending(native.closeFd as Callable, [fd])}`);
    say(`not ours: ${await ending(native.closeFd as Callable, [1])}`);
    // The loop turns with the descriptor closed and its number another's.
    const other = openSync('/dev/null', 'r');
    await new Promise((resolve) => setTimeout(resolve, 5));
    first.cancel();
    first.cancel();
    second.cancel();
    await new Promise((resolve) => setTimeout(resolve, 5));
    closeSync(other);
    const file = openSync('/proc/self/stat', 'r');
    say(`a file: ${await ending(native.waitPidfd as Callable, [fileURLToPath === undefined ? 0 : file])}`);
    closeSync(file);
    say(`left: ${openFiles() - before + 1}`);
    const child = spawn('/bin/true');
    const ended = native.waitPidfd(native.openPidfd(child.pid as number));
    await ended.done;
    ended.cancel();
    say('ended');
  },

  async children() {
    const child = native.hold(options());
    const ended = child.wait();
    say(`wait twice: ${await ending(child.wait, [])}`);
    await child.release();
    say(`release twice: ${await ending(child.release, [])}`);
    say(JSON.stringify(await ended));
    say(`wait after the end: ${await ending(child.wait, [])}`);
    child.abandon();
    const given = native.hold(options());
    given.abandon();
    given.abandon();
    say(`release after abandon: ${await ending(given.release, [])}`);
    say(`wait after abandon: ${await ending(given.wait, [])}`);
    say(
      `no child of ours: ${await ending(native.hold as Callable, [options({ held: { pid: process.pid, control: 1 } })])}`,
    );
    const missing = native.hold(options({ file: '/dev/null' }));
    say(`what cannot run: ${await ending(missing.release, [])}`);
    say(JSON.stringify(await missing.wait()));
  },

  async workers() {
    const before = openFiles();
    for (const way of ['exit', 'terminate', 'throw', 'return'])
      for (let i = 0; i < 3; i++) {
        const worker = new Worker(fileURLToPath(import.meta.url), { workerData: [rings, `worker-${way}`] });
        worker.on('error', () => {});
        const ended = new Promise((resolve) => worker.once('exit', resolve));
        if (way === 'terminate') {
          await new Promise((resolve) => worker.once('message', resolve));
          await worker.terminate();
        } else await ended;
        say(way);
      }
    say(`descriptors left: ${openFiles() - before}`);
  },
  async 'worker-exit'() {
    busy();
    process.exit(3);
  },
  async 'worker-terminate'() {
    busy();
    parentPort?.postMessage('busy');
  },
  async 'worker-throw'() {
    busy();
    setImmediate(() => {
      throw new Error('the end');
    });
  },
  async 'worker-return'() {
    const gate = native.openTrial(rings);
    gate.putRing(0, 4096);
    const ring = gate.openRing(0, () => ring.stop());
    gate.trial(Buffer.alloc(TRIAL_BYTES));
  },

  async exit() {
    busy();
    setTimeout(() => process.exit(7), 20);
  },
  async 'exit at once'() {
    busy();
    process.exit(7);
  },
  /** process.exit in the middle of a delivery. */
  async 'exit within'() {
    const gate = native.openTrial(rings);
    gate.putRing(0, 4096);
    gate.openRing(0, () => process.exit(7));
    gate.trial(Buffer.alloc(TRIAL_BYTES));
  },
};

function errorOf(call: () => void): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const play = scenes[scene];
if (play === undefined) throw new Error(`there is no scene ${scene}`);
await play();
