// SPDX-License-Identifier: GPL-2.0-only
/** Random policies of version 2 and random attempts at what it has besides, through the hooks: each verdict must be the reference's. */
import fc from 'fast-check';
import type { Test } from 'tap';
import { CompileError } from '../../src/compile/errors.js';
import { decide } from '../../src/decide/decide.js';
import { objectDescription } from '../../src/decide/text.js';
import { errnoName } from '../../src/policy/errno.js';
import type { Access, AccessObject, Policy, Rule } from '../../src/policy/model.js';
import { CAPABILITIES } from '../../src/policy/numbers.js';
import { accessOf, everyAim, everyPolicy } from '../compile/arbitraries.js';
import type { Confined } from './confined.js';
import { isLater, type Own } from './corpus.js';
import { laterAttemptOf } from './later-attempts.js';
import { laterGround } from './later-corpus.js';
import { compiledAnew, madeOnce } from './trying.js';

const AIMS = 10;
const PROGRAMS = ['/a/program', '/b'];
const wanted = Math.ceil(Number(process.env.CALLGATE_OPENS ?? 2_000) / 4);
const seed = Number(process.env.CALLGATE_SEED ?? Date.now() & 0x7fffffff);
const NOBODY = 0xffffffff;

/** Every capability, silently, so that only the attempt itself is judged. */
const CAPABLE: Rule = {
  verdict: 'permit',
  operations: ['capable'],
  objects: CAPABILITIES.map((_, value) => ({ type: 'number', table: 'capability', first: value, last: value })),
  place: { file: 'random.yaml', line: 1, column: 1 },
  number: 0,
};

/** Kinds whose file the subject makes for itself, as root. */
const MADE = ['memfd', 'tmpfile', 'pipe', 'socket', 'anon', 'mqueue', 'foreign'];
/** Attributes of users are of files and folders, which the kernel sees to first (fs/xattr.c: xattr_permission). */
const NO_FILES = ['pipe', 'socket', 'anon'];
const [KILL, TIMES, USER, MEMORY_FILE_SYSTEMS] = [9, 1, 2, 2];

/** Can it be tried, so that the event tells of the attempt alone? */
function isTried({ object, uid, gid, owner }: Access): boolean {
  if ([uid, gid, owner].includes(NOBODY)) return false;
  switch (object.type) {
    case 'number':
      // Capabilities: those asked for by a call that takes nothing besides. A polled ring is another one, of keys
      // several are looked at, and of a cgroup namespace the kernel asks twice (kernel/cgroup/namespace.c: copy_cgroup_ns).
      if (object.table === 'capability')
        return ['sys_pacct', 'sys_admin', 'sys_boot'].includes(CAPABILITIES[object.value] ?? '');
      return !['kernel:sqpoll', 'kernel:keys', 'namespace:cgroup'].includes(objectDescription(object));
    case 'target':
      switch (object.who.kind) {
        case 'path':
          // The root itself, and disks, of which there are none.
          return object.who.path !== '/' && (!/mount/.test(object.act) || object.which <= MEMORY_FILE_SYSTEMS);
        case 'process':
          // Its parent would end.
          return object.act !== 'signal' || object.who.process === 'child' || object.which !== KILL;
        case 'kind':
          // Root's alone, which the kernel says first (kernel/ptrace.c: __ptrace_may_access).
          if (object.act === 'ptrace') return object.who.of !== 'unreachable' || (uid === 0 && gid === 0);
          // The kernel asks nobody of the inode of all that is anonymous: it is private (fs/libfs.c: alloc_anon_inode).
          if (object.act === 'attribute' && object.which === TIMES) return object.who.of !== 'anon';
          return object.act !== 'attribute' || object.which !== USER || !NO_FILES.includes(object.who.of);
      }
      break;
    case 'path':
      return object.path !== '/';
    default:
      return object.type === 'kind';
  }
  return false;
}

