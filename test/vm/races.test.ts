// SPDX-License-Identifier: GPL-2.0-only
/**
 * What changes while it is judged: folders and mounts that move, policies that are replaced, many subjects at once. Never a
 * wrong permit, and no refusal but those that are counted as given up. To be run with preempt=full too.
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { hasFields } from '../fields.js';
import { AT_FDCWD, mkdir, mount } from './calls.js';
import { type Checks, checksOf, permit } from './checks.js';
import { ACT, Confined, free, ROOT } from './confined.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const DIR = `${ROOT}/races`;
const OPENS = 4000;
const only = process.env.ONLY?.split(',');
const SWAPS = 200;
const ROUNDS = Number(process.env.CALLGATE_OPENS ?? 1_000_000);
const SEED = Number(process.env.CALLGATE_SEED ?? Date.now() & 0x7fffffff);
const CROWD = 6;
const RECURSIVELY_PRIVATE = 0x44000;
/** enum cg_unresolved: it kept moving. */
const RACE = 2;

t.test('races', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  const checks = checksOf(confined);
  mkdirSync(DIR);
  writeFileSync(`${DIR}/yes`, 'yes');
  writeFileSync(`${DIR}/no`, 'no');
  for (const part of [folders, mounts, known, swaps, crowd].filter(({ name }) => only?.includes(name) ?? true))
    await t.test(part.name, (t) => part(t, checks));
});

/** A folder is now A/one, now B/two. */
async function folders(t: Test, checks: Checks): Promise<void> {
  const [a, b] = [`${DIR}/folders-a`, `${DIR}/folders-b`];
  mkdirSync(`${a}/one/deep/deeper`, { recursive: true });
  mkdirSync(b);
  await moving(t, checks, 'flip', a, b);
}

/** The same with a mount, between two mounts. */
async function mounts(t: Test, checks: Checks): Promise<void> {
  const [a, b] = [`${DIR}/mounts-a`, `${DIR}/mounts-b`];
  mkdirSync(a);
  mkdirSync(b);
  const made = await free([
    mount('none', '/', 'none', RECURSIVELY_PRIVATE),
    ...[a, b].map((at) => mount('none', at, 'tmpfs')),
    ...[`${a}/one`, `${b}/two`].map(mkdir),
    mount('none', `${a}/one`, 'tmpfs'),
    ...[`${a}/one/deep`, `${a}/one/deep/deeper`].map(mkdir),
  ]);
  t.same(new Set(made), new Set(['ok']));
  await moving(t, checks, 'flipmount', a, b);
}

/**
 * What moves between A/one and B/two is never at A/two and never at B/one: a rule for these permits nothing, however the
 * climb and the move meet. A rule for both real places permits all that was not given up.
 */
async function moving(t: Test, { confined }: Checks, verb: string, a: string, b: string): Promise<void> {
  writeFileSync(`${a}/one/deep/deeper/file`, 'text');
  const flipped = async (paths: readonly string[]): Promise<{ opened: number; denied: number; given: number }> => {
    const [from, to] = existsSync(`${a}/one/deep`) ? [`${a}/one`, `${b}/two`] : [`${b}/two`, `${a}/one`];
    // Given by the operator: it stays what it is, wherever it goes.
    const stdin = openSync(`${from}/deep`, 'r');
    const flipper = spawn(ACT, [`${verb},${from},${to}`], { stdio: 'inherit' });
    const { results, counts } = await confined.run([`many,${OPENS},0,deeper/file`], {
      rules: [permit('read', paths)],
      stdin,
    });
    t.equal(flipper.exitCode, null, 'it moved all the time');
    const ended = new Promise((resolve) => flipper.on('close', resolve));
    flipper.kill('SIGKILL');
    await ended;
    closeSync(stdin);
    return { opened: Number(results[0]), denied: counts.denied, given: counts.unresolved[RACE] ?? 0 };
  };
  // On its way a mount is its own parent: what is below it must not be taken for what is below the root.
  const never = [`${a}/two/**`, `${b}/one/**`, '/deep/**', '/one/**', '/two/**'];
  const wrong = await flipped(never);
  hasFields(t, wrong, { opened: 0, denied: OPENS }, 'where it never is, nothing is permitted');
  const right = await flipped([`${a}/one/**`, `${b}/two/**`]);
  t.equal(right.opened + right.denied, OPENS, 'every open was permitted, or refused and counted');
  t.equal(right.denied, right.given, 'where it always is, only what was given up is refused');
  // Only root moves mounts, so only folders are held to it: four moves in one climb are rare.
  if (verb === 'flip') t.ok(right.given < OPENS / 10, `which is little (${right.given} of ${OPENS})`);
  const one = await flipped([`${a}/one/**`]);
  t.ok(one.opened > 0 && one.denied > one.given, `it was here and there (${one.opened} here, ${one.denied} not)`);
}

/**
 * What the fast path keeps of directories, against all by which a path becomes another: renamed, exchanged, made anew in the same
 * memory, mounted and taken off, lazily too. Each verdict of a moment in which nothing moved must be that of the path as it is.
 */
