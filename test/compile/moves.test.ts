// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random policies and pairs of names: the image must say of a thing that is moved what the reference says. Where the
 * compiler cannot tell it may refuse what the reference would let pass, seldom; never the other way round.
 * CALLGATE_MOVES sets how many comparisons are made.
 */
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/errors.js';
import { MOVES_MAX } from '../../src/compile/limits.js';
import { type Moved, movesToMore } from '../../src/compile/walk.js';
import * as reference from '../../src/decide/moves.js';
import type { AccessObject, Policy, Rule } from '../../src/policy/model.js';
import { accessOf, anyAim, anyPolicy } from './arbitraries.js';
import { policy, rule } from './build.js';

const PAIRS = 40;
const comparisons = Number(process.env.CALLGATE_MOVES ?? 800);
const PROGRAMS = ['/a/program', '/b'];
const DIGEST = new Uint8Array(32);
const MOVED: readonly Moved[] = ['file', 'socket', 'folder'];

function compiled(policy: Policy): Image | null {
  try {
    return compilePolicy(policy, { programs: PROGRAMS }, 1n, DIGEST);
  } catch (error) {
    if (error instanceof CompileError && (error.code === 'image-full' || error.code === 'too-many-states')) return null;
    throw error;
  }
}

/** Can the thing leave the one name and come to the other? Else nobody asks what it would be granted there. */
function isPossible(policy: Policy, from: AccessObject, to: AccessObject, view: reference.View): boolean {
  const may = (operation: 'delete' | 'link' | 'create', object: AccessObject): boolean =>
    reference.mayEver(policy, operation, object, view);
  return (may('delete', from) || may('link', from)) && may('create', to);
}

/** A name, at or near what the policy's rules are about. */
const anyEnds = fc.tuple(anyAim, anyAim, fc.constantFrom(...MOVED), fc.boolean());

function pathOf({ type, ...rest }: AccessObject): AccessObject {
  return 'path' in rest ? { type: 'path', path: rest.path } : { type: 'path', path: '/a/b' as never };
}

function pathTextOf(object: AccessObject): string {
  return 'path' in object ? object.path : '';
}

t.setTimeout(400_000);

t.test('the image says of moves what the reference says', async (t) => {
  const counts = { compared: 0, more: 0, strict: 0, unknown: 0 };
  fc.assert(
    fc.property(anyPolicy, fc.array(anyEnds, { minLength: PAIRS, maxLength: PAIRS }), (policy, ends) => {
      const image = compiled(policy);
      if (image === null) return;
      for (const [one, other, moved, learning] of ends) {
        const from = pathOf(accessOf(policy, one).object);
        const to = pathOf(accessOf(policy, other).object);
        // No path has a name of no bytes.
        if (/\/\//.test(pathTextOf(from)) || /\/\//.test(pathTextOf(to))) continue;
        const view = learning ? 'learn' : 'enforce';
        if (!isPossible(policy, from, to, view)) continue;
        const told = movesToMore(image.bytes, from, to, moved, learning);
        const expected = reference.movesToMore(policy, PROGRAMS, from, to, moved, view);
        counts.compared++;
        if (expected === 'unknown') counts.unknown++;
        else if (told && expected === null) counts.strict++;
        else if (told !== (expected !== null))
          throw new Error(`differs:\n${JSON.stringify({ from, to, moved, view, told, expected }, null, 1)}`);
        else if (told) counts.more++;
      }
    }),
    { numRuns: Math.ceil(comparisons / PAIRS), interruptAfterTimeLimit: 300_000, endOnFailure: true },
  );
  const { compared, more, strict, unknown } = counts;
  t.comment(`${compared} moves compared, ${more} to more; ${strict} refused for want of knowing, ${unknown} not told`);
  t.ok(more > compared / 20 && more < (compared * 19) / 20, 'of both kinds');
  t.ok(strict + unknown < compared / 20, 'few cannot be told');
});

const files = ['read', 'list', 'write', 'create', 'delete', 'link'] as const;
const path = (text: string): AccessObject => ({ type: 'path', path: text as never });

t.test('a folder, a file, and what is below', async (t) => {
  const priv = policy([rule(['read'], ['/w/priv/key'], { verdict: 'deny' }), rule(files, ['/w/**'])]);
  const image = compilePolicy(priv, { programs: [] }, 1n, DIGEST);
  const both = (from: string, to: string, moved: Moved, more: boolean): void => {
    t.equal(movesToMore(image.bytes, path(from), path(to), moved), more, `image: ${moved} ${from} ${to}`);
    const expected = reference.movesToMore(priv, [], path(from), path(to), moved);
    t.equal(expected !== null, more, `reference: ${moved} ${from} ${to}`);
  };
  both('/w/priv', '/w/pub', 'folder', true);
  both('/w/pub', '/w/priv', 'folder', false);
  both('/w/priv/key', '/w/key', 'file', true);
  both('/w/key', '/w/priv/key', 'file', false);
  both('/w/priv/a', '/w/pub/b', 'folder', false);
  both('/w/priv', '/w/pub', 'file', false);
  t.strictSame(
    reference.movesToMore(priv, [], path('/w/priv'), path('/w/pub'), 'folder'),
    { operation: 'read', before: path('/w/priv/key'), after: path('/w/pub/key') },
    'with an example',
  );
});

t.test('more folders than classes: a learner keeps the rules that deny', async (t) => {
  const { large } = MOVES_MAX;
  const names = Array.from({ length: large.folders + 4 }, (_, index) => `n${index}`);
  const [first, last] = ['/w/n0', `/w/${names.at(-1)}`] as const;
  const denial = rule(['read'], ['/priv/key'], { verdict: 'deny' });
  // Below each folder another name is granted, so that no two are alike; in the second kind they can be moved themselves.
  const still = names.map((name) => rule(files, [`/w/${name}/${name}`]));
  const moving = names.map((name) => rule(files, [`/w/${name}`, `/w/${name}/${name}`]));
  const told = (rules: Rule[], from: string, to: string): boolean =>
    movesToMore(compilePolicy(policy(rules), { programs: [] }, 1n, DIGEST).bytes, path(from), path(to), 'folder', true);
  for (const [name, rules] of Object.entries({ still, moving })) {
    t.equal(told([denial, ...rules], '/priv', '/pub'), true, `${name}: out of what is denied`);
    t.equal(told([denial, ...rules], '/pub', '/priv'), name === 'moving', `${name}: into what is denied`);
    for (const [from, to] of [
      [first, '/pub'],
      [last, '/pub'],
      ['/pub', last],
    ] as const) {
      t.equal(told(rules, from, to), false, `${name}: no rule denies: ${from} ${to}`);
      // With all classes taken by what can be moved, /priv is in class 0 with /pub: it cannot be told, so it is refused.
      t.equal(told([denial, ...rules], from, to), name === 'moving', `${name}: another rule denies: ${from} ${to}`);
    }
  }
});
