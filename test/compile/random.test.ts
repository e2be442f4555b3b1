// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random policies and attempts: the image must say what the reference says. CALLGATE_COMPARISONS sets how many
 * comparisons are made.
 */
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/errors.js';
import { walkImage } from '../../src/compile/walk.js';
import { decide } from '../../src/decide/decide.js';
import { errnoNumber } from '../../src/policy/errno.js';
import type { Access, Policy } from '../../src/policy/model.js';
import { accessOf, everyAim, everyPolicy } from './arbitraries.js';

const AIMS = 40;
const comparisons = Number(process.env.CALLGATE_COMPARISONS ?? 8_000);
const DIGEST = new Uint8Array(32);

/** What both sides say, in the same words. */
function reference(policy: Policy, access: Access): unknown {
  const { verdict, decisions } = decide(policy, access);
  return {
    verdict,
    decisions: decisions.map(({ operation, verdict, errno, rule, log, transition }) => ({
      operation,
      verdict,
      errnum: verdict === 'deny' ? errnoNumber(errno as string) : 0,
      line: rule?.place.line ?? 0,
      log,
      transition: transition ?? 'own',
    })),
  };
}

/** Null where many `**` together need more than is sensible: about one of ten thousand such policies. */
function compiled(policy: Policy): Image | null {
  try {
    return compilePolicy(policy, { programs: ['/a/program', '/b'] }, 1n, DIGEST);
  } catch (error) {
    if (error instanceof CompileError && (error.code === 'image-full' || error.code === 'too-many-states')) return null;
    throw error;
  }
}

t.setTimeout(120_000 + comparisons * 5);

t.test('the image decides as the reference does', async (t) => {
  let compared = 0;
  let byRule = 0;
  let refused = 0;
  fc.assert(
    fc.property(everyPolicy, fc.array(everyAim, { minLength: AIMS, maxLength: AIMS }), (policy, aims) => {
      const image = compiled(policy);
      if (image === null) {
        refused += 1;
        return;
      }
      for (const aim of aims) {
        const access = accessOf(policy, aim);
        const { verdict, decisions, program } = walkImage(image.bytes, access);
        const told = {
          verdict,
          decisions: decisions.map(({ operation, verdict, errnum, rule, log, transition }) => ({
            operation,
            verdict,
            errnum: verdict === 'deny' ? errnum : 0,
            line: rule === 0 ? 0 : (image.rules[rule - 1]?.place.line ?? -1),
            log,
            transition,
          })),
        };
        const expected = reference(policy, access);
        if (JSON.stringify(told) !== JSON.stringify(expected))
          throw new Error(`differs:\n${JSON.stringify({ access, told, expected }, null, 1)}`);
        const { object } = access;
        const path = object.type === 'path' || object.type === 'unix' ? object.path : '';
        if (program !== (path === '/a/program' ? 1 : path === '/b' ? 2 : 0))
          throw new Error(`program ${program}: ${path}`);
        compared += 1;
        if (decisions.some(({ byDefault }) => !byDefault)) byRule += 1;
      }
    }),
    // Making a failure small can take long, because each try compiles.
    {
      numRuns: Math.ceil(comparisons / AIMS),
      interruptAfterTimeLimit: 60_000 + comparisons * 5,
      markInterruptAsFailure: true,
    },
  );
  t.comment(`${compared} comparisons, ${byRule} decided by a rule`);
  t.ok(compared >= comparisons * 0.95, `as many comparisons as were asked for; ${refused} policies were too large`);
  t.ok(byRule > compared / 4, 'many of them are decided by a rule and not by the default');
});
