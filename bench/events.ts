// SPDX-License-Identifier: GPL-2.0-only
/**
 * The path of an event. In a VM: floods through the ring buffer (bench/events-guest.ts), which also hands out real records. Here:
 * the reader of a supervisor fed with those, all different, as fast as it takes them, into a log on the disk and a terminal
 * that is told of them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fieldOf, readNumber, structBytes, writeNumber } from '../src/abi/struct.js';
import { Log } from '../src/audit/log.js';
import { Pipeline } from '../src/audit/pipeline.js';
import { TerminalSink } from '../src/audit/terminal.js';
import { EventDecoder } from '../src/events/decode.js';
import { Recorder } from '../src/events/recorder.js';
import { type Figure, medianOf, type Unit } from './figure.js';
import { guestTold } from './vm.js';

/** A batch of the ring's reader (addon/ring.cc). */
const BATCH_BYTES = 1 << 20;
const RECORDS = 300_000;
const TURNS = 5;

interface Measured {
  readonly operation: string;
  readonly unit: Unit;
  readonly base: number;
  readonly added: number;
  readonly spread: number;
}

type Told = Measured | { readonly sample: string };

/** @throws Error where a record is lost, or the guest ends otherwise than well */
export async function measureEvents(kernel: string, say: (line: string) => void): Promise<Figure[]> {
  const guest = { file: 'events-guest.js', seconds: 1500, counted: false };
  const told = await guestTold<Told>(kernel, guest, (one) => {
    if (!('sample' in one)) say(`${kernel}: ${one.operation}: ${one.added} ${one.unit}`);
  });
  const sample = told.flatMap((one) => ('sample' in one ? [Buffer.from(one.sample, 'base64')] : []));
  const head = { kernel, part: 'events', mechanism: 'callgate' } as const;
  const floods = told.flatMap((one): Figure[] => ('sample' in one ? [] : [{ ...head, ...one }]));
  return [...floods, ...fed(Buffer.concat(sample), say)];
}

/** The reader fed with records of a ring buffer, until it has drained so many that are all different. */
export function fed(sample: Buffer, say: (line: string) => void): Figure[] {
  const batches = different(sample, RECORDS);
  const took = Array.from({ length: TURNS }, () => {
    const one = drain(batches);
    say(`${RECORDS} records fed: ${Math.round(RECORDS / (one.processor / 1e6))} a second of processor time`);
    return one;
  });
  const figure = (operation: string, unit: Unit, values: readonly number[]): Figure => {
    const { median, spread } = medianOf(values);
    return { kernel: 'host', part: 'events', mechanism: 'callgate', operation, unit, base: 0, added: median, spread };
  };
  const each = (microseconds: number): number => Math.round((microseconds * 1000) / RECORDS);
  return [
    figure(
      'record to line, processor time',
      'nanoseconds',
      took.map(({ processor }) => each(processor)),
    ),
    figure(
      'record to line, wall clock',
      'nanoseconds',
      took.map(({ wall }) => each(wall)),
    ),
    figure(
      'a line of the log',
      'bytes',
      took.map(({ bytes }) => Math.round(bytes / RECORDS)),
    ),
  ];
}

interface Drained {
  /** Microseconds. */
  readonly processor: number;
  readonly wall: number;
  readonly bytes: number;
}

function drain(batches: readonly Buffer[]): Drained {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
  try {
    const file = join(folder, 'log', 'flood.jsonl');
    const log = new Log(file, Number.POSITIVE_INFINITY);
    const pipeline = new Pipeline(
      'flood-1',
      [log, new TerminalSink(() => undefined, 'flood-1', file)],
      () => undefined,
    );
    const policy = { program: '/srv/bin/flood', digest: `sha256:${'0'.repeat(64)}`, rules: [], anyone: false };
    const recorder = new Recorder({ name: 'flood-1', policy: () => policy, bootTime: 1_795_000_000_000_000_000n });
    const decoder = new EventDecoder();
    const used = process.cpuUsage();
    const begun = performance.now();
    for (const batch of batches)
      for (const events of decoder.chunks(batch)) pipeline.records(events.map((event) => recorder.record(event)));
    const wall = (performance.now() - begun) * 1000;
    const { user, system } = process.cpuUsage(used);
    pipeline.close({ type: 'lost', dropped: 0, malformed: 0, unwritten: 0 });
    const bytes = readFileSync(file);
    const seen = new Set<number>();
    let lines = 0;
    for (let at = 0; at < bytes.length; at = bytes.indexOf(10, at) + 1, lines++) {
      const end = bytes.indexOf(10, at);
      const { seq } = JSON.parse(bytes.toString('utf8', at, end)) as { readonly seq?: number };
      if (seq !== undefined) seen.add(seq);
    }
    if (seen.size !== RECORDS || lines !== RECORDS + 1)
      throw new Error(`${RECORDS} records were fed, and ${seen.size} stand in ${lines} lines of the log`);
    return { processor: user + system, wall, bytes: bytes.length };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The records again and again, each with a number, a time and an object of its own, in batches as the reader gets them. */
function different(sample: Buffer, count: number): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < sample.length; ) {
    const size = readNumber(sample.subarray(at), 'event', 'size');
    records.push(sample.subarray(at, at + size));
    at += (size + 7) & ~7;
  }
  const header = structBytes('event');
  const length = fieldOf('event', 'length').offset;
  const batches: Buffer[] = [];
  let parts: Buffer[] = [];
  let bytes = 0;
  for (let number = 1; number <= count; number++) {
    const record = records[number % records.length] ?? Buffer.alloc(0);
    const more = Buffer.from(`.${number}`);
    const size = record.length + more.length;
    const one = Buffer.alloc((size + 7) & ~7);
    record.copy(one);
    more.copy(one, record.length);
    writeNumber(one, 'event', 'size', size);
    writeNumber(one, 'event', 'sequence', number);
    one.writeUInt32LE(size - header, length);
    parts.push(one);
    bytes += one.length;
    if (bytes < BATCH_BYTES && number < count) continue;
    batches.push(Buffer.concat(parts));
    parts = [];
    bytes = 0;
  }
  return batches;
}
