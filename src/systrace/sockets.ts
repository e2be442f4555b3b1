// SPDX-License-Identifier: GPL-2.0-only
/** Sockets: which families there are, how systrace printed them, and what the sets are in the language of policies. */
import { inetText } from '../policy/address.js';
import { loopbackFor } from '../policy/destination.js';
import { familyText } from '../policy/family.js';
import type { Protocol } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { plainName } from './calls.js';
import type { Inet } from './inet.js';
import type { Points } from './space.js';
import type { ClassicRule, Comparison, Expression } from './syntax.js';

/** AF_* of Linux by their printed names. */
const NAMED: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_IPX: 4, AF_INET6: 10 };
const NETLINK = 16;
const AF_UNIX = 1;
const TYPES = ['SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW', 'SOCK_RDM', 'SOCK_SEQPACKET'] as const;

/** A family and a type of socket, with what systrace printed of them. */
export interface Socket {
  readonly family: number;
  readonly type: number;
  readonly printed: Readonly<Record<string, string>>;
}

/**
 * The sockets that a policy can be about: those of unix, internet and netlink, and the families that it names.
 *
 * @param numbers the policy is for Linux, so the numbers of families are those of Linux
 */
export function socketsOf(rules: readonly ClassicRule[], numbers: boolean): Socket[] {
  const families = new Set([AF_UNIX, 2, 10, NETLINK]);
  for (const { value } of rules.filter(({ call }) => plainName(call) === 'socket').flatMap(comparisonsOf)) {
    if (/^AF_IPX$/i.test(value)) families.add(4);
    const number = /^AF_UNKNOWN\((\d{1,3})\)$/i.exec(value)?.[1];
    if (numbers && number !== undefined) families.add(Number(number));
  }
  return [...families].flatMap((family) => {
    const sockdom = Object.keys(NAMED).find((name) => NAMED[name] === family) ?? `AF_UNKNOWN(${family})`;
    return TYPES.map((socktype, index) => ({ family, type: index + 1, printed: { sockdom, socktype } }));
  });
}

/** All comparisons of a rule. */
export function comparisonsOf({ condition }: ClassicRule): Comparison[] {
  const found: Comparison[] = [];
  const pending: Expression[] = condition === null ? [] : [condition];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === 'test') found.push(next);
    else if (next.kind === 'not') pending.push(next.of);
    else if (next.kind !== 'true') pending.push(next.right, next.left);
  }
  return found;
}

/** A set of sockets as families, those of all types by the family alone. */
export function familiesOf(points: Points, sockets: readonly Socket[]): string[] {
  const chosen = points.map((point) => sockets[point] as Socket);
  return [...new Set(chosen.map(({ family }) => family))].flatMap((family) => {
    const types = chosen.filter((socket) => socket.family === family).map(({ type }) => type);
    if (types.length === TYPES.length) return [familyText({ family, kind: null, protocol: null })];
    return types.map((kind) => familyText({ family, kind, protocol: null }));
  });
}

/** The point numbers of unix sockets. */
export function unixPoints(sockets: readonly Socket[]): Points {
  return sockets.flatMap(({ family }, index) => (family === AF_UNIX ? [index] : []));
}

/** Protocols that a permit of an address is for; a denial is for all of them. */
export function protocolsOf(rules: readonly ClassicRule[]): readonly Protocol[] {
  const raw = rules.some(
    (rule) =>
      plainName(rule.call) === 'socket' &&
      rule.action.verdict === 'permit' &&
      comparisonsOf(rule).some(({ value }) => /SOCK_RAW/i.test(value)),
  );
  return raw ? ['tcp', 'udp', 'icmp', 'raw'] : ['tcp', 'udp'];
}

export const ALL_PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'raw'];

/** An address as a policy has it, one for each protocol. What is no destination is what the kernel takes it for. */
export function addressesOf({ host, ports }: Inet, protocols: readonly Protocol[], operation: Operation): string[] {
  const goesOut = operation === 'connect' || operation === 'send';
  const taken = goesOut && host?.prefix === 128 ? loopbackFor(host.address) : null;
  const to = taken === null || host === null ? host : { ...host, address: taken };
  return protocols.map((protocol) => inetText({ protocol, host: to, ports }));
}
