// SPDX-License-Identifier: GPL-2.0-only
/**
 * Addresses of sockets: `PROTO[:HOST]:PORT`, `unix:/path`, `unix:@abstract`, `unix:`.
 *
 * What an address means for the operation `socket`: host and port are not known when a socket is made, so it counts by
 * its protocol alone, in both address families. So nobody needs `family: inet` beside an address.
 */
import { Fault } from './errors.js';
import { lengthsOf, readName } from './glob.js';
import { addressBytes, addressText, ipv4Bytes, isMapped, MAPPED_BITS, networkOf } from './ip.js';
import { type InetPattern, type ObjectPattern, PROTOCOL_BYTE, type Protocol } from './model.js';
import { parsePath } from './path.js';
import { nearest } from './suggest.js';
import { expandPattern, type Lookup } from './variables.js';

const PROTOCOLS = Object.keys(PROTOCOL_BYTE) as Protocol[];
const PORT_MAX = 65535;
const IPV4 = ipv4Bytes(0, 0, 0, 0);
/** Bytes of sun_path behind the NUL that makes it abstract. */
const ABSTRACT_BYTES_MAX = 107;

/** What `address:` can name. */
export type AddressPattern = Extract<ObjectPattern, { type: 'inet' | 'unix' | 'abstract' | 'unnamed' }>;

/**
 * Reads an address.
 *
 * @throws Fault with the index of what is wrong
 */
export function parseAddress(text: string, lookup: Lookup): AddressPattern {
  if (text.startsWith('unix:')) return parseUnix(text, lookup);
  const [, protocol, rest] = /^([A-Za-z0-9_+.-]+):(.*)$/s.exec(text) ?? [];
  if (protocol === undefined || rest === undefined) {
    const near = (PROTOCOLS as string[]).includes(text);
    throw near
      ? new Fault('port-missing', { instead: `${text}:*` }, text.length)
      : new Fault('address-form', { address: text });
  }
  if (!(PROTOCOLS as string[]).includes(protocol)) {
    if (addressBytes(protocol) !== null || addressBytes(text) !== null)
      throw new Fault('address-form', { address: text });
    throw new Fault('unknown-protocol', { name: protocol, hint: nearest(protocol, [...PROTOCOLS, 'unix']) });
  }
  return parseInet(text, protocol as Protocol, rest);
}

function parseUnix(text: string, lookup: Lookup): AddressPattern {
  const name = text.slice('unix:'.length);
  if (name === '') return { type: 'unnamed' };
  if (name.startsWith('@')) return parseAbstract(name.slice(1), lookup);
  if (!name.startsWith('/') && !name.startsWith('${')) throw new Fault('unix-form', { address: text }, 5);
  try {
    return { type: 'unix', pattern: parsePath(name, lookup) };
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, error.facts, error.index + 'unix:'.length);
    throw error;
  }
}

function parseAbstract(name: string, lookup: Lookup): AddressPattern {
  const before = 'unix:@'.length;
  let origin = (index: number): number => index;
  try {
    const expanded = expandPattern(name, lookup);
    origin = expanded.origin;
    const { tokens } = readName(expanded.text, 0, 'abstract');
    const { least } = lengthsOf(tokens);
    if (least > ABSTRACT_BYTES_MAX)
      throw new Fault('name-too-long', { least, most: ABSTRACT_BYTES_MAX, what: 'name of a socket' });
    return { type: 'abstract', text: expanded.text, tokens };
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, error.facts, before + origin(error.index));
    throw error;
  }
}

