// SPDX-License-Identifier: GPL-2.0-only
/**
 * Internet addresses as systrace printed them, `inet-[ADDR]:PORT`, and the comparisons with them. No protocol was printed: an
 * address here is that of any.
 */
import type { Bytes } from '../policy/bytes.js';
import { addressBytes, addressText, isMapped, MAPPED_BITS, networkOf } from '../policy/ip.js';
import type { InetPattern } from '../policy/model.js';
import { readFnmatch } from './fnmatch.js';
import type { Sign } from './pattern.js';
import { exactly, type Reach, reaching } from './reach.js';
import { parseRegex, type Regex, toJavaScript } from './regex.js';
import type { Space } from './space.js';

type Host = InetPattern['host'];

export interface Inet {
  readonly host: Host;
  readonly ports: InetPattern['ports'];
}

const PORT_MAX = 65535;
const ALL_PORTS: Inet['ports'] = { first: 0, last: PORT_MAX };
export const ANY_INET: Inet = { host: null, ports: ALL_PORTS };

const NEVER: Reach<Inet> = { under: [], over: [], remark: 'never' };
/** Not all that is meant: the rest may be anywhere. */
const atLeast = (under: readonly Inet[]): Reach<Inet> => ({ under, over: [ANY_INET], remark: 'pattern' });

/** Addresses, with sets of one host or network and a range of ports. */
export const inetSpace: Space<Inet> = {
  everything: ANY_INET,
  meet: (one, other) => {
    const ports = {
      first: Math.max(one.ports.first, other.ports.first),
      last: Math.min(one.ports.last, other.ports.last),
    };
    if (ports.first > ports.last) return null;
    if (hostContains(one.host, other.host)) return { host: other.host, ports };
    return hostContains(other.host, one.host) ? { host: one.host, ports } : null;
  },
  contains: (outer, inner) =>
    hostContains(outer.host, inner.host) &&
    outer.ports.first <= inner.ports.first &&
    outer.ports.last >= inner.ports.last,
  // An address leads to itself, and to what follows behind a slash.
  reach: reaching({ equal, matching, holding, above: (value) => equal(value.split('/')[0] ?? ''), regular }),
  key: () => null,
};

function hostContains(outer: Host, inner: Host): boolean {
  if (outer === null) return true;
  return inner !== null && outer.prefix <= inner.prefix && networkOf(inner.address, outer.prefix) === outer.address;
}

function equal(value: string): Reach<Inet> {
  const [, host = '', port] = /^inet-\[([0-9a-f.:]+)\]:(0|[1-9]\d{0,4})$/i.exec(value) ?? [];
  const address = port === undefined ? null : addressBytes(host);
  if (address === null || Number(port) > PORT_MAX) return NEVER;
  // Printed is the shortest form. An IPv4 address in its IPv6 form is the same address.
  if (addressText(address) !== host.toLowerCase() && !isMapped(address)) return NEVER;
  return exactly([{ host: { address, prefix: 128 }, ports: { first: Number(port), last: Number(port) } }]);
}

/** `inet-HOST:PORT`, both with signs of fnmatch. */
function matching(value: Bytes): Reach<Inet> {
  const names = readFnmatch(value);
  if (names === null) return atLeast([]);
  const [signs = []] = names;
  if (names.length > 1) return NEVER;
  if (signs.some(({ kind }) => kind === 'variable')) return atLeast([]);
  const [first] = signs;
  if (signs.length === 1 && first?.kind === 'star') return exactly([ANY_INET]);
  const rest = behind(signs, 'inet-');
  if (rest === null) return first?.kind === 'byte' ? NEVER : atLeast([]);
  if (rest.length === 1 && rest[0]?.kind === 'star') return exactly([ANY_INET]);
  const colon = rest.findLastIndex((sign) => sign.kind === 'byte' && sign.value === 0x3a);
  // Where no colon is written, a star may hold it.
  if (colon < 0) return hostsOf(rest, true) ?? ([...rest].some(({ kind }) => kind === 'star') ? atLeast([]) : NEVER);
  const hosts = hostsOf(rest.slice(0, colon), false);
  if (hosts === null) return atLeast([]);
  const behindColon = rest.slice(colon + 1);
  if (behindColon.length === 1 && behindColon[0]?.kind === 'star') return hosts;
  const expression = expressionOf(behindColon);
  const ranges = portsWhere((port) => expression.test(port));
  const sets = (from: readonly Inet[]): Inet[] => from.flatMap(({ host }) => ranges.map((ports) => ({ host, ports })));
  // A star within the port may also hold the end of an IPv6 address and the port.
  if (behindColon.some(({ kind }) => kind === 'star') && hosts.under.some(({ host }) => host === null))
    return atLeast(sets(hosts.under));
  return { under: sets(hosts.under), over: sets(hosts.over), remark: hosts.remark };
}

