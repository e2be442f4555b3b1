// SPDX-License-Identifier: GPL-2.0-only
/**
 * A script with a policy of its own is what was judged, or is refused: the interpreter opens its name again. Exactly what the
 * interpreter then reads is compared.
 */
import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { keep, open } from './calls.js';
import { type Checks, permit } from './checks.js';
import { type Confinement, ROOT, type RuleText } from './confined.js';
import { denials, exec } from './crossing.js';

const DIR = `${ROOT}/scripts`;
const SCRIPT = `${DIR}/in/script`;
const READS = `${ROOT}/bin/reads`;
const CROSS = `${ROOT}/bin/cross`;
const SYSTEM = '/usr/bin/callgate-test-script';
const NESTED = `${DIR}/nested`;
const NESTED_BY_LINK = `${DIR}/nested-by-link`;
const WRAPPER = `${DIR}/in/wrapper`;
const ANYONE = 1000;
const CLONE_FILES = '0x400';
/** Names that are tried towards every policy. */
const SOME = [SCRIPT, 'script', `${DIR}/link`];

type Rest = Partial<Omit<Confinement, 'rules'>>;

function script(path: string, interpreter: string, text: string): void {
  writeFileSync(path, `#!${interpreter}\n${text}\n`);
  chmodSync(path, 0o755);
}

export async function scripts(t: Test, checks: Checks): Promise<void> {
  mkdirSync(`${DIR}/in`, { recursive: true });
  script(SCRIPT, READS, 'judged');
  script(SYSTEM, READS, 'judged');
  script(WRAPPER, READS, 'wrapper');
  symlinkSync(SCRIPT, `${DIR}/link`);
  symlinkSync('in', `${DIR}/folder`);
  symlinkSync(WRAPPER, `${DIR}/wrapper`);
  script(NESTED, WRAPPER, 'nested');
  script(NESTED_BY_LINK, `${DIR}/wrapper`, 'nested');
  for (const uid of [undefined, ANYONE]) {
    await byName(t, checks, uid);
    await byDescriptor(t, checks, uid);
  }
  await nested(t, checks);
  await system(t, checks);
  await complaining(t, checks);
}

const readable = [permit('read', [`${DIR}/**`, SYSTEM])];
const others = { [SCRIPT]: readable, [SYSTEM]: readable, [NESTED]: readable, [NESTED_BY_LINK]: readable };
const load = permit('load', [READS, WRAPPER]);

async function check(
  t: Test,
  { confined }: Checks,
  name: string,
  words: readonly string[],
  rules: readonly RuleText[],
  results: readonly string[],
  refused: readonly string[] = [],
  rest: Rest = {},
): Promise<void> {
  const run = await confined.run(words, { others, ...rest, rules: [load, ...rules] });
  const who = rest.uid === undefined ? '' : ' (as an ordinary user)';
  t.same(
    { results: run.results, ...denials(run), lost: run.counts.dropped },
    { results, events: refused, counts: refused.length === 0 ? {} : { script: refused.length }, lost: 0 },
    `${name}${who}`,
  );
}

async function byName(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const as = uid === undefined ? {} : { uid };
  const names: readonly (readonly [string, string, boolean])[] = [
    [SCRIPT, '/', true],
    [SCRIPT.replace('/in/', '//in///'), '/', true],
    ['script', `${DIR}/in`, true],
    ['./script', `${DIR}/in`, true],
    ['in/script', DIR, true],
    ['./in/script', DIR, true],
    [SCRIPT.slice(1), '/', true],
    [SCRIPT.slice('/tmp/'.length), '/tmp', true],
    ['../in/script', `${DIR}/in`, false],
    ['in/./script', DIR, false],
    [`${DIR}/in/../in/script`, '/', false],
    [`${DIR}/link`, '/', false],
    ['link', DIR, false],
    [`${DIR}/folder/script`, '/', false],
    ['folder/script', DIR, false],
    [`/proc/self/root${SCRIPT}`, '/', false],
    ['/proc/self/cwd/script', `${DIR}/in`, false],
  ];
  const inherit = [exec(SCRIPT, 'inherit'), ...readable];
  for (const [name, cwd, holds] of names) {
    if (uid !== undefined && !SOME.includes(name)) continue;
    const [way, refused] = [`exec,${name}`, holds ? [] : [`exec ${SCRIPT}: script`]];
    const result = [holds ? 'judged' : 'EACCES'];
    const there = { ...as, cwd };
    await check(t, checks, `${name} in ${cwd}`, [way], [exec(SCRIPT, 'own')], result, refused, there);
    // What the policy towards which it goes has no part in is tried once.
    if (uid !== undefined || !SOME.includes(name)) continue;
    await check(
      t,
      checks,
      `${name} in ${cwd}, towards unconfined`,
      [way],
      [exec(SCRIPT, 'unconfined')],
      result,
      refused,
      there,
    );
    await check(t, checks, `${name} in ${cwd}, same policy`, [way], inherit, ['judged'], [], there);
  }
  const rest = { ...as, file: CROSS, cwd: `${DIR}/in` };
  const own = [exec(SCRIPT, 'own')];
  await check(t, checks, 'a thread beside, by its whole path', ['thread', SCRIPT], own, ['judged'], [], rest);
  await check(
    t,
    checks,
    'a thread beside may change the folder',
    ['thread', 'script'],
    own,
    ['EACCES'],
    [`exec ${SCRIPT}: script`],
    rest,
  );
  await check(t, checks, 'a thread beside, same policy', ['thread', 'script'], inherit, ['judged'], [], rest);
}