function parseInet(text: string, protocol: Protocol, rest: string): InetPattern {
  const start = protocol.length + 1;
  const inet = (host: InetPattern['host'], ports: InetPattern['ports']): InetPattern => ({
    type: 'inet',
    text,
    protocol,
    host,
    ports,
  });
  // The port is what follows the last colon outside brackets.
  const parts = /^(?:\[([^\]]*)\]|([^[\]]*?))(?::([^:[\]]*))?$/s.exec(rest);
  if (parts === null) throw new Fault('address-form', { address: text });
  const [, bracketed, plain = '', port] = parts;
  const portAt = text.length - (port ?? '').length;
  const written = (host: string): string => `${protocol}:${host}:${port === undefined || port === '' ? '*' : port}`;
  if (bracketed !== undefined) {
    const host = parseHost(bracketed, true, start + 1, written);
    return inet(host, parsePort(port, text, portAt));
  }
  if (plain.includes(':')) {
    if (addressBytes(plain.split('/')[0] as string) !== null)
      throw new Fault('ipv6-brackets', { instead: written(`[${plain}]`) }, start);
    if (addressBytes(rest.split('/')[0] as string) !== null)
      throw new Fault('ipv6-brackets', { instead: `${protocol}:[${rest}]:*` }, start);
    throw new Fault('address-form', { address: text });
  }
  if (port !== undefined) {
    const host = plain === '*' ? null : parseHost(plain, false, start, written);
    return inet(host, parsePort(port, text, portAt));
  }
  // `tcp:13` has a port alone; `tcp:10.0.0.1` looks the same and lacks it.
  if (/[./]/.test(plain)) {
    parseHost(plain, false, start, written);
    throw new Fault('port-missing', { instead: `${text}:*` }, text.length);
  }
  return inet(null, parsePort(plain, text, start));
}

/** `written` puts a corrected host back into the address. */
function parseHost(
  text: string,
  brackets: boolean,
  index: number,
  written: (host: string) => string,
): NonNullable<InetPattern['host']> {
  const [, name = '', slash, bits = ''] = /^([^/]*)(\/?)(.*)$/s.exec(text) ?? [];
  if (name.includes('%')) throw new Fault('host-zone', { host: name }, index);
  const address = addressBytes(name);
  if (address === null) {
    const numeric = brackets || name.includes(':') || /^[0-9.*]*$/.test(name);
    if (numeric) throw new Fault('host-address', { host: text === '' ? 'nothing' : text }, index);
    throw new Fault('host-name', { host: name }, index);
  }
  const four = !name.includes(':');
  if (four && brackets) throw new Fault('ipv4-brackets', { instead: written(text) }, index - 1);
  if (slash === '') return { address, prefix: 128 };
  const most = four ? 32 : 128;
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(bits) || Number(bits) > most)
    throw new Fault('prefix-length', { prefix: bits, most }, index + name.length);
  const prefix = Number(bits) + (four ? MAPPED_BITS : 0);
  const network = networkOf(address, prefix);
  if (network !== address)
    throw new Fault('prefix-bits', { instead: written(hostText({ address: network, prefix })) }, index);
  // In these 16 bytes IPv4 is a prefix like any other; nobody who writes ::/0 means to name it.
  if (prefix < MAPPED_BITS && networkOf(IPV4, prefix) === address)
    throw new Fault('prefix-covers-ipv4', { instead: written('*') }, index);
  return { address, prefix };
}

function parsePort(text: string | undefined, whole: string, index: number): InetPattern['ports'] {
  if (text === undefined || text === '')
    throw new Fault('port-missing', { instead: `${whole.replace(/:$/, '')}:*` }, whole.length);
  if (text === '*') return { first: 0, last: PORT_MAX };
  const [, low, high = low] = /^(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  const [first, last] = [Number(low), Number(high)];
  if (low === undefined || first > PORT_MAX || last > PORT_MAX) throw new Fault('port-number', { port: text }, index);
  if (last < first) throw new Fault('port-order', { instead: `${last}-${first}` }, index);
  return { first, last };
}

/** `tcp:443`, `tcp:10.0.0.0/8:5432`, `tcp:[2001:db8::/32]:*`: the shortest text that is read back as the same pattern. */
export function inetText({ protocol, host, ports }: Pick<InetPattern, 'protocol' | 'host' | 'ports'>): string {
  const port =
    ports.first === 0 && ports.last === PORT_MAX
      ? '*'
      : ports.first === ports.last
        ? String(ports.first)
        : `${ports.first}-${ports.last}`;
  return host === null ? `${protocol}:${port}` : `${protocol}:${hostText(host)}:${port}`;
}

/** A host as an address has it: IPv6 in brackets, the prefix only where it leaves bits open. */
function hostText({ address, prefix }: NonNullable<InetPattern['host']>): string {
  const four = isMapped(address) && prefix >= MAPPED_BITS;
  const bits = prefix === 128 ? '' : `/${four ? prefix - MAPPED_BITS : prefix}`;
  const text = `${addressText(address)}${bits}`;
  return four ? text : `[${text}]`;
}