/** Whose the object is in truth. */
function ownerOf(object: AccessObject, owner: number): number | undefined {
  switch (object.type) {
    case 'number':
      return object.table === 'ipc' ? owner : undefined;
    case 'kind':
      return object.kind === 'deleted' ? owner : 0;
    case 'target':
      switch (object.who.kind) {
        case 'process':
          return 0;
        case 'kind':
          if (object.act === 'attribute' || object.act === 'ioctl') return MADE.includes(object.who.of) ? 0 : owner;
          return object.who.of === 'unreachable' ? 0 : owner;
        case 'path':
          // What is mounted there is root's.
          return object.act === 'unmount' ? 0 : owner;
      }
      break;
    default:
      return owner;
  }
  return undefined;
}

/** As the hooks can be held to it: nobody is asked, and each permit is told with its rule. */
function heldTo(policy: Policy, before: readonly Rule[]): Policy {
  const rules = policy.rules.map((rule): Rule => {
    const verdict = rule.verdict === 'ask' ? 'deny' : rule.verdict;
    return verdict === 'permit' ? { ...rule, verdict, log: true } : { ...rule, verdict };
  });
  return { ...policy, default: policy.default === 'ask' ? 'deny' : policy.default, rules: [...before, ...rules] };
}

export async function laterRandomly(t: Test, confined: Confined, own: Own): Promise<void> {
  const { serving, ground, end } = await laterGround(confined, own);
  t.teardown(end);
  t.comment(`seed: ${seed}`);
  const many = fc.tuple(
    everyPolicy.filter(({ version }) => version === 2),
    fc.array(everyAim, { minLength: AIMS, maxLength: AIMS }),
  );
  const wrong: string[] = [];
  const made: Record<string, number> = {};
  let [count, denied, byRule] = [0, 0, 0];
  for (const [drawn, aims] of fc.sample(many, { seed, numRuns: wanted })) {
    if (count >= wanted) break;
    for (const aim of aims) {
      if (count >= wanted) break;
      const access = accessOf(drawn, aim);
      if (!isLater(access) || !isTried(access)) continue;
      const attempt = laterAttemptOf(ground, access);
      if ('reason' in attempt) continue;
      const [operation = ''] = access.operations;
      const policy = heldTo(drawn, operation === 'capable' ? [] : [CAPABLE]);
      let hold: () => void;
      let image: ReturnType<typeof compiledAnew>;
      try {
        image = compiledAnew(policy, PROGRAMS);
        hold = serving.prepare(image);
      } catch (error) {
        if (error instanceof CompileError) break;
        throw error;
      }
      const { before: prepared, results, events } = madeOnce(serving, attempt, hold);
      const { owner: wished = 0, ...unowned } = access;
      const owner = ownerOf(access.object, wished);
      const { verdict, errno, deciding } = decide(policy, owner === undefined ? unowned : { ...unowned, owner });
      const told = events.map((event) => ({
        ...{
          verdict: event.verdict,
          operations: event.operations,
          object: event.object && objectDescription(event.object),
        },
        errno: event.verdict === 'deny' ? errnoName(event.errnum) : undefined,
        line: event.rule === 0 ? 0 : image.rules[event.rule - 1]?.place.line,
      }));
      const event = {
        ...{ verdict, operations: access.operations, object: objectDescription(access.object), errno },
        line: deciding.rule?.place.line ?? 0,
      };
      // A permit leaves what the kernel says besides; the event tells that it was one.
      const expected = {
        before: [],
        refused: verdict === 'deny' ? [attempt.refused ?? errno] : [],
        told: deciding.log ? [event] : [],
      };
      const found = {
        before: prepared.filter((result) => result !== 'ok'),
        refused: verdict === 'deny' ? results : [],
        told,
      };
      if (JSON.stringify(found) !== JSON.stringify(expected))
        wrong.push(JSON.stringify({ access, owner, results, found, expected }));
      count++;
      made[operation] = (made[operation] ?? 0) + 1;
      if (count % 100 === 0) t.comment(`${count} of ${wanted}`);
      if (verdict === 'deny') denied++;
      if (deciding.rule !== null) byRule++;
    }
  }
  t.same(wrong, [], `each verdict is the reference's (seed ${seed})`);
  t.equal(count, wanted, 'as many as were asked for');
  t.ok(denied > count / 8 && count - denied > count / 8, `${denied} refused, ${count - denied} permitted`);
  t.ok(byRule > count / 16, `${byRule} by a rule`);
  t.comment(`attempts: ${count}: ${JSON.stringify(made)}`);
}
