// SPDX-License-Identifier: GPL-2.0-only
/**
 * An event as a line of JSON: what JSON.stringify makes of it, faster where it counts. Records of a flood come from one process
 * and one rule, mostly, and differ in number, time and object: what stands between those is kept from one to the next.
 */
import type { EventRecord } from './record.js';

/** JSON escapes nothing of it. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** In the order in which they are written: between `time` and `object`, and behind `object`. */
const MIDDLE = ['session', 'policy', 'digest', 'rule', 'line', 'group', 'operation', 'decided'] as const;
const REST = [
  ...([
    'architecture',
    'from',
    'exchanged',
    'directory',
    'verdict',
    'enforced',
    'learnt',
    'created',
    'exclusive',
    'errno',
    'reason',
  ] as const),
  ...(['pid', 'tid', 'ppid', 'uid', 'gid', 'owner', 'exe', 'comm', 'count', 'first'] as const),
];
type Written = 'v' | 'type' | 'seq' | 'time' | 'object' | (typeof MIDDLE)[number] | (typeof REST)[number];
/** Nothing, where a record has a field that is not written here: then no call compiles. */
type Whole = Exclude<keyof EventRecord, Written> extends never ? EventRecord : never;

/** Fields of a record, and what was written of them the last time. */
class Kept {
  readonly #names: readonly (keyof EventRecord)[];
  #record: EventRecord | null = null;
  #text = '';

  constructor(names: readonly (keyof EventRecord)[]) {
    this.#names = names;
  }

  /** `,"name":value` of each that is there. */
  text(record: EventRecord, same: (one: EventRecord, other: EventRecord) => boolean): string {
    if (this.#record !== null && same(record, this.#record)) return this.#text;
    this.#record = record;
    this.#text = this.#names
      .filter((name) => record[name] !== undefined)
      .map((name) => `,"${name}":${JSON.stringify(record[name])}`)
      .join('');
    return this.#text;
  }
}

const middle = new Kept(MIDDLE);
const rest = new Kept(REST);

/** @returns the same bytes as JSON.stringify(record), for a record whose fields are in the order of EventRecord */
export function eventJson(record: Whole): string {
  const { v, type, seq, time, object } = record;
  // Times are the recorder's own text.
  const head = type === undefined ? `{"v":${v},"seq":` : `{"v":${v},"type":"${type}","seq":`;
  const text = PLAIN.test(object) ? `"${object}"` : JSON.stringify(object);
  return `${head}${seq},"time":"${time}"${middle.text(record, sameMiddle)},"object":${text}${rest.text(record, sameRest)}}`;
}

// Spelt out, and not by name in a loop: this runs for each record.
function sameMiddle(one: EventRecord, other: EventRecord): boolean {
  return (
    one.operation === other.operation &&
    one.rule === other.rule &&
    one.line === other.line &&
    one.decided === other.decided &&
    one.group === other.group &&
    one.session === other.session &&
    one.policy === other.policy &&
    one.digest === other.digest
  );
}

function sameRest(one: EventRecord, other: EventRecord): boolean {
  return (
    one.pid === other.pid &&
    one.tid === other.tid &&
    one.ppid === other.ppid &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.owner === other.owner &&
    one.verdict === other.verdict &&
    one.enforced === other.enforced &&
    one.errno === other.errno &&
    one.reason === other.reason &&
    one.count === other.count &&
    one.first === other.first &&
    one.architecture === other.architecture &&
    one.from === other.from &&
    one.exchanged === other.exchanged &&
    one.directory === other.directory &&
    one.learnt === other.learnt &&
    one.created === other.created &&
    one.exclusive === other.exclusive &&
    one.comm === other.comm &&
    one.exe === other.exe
  );
}
