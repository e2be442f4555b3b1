// SPDX-License-Identifier: GPL-2.0-only
/** What a statement would grant beside what was asked for: on this machine, and to which running policies it is nothing new. */
import { type Application, loadApplication } from '../application/application.js';
import { existing } from '../application/existing.js';
import { surroundingsOf } from '../application/surroundings.js';
import type { Grants, Suggestion } from '../ask/question.js';
import type { Proposal } from '../ask/suggest.js';
import { decide } from '../decide/decide.js';
import { findUser } from '../host/accounts.js';
import type { Host } from '../host/host.js';
import { Sensitive } from '../learn/sensitive.js';
import { parseAddress } from '../policy/address.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import type { Access, AccessObject, InetPattern, PathPattern, Policy } from '../policy/model.js';
import { parsePath } from '../policy/path.js';
import { readStates, type SessionState } from '../session/state.js';

/** Objects that are looked for, of which each is judged by the policy. */
const OBJECTS_MOST = 2000;
const NAMES_MOST = 5;
/** Objects by which it is told whether another policy permits the like. */
const PROBES_MOST = 20;
const ALIKE_MOST = 10;
/** How long policies of others are believed. */
const FRESH_MS = 5000;
/** Addresses are counted to here. */
const ADDRESSES_MOST = 1_000_000;
/** A name that nobody has, so that a pattern is not taken for what is there now. */
const NOBODYS = 'callgate-nobody-has-this-name' as Bytes;

export interface Weighing {
  readonly access: Access;
  /** As it is held. */
  readonly policy: Policy;
  readonly suggestions: readonly Suggestion[];
  readonly proposals: readonly Proposal[];
}

export class Weigher {
  readonly #host: Pick<Host, 'run' | 'groups'>;
  readonly #sensitive: Sensitive;
  #others: { readonly read: number; readonly policies: readonly Policy[] } | null = null;

  constructor(host: Pick<Host, 'run' | 'groups'>, sensitive: readonly PathPattern[]) {
    this.#host = host;
    this.#sensitive = new Sensitive(sensitive);
  }

  weigh({ access, policy, suggestions, proposals }: Weighing): Suggestion[] {
    const others = this.#running().filter(({ program }) => program !== policy.program);
    return suggestions.map((suggestion, index) => {
      const proposal = proposals[index];
      if (proposal === undefined) return suggestion;
      // A statement may be of more than was asked: a library's is of its mapping, too.
      const wanted = { ...access, operations: proposal.statement.operations };
      const { grants, probes } = this.#granted(proposal, wanted, policy);
      const alike = others
        .filter((other) => probes.every((object) => permits(other, { ...wanted, object })))
        .slice(0, ALIKE_MOST)
        .map(({ program }) => program);
      return { ...suggestion, grants, alike: [...new Set(alike)] };
    });
  }

  #granted({ statement }: Proposal, access: Access, policy: Policy): { grants: Grants; probes: AccessObject[] } {
    const [text = ''] = statement.objects;
    const socket = text.startsWith('unix:/');
    if (statement.key === 'path' || socket) {
      const pattern = parsePath(socket ? text.slice('unix:'.length) : text, () => null);
      return this.#paths(pattern, access, policy, socket ? 'unix' : 'path');
    }
    const address = statement.key === 'address' ? parseAddress(text, () => null) : null;
    const none = { grants: { count: 0, more: address?.type === 'abstract', names: [] }, probes: [access.object] };
    return address?.type === 'inet' && access.object.type === 'inet' ? addresses(address, access.object) : none;
  }

  #paths(
    pattern: PathPattern,
    access: Access,
    policy: Policy,
    type: 'path' | 'unix',
  ): { grants: Grants; probes: AccessObject[] } {
    const own = 'path' in access.object ? access.object.path : '';
    const { objects, more } = existing(pattern, OBJECTS_MOST);
    const objectOf = (path: Bytes): AccessObject => ({ type, path });
    const news = objects.filter((path) => path !== own && !permits(policy, { ...access, object: objectOf(path) }));
    // What is nobody's business is named first.
    const names = [...news.filter((path) => this.#sensitive.has(path)), ...news];
    const wide = pattern.self || pattern.components.some(({ kind }) => kind !== 'literal');
    const made = wide ? [madeUp(pattern)] : [];
    return {
      grants: { count: news.length, more, names: [...new Set(names)].slice(0, NAMES_MOST).map(textOf) },
      probes: [access.object, ...[...made, ...objects.slice(0, PROBES_MOST)].map(objectOf)],
    };
  }

  /** Policies of all sessions that run now. */
  #running(): readonly Policy[] {
    if (this.#others !== null && performance.now() - this.#others.read < FRESH_MS) return this.#others.policies;
    const policies = readStates(this.#host).flatMap((state) => {
      const held = new Set(state.policies.map(({ program }) => program));
      return (this.#application(state)?.policies ?? []).flatMap(({ policy }) =>
        held.has(policy.program) ? [policy] : [],
      );
    });
    this.#others = { read: performance.now(), policies };
    return policies;
  }

  /** What cannot be read says nothing about what else is permitted where. */
  #application({ folder, user }: SessionState): Application | undefined {
    const uid = process.getuid?.() ?? 0;
    const whose = findUser(user ?? uid) ?? { name: String(uid), uid, gid: uid, home: '/', shell: '/bin/sh' };
    try {
      return loadApplication(folder, surroundingsOf(whose, '/', this.#host.groups));
    } catch {
      return undefined;
    }
  }
}

function permits(policy: Policy, access: Access): boolean {
  return decide(policy, access).verdict === 'permit';
}

/** A path that the pattern matches and nobody thought of. */
function madeUp({ components, self }: PathPattern): Bytes {
  const names = components.map((component) => (component.kind === 'literal' ? component.name : NOBODYS));
  return `/${[...names, ...(self ? [NOBODYS] : [])].join('/')}` as Bytes;
}

function addresses(
  { host, ports }: InetPattern,
  object: Extract<AccessObject, { type: 'inet' }>,
): { grants: Grants; probes: AccessObject[] } {
  const hosts = host === null ? Number.POSITIVE_INFINITY : 2 ** (128 - host.prefix);
  const all = hosts * (ports.last - ports.first + 1) - 1;
  const probes: AccessObject[] = [object, { ...object, port: ports.first }, { ...object, port: ports.last }];
  if (host === null || host.prefix < 128) {
    const end = object.address.charCodeAt(15) ^ 1;
    probes.push({ ...object, address: `${object.address.slice(0, 15)}${String.fromCharCode(end)}` as Bytes });
  }
  return { grants: { count: Math.min(all, ADDRESSES_MOST), more: all > ADDRESSES_MOST, names: [] }, probes };
}
