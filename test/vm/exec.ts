// SPDX-License-Identifier: GPL-2.0-only
/** Which policy holds after an exec, and which files of the chain are judged. */
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Test } from 'tap';
import { call, close, keep, memfd, O, open, rename } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ACT, ROOT, type RuleText, type Run, told } from './confined.js';

const DIR = `${ROOT}/exec`;
const OTHER = `${DIR}/other`;
const SCRIPT = `${DIR}/script`;
const JUNK = `${DIR}/junk`;
const A = `${DIR}/a`;
const B = `${DIR}/b`;
/** enum cg_unresolved: a rule permits the exec, but the application has no policy for the program. */
const NO_TARGET = 9;
const AT_EMPTY_PATH = 0x1000;
const AT_EXECVE_CHECK = 0x10000;
const PROGRAM = '/usr/bin/true';
const LOADER = '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';

function exec(path: string, policy?: string): RuleText {
  return { permit: 'exec', path, ...(policy === undefined ? {} : { policy }) };
}

export async function execs(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(OTHER, readFileSync(ACT));
  writeFileSync(SCRIPT, `#!${ACT}\n`);
  writeFileSync(JUNK, 'neither a script nor a program');
  for (const file of [OTHER, SCRIPT, JUNK]) chmodSync(file, 0o755);
  writeFileSync(A, 'a');
  writeFileSync(B, 'b');
  await transitions(t, checks);
  await scripts(t, checks);
  await halfWay(t, checks);
  await withoutName(t, checks);
  await loader(t, checks);
  await toldOnce(t, checks);
}

async function transitions(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  const others = { [OTHER]: [permit('read', B)] };
  const readA = permit('read', A);
  await refused(t, 'exec without a permit', [`exec,${OTHER}`], [permit(['read', 'load'], OTHER)], [`exec ${OTHER}`], {
    others,
  });
  await permitted(t, 'own: the new policy permits', [open(A), `exec,${OTHER}`, open(B)], [readA, exec(OTHER)], {
    others,
  });
  await refused(
    t,
    'own: the old one does no more',
    [open(A), `exec,${OTHER}`, open(A)],
    [readA, exec(OTHER)],
    [`read ${A}`],
    {
      others,
    },
  );
  await refused(t, 'and not before', [`fork`, open(B)], [readA, exec(OTHER)], [`read ${B}`], { others });
  await permitted(t, 'inherit: the old one goes on', [`exec,${OTHER}`, open(A)], [readA, exec(OTHER, 'inherit')], {
    others,
  });
  await refused(
    t,
    'inherit: and no other',
    [`exec,${OTHER}`, open(B)],
    [readA, exec(OTHER, 'inherit')],
    [`read ${B}`],
    { others },
  );
  await permitted(
    t,
    'unconfined',
    [`exec,${OTHER}`, open(A), 'fork', open('/etc/shadow')],
    [exec(OTHER, 'unconfined')],
  );
  const none = await refused(t, 'own, and there is no policy', [`exec,${OTHER}`], [exec(OTHER)], [`exec ${OTHER}`], {
    errno: 'EACCES',
  });
  t.equal(none.counts.unresolved[NO_TARGET], 1, 'which is counted');
  linkSync(OTHER, `${DIR}/alias`);
  await refused(
    t,
    'another name of a program is another program',
    [`exec,${DIR}/alias`],
    [exec(OTHER)],
    [`exec ${DIR}/alias`],
    { others },
  );
  const byFd = [keep(1, open(OTHER, O.PATH)), 'fexec,#1', open(B)];
  await both(t, 'exec by descriptor', byFd.slice(0, 2), [], exec(OTHER, 'inherit'), [`exec ${OTHER}`]);
  await permitted(t, 'exec by descriptor, own', byFd, [exec(OTHER)], { others });
  // A descriptor that stays open keeps what its open was permitted; opening it again is judged by the new policy.
  await permitted(
    t,
    'a descriptor crosses',
    [keep(1, open(A)), `exec,${OTHER}`, 'call,0,3,b:8,1'],
    [readA, exec(OTHER)],
    { others },
  );
  await refused(
    t,
    'opened again it does not',
    [open(A), `exec,${OTHER}`, open('/proc/self/fd/3')],
    [readA, exec(OTHER)],
    [`read ${A}`],
    { others },
  );
}