async function byDescriptor(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const stdin = openSync(SCRIPT, 'r');
  const as = { stdin, ...(uid === undefined ? {} : { uid }) };
  const own = [exec(SCRIPT, 'own')];
  const rest = { ...as, file: CROSS };
  const refused = [`exec ${SCRIPT}: script`];
  await check(
    t,
    checks,
    'by descriptor',
    [keep(1, open(SCRIPT)), 'fexec,#1'],
    [...own, permit('read', SCRIPT)],
    ['ok', 'judged'],
    [],
    as,
  );
  await check(
    t,
    checks,
    'by descriptor, towards unconfined',
    ['fexec,0'],
    [exec(SCRIPT, 'unconfined')],
    ['judged'],
    [],
    as,
  );
  await check(t, checks, 'descriptors shared by nobody', ['clone', '0', '#0'], own, ['judged'], [], rest);
  await check(
    t,
    checks,
    'descriptors shared with another process',
    ['clone', CLONE_FILES, '#0'],
    own,
    ['EACCES'],
    refused,
    rest,
  );
  await check(t, checks, 'descriptors shared with a thread', ['thread', '#0'], own, ['EACCES'], refused, rest);
  const inherit = [exec(SCRIPT, 'inherit'), ...readable];
  await check(
    t,
    checks,
    'shared descriptors, same policy',
    ['clone', CLONE_FILES, '#0'],
    inherit,
    ['judged'],
    [],
    rest,
  );
  await check(t, checks, 'a name that leads to a descriptor', ['exec,/proc/self/fd/0'], own, ['EACCES'], refused, as);
  closeSync(stdin);
}

/** An interpreter that is a script is told by its name too. */
async function nested(t: Test, checks: Checks): Promise<void> {
  await check(t, checks, 'an interpreter that is a script', [`exec,${NESTED}`], [exec(NESTED, 'own')], ['wrapper']);
  await check(
    t,
    checks,
    'an interpreter that is a script, by a link',
    [`exec,${NESTED_BY_LINK}`],
    [exec(NESTED_BY_LINK, 'own')],
    ['EACCES'],
    [`exec ${WRAPPER}: script`],
  );
  const inherit = [exec(NESTED_BY_LINK, 'inherit'), ...readable];
  await check(t, checks, 'the same under one policy', [`exec,${NESTED_BY_LINK}`], inherit, ['wrapper']);
}

/** The links of a merged /usr. */
async function system(t: Test, checks: Checks): Promise<void> {
  const rules = [exec(SYSTEM, 'own')];
  await check(t, checks, 'a script of the system', [`exec,${SYSTEM}`], rules, ['judged']);
  await check(t, checks, 'a script of the system, by /bin', [`exec,${SYSTEM.slice('/usr'.length)}`], rules, ['judged']);
  await check(
    t,
    checks,
    'the link elsewhere is one',
    [`exec,${SYSTEM.slice('/usr/'.length)}`],
    rules,
    ['EACCES'],
    [`exec ${SYSTEM}: script`],
  );
}

async function complaining(t: Test, { confined }: Checks): Promise<void> {
  const rules = [load, exec(SCRIPT, 'own')];
  const run = await confined.run([`exec,${DIR}/link`], { others, rules, mode: 'complain' });
  t.same(
    { results: run.results, ...denials(run), denied: run.counts.denied, complained: run.counts.complained },
    { results: ['judged'], events: [`exec ${SCRIPT}: script`], counts: { script: 1 }, denied: 0, complained: 1 },
    'complaining: told and permitted',
  );
}
