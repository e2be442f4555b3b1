// SPDX-License-Identifier: GPL-2.0-only
import { createRequire } from 'node:module';
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { bytesMatch } from '../../src/decide/tokens.js';
import type { Bytes } from '../../src/policy/bytes.js';
import type { Token } from '../../src/policy/model.js';
import { anyName, anyTokens, expressionOf } from './arbitraries.js';

// picomatch ships no types; this is all of it that is used.
const picomatch = createRequire(import.meta.url)('picomatch') as (
  glob: string,
  options: { dot: boolean; nonegate: boolean; noextglob: boolean; fastpaths: boolean },
) => (name: string) => boolean;

/** The tokens as picomatch writes them. */
function globOf(tokens: readonly Token[]): string {
  return tokens.map(globOfToken).join('');
}

function globOfToken(token: Token): string {
  switch (token.kind) {
    case 'byte':
      return String.fromCharCode(token.value);
    case 'any':
      return '?';
    case 'star':
      return '*';
    case 'set': {
      const members = token.members.flatMap((member, byte) => (member ? [byte] : []));
      const missing = token.members.flatMap((member, byte) => (member || byte === 0x2f ? [] : [byte]));
      const negated = members.length > missing.length;
      const listed = (negated ? missing : members).map((byte) => String.fromCharCode(byte)).join('');
      // picomatch takes `[!` for a negation only in its POSIX mode.
      return negated ? `[^${listed}]` : `[${listed}]`;
    }
    case 'either':
      return `{${token.branches.map(globOf).join(',')}}`;
  }
}

const hasEmptyBranch = (tokens: readonly Token[]): boolean =>
  tokens.some(
    (token) => token.kind === 'either' && token.branches.some((one) => one.length === 0 || hasEmptyBranch(one)),
  );

t.test('agrees with picomatch on names', async (t) => {
  let compared = 0;
  fc.assert(
    fc.property(anyTokens, fc.array(anyName, { minLength: 1, maxLength: 8 }), (tokens, names) => {
      const glob = globOf(tokens);
      // What picomatch takes for something else: `**` for folders, `{a..b}` for a range, the star of `.*` at the start
      // of a branch for one byte or more, and a brace with an empty branch, at times, for itself.
      fc.pre(!/\*\*|\.\.|\.\*/.test(glob) && !hasEmptyBranch(tokens));
      // Its fast paths differ from its parser: `*.*` would not match `a.`.
      const oracle = picomatch(glob, { dot: true, nonegate: true, noextglob: true, fastpaths: false });
      for (const name of names) {
        compared++;
        if (bytesMatch(tokens, name) !== oracle(name))
          throw new Error(`${JSON.stringify(glob)} ${JSON.stringify(name)}`);
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(compared > 3000, `${compared} names compared`);
});

t.test('agrees with regular expressions on names', async (t) => {
  let matched = 0;
  fc.assert(
    fc.property(anyTokens, fc.array(anyName, { minLength: 1, maxLength: 8 }), (tokens, names) => {
      const oracle = new RegExp(`^(?:${expressionOf(tokens)})$`, 's');
      for (const name of names) {
        const expected = oracle.test(name);
        if (expected) matched++;
        if (bytesMatch(tokens, name) !== expected) throw new Error(`${oracle.source} ${JSON.stringify(name)}`);
      }
    }),
    { numRuns: 3000 },
  );
  t.ok(matched > 300, `${matched} of them matched`);
});

t.test('takes no exponential time', async (t) => {
  const a: Token = { kind: 'byte', value: 0x61 };
  const star: Token = { kind: 'star' };
  const nested = (depth: number): Token =>
    depth === 0
      ? a
      : {
          kind: 'either',
          branches: [
            [nested(depth - 1), star],
            [star, nested(depth - 1)],
          ],
        };
  const name = `${'a'.repeat(254)}b` as Bytes;
  const start = performance.now();
  t.notOk(bytesMatch([...Array.from({ length: 60 }, () => [star, a]).flat()], name));
  t.notOk(bytesMatch([...Array.from({ length: 40 }, () => nested(3)), a], name));
  t.ok(performance.now() - start < 2000);
});