async function scripts(t: Test, { permitted, refused }: Checks): Promise<void> {
  const others = { [SCRIPT]: [permit('read', B)] };
  const interpreter = permit('load', ACT);
  const acts = [`exec,${SCRIPT}`, open(B)];
  await permitted(t, 'a script has its own policy', acts, [exec(SCRIPT), interpreter], { others });
  await refused(
    t,
    'which is not the interpreter’s',
    [`exec,${SCRIPT}`, open(A)],
    [exec(SCRIPT), interpreter, permit('read', A)],
    [`read ${A}`],
    { others },
  );
  await refused(
    t,
    'the interpreter is loaded under the old policy',
    acts.slice(0, 1),
    [exec(SCRIPT)],
    [`load ${ACT}`],
    { others },
  );
  await refused(t, 'a script is not its interpreter', acts.slice(0, 1), [exec(ACT), interpreter], [`exec ${SCRIPT}`], {
    others,
  });
  const inherit = [exec(SCRIPT, 'inherit'), interpreter, permit('read', B)];
  await permitted(t, 'a script that inherits', acts, inherit, { others });
}

async function halfWay(t: Test, { confined }: Checks): Promise<void> {
  const others = { [OTHER]: [permit('read', B)], [JUNK]: [permit('read', B)] };
  const rules = [exec(JUNK), exec(OTHER), permit('read', A)];
  const run = async (
    name: string,
    acts: readonly string[],
    results: readonly string[],
    events: readonly string[] = [],
  ) => {
    const { results: got, events: seen } = await confined.run(acts, { rules, others });
    t.same({ got, events: told(seen) }, { got: results, events }, name);
  };
  const failed = `exec,${JUNK}`;
  await run(
    'an exec that fails half-way leaves the policy as it was',
    [failed, open(A), open(B)],
    ['ENOEXEC', 'ok', 'EPERM'],
    [`read ${B}`],
  );
  // What execvp(3) does with a file that has no interpreter line.
  await run('and the next one is judged as an exec', [failed, `exec,${OTHER}`, open(B)], ['ENOEXEC', 'ok', 'ok']);
  if (release().startsWith('6.')) return;
  const check = [keep(1, open(OTHER, O.PATH)), call(322)('#1', 's:', 0, 0, AT_EMPTY_PATH | AT_EXECVE_CHECK)];
  await run(
    'asking whether a program may be run arms nothing',
    [...check, open(A), open(B)],
    ['ok', 'ok', 'ok', 'EPERM'],
    [`read ${B}`],
  );
  await run('nor does it spoil the next exec', [...check, `exec,${OTHER}`, open(B)], ['ok', 'ok', 'ok', 'ok']);
}

async function withoutName(t: Test, { both }: Checks): Promise<void> {
  const filled = [keep(1, memfd('x')), keep(2, open(ACT)), call(40)('#1', '#2', 0, 0x7ffff000), close('#2')];
  // Not while it is open for writing.
  const acts = [...filled, keep(3, open('/proc/self/fd/#1')), close('#1'), 'fexec,#3'];
  const rules = [permit('read', ACT), permit(['exec', 'load'], '/**'), { permit: 'read', kind: 'memfd' }];
  await both(t, 'a program in a memfd', acts, rules, { permit: 'exec', kind: 'memfd', policy: 'inherit' }, [
    'exec memfd',
  ]);
}

