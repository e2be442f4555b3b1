// SPDX-License-Identifier: GPL-2.0-only
/** Random policies and pairs of names: the matcher under prog-run says of moves what the reader of the image says. */
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/errors.js';
import { movesToMore, walkImage } from '../../src/compile/walk.js';
import type { AccessObject, Policy } from '../../src/policy/model.js';
import { accessOf, anyAim, anyPolicy } from '../compile/arbitraries.js';
import { type Move, needsProgRun, Trials } from './trial.js';

const PAIRS = 100;
const POLICIES = Number(process.env.CALLGATE_MOVES ?? 800) / 40;

function compiled(policy: Policy): Image | null {
  try {
    return compilePolicy(policy, { programs: [] }, 1n, new Uint8Array(32));
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

function pathOf(object: AccessObject): AccessObject {
  return { type: 'path', path: object.type === 'path' || object.type === 'unix' ? object.path : ('/a' as never) };
}

t.setTimeout(400_000);
t.test('moves under prog-run', { skip: needsProgRun() }, async (t) => {
  const trials = new Trials();
  const ends = fc.tuple(anyAim, anyAim, fc.constantFrom('file' as const, 'socket' as const, 'folder' as const));
  let compared = 0;
  let more = 0;
  fc.assert(
    fc.property(
      anyPolicy,
      fc.array(ends, { minLength: PAIRS, maxLength: PAIRS }),
      fc.constantFrom('enforce' as const, 'learn' as const),
      (policy, ends, mode) => {
        const image = compiled(policy);
        if (image === null) return;
        const moves = ends
          .map(([one, other, moved]): Move => {
            const [from, to] = [pathOf(accessOf(policy, one).object), pathOf(accessOf(policy, other).object)];
            return { from, to, moved };
          })
          // A name that may not be made is refused for that.
          .filter(({ to }) => {
            const { verdict, deciding } = walkImage(image.bytes, {
              operations: ['create'],
              object: to,
              uid: 0,
              gid: 0,
            });
            return verdict !== 'deny' || (mode === 'learn' && deciding.byDefault);
          });
        if (moves.length === 0) return;
        trials.load(image, mode);
        trials.moves(moves).forEach((told, index) => {
          const { from, to, moved } = moves[index] as Move;
          const expected = movesToMore(image.bytes, from, to, moved, mode === 'learn');
          if (told !== expected)
            throw new Error(`differs: ${JSON.stringify({ from, to, moved, mode, told, expected })}`);
          compared++;
          if (told) more++;
        });
      },
    ),
    { numRuns: POLICIES, endOnFailure: true },
  );
  trials.close();
  t.comment(`${compared} moves compared, ${more} to more`);
  t.ok(more > 0 && more < compared, 'of both kinds');
});