/** Signs without variables as an expression over the whole of a text without slashes. */
function expressionOf(signs: readonly Sign[]): RegExp {
  const parts = signs.flatMap((sign): Regex[] => {
    if (sign.kind === 'star')
      return [{ kind: 'repeat', of: { kind: 'any' }, least: 0, most: Number.POSITIVE_INFINITY }];
    return sign.kind === 'byte' || sign.kind === 'any' || sign.kind === 'set' ? [sign] : [];
  });
  return toJavaScript({ kind: 'sequence', of: [{ kind: 'start' }, ...parts, { kind: 'end' }] });
}

/** The signs behind a text that they begin with; null: they begin otherwise. */
function behind(signs: readonly Sign[], text: string): readonly Sign[] | null {
  const bytes = Array.from(text, (sign) => sign.charCodeAt(0));
  const begins = bytes.every((byte, index) => {
    const sign = signs[index];
    return sign?.kind === 'byte' && sign.value === byte;
  });
  return begins ? signs.slice(bytes.length) : null;
}

/**
 * The hosts of `[ADDR]`, of `*`, of `[10.0.*]` (with the brackets escaped, or a `?` in their place). Null: cannot be told.
 * `open`: what follows the host is in its last star.
 */
function hostsOf(signs: readonly Sign[], open: boolean): Reach<Inet> | null {
  if (signs.length > 0 && signs.every(({ kind }) => kind === 'star')) return exactly([ANY_INET]);
  const [first] = signs;
  // Brackets that are not escaped are a set of signs, and none of it is the bracket that was printed there.
  if (first?.kind === 'set') return first.members[0x5b] === true ? null : NEVER;
  if (first?.kind === 'byte' && first.value !== 0x5b) return NEVER;
  const rest = signs.slice(first?.kind === 'byte' || first?.kind === 'any' ? 1 : 0);
  if (rest.length === signs.length) return null;
  let text = '';
  for (const sign of rest) {
    if (sign.kind === 'byte') text += String.fromCharCode(sign.value);
    else if (sign.kind === 'star') text += '*';
    else if (sign.kind === 'any') text += '?';
    else return null;
  }
  const whole = open ? /^([0-9a-fA-F.:]+)\]\*$/.exec(text) : /^([0-9a-fA-F.:]+)[\]?]$/.exec(text);
  if (whole !== null) {
    const address = addressBytes(whole[1] as string);
    return address === null ? NEVER : exactly([{ host: { address, prefix: 128 }, ports: ALL_PORTS }]);
  }
  const network = /^((?:\d{1,3}\.){1,3})\*[\]?]?$/.exec(text)?.[1];
  if (network === undefined) return null;
  const octets = network.split('.').length - 1;
  const address = addressBytes(
    `${network}${Array(4 - octets)
      .fill('0')
      .join('.')}`,
  );
  if (address === null) return NEVER;
  return exactly([{ host: { address, prefix: MAPPED_BITS + octets * 8 }, ports: ALL_PORTS }]);
}

/** Ranges of the ports whose text is wanted. */
function portsWhere(wanted: (port: string) => boolean): Inet['ports'][] {
  const ranges: Inet['ports'][] = [];
  let first = -1;
  for (let port = 0; port <= PORT_MAX + 1; port++) {
    const in_ = port <= PORT_MAX && wanted(String(port));
    if (in_ && first < 0) first = port;
    if (!in_ && first >= 0) {
      ranges.push({ first, last: port - 1 });
      first = -1;
    }
  }
  return ranges;
}