async function loader(t: Test, { confined }: Checks): Promise<void> {
  const libraries = [permit('load', '/usr/lib/**'), permit('read', '/etc/ld.so.cache')];
  const noLoader = { deny: 'load', path: LOADER };
  const run = async (name: string, rules: readonly RuleText[], expected: object, target?: readonly RuleText[]) => {
    const acts = [name.startsWith('ld.so') ? `become,${LOADER},${PROGRAM}` : `become,${PROGRAM}`];
    const others = target === undefined ? {} : { [PROGRAM]: target };
    const { results, events, code, signal } = await confined.run(acts, { rules, others });
    t.same(
      { results, events: told(events), code, signal: signal !== null },
      { results: [], events: [], code: 0, signal: false, ...expected },
      name,
    );
  };
  const viaLoader = [exec(LOADER, 'inherit'), permit('read', PROGRAM), ...libraries];
  await run('ld.so as a program runs what may be loaded', [...viaLoader, permit('load', PROGRAM)], {});
  await run('ld.so as a program runs nothing else', viaLoader, { events: [`load ${PROGRAM}`], code: 127 });
  await run('ld.so as a program does not replace an exec', [exec(PROGRAM, 'inherit'), ...libraries], {
    results: ['EPERM'],
    events: [`exec ${LOADER}`],
  });
  await run('the ELF interpreter: permitted', [exec(PROGRAM, 'inherit'), ...libraries], {});
  await run('the ELF interpreter is judged under the old policy', [noLoader, exec(PROGRAM, 'inherit'), ...libraries], {
    results: ['EPERM'],
    events: [`load ${LOADER}`],
  });
  await run('the ELF interpreter is mapped under the new policy', [exec(PROGRAM), ...libraries], {}, libraries);
  await run(
    'the ELF interpreter is not mapped where the new policy refuses',
    [exec(PROGRAM), ...libraries],
    {
      events: [`load ${LOADER}`],
      code: null,
      signal: true,
    },
    [noLoader, ...libraries],
  );
}

/** Each event in order: a program that is told, or a refusal with the program that it names. */
function toldWith({ events }: Run): string[] {
  const programs = new Map<number, string>();
  const path = (event: Run['events'][number]): string => (event.object?.type === 'path' ? event.object.path : '?');
  return events.map((event) => {
    if (event.type === 'exec') programs.set(event.sequence, path(event));
    return event.type === 'exec'
      ? path(event)
      : `${event.operations.join('+')} ${path(event)} by ${programs.get(event.exe) ?? event.exe}`;
  });
}

async function toldOnce(t: Test, { confined }: Checks): Promise<void> {
  const inner = `${DIR}/told/inner`;
  const [one, two] = [`${inner}/one`, `${inner}/two`];
  const moved = `${DIR}/told/moved`;
  mkdirSync(inner, { recursive: true });
  for (const file of [one, two]) {
    writeFileSync(file, readFileSync(ACT));
    chmodSync(file, 0o755);
  }
  const rules = [
    { permit: 'exec', path: `${DIR}/told/**`, policy: 'inherit' },
    permit(['create', 'delete'], `${DIR}/told/**`),
  ];
  const unseen = open(B);
  const at = (program: string): string => `read ${B} by ${program}`;
  const trace = async (
    name: string,
    acts: readonly string[],
    want: readonly string[],
    under: readonly RuleText[] = rules,
  ) => {
    const run = await confined.run(acts, { rules: under });
    t.same(
      {
        told: toldWith(run),
        refused: run.results.filter((result) => result !== 'ok').length,
        dropped: run.counts.dropped,
      },
      { told: want, refused: acts.filter((act) => act === unseen).length, dropped: 0 },
      name,
    );
  };
  const runOne = [`exec,${one}`, unseen];
  const runTwo = [`exec,${two}`, unseen];
  await trace(
    'a program is told of once, and named by whatever it does after that',
    [...runOne, ...runTwo, ...runOne, ...runTwo, ...runOne],
    [one, at(one), two, at(two), at(one), at(two), at(one)],
  );
  const conditional = [{ ...rules[0], if: { uid: 0 } }, ...rules.slice(1)] as RuleText[];
  await trace('by rules with conditions, too', [...runOne, ...runOne], [one, at(one), at(one)], conditional);
  await trace('each session is told by itself', [...runOne, ...runOne], [one, at(one), at(one)]);
  const [from, to] = [`${inner}/three`, `${moved}/one`];
  await trace(
    'under another name it is told again, and what has its name now is not taken for it',
    [...runOne, rename(one, from), `exec,${from}`, unseen, rename(two, one), ...runOne],
    [one, at(one), from, at(from), at(one)],
  );
  await trace(
    'in a folder that was moved, too',
    [...runOne, ...runOne, rename(inner, moved), `exec,${to}`, unseen, `exec,${to}`, unseen],
    [one, at(one), at(one), to, at(to), at(to)],
  );
  renameSync(moved, inner);
}