async function known(t: Test, checks: Checks): Promise<void> {
  t.same(await free([mount('none', '/', 'none', RECURSIVELY_PRIVATE)]), ['ok']);
  const [plain, layers, stacked] = [`${DIR}/known`, `${DIR}/layers`, `${DIR}/stacked`];
  mkdirSync(plain);
  await t.test('tmpfs', (t) => knownIn(t, checks, plain, ROUNDS));
  // What is mounted comes from the lower layer, what is moved from the upper.
  for (const folder of ['lower/source/e', 'upper', 'work']) mkdirSync(`${layers}/${folder}`, { recursive: true });
  mkdirSync(stacked);
  const options = ['lowerdir=lower', 'upperdir=upper', 'workdir=work'].map((word) => word.replace('=', `=${layers}/`));
  execFileSync('mount', ['-t', 'overlay', 'none', '-o', options.join(','), stacked]);
  await t.test('overlayfs', (t) => knownIn(t, checks, stacked, ROUNDS / 5));
}

async function knownIn(t: Test, { confined }: Checks, base: string, rounds: number): Promise<void> {
  for (const folder of ['a/m', 'b/m', 'source/e']) mkdirSync(`${base}/${folder}`, { recursive: true });
  writeFileSync(`${base}/source/e/file`, 'text');
  writeFileSync(`${base}/shared`, Buffer.alloc(4096));
  const shared = openSync(`${base}/shared`, 'r+');
  const program = `${ROOT}/bin/known`;
  t.comment(`seed: ${SEED}`);
  const mover = spawn(program, ['move', base, `${SEED}`], { stdio: [shared, 'inherit', 'inherit'] });
  const ended = new Promise((resolve) => mover.on('close', resolve));
  const { results, counts, code } = await confined.run(['open', base, `${rounds}`], {
    rules: [permit('read', [`${base}/a/**`, program]), { deny: 'read', path: `${base}/b/**`, log: false }],
    ...{ file: program, stdin: shared, patience: 600_000 },
  });
  t.equal(code, 0, 'it came to its end');
  t.equal(await ended, 0, 'and so did what moved it');
  closeSync(shared);
  const [judged = 0, atA = 0, wrong, moved = 0] = results.map(Number);
  t.equal(wrong, 0, `each verdict is of the place where it was (${judged} of ${rounds} judged, ${moved} moves)`);
  t.ok(
    judged > rounds / 50 && atA > judged / 8 && judged - atA > judged / 8,
    `${atA} at the one, ${judged - atA} at the other`,
  );
  t.ok(moved > rounds / 500, 'it was moved all the time');
  t.comment(`walked: ${counts.walked}`);
  t.ok(counts.walked < judged / 4, 'most was told by the fast path');
}

async function swaps(t: Test, { confined }: Checks): Promise<void> {
  // Not logged: events by the ten thousand would only slow the swaps down.
  const rules = [permit('read', `${DIR}/yes`), { deny: 'read', path: `${DIR}/no`, log: false }];
  const many = Array.from({ length: 300 }, (_, index) => permit('write', `${DIR}/other-${index}`));
  const [small, large] = [rules, [...many, ...rules]].map((rules) => confined.prepare({ rules }));
  const { results, counts } = await confined.run([`steady,${DIR}/yes,${DIR}/no`], {
    rules,
    midway: async () => {
      for (let swap = 1; swap <= SWAPS; swap++) {
        (swap % 2 ? large : small)?.();
        // Long enough for the other to be scheduled, where there is one processor.
        await setTimeout(2);
      }
    },
  });
  const [missed, wrong, tried] = results;
  t.same(
    { missed, wrong },
    { missed: '0', wrong: '0' },
    'between two policies there is no moment with none, or half of one',
  );
  t.ok(Number(tried) > SWAPS, `it went on meanwhile (${tried} times)`);
  hasFields(t, counts, { denied: Number(tried), silent: Number(tried) }, 'and every refusal was counted');
}

/** On one processor they preempt each other within the hooks. */
async function crowd(t: Test, { confined }: Checks): Promise<void> {
  for (const kind of ['children', 'threads']) {
    const acts = [
      `crowd,${CROWD}`,
      ...(kind === 'threads' ? ['thread'] : []),
      `many,1000,${AT_FDCWD},${DIR}/yes`,
      `many,1000,${AT_FDCWD},${DIR}/no`,
    ];
    const { results, counts, events } = await confined.run(acts, {
      rules: [permit('read', `${DIR}/yes`)],
      ring: 16 << 20,
    });
    const numbers = results.filter((line) => line !== 'ok');
    t.same(
      numbers.sort(),
      [...Array(CROWD).fill('0'), ...Array(CROWD).fill('1000')],
      `${kind}: each is judged by itself`,
    );
    t.same(
      { denied: counts.denied, told: events.length + counts.dropped },
      { denied: 1000 * CROWD, told: 1000 * CROWD },
      `${kind}: and counted`,
    );
    t.equal(new Set(events.map(({ sequence }) => sequence)).size, events.length, 'no number twice');
  }
}
