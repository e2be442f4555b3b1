// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { JS, NFA } from 'refa';
import t from 'tap';
import '../seed.js';
import { objectMatches, pathLeadsTo, pathMatches, socketMatches } from '../../src/decide/match.js';
import { type Bytes, bytesOf } from '../../src/policy/bytes.js';
import type { AccessObject, InetPattern, ObjectPattern, PathPattern } from '../../src/policy/model.js';
import { addressOf } from '../cases.js';
import { anyPath, anyPattern, pathExpressionOf } from './arbitraries.js';

function automatonOf(source: string): NFA {
  const { expression, maxCharacter } = JS.Parser.fromLiteral({ source, flags: 's' }).parse();
  return NFA.fromRegex(expression, { maxCharacter });
}
const wordOf = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

t.test('agrees with finite automata on paths and the folders above them', async (t) => {
  const seen = { matched: 0, above: 0, neither: 0 };
  fc.assert(
    fc.property(anyPattern, fc.array(anyPath, { minLength: 1, maxLength: 8 }), (pattern, paths) => {
      const source = pathExpressionOf(pattern);
      const whole = automatonOf(source);
      const prefixes = automatonOf(source);
      prefixes.prefixes();
      for (const path of paths) {
        // To the expression `/` is one empty name, which `*` would match; no object has such a name.
        const matches = path === '/' ? pattern.components.length === 0 : whole.test(wordOf(path));
        // A folder is above a match where its path and a slash begin one that goes on.
        const above = prefixes.test(wordOf(path === '/' ? '/' : `${path}/`)) && source !== '/';
        seen[matches ? 'matched' : above ? 'above' : 'neither']++;
        if (pathMatches(pattern, path) !== matches)
          throw new Error(`match ${source} ${JSON.stringify(path)}: ${matches}`);
        if (pathLeadsTo(pattern, path) !== above) throw new Error(`above ${source} ${JSON.stringify(path)}: ${above}`);
      }
    }),
    { numRuns: 2000 },
  );
  t.ok(seen.matched > 100 && seen.above > 100 && seen.neither > 100, JSON.stringify(seen));
});

const literal = (path: string): PathPattern => ({
  text: path,
  components: path
    .split('/')
    .slice(1)
    .map((name) => ({ kind: 'literal', name: bytesOf(name) })),
  self: false,
});
const inet = (
  protocol: InetPattern['protocol'],
  host: InetPattern['host'],
  first: number,
  last: number,
): InetPattern => ({
  type: 'inet',
  text: '(test)',
  protocol,
  host,
  ports: { first, last },
});
const ROOT: PathPattern = { text: '/', components: [], self: false };

t.test('the root folder', async (t) => {
  t.ok(pathMatches(ROOT, bytesOf('/')));
  t.notOk(pathMatches(ROOT, bytesOf('/a')));
  t.notOk(pathLeadsTo(ROOT, bytesOf('/')));
  t.ok(pathLeadsTo(literal('/a'), bytesOf('/')));
  t.notOk(pathLeadsTo(literal('/a'), bytesOf('/a')));
});

t.test('an address counts bit by bit', async (t) => {
  const address = (text: string): AccessObject => ({
    type: 'inet',
    protocol: 'tcp',
    address: addressOf(text, 'test'),
    port: 80,
  });
  for (let prefix = 0; prefix <= 128; prefix++) {
    const pattern = inet('tcp', { address: addressOf('2001:db8::', 'test'), prefix }, 80, 80);
    for (let bit = 0; bit < 128; bit++) {
      const bytes = [...addressOf('2001:db8::', 'test')].map((character) => character.charCodeAt(0));
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (0x80 >> (bit & 7));
      const object: AccessObject = {
        type: 'inet',
        protocol: 'tcp',
        address: String.fromCharCode(...bytes) as Bytes,
        port: 80,
      };
      if (objectMatches(pattern, object) !== bit >= prefix) t.fail(`prefix ${prefix}, bit ${bit}`);
    }
  }
  t.ok(objectMatches(inet('tcp', null, 80, 80), address('192.0.2.1')));
  t.notOk(objectMatches(inet('udp', null, 80, 80), address('192.0.2.1')));
  t.notOk(objectMatches(inet('tcp', null, 81, 90), address('192.0.2.1')));
});

t.test('the socket each address needs', async (t) => {
  const protocols = ['tcp', 'udp', 'sctp', 'icmp', 'raw'] as const;
  // family, kind, protocol, and whose it is: the table of src/policy/model.ts and socket(2), written out.
  const sockets: [number, number, number, string][] = [
    [2, 1, 0, 'tcp'],
    [10, 1, 6, 'tcp'],
    [2, 1, 262, 'tcp'],
    [2, 2, 0, 'udp'],
    [10, 2, 17, 'udp'],
    [10, 2, 136, 'udp'],
    [2, 1, 132, 'sctp'],
    [10, 5, 132, 'sctp'],
    [2, 2, 1, 'icmp'],
    [10, 2, 58, 'icmp'],
    [2, 3, 1, 'raw'],
    [10, 3, 255, 'raw'],
    [1, 1, 0, 'unix'],
    [16, 3, 0, 'none'],
    [2, 5, 0, 'none'],
    [2, 2, 132, 'none'],
  ];
  const unix: ObjectPattern[] = [
    { type: 'unix', pattern: literal('/run/x') },
    { type: 'abstract', text: 'unix:@x', tokens: [{ kind: 'byte', value: 0x78 }] },
    { type: 'unnamed' },
  ];
  for (const [family, kind, protocol, owner] of sockets) {
    const object: AccessObject = { type: 'family', family, kind, protocol };
    for (const name of protocols)
      t.equal(socketMatches(inet(name, null, 1, 1), object), owner === name, `${name}: ${family} ${kind} ${protocol}`);
    for (const pattern of unix) t.equal(socketMatches(pattern, object), owner === 'unix', `${pattern.type}: ${family}`);
    t.equal(socketMatches({ type: 'path', pattern: literal('/run/x') }, object), false);
    t.equal(
      socketMatches({ type: 'family', text: 'inet', family: 2, kind: null, protocol: null }, object),
      family === 2,
    );
  }
});
