// SPDX-License-Identifier: GPL-2.0-only
/** Random policies, trees and attempts through the hooks: each verdict must be the reference's. */
import fc from 'fast-check';
import type { Test } from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/errors.js';
import { decide } from '../../src/decide/decide.js';
import { objectDescription } from '../../src/decide/text.js';
import { errnoName } from '../../src/policy/errno.js';
import type { Policy } from '../../src/policy/model.js';
import { FILE_OPERATIONS } from '../../src/policy/operations.js';
import { accessOf, anyAim, anyPolicy } from '../compile/arbitraries.js';
import type { Confined } from './confined.js';
import { type Own, serveIn } from './corpus.js';

type Compiled = ReturnType<typeof compilePolicy>;

const AIMS = 50;
const DIGEST = new Uint8Array(32);
const wanted = Number(process.env.CALLGATE_OPENS ?? 2_000);
const seed = Number(process.env.CALLGATE_SEED ?? Date.now() & 0x7fffffff);
/** chown(2): the owner stays. */
const UNCHANGED = 0xffffffff;
/** What one call attempts by itself, on a path. */
const ATTEMPTED = FILE_OPERATIONS.filter((operation) => !['exec', 'link'].includes(operation));

export async function randomly(t: Test, confined: Confined, own: Own): Promise<void> {
  const { serving, place } = await serveIn(confined, own);
  t.teardown(() => serving.stop());
  let generation = 1_000_000n;
  let made = 0;
  let denied = 0;
  let byRule = 0;
  let fast = 0;
  t.comment(`seed: ${seed}`);
  // A stream of policies and aims; one that is too large for an image is passed over, as the compiler's own test does.
  const many = fc.tuple(anyPolicy, fc.array(anyAim, { minLength: AIMS, maxLength: AIMS }));
  const stream = fc.sample(many, { seed, numRuns: Math.ceil((4 * wanted) / AIMS) });
  const wrong: string[] = [];
  for (const [drawn, aims] of stream) {
    if (made >= wanted) break;
    // Nobody attends, so that asking is held to a denial, which is not what the reference says of it.
    // The walk judges what is logged, whose events are compared; the fast path what is not, whose counters are.
    const [policy, quiet] = [true, false].map(
      (log): Policy => ({
        ...drawn,
        default: drawn.default === 'ask' ? 'deny' : drawn.default,
        rules: drawn.rules.map((rule) => ({
          ...rule,
          verdict: rule.verdict === 'ask' ? 'deny' : rule.verdict,
          ...(rule.verdict === 'permit' ? { log } : log ? {} : { log: false }),
        })),
      }),
    ) as [Policy, Policy];
    let images: [Compiled, Compiled];
    try {
      images = [policy, quiet].map((one) =>
        compilePolicy(one, { programs: ['/a/program', '/b'] }, ++generation, DIGEST),
      ) as [Compiled, Compiled];
    } catch (error) {
      if (error instanceof CompileError) continue;
      throw error;
    }
    const [image] = images;
    const [hold, holdQuiet] = images.map((one) => serving.prepare(one)) as [() => void, () => void];
    for (const [index, aim] of aims.entries()) {
      if (made >= wanted) break;
      const operation = ATTEMPTED[(index + made) % ATTEMPTED.length] ?? 'read';
      const access = { ...accessOf(policy, { ...aim, operations: [operation] }), operations: [operation] };
      // The root folder is always there, and everybody else's way to their own names.
      if (access.object.type !== 'path' || access.object.path === '/') continue;
      const attempt = place.attemptOf(access);
      if ('reason' in attempt) continue;
      attempt.arrange();
      const loud = serving.attempt(attempt.before, [attempt.act], hold, attempt.meanwhile);
      const { before, results, events } = loud;
      attempt.arrange();
      const start = serving.counted();
      const silent = serving.attempt(attempt.before, [attempt.act], holdQuiet, attempt.meanwhile);
      const end = serving.counted();
      if (end.walked === start.walked) fast++;
      // What is only being made is nobody's; nobody can give a thing to the id that says `unchanged`.
      const isNew = operation === 'create' || operation === 'mknod';
      const { owner: wished = 0, ...unowned } = access;
      const owner = wished === UNCHANGED ? 0 : wished;
      const { verdict, errno, deciding } = decide(policy, isNew ? unowned : { ...unowned, owner });
      const told = events.map((event) => ({
        verdict: event.verdict,
        operations: event.operations,
        object: event.object === null ? '?' : objectDescription(event.object),
        errno: event.verdict === 'deny' ? errnoName(event.errnum) : undefined,
        line: event.rule === 0 ? 0 : image.rules[event.rule - 1]?.place.line,
      }));
      const event = {
        ...{ verdict, operations: [operation], object: objectDescription(access.object), errno },
        line: deciding.rule?.place.line ?? 0,
      };
      const refusal = operation === 'receive' ? 'lost' : errno;
      // A permit leaves what file permissions say; the event tells that it was one.
      const expected = {
        before: [],
        refused: verdict === 'deny' ? [refusal] : [],
        told: deciding.log ? [event] : [],
      };
      const found = {
        before: before.filter((result) => result !== 'ok'),
        refused: verdict === 'deny' || results[0] === 'lost' ? results : [],
        told,
      };
      if (JSON.stringify(found) !== JSON.stringify(expected))
        wrong.push(JSON.stringify({ access, owner, results, found, expected, policy: generation.toString() }));
      const [quietly, quietlyExpected] = [
        { results: silent.results, denied: end.denied - start.denied },
        { results, denied: verdict === 'deny' ? 1 : 0 },
      ];
      if (JSON.stringify(quietly) !== JSON.stringify(quietlyExpected))
        wrong.push(JSON.stringify({ access, owner, quietly, quietlyExpected, policy: generation.toString() }));
      made++;
      if (made % 200 === 0) t.comment(`${made} of ${wanted}`);
      if (verdict === 'deny') denied++;
      if (deciding.rule !== null) byRule++;
    }
  }
  t.same(wrong, [], `each verdict is the reference's (seed ${seed})`);
  t.equal(made, wanted, 'as many as were asked for');
  t.ok(denied > made / 8 && made - denied > made / 8, `${denied} refused, ${made - denied} permitted`);
  t.ok(byRule > made / 16, `${byRule} by a rule`);
  t.comment(`opens: ${made}, ${fast} by the fast path`);
  t.ok(fast > made / 16, 'the fast path told its share');
}
