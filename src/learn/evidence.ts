// SPDX-License-Identifier: GPL-2.0-only
/** What the programs of an application made, took away and listed. */
import type { Bytes } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { type Given, NOTHING_GIVEN } from './given.js';
import type { Observation } from './observation.js';
import type { Sighting } from './rules/name.js';
import { type Derived, Stems } from './stems.js';

/** The ports that the kernel hands out by itself (ip(7): ip_local_port_range as it comes). */
export const EPHEMERAL = { first: 32768, last: 60999 } as const;

/** Ports of one host that a server answers, before they are any that its clients may be given. */
const ANSWERED_LEAST = 2;

type Internet = Extract<AccessObject, { type: 'inet' }>;

const NEVER: ReadonlySet<number> = new Set();

/** What the programs of the application made, took away and listed. */
export class Evidence {
  readonly #made = new Set<string>();
  readonly #removed = new Set<string>();
  /** What was made with O_EXCL: for itself alone. */
  readonly #exclusive = new Set<string>();
  readonly #pids = new Set<number>();
  readonly #listed = new Map<string, Set<number>>();
  readonly #given: Given;
  /** Of what was given, or was in folders that were listed. */
  readonly #stems = new Stems();
  /** Protocols on which port 0 was bound: the kernel chose. */
  readonly #anyPort = new Set<string>();
  /** Programs with the protocols on which they serve a port that was chosen. */
  readonly #serves = new Set<string>();
  /** Ports by chance that a program sent to, by program, protocol and host. */
  readonly #answered = new Map<string, Set<number>>();

  /** @param given what whoever ran the application chose */
  constructor(observations: readonly Observation[], given: Given = NOTHING_GIVEN) {
    this.#given = given;
    for (const { program, operation, object, pids, runs, exclusive } of observations) {
      for (const pid of pids) this.#pids.add(pid);
      if (object.type === 'inet') this.#addPort(program, operation, object);
      if (object.type !== 'path' && object.type !== 'unix') continue;
      if (operation === 'create' || operation === 'bind') this.#made.add(object.path);
      if (operation === 'delete') this.#removed.add(object.path);
      if (exclusive === true) this.#exclusive.add(object.path);
      if (operation === 'list')
        this.#listed.set(object.path, new Set([...(this.#listed.get(object.path) ?? []), ...(runs ?? [0])]));
    }
    for (const { object, operation } of observations) {
      if (object.type !== 'path' || operation === 'list') continue;
      const at = object.path.lastIndexOf('/');
      // What a program made in a folder that it lists may itself be made from another name.
      const found = !this.#made.has(object.path) && this.#listed.has(object.path.slice(0, at));
      if (found || given.path(object.path) || given.passedToAny(object.path))
        this.#stems.add(object.path.slice(at + 1));
    }
  }

  sighting({ operation }: Observation, names: readonly Bytes[]): Sighting {
    const path = `/${names.join('/')}`;
    let end = 0;
    const ends = names.map(({ length }) => {
      end += 1 + length;
      return end;
    });
    const upTo = (index: number): string => path.slice(0, ends[index]);
    return {
      operation,
      names,
      made: (index) => this.#made.has(upTo(index)),
      removed: (index) => this.#removed.has(upTo(index)),
      exclusive: (index) => this.#exclusive.has(upTo(index)),
      named: (index) => this.#given.named(upTo(index)) || this.#given.passedToAny(upTo(index)),
      chosen: (index) => this.#given.chose(upTo(index)),
      pid: (number) => this.#pids.has(Number(number)),
    };
  }

  /** Runs in which a program listed the folder: another may be told by it what is there. */
  listed(folder: string): ReadonlySet<number> {
    return this.#listed.get(folder) ?? NEVER;
  }

  /** Did a program of the application make it? */
  made(path: string): boolean {
    return this.#made.has(path);
  }

  /** Did it stand on the command line itself? */
  given(path: string): boolean {
    return this.#given.path(path);
  }

  /** The name of data that this one is made from. */
  derived(name: string): Derived | null {
    return this.#stems.of(name);
  }

  #addPort(program: string, operation: Operation, object: Internet): void {
    const { protocol, port } = object;
    if (operation === 'bind' && port === 0) this.#anyPort.add(protocol);
    else if (operation === 'bind' && !isByChance(port)) this.#serves.add(`${program} ${protocol}`);
    if (operation !== 'send' || !isByChance(port)) return;
    const key = peerOf(program, object);
    this.#answered.set(key, (this.#answered.get(key) ?? new Set()).add(port));
  }

  /**
   * Was the port the kernel's choice? One that was bound as 0; or of those whom a server answers, where it has answered two of them
   * on one host.
   */
  ephemeral(program: string, operation: Operation, object: Internet): boolean {
    const { protocol, port } = object;
    if (!isByChance(port)) return false;
    if (this.#anyPort.has(protocol)) return true;
    const answered = operation === 'send' && this.#serves.has(`${program} ${protocol}`);
    return answered && (this.#answered.get(peerOf(program, object))?.size ?? 0) >= ANSWERED_LEAST;
  }
}

function isByChance(port: number): boolean {
  return port >= EPHEMERAL.first && port <= EPHEMERAL.last;
}

function peerOf(program: string, { protocol, address }: Internet): string {
  return `${program} ${protocol} ${address}`;
}