function holding(value: string): Reach<Inet> {
  if (value === '' || 'inet-['.startsWith(value) || 'inet-['.endsWith(value) || value === ']:')
    return exactly([ANY_INET]);
  if (/[/<> ]/.test(value)) return NEVER;
  const [, host, port] = /^(?:inet-)?\[([0-9a-fA-F.:]+)\](?::(\d*))?$/.exec(value) ?? [];
  const ranges = port === undefined ? [ALL_PORTS] : portsWhere((text) => text.startsWith(port));
  if (host !== undefined) {
    const address = addressBytes(host);
    return address === null ? NEVER : exactly(ranges.map((ports) => ({ host: { address, prefix: 128 }, ports })));
  }
  const [, digits] = /^\]:(\d+)$/.exec(value) ?? [];
  if (digits !== undefined)
    return exactly(portsWhere((text) => text.startsWith(digits)).map((ports) => ({ host: null, ports })));
  // `:515` is most often meant for the port; an IPv6 address may hold it as well.
  const [, meant] = /^:(\d+)$/.exec(value) ?? [];
  if (meant === undefined) return atLeast([]);
  return atLeast(portsWhere((text) => text.startsWith(meant)).map((ports) => ({ host: null, ports })));
}

/** `inet-.*:PORT`, `inet-\[ADDR\]:PORT`. */
function regular(value: Bytes): Reach<Inet> {
  const whole = parseRegex(value);
  if (whole === null) return atLeast([]);
  const plain = /^\^?inet-(?:\.\*|\\\[\.\*\\?\]|\\\[([0-9a-fA-F:]+|(?:\d+\\\.){3}\d+)\\?\]):(.*?)(\$?)$/s.exec(value);
  if (plain === null) {
    if (needsSlash(whole)) return NEVER;
    const tried = toJavaScript(whole);
    // An expression that takes the shortest text of all takes every address, unless it says where it begins or ends.
    return tried.test('inet-[') && !mentionsEnds(whole) ? exactly([ANY_INET]) : atLeast([]);
  }
  const [, host, port = '', end] = plain;
  const regex = parseRegex(port);
  if (regex === null || regex.kind === 'either' || mentionsEnds(regex)) return atLeast([]);
  const expression = toJavaScript({
    kind: 'sequence',
    of: [{ kind: 'start' }, regex, ...(end === '$' ? [{ kind: 'end' } as const] : [])],
  });
  const ranges = portsWhere((text) => expression.test(text));
  if (host !== undefined) {
    const address = addressBytes(host.replaceAll('\\', ''));
    return address === null ? NEVER : exactly(ranges.map((ports) => ({ host: { address, prefix: 128 }, ports })));
  }
  const sets = ranges.map((ports) => ({ host: null, ports }));
  if (ranges.length === 1 && ranges[0]?.first === 0 && ranges[0].last === PORT_MAX) return exactly(sets);
  // Unless it must stand at the end, a part of an IPv6 address may look like a port.
  return end === '$' && isDigits(regex) ? exactly(sets) : atLeast(sets);
}

/** Is there no text without a slash that it matches? */
function needsSlash(regex: Regex): boolean {
  switch (regex.kind) {
    case 'byte':
      return regex.value === 0x2f;
    case 'sequence':
      return regex.of.some(needsSlash);
    case 'either':
      return regex.of.every(needsSlash);
    case 'repeat':
      return regex.least > 0 && needsSlash(regex.of);
    default:
      return false;
  }
}

function isDigits(regex: Regex): boolean {
  switch (regex.kind) {
    case 'byte':
      return regex.value >= 0x30 && regex.value <= 0x39;
    case 'set':
      return regex.members.every((member, byte) => !member || (byte >= 0x30 && byte <= 0x39));
    case 'sequence':
    case 'either':
      return regex.of.every(isDigits);
    case 'repeat':
      return isDigits(regex.of);
    default:
      return false;
  }
}

function mentionsEnds(regex: Regex): boolean {
  switch (regex.kind) {
    case 'start':
    case 'end':
      return true;
    case 'sequence':
    case 'either':
      return regex.of.some(mentionsEnds);
    case 'repeat':
      return mentionsEnds(regex.of);
    default:
      return false;
  }
}
