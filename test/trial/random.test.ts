// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random policies and attempts: the matcher under prog-run must say what the reference says. CALLGATE_TRIALS sets how many
 * comparisons are made.
 */
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { CompileError } from '../../src/compile/errors.js';
import { decide } from '../../src/decide/decide.js';
import { errnoNumber } from '../../src/policy/errno.js';
import type { Access, Policy } from '../../src/policy/model.js';
import { versionOf } from '../../src/policy/operations.js';
import { accessOf, everyAim, everyPolicy } from '../compile/arbitraries.js';
import { needsProgRun, Trials } from './trial.js';

/** Attempts on one policy: compiling is most of the time. */
const AIMS = 400;
/** Attempts to choose from, made once: making them is slower than judging them. What they aim at is each policy's own. */
const POOL = 8_000;
const comparisons = Number(process.env.CALLGATE_TRIALS ?? 200_000);
/** Eight times what it takes beside two VMs. */
const LIMIT = 60_000 + comparisons * 5;
const PROGRAMS: readonly string[] = ['/a/program', '/b'];
const DIGEST = new Uint8Array(32);

/** Null where many `**` together need more than is sensible: about one of ten thousand such policies. */
function compiled(policy: Policy): Image | null {
  try {
    return compilePolicy(policy, { programs: PROGRAMS }, 1n, DIGEST);
  } catch (error) {
    if (error instanceof CompileError && (error.code === 'image-full' || error.code === 'too-many-states')) return null;
    throw error;
  }
}

/** Can a kernel come upon it? No name is longer than 255 bytes, and the trial's own room ends behind PATH_MAX. */
function isPossible({ object }: Access): boolean {
  const path = object.type === 'path' || object.type === 'unix' ? object.path : '/';
  return path.split('/').every((name) => name.length <= 255) && path.length <= 4096;
}

/** Nobody is user 2^32-1. */
function possible(access: Access): Access {
  const id = (number: number): number => (number === 0xffffffff ? 0xfffffffe : number);
  const { owner } = access;
  return { ...access, uid: id(access.uid), gid: id(access.gid), ...(owner === undefined ? {} : { owner: id(owner) }) };
}

t.setTimeout(LIMIT + 60_000);
t.test('prog-run decides as the reference does', { skip: needsProgRun(), timeout: LIMIT + 60_000 }, async (t) => {
  const trials = new Trials();
  const pool = fc.sample(everyAim, POOL);
  let compared = 0;
  let byRule = 0;
  let refused = 0;
  const began = process.hrtime.bigint();
  let judging = 0n;
  fc.assert(
    fc.property(everyPolicy, fc.nat(POOL - AIMS), (policy, from) => {
      const image = compiled(policy);
      if (image === null) {
        refused++;
        return;
      }
      const accesses = pool
        .slice(from, from + AIMS)
        .map((aim) => possible(accessOf(policy, aim)))
        .filter(isPossible);
      trials.load(image);
      const before = process.hrtime.bigint();
      const outcomes = trials.judge(accesses);
      judging += process.hrtime.bigint() - before;
      accesses.forEach((access, index) => {
        const { verdict, decisions, transition, program } = outcomes[index] as (typeof outcomes)[number];
        const told = decisions.map((one) => ({
          ...one,
          errno: one.errno === undefined ? 0 : errnoNumber(one.errno),
          line: one.rule === 0 ? 0 : image.rules[one.rule - 1]?.place.line,
          rule: 0,
        }));
        const expected = decide(policy, access);
        const wanted = expected.decisions.map(({ operation, verdict, errno, rule, log }) => ({
          ...{ operation, verdict, errno: errno === undefined ? 0 : errnoNumber(errno), rule: 0, log },
          line: rule?.place.line ?? 0,
        }));
        if (verdict !== expected.verdict || JSON.stringify(told) !== JSON.stringify(wanted))
          throw new Error(`differs:\n${JSON.stringify({ access, told, wanted }, null, 1)}`);
        // Of an operation of version 2 nobody asks which program it is.
        const later = access.operations.some((operation) => versionOf(operation) > 1);
        const path = access.object.type === 'path' || access.object.type === 'unix' ? access.object.path : '';
        const exec = expected.decisions.find(({ operation, verdict }) => operation === 'exec' && verdict === 'permit');
        const led = exec === undefined || transition === (exec.transition ?? 'own');
        if (!led || (!later && program !== PROGRAMS.indexOf(path) + 1))
          throw new Error(
            `differs: transition ${transition}, program ${program}:\n${JSON.stringify({ access, wanted })}`,
          );
        compared++;
        if (decisions.some(({ rule }) => rule > 0)) byRule++;
      });
    }),
    // A failure is told as it was found: making it small would compile thousands of policies.
    {
      numRuns: Math.ceil(comparisons / AIMS),
      endOnFailure: true,
      interruptAfterTimeLimit: LIMIT,
      markInterruptAsFailure: true,
    },
  );
  trials.close();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  t.comment(
    `comparisons: ${compared} in ${seconds.toFixed(1)} s, ${Math.round(compared / (Number(judging) / 1e9))} trials a second`,
  );
  t.ok(compared >= comparisons * 0.95, `as many comparisons as were asked for; ${refused} policies were too large`);
  t.ok(byRule > compared / 4, 'many of them are decided by a rule and not by the default');
});
