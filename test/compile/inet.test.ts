// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import {
  type Alternative,
  addressAlternative,
  familyAlternative,
  portAlternative,
  socketAlternatives,
} from '../../src/compile/inet.js';
import { bytesMatch } from '../../src/decide/tokens.js';
import type { Bytes } from '../../src/policy/bytes.js';

const matches = (pattern: Alternative, bytes: readonly number[]): boolean => {
  const name = String.fromCharCode(...bytes) as Bytes;
  return pattern.kind === 'literal' ? pattern.name === name : bytesMatch(pattern.tokens, name);
};

t.test('every port of a range and no other', async (t) => {
  const edges = [0, 1, 47, 255, 256, 257, 511, 512, 8000, 8010, 65279, 65280, 65534, 65535];
  for (const first of edges)
    for (const last of edges.filter((port) => port >= first)) {
      const pattern = portAlternative({ first, last });
      const ports = [...edges, first - 1, last + 1, (first + last) >> 1].filter((port) => port >= 0 && port <= 65535);
      const wrong = ports.filter(
        (port) => matches(pattern, [port >> 8, port & 255]) !== (port >= first && port <= last),
      );
      t.strictSame(wrong, [], `${first}-${last}`);
    }
  t.equal(portAlternative({ first: 80, last: 80 }).kind, 'literal', 'one port is a name');
});

t.test('the bits of a prefix and no others count', async (t) => {
  const address = fc.array(fc.nat(255), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(address, fc.nat(128), fc.nat(127), (bytes, prefix, bit) => {
      const pattern = addressAlternative({ address: String.fromCharCode(...bytes) as Bytes, prefix });
      const flipped = bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
      return matches(pattern, bytes) && matches(pattern, flipped) === bit >= prefix;
    }),
    { numRuns: 2000 },
  );
  t.equal(addressAlternative({ address: '0123456789abcdef' as Bytes, prefix: 128 }).kind, 'literal');
  t.ok(matches(addressAlternative(null), Array(16).fill(47)), 'no host: any address');
});

t.test('families', async (t) => {
  const route = familyAlternative({ family: 16, kind: null, protocol: 0x01020304 });
  t.ok(matches(route, [0, 16, 0, 3, 1, 2, 3, 4]));
  t.notOk(matches(route, [0, 16, 0, 3, 1, 2, 3, 5]));
  t.notOk(matches(route, [16, 0, 0, 3, 1, 2, 3, 4]));
  const some = (protocol: Parameters<typeof socketAlternatives>[0], bytes: readonly number[]): boolean =>
    socketAlternatives(protocol).some((pattern) => matches(pattern, bytes));
  t.ok(some('unix', [0, 1, 0, 5, 0, 0, 0, 9]));
  t.ok(some('raw', [0, 10, 0, 3, 0, 0, 0, 255]));
  t.notOk(some('raw', [0, 10, 0, 2, 0, 0, 0, 255]));
  t.ok(some('tcp', [0, 2, 0, 1, 0, 0, 1, 6]), 'multipath TCP');
  t.notOk(some('tcp', [0, 2, 0, 1, 0, 0, 0, 17]));
});
