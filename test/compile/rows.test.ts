// SPDX-License-Identifier: GPL-2.0-only
/** Byte automata against refa's, and the one form that all with one meaning share. */
import fc from 'fast-check';
import { JS, NFA } from 'refa';
import t from 'tap';
import '../seed.js';
import { Globs } from '../../src/compile/globs.js';
import { BYTE_STATES_MAX } from '../../src/compile/limits.js';
import { outcomeOf, rowsOf } from '../../src/compile/rows.js';
import { settle, settleNothing, targetOf } from '../../src/compile/settle.js';
import type { Token } from '../../src/policy/model.js';
import { anyName, anyTokens, expressionOf } from '../decide/arbitraries.js';
import { nameOf } from './arbitraries.js';
import { tokens } from './build.js';

/** The automaton of some globs, none of them simple enough to do without. */
function automatonOf(patterns: readonly (readonly Token[])[]) {
  const all = new Globs();
  const globs = patterns.flatMap((pattern) => {
    const simple = all.simplify(pattern, true, 'glob');
    return simple.kind === 'glob' ? [simple.glob] : [];
  });
  return globs.length === 0 ? null : rowsOf(0, [...new Set(globs)], all);
}

function referenceOf(pattern: readonly Token[]): NFA {
  const literal = { source: `^${expressionOf(pattern)}$`, flags: 's' };
  const { expression, maxCharacter } = JS.Parser.fromLiteral(literal).parse();
  return NFA.fromRegex(expression, { maxCharacter }, { assertions: 'ignore' });
}

const codes = (name: string): number[] => Array.from(name, (character) => character.charCodeAt(0));

t.test('a set of globs tells which of them match, as refa does', async (t) => {
  let matched = 0;
  let missed = 0;
  const entropy = fc.array(fc.nat(255), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(
      fc.array(anyTokens, { minLength: 1, maxLength: 4 }),
      fc.array(anyName, { minLength: 5, maxLength: 20 }),
      fc.array(entropy, { minLength: 5, maxLength: 5 }),
      (patterns, names, entropies) => {
        const rows = automatonOf(patterns);
        if (rows === null) return;
        const own = new Globs();
        const kept = patterns.filter((pattern) => own.simplify(pattern, true, 'glob').kind === 'glob');
        const references = kept.map(referenceOf);
        const near = entropies.map((numbers, index) => {
          let at = 0;
          return nameOf(kept[index % kept.length] ?? [], () => numbers[at++ % numbers.length] as number);
        });
        for (const name of [...names, ...near].filter((name) => name !== '')) {
          const found = rows.outcomes[outcomeOf(rows, name)] ?? [];
          const expected = new Set(
            kept.flatMap((pattern, index) => {
              const simple = own.simplify(pattern, true, 'glob');
              return references[index]?.test(codes(name)) && simple.kind === 'glob' ? [simple.glob.id] : [];
            }),
          );
          if (found.length !== expected.size || found.some(({ id }) => !expected.has(id)))
            throw new Error(`${JSON.stringify(name)}: ${found.map(({ id }) => id)} against ${[...expected]}`);
          if (expected.size > 0) matched += 1;
          else missed += 1;
        }
      },
    ),
    { numRuns: 300 },
  );
  t.ok(matched > 500, `${matched} names matched`);
  t.ok(missed > 500, `${missed} names did not`);
});

t.test('simple globs need no automaton', async (t) => {
  const all = new Globs();
  const simple = (text: string) => all.simplify(tokens(text), true, text);
  t.strictSame(simple('*'), { kind: 'any' });
  t.strictSame(simple('**'), { kind: 'any' });
  t.strictSame(simple('*?'), { kind: 'any' });
  t.strictSame(simple('{b,a}c'), { kind: 'names', names: ['ac', 'bc'] });
  t.strictSame(simple('[ab][01]'), { kind: 'names', names: ['a0', 'a1', 'b0', 'b1'] });
  t.equal(simple('??').kind, 'glob');
  t.equal(simple('[a-z]').kind, 'glob', 'too many names');
  t.strictSame(simple('[a-p]').kind, 'names', 'just few enough');
  t.equal(simple('*?*?').kind, 'glob', 'two bytes at least');
});

t.test('the same meaning has the same form', async (t) => {
  const pairs: readonly (readonly [string[], string[]])[] = [
    [['*.{so,a}'], ['*.so', '*.a']],
    [['[ab]*'], ['a*', 'b*']],
    [['lib*', 'lib*.so'], ['lib*']],
    [['*a', '*ba', '*ca'], ['*a']],
    [['??*'], ['?*?']],
    [['{x,y}z*'], ['[xy]z*']],
  ];
  for (const [one, other] of pairs) {
    const [left, right] = [one, other].map((texts) => {
      const rows = automatonOf(texts.map(tokens));
      if (rows === null) throw new Error('no glob');
      return settle(rows, [7, ...rows.outcomes.slice(1).map(() => 8)]);
    });
    t.strictSame(left, right, `${one.join(' ')} is ${other.join(' ')}`);
  }
  const rows = automatonOf([tokens('a*')]);
  const other = automatonOf([tokens('b*')]);
  if (rows === null || other === null) throw new Error('no glob');
  t.notSame(settle(rows, [7, 8]), settle(other, [7, 8]), 'and another meaning another');
});

t.test('what most names lead to becomes the fallback', async (t) => {
  const rows = automatonOf([tokens('[!a]*')]);
  if (rows === null) throw new Error('no glob');
  const settled = settle(rows, [1, 2]);
  t.equal(settled.fallback, 2);
  t.equal(targetOf(settled, 'b'), 2);
  t.equal(targetOf(settled, 'ab'), 1);
  t.strictSame(settle(rows, [3, 3]), settleNothing(3), 'nothing to look at');
  t.equal(targetOf(settleNothing(3), 'x'), 3);
});

t.test('settled automata lead where the outcomes say', async (t) => {
  fc.assert(
    fc.property(
      fc.array(anyTokens, { minLength: 1, maxLength: 4 }),
      fc.array(anyName, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(3), { minLength: 16, maxLength: 16 }),
      (patterns, names, numbers) => {
        const rows = automatonOf(patterns);
        if (rows === null) return true;
        const targets = rows.outcomes.map((_, index) => numbers[index % numbers.length] as number);
        const settled = settle(rows, targets);
        return names.every((name) => targetOf(settled, name) === targets[outcomeOf(rows, name)]);
      },
    ),
  );
  t.pass('they do');
});

t.test('a glob that needs too many rows is refused, one a little smaller is not', async (t) => {
  t.throws(() => automatonOf([tokens(`*a${'?'.repeat(20)}`)]), { message: 'too many rows' });
  const rows = automatonOf([tokens(`*a${'?'.repeat(10)}`)]);
  t.ok(rows !== null && rows.count > 1000 && rows.count < BYTE_STATES_MAX);
});
