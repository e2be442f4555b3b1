// SPDX-License-Identifier: GPL-2.0-only
/** Paths of any depth and length: what can be resolved is judged whole, what cannot is refused and counted. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { AT_FDCWD, call, chdir, creat, mkdir, open, openat } from './calls.js';
import { type Checks, permit } from './checks.js';
import { free, ROOT, type RuleText } from './confined.js';

const DIR = `${ROOT}/depth`;
/** enum cg_unresolved */
const DEPTH = 1;
const NAME_MAX = 255;
const PATH_MAX = 4095;
/** Components of the deepest path that is followed (CG_DEPTH_MAX), of which the walk keeps 128 at a time. */
const DEEPEST = 4096;
const KEPT = 128;

export async function depth(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  await names(t, checks);
  await longest(t, checks);
  await pieces(t, checks);
  await beyond(t, checks);
}

async function names(t: Test, { both }: Checks): Promise<void> {
  const longest = 'n'.repeat(NAME_MAX);
  // Each name, and what an event calls it.
  const shown = { [longest]: longest, 'a\nb': 'a\\x0ab', ' ': ' ', '...': '...', '\\': '\\\\', ä: 'ä' };
  for (const [name, told] of Object.entries(shown)) {
    writeFileSync(`${DIR}/${name}`, 'text');
    // Each sign by its number: what a name means in a policy is another test's.
    const bytes = Array.from(Buffer.from(name), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`);
    await both(
      t,
      `the name ${JSON.stringify(name.slice(0, 8))}`,
      [open(`${DIR}/${name}`)],
      [permit('read', DIR)],
      permit('read', `${DIR}/${bytes.join('')}`),
      [`read ${DIR}/${told}`],
    );
  }
}

/** The longest that a system call takes: 4095 bytes. */
async function longest(t: Test, { both }: Checks): Promise<void> {
  let path = DIR;
  while (PATH_MAX - path.length - 1 > NAME_MAX) path += `/${'d'.repeat(Math.min(200, PATH_MAX - path.length - 3))}`;
  mkdirSync(path, { recursive: true });
  path += `/${'f'.repeat(PATH_MAX - path.length - 1)}`;
  t.equal(path.length, PATH_MAX);
  writeFileSync(path, 'text');
  await both(
    t,
    'a path of PATH_MAX, by its name',
    [open(path)],
    [permit('read', `${path.slice(0, -1)}g`)],
    permit('read', path),
  );
  await both(
    t,
    'a path of PATH_MAX, by a glob',
    [open(path)],
    [permit('read', `${DIR}/**/g*`)],
    permit('read', `${DIR}/**/f*`),
    [`read ${path}`],
  );
}

/** Depths around what a walk keeps: one piece, two, three. */
async function pieces(t: Test, { both }: Checks): Promise<void> {
  // The folders of DIR are components too, and so is the file.
  const above = DIR.split('/').length;
  const sizes = [KEPT - 1, KEPT, KEPT + 1, 2 * KEPT - 1, 2 * KEPT, 2 * KEPT + 1, 3 * KEPT];
  for (const size of sizes) {
    const path = `${DIR}/${'p/'.repeat(size - above)}file`;
    mkdirSync(path.slice(0, -5), { recursive: true });
    writeFileSync(path, 'text');
    await both(
      t,
      `${size} components`,
      [open(path)],
      [permit('read', `${path}s`), permit('read', `${DIR}/p/file`)],
      permit('read', path),
    );
  }
}

/** Deeper than any name that can be given, as a working folder reaches it. */
async function beyond(t: Test, { confined, permitted, refused }: Checks): Promise<void> {
  const long = 'l'.repeat(200);
  const top = `${DIR}/long`;
  t.same(await free([mkdir(top), chdir(top), `chain,100,${long}`, creat('file')]), ['ok', 'ok', 'ok', 'ok']);
  const whole = `${top}/${`${long}/`.repeat(100)}file`;
  const acts = [chdir(top), `enter,100,${long}`, openat(AT_FDCWD, 'file')];
  await permitted(t, `a path of ${whole.length} bytes`, acts, [permit('read', `${top}/**/file`)]);
  const other = [permit('read', `${top}/**/other`)];
  await refused(t, 'and refused, told with all its bytes', acts, other, [`read ${whole}`]);

  const room = DEEPEST - DIR.split('/').length;
  for (const [name, count] of [
    ['deepest', room],
    ['deeper', room + 1],
  ] as const) {
    const made = [mkdir(`${DIR}/${name}`), chdir(`${DIR}/${name}`), `chain,${count - 1},d`, creat('file')];
    // Given the working folder, so that the acts are few.
    t.same(await free(made), ['ok', 'ok', 'ok', 'ok']);
    const rules: readonly RuleText[] = [permit(['read', 'list'], '/**')];
    const { results, counts, events } = await confined.run(
      [chdir(`${DIR}/${name}`), `enter,${count - 1},d`, openat(AT_FDCWD, 'file')],
      { rules, default: 'permit' },
    );
    const fits = name === 'deepest';
    t.same(
      { results, unresolved: counts.unresolved[DEPTH], denied: counts.denied, told: events.length },
      {
        results: ['ok', 'ok', fits ? 'ok' : 'EPERM'],
        unresolved: fits ? 0 : 1,
        denied: fits ? 0 : 1,
        told: fits ? 0 : 1,
      },
      `the ${name} path`,
    );
  }
  // What cannot be told is no root that a rule permits, nor one that is only complained of.
  const inside = [chdir(`${DIR}/deeper`), `enter,${room},d`];
  t.same(await free([...inside, mkdir('more')]), ['ok', 'ok', 'ok']);
  for (const mode of ['enforce', 'complain'] as const) {
    const { results, counts } = await confined.run([...inside, call(161)('s:more')], {
      ...{ version: 2, default: 'permit', mode, rules: [permit('chroot', '/***')] },
    });
    t.same(
      { results, unresolved: counts.unresolved[DEPTH] },
      { results: ['ok', 'ok', 'EPERM'], unresolved: 1 },
      `a root there: ${mode}`,
    );
  }
}
