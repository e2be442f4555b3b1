// SPDX-License-Identifier: GPL-2.0-only
/**
 * Does a pattern match an object? This is the reference: it reads the patterns of src/policy/model.ts piece by piece and
 * byte by byte, and shares nothing with the automaton that compile/ makes of them, because the two are compared.
 *
 * Every matcher here works on sets of places ("after these pieces the match may stand here, here or here") instead of
 * trying one way after another, so no pattern takes exponential time.
 */
import type { Bytes } from '../policy/bytes.js';
import type {
  AccessObject,
  FamilyPattern,
  InetPattern,
  ObjectPattern,
  PathPattern,
  TargetPattern,
} from '../policy/model.js';
import { bytesMatch } from './tokens.js';

type TargetObject = Extract<AccessObject, { type: 'target' }>;
type FamilyObject = Extract<AccessObject, { type: 'family' }>;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_SEQPACKET = 5;

/** The kinds and protocols of `socket(2)` that are a protocol of the policy's; null: whatever it says. */
const SOCKETS: Readonly<
  Record<InetPattern['protocol'], { kinds: readonly number[]; protocols: readonly number[] | null }>
> = {
  // 0 asks for the kind's usual protocol; 262 is IPPROTO_MPTCP, which connects to the same addresses.
  tcp: { kinds: [SOCK_STREAM], protocols: [0, 6, 262] },
  // 136 is IPPROTO_UDPLITE.
  udp: { kinds: [SOCK_DGRAM], protocols: [0, 17, 136] },
  sctp: { kinds: [SOCK_STREAM, SOCK_SEQPACKET], protocols: [132] },
  // 58 is IPPROTO_ICMPV6.
  icmp: { kinds: [SOCK_DGRAM], protocols: [1, 58] },
  raw: { kinds: [SOCK_RAW], protocols: null },
};

/**
 * The names of an absolute path, none for `/`.
 */
export function namesOf(path: Bytes): Bytes[] {
  return path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
}

/**
 * How far a path goes along a pattern. `reached[i]` is the set of places (numbers of names) at which a match may stand
 * when the first i components of the pattern are used up; `within[i]` the same while component i is still being matched,
 * which differs for `**` alone.
 */
export interface Progress {
  readonly reached: readonly ReadonlySet<number>[];
  readonly within: readonly ReadonlySet<number>[];
}

/** Walks the components of a pattern along the names of a path. Takes time in their product. */
export function walk(pattern: PathPattern, names: readonly Bytes[]): Progress {
  const reached: Set<number>[] = [new Set([0])];
  const within: Set<number>[] = [];
  pattern.components.forEach((component, index) => {
    const from = reached[index] as Set<number>;
    const last = index === pattern.components.length - 1;
    const to = new Set<number>();
    if (component.kind === 'deep') {
      const inside = new Set<number>();
      const least = Math.min(...from);
      for (let place = least; place <= names.length; place++) inside.add(place);
      within.push(inside);
      for (const place of inside) if (!last || place > least) to.add(place);
    } else {
      within.push(from);
      for (const place of from) {
        const name = names[place];
        if (name === undefined) continue;
        if (component.kind === 'literal' ? component.name === name : bytesMatch(component.tokens, name))
          to.add(place + 1);
      }
    }
    reached.push(to);
  });
  return { reached, within };
}

/** Does the pattern match this very path? */
export function pathMatches(pattern: PathPattern, path: Bytes): boolean {
  const names = namesOf(path);
  const ends = walk(pattern, names).reached[pattern.components.length] as ReadonlySet<number>;
  return pattern.self ? ends.size > 0 : ends.has(names.length);
}

/**
 * Is this path a folder above something the pattern could match? It is when its names are used up while a component is
 * still being matched: every component can be satisfied by some name (a glob that never matches is refused by the
 * parser), and `**` by any number of them. Below a `***` everything may be a folder too.
 */
export function pathLeadsTo(pattern: PathPattern, path: Bytes): boolean {
  const names = namesOf(path);
  const { within } = walk(pattern, names);
  return within.some((places) => places.has(names.length)) || (pattern.self && pathMatches(pattern, path));
}

/** Do the first `prefix` bits of both addresses agree? */
function addressMatches(host: NonNullable<InetPattern['host']>, address: Bytes): boolean {
  for (let bit = 0; bit < host.prefix; bit++) {
    const mask = 0x80 >> (bit & 7);
    const differs = host.address.charCodeAt(bit >> 3) ^ address.charCodeAt(bit >> 3);
    if ((differs & mask) !== 0) return false;
  }
  return true;
}

function familyMatches(pattern: FamilyPattern, object: FamilyObject): boolean {
  return (
    pattern.family === object.family &&
    (pattern.kind === null || pattern.kind === object.kind) &&
    (pattern.protocol === null || pattern.protocol === object.protocol)
  );
}

function targetMatches({ act, which, who }: TargetPattern, object: TargetObject): boolean {
  if (act !== object.act || (which !== null && !which.includes(object.which))) return false;
  switch (who.kind) {
    case 'process':
      return object.who.kind === 'process' && object.who.process === who.process;
    case 'kind':
      return object.who.kind === 'kind' && object.who.of === who.of;
    case 'path':
      return object.who.kind === 'path' && pathMatches(who.pattern, object.who.path);
  }
}

/** Does the pattern match the object of an attempt other than `socket`? */
export function objectMatches(pattern: ObjectPattern, object: AccessObject): boolean {
  switch (pattern.type) {
    case 'path':
      return object.type === 'path' && pathMatches(pattern.pattern, object.path);
    case 'kind':
      return object.type === 'kind' && object.kind === pattern.kind;
    case 'inet':
      return (
        object.type === 'inet' &&
        object.protocol === pattern.protocol &&
        object.port >= pattern.ports.first &&
        object.port <= pattern.ports.last &&
        (pattern.host === null || addressMatches(pattern.host, object.address))
      );
    case 'unix':
      return object.type === 'unix' && pathMatches(pattern.pattern, object.path);
    case 'abstract':
      return object.type === 'abstract' && bytesMatch(pattern.tokens, object.name);
    case 'unnamed':
      return object.type === 'unnamed';
    case 'family':
      return object.type === 'family' && familyMatches(pattern, object);
    case 'target':
      return object.type === 'target' && targetMatches(pattern, object);
    case 'number':
      return (
        object.type === 'number' &&
        object.table === pattern.table &&
        object.value >= pattern.first &&
        object.value <= pattern.last
      );
  }
}

/**
 * Does the pattern cover the making of this socket? `socket(2)` knows no address yet, so an address counts by its
 * protocol alone, in both address families, and anything of unix by the family alone. Patterns of files cover none.
 */
export function socketMatches(pattern: ObjectPattern, object: AccessObject): boolean {
  if (object.type !== 'family') return false;
  switch (pattern.type) {
    case 'path':
    case 'kind':
    case 'number':
    case 'target':
      return false;
    case 'inet': {
      const { kinds, protocols } = SOCKETS[pattern.protocol];
      return (
        (object.family === AF_INET || object.family === AF_INET6) &&
        kinds.includes(object.kind) &&
        (protocols === null || protocols.includes(object.protocol))
      );
    }
    case 'unix':
    case 'abstract':
    case 'unnamed':
      return object.family === AF_UNIX;
    case 'family':
      return familyMatches(pattern, object);
  }
}
