// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with an address or a family of sockets. */
import { hinted, type Table } from './table.js';

export interface AddressFacts {
  'address-form': { address: string };
  'unknown-protocol': { name: string; hint: string };
  'host-name': { host: string };
  'host-address': { host: string };
  'host-zone': { host: string };
  'ipv6-brackets': { instead: string };
  'ipv4-brackets': { instead: string };
  'prefix-length': { prefix: string; most: number };
  'prefix-bits': { instead: string };
  'prefix-covers-ipv4': { instead: string };
  'no-destination': { host: string; operations: string; taken: string; instead: string };
  'port-missing': { instead: string };
  'port-number': { port: string };
  'port-order': { instead: string };
  'unix-form': { address: string };
  'unknown-family': { name: string; hint: string };
  'unknown-socket-protocol': { family: string; name: string; hint: string };
  'family-protocol': { instead: string };
}

export const ADDRESS_MESSAGES: Table<AddressFacts> = {
  'address-form': {
    message: ({ address }) => `${address} is no address`,
    remedy: () =>
      'write PROTO[:HOST]:PORT, such as tcp:443, tcp:10.0.0.0/8:5432, tcp:[2001:db8::/32]:443, or unix:/path',
  },
  'unknown-protocol': {
    message: ({ name }) => `unknown protocol ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write tcp, udp, sctp, icmp, raw or unix; other families go under family:'),
  },
  'host-name': {
    message: ({ host }) => `${host} is a host name: what it means changes, and the kernel does not know it`,
    remedy: ({ host }) => `write its addresses (getent ahosts ${host}), or * for any`,
  },
  'host-address': {
    message: ({ host }) => `${host} is no IP address`,
    remedy: () => 'write four numbers from 0 to 255 without leading zeros, or an IPv6 address in brackets',
  },
  'host-zone': {
    message: ({ host }) => `${host} has a zone, which is not judged`,
    remedy: () => 'write the address without % and what follows',
  },
  'ipv6-brackets': {
    message: () => 'an IPv6 address stands in brackets',
    remedy: ({ instead }) => `write "${instead}"`,
  },
  'ipv4-brackets': {
    message: () => 'only IPv6 addresses stand in brackets',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'no-destination': {
    message: ({ host, operations, taken }) =>
      `${host} never matches for ${operations}: as a destination the kernel takes it for ${taken}`,
    remedy: ({ instead }) => `write "${instead}" for this machine itself, or * for any host`,
  },
  'prefix-length': {
    message: ({ prefix }) => `/${prefix} is no length of a prefix`,
    remedy: ({ most }) => `write a number from 0 to ${most}`,
  },
  'prefix-bits': {
    message: () => 'the address has bits behind its prefix',
    remedy: ({ instead }) => `write ${instead}, or the address without a prefix`,
  },
  'prefix-covers-ipv4': {
    message: () => 'this prefix covers all of IPv4 too, which is ::ffff:0:0/96 here',
    remedy: ({ instead }) => `write ${instead} for both families, or a longer prefix such as 2000::/3`,
  },
  'port-missing': { message: () => 'the address has no port', remedy: ({ instead }) => `write ${instead}` },
  'port-number': {
    message: ({ port }) => `${port} is no port`,
    remedy: () => 'write a number from 0 to 65535, a range n-m, or *',
  },
  'port-order': { message: () => 'the range of ports is empty', remedy: ({ instead }) => `write ${instead}` },
  'unix-form': {
    message: ({ address }) => `${address} is no unix address`,
    remedy: () => 'write unix:/path, unix:@name for an abstract one, or unix: for an unnamed one',
  },
  'unknown-family': {
    message: ({ name }) => `unknown socket family ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write a family of socket(2) in small letters, or its number'),
  },
  'unknown-socket-protocol': {
    message: ({ family, name }) => `${name} is neither a kind of socket nor a protocol of ${family}`,
    remedy: ({ hint }) => hinted(hint, 'write stream, dgram, raw or seqpacket, or the number of the protocol'),
  },
  'family-protocol': {
    message: () => 'a protocol of IP is named by an address',
    remedy: ({ instead }) => `write \`address: "${instead}"\`: for socket it counts by its protocol, in both families`,
  },
};
