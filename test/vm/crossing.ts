// SPDX-License-Identifier: GPL-2.0-only
/**
 * A change of policy by exec while something of the old policy holds the program: refused, with the reason; the same exec
 * where nothing does, or where the policy does not change, goes on.
 */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { REASONS } from '../../src/events/names.js';
import { open } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ACT, type Confinement, ROOT, type RuleText, type Run, SESSION, told } from './confined.js';

const DIR = `${ROOT}/crossing`;
const CROSS = `${ROOT}/bin/cross`;
/** Prints ENOENT: it looks for a script named `ran`. */
const READS = `${ROOT}/bin/reads`;
/** What is run under another policy: copies of act and of cross. */
const OTHER = `${DIR}/act`;
const AGAIN = `${DIR}/cross`;
const SECRET = `${DIR}/secret`;
const OWN = `${DIR}/own`;
const ANYONE = 1000;
const CLONE_FS = '0x200';
const CLONE_FILES = '0x400';
const NEW_LISTENER = '8';
/** How often `sweep` tries. */
const SWEPT = 1367;
const others = { [OTHER]: [permit('read', OWN)], [AGAIN]: [permit('read', OWN)] };

/** A rule that permits running a program, and under which policy. */
export function exec(path: string, policy: string): RuleText {
  return { permit: 'exec', path, policy };
}

/** The denials of a run as `exec /path: reason`, and each reason's count. */
export function denials({ events, counts }: Run): { events: string[]; counts: Record<string, number> } {
  const refusals = events.filter(({ type }) => type !== 'exec');
  const told_ = told(refusals).map((line, at) => {
    const { type, reason = 0 } = refusals[at] ?? {};
    return type === 'floor' || reason === 0 ? line : `${line}: ${REASONS[reason]}`;
  });
  const counted = counts.unresolved.flatMap((count, reason) => (count === 0 ? [] : [[String(REASONS[reason]), count]]));
  return { events: told_, counts: Object.fromEntries(counted) as Record<string, number> };
}

type Rest = Partial<Omit<Confinement, 'rules'>>;

export async function crossing(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  cpSync(ACT, OTHER);
  cpSync(CROSS, AGAIN);
  for (const file of [OTHER, AGAIN]) chmodSync(file, 0o755);
  for (const file of [SECRET, OWN]) writeFileSync(file, 'x');
  for (const uid of [undefined, ANYONE]) {
    await tracers(t, checks, uid);
    await sharers(t, checks, uid);
    await filters(t, checks, uid);
    await variables(t, checks, uid);
  }
  await operators(t, checks);
  await complaining(t, checks);
}

/** An ordinary user's differ in nothing but who may attach, so it is tried towards one. */
function towards(uid: number | undefined): readonly string[] {
  return uid === undefined ? ['own', 'unconfined'] : ['own'];
}

/** Runs cross; what it printed, what was refused and why. Exactly. */
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
  const run = await confined.run(words, { file: CROSS, others, ...rest, rules });
  const reasons: Record<string, number> = {};
  for (const line of refused) {
    const reason = /: (\w+)$/.exec(line)?.[1];
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  const who = rest.uid === undefined ? '' : ' (as an ordinary user)';
  t.same(
    { results: run.results, ...denials(run), lost: run.counts.dropped },
    { results, events: refused, counts: reasons, lost: 0 },
    `${name}${who}`,
  );
}

async function tracers(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const rest = uid === undefined ? {} : { uid };
  const words = ['traced', SECRET, OTHER, open(OWN)];
  const readBoth = permit('read', [OWN, SECRET]);
  const inherit = exec(OTHER, 'inherit');
  for (const policy of towards(uid))
    await check(
      t,
      checks,
      `traced, towards ${policy}`,
      words,
      [exec(OTHER, policy)],
      ['EACCES'],
      [`exec ${OTHER}: traced`],
      rest,
    );
  await check(t, checks, 'traced, under the same policy', words, [inherit, readBoth], ['ok', 'ok', 'ok'], [], rest);
  await check(
    t,
    checks,
    'the tracer gets no more than that policy permits',
    words,
    [inherit, permit('read', OWN)],
    ['EPERM', 'ok', 'ok'],
    [`read ${SECRET}`],
    rest,
  );
  for (const policy of towards(uid))
    await check(
      t,
      checks,
      `traced by nobody, towards ${policy}`,
      ['offspring', OTHER, open(OWN)],
      [exec(OTHER, policy)],
      ['ok', 'ok'],
      [],
      rest,
    );

  const late = ['seized', SECRET, AGAIN, 'waits'];
  for (const policy of towards(uid))
    await check(
      t,
      checks,
      `seized later, towards ${policy}`,
      late,
      [exec(AGAIN, policy)],
      ['ok', 'EPERM'],
      ['floor ptrace'],
      rest,
    );
  await check(
    t,
    checks,
    'seized later, under the same policy',
    late,
    [exec(AGAIN, 'inherit'), readBoth],
    ['ok', 'ok'],
    [],
    rest,
  );

  const tracing = ['tracing', OTHER, open(OWN)];
  await check(t, checks, 'tracing another', tracing, [exec(OTHER, 'own')], ['EACCES'], [`exec ${OTHER}: traces`], rest);
  await check(
    t,
    checks,
    'tracing another, towards unconfined',
    tracing,
    [exec(OTHER, 'unconfined')],
    ['ok', 'ok'],
    [],
    rest,
  );
  await check(
    t,
    checks,
    'tracing another, under the same policy',
    tracing,
    [inherit, readBoth],
    ['ok', 'ok'],
    [],
    rest,
  );

  const offered = ['offspring', AGAIN, 'traceme'];
  for (const policy of towards(uid))
    await check(
      t,
      checks,
      `offers itself to its parent, under ${policy}`,
      offered,
      [exec(AGAIN, policy)],
      ['ok', 'EPERM'],
      ['floor ptrace'],
      rest,
    );
  await check(
    t,
    checks,
    'offers itself to its parent, under one policy',
    offered,
    [exec(AGAIN, 'inherit')],
    ['ok', 'ok'],
    [],
    rest,
  );
  await check(t, checks, 'offers itself to the supervisor', ['traceme'], [], ['EPERM'], ['floor ptrace'], rest);
}

async function sharers(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const rest = uid === undefined ? {} : { uid };
  for (const policy of towards(uid)) {
    const rules = [exec(OTHER, policy)];
    const refused = [`exec ${OTHER}: shared`];
    await check(
      t,
      checks,
      `shared folder, towards ${policy}`,
      ['clone', CLONE_FS, OTHER, open(OWN)],
      rules,
      ['EACCES'],
      refused,
      rest,
    );
    await check(
      t,
      checks,
      `nothing shared, towards ${policy}`,
      ['clone', '0', OTHER, open(OWN)],
      rules,
      ['ok', 'ok'],
      [],
      rest,
    );
    await check(
      t,
      checks,
      `shared descriptors, towards ${policy}`,
      ['clone', CLONE_FILES, OTHER, open(OWN)],
      rules,
      ['ok', 'ok'],
      [],
      rest,
    );
    await check(t, checks, `vfork, towards ${policy}`, ['vfork', OTHER, open(OWN)], rules, ['ok', 'ok'], [], rest);
    await check(
      t,
      checks,
      `a thread beside, towards ${policy}`,
      ['thread', OTHER, open(OWN)],
      rules,
      ['ok', 'ok'],
      [],
      rest,
    );
  }
  const same = [exec(OTHER, 'inherit'), permit('read', OWN)];
  await check(
    t,
    checks,
    'shared folder, same policy',
    ['clone', CLONE_FS, OTHER, open(OWN)],
    same,
    ['ok', 'ok'],
    [],
    rest,
  );
}

async function filters(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const rest = uid === undefined ? {} : { uid };
  for (const policy of towards(uid)) {
    const rules = [exec(OTHER, policy)];
    for (const [what, flags] of [
      ['a filter', '0'],
      ['a listener', NEW_LISTENER],
    ] as const)
      for (const verb of ['filter', 'filtered'])
        await check(
          t,
          checks,
          `${what}, ${verb === 'filter' ? 'its own' : 'its parent’s'}, towards ${policy}`,
          [verb, flags, OTHER, open(OWN)],
          rules,
          ['ok', 'EACCES'],
          [`exec ${OTHER}: filters`],
          rest,
        );
  }
  const same = [exec(OTHER, 'inherit'), permit('read', OWN)];
  await check(
    t,
    checks,
    'a filter, same policy',
    ['filter', '0', OTHER, open(OWN)],
    same,
    ['ok', 'ok', 'ok'],
    [],
    rest,
  );
}

async function variables(t: Test, checks: Checks, uid: number | undefined): Promise<void> {
  const rest = uid === undefined ? {} : { uid };
  const free = [exec(OTHER, 'unconfined')];
  const go = (list: string): string[] => ['environ', list, OTHER, open(SECRET)];
  const refused = [`exec ${OTHER}: environment`];
  const bad: readonly string[] = [
    'LD_PRELOAD=/x',
    'LD_AUDIT=',
    'GLIBC_TUNABLES=a=b',
    'GCONV_PATH=/x',
    'BASH_ENV=/x',
    'BASH_FUNC_ls%%=() { id; }',
  ];
  const good = ['LANG=C', 'LD=ld', 'LDFLAGS=-s', 'BASH=/bin/bash', 'ENVIRONMENT=x', 'XLD_PRELOAD=/x', 'TMPDIR=/tmp'];
  for (const variable of uid !== undefined
    ? bad.slice(0, 1)
    : [...bad, 'PYTHONPATH=/x', 'PERL5LIB=/x', 'NODE_OPTIONS=-r=/x', 'ENV=/x', 'OPENSSL_MODULES=/x'])
    await check(
      t,
      checks,
      `${variable} towards unconfined`,
      go(`LANG=C,${variable},TERM=dumb`),
      free,
      ['EACCES'],
      refused,
      rest,
    );
  await check(t, checks, 'an environment without orders', go(good.join(',')), free, ['ok', 'ok'], [], rest);
  if (uid !== undefined) return;
  await check(t, checks, 'none at all', go(','), free, ['ok', 'ok'], [], rest);
  await check(t, checks, 'a long one', go('A=~4093,B=~100000,C=~1,D=~8190'), free, ['ok', 'ok'], [], rest);
  await check(
    t,
    checks,
    'a long one with an order at its end',
    go('A=~4093,B=~100000,LD_DEBUG=all'),
    free,
    ['EACCES'],
    refused,
    rest,
  );
  const argument = ['environ', 'LANG=C', READS, 'LD_PRELOAD=/x'];
  await check(t, checks, 'an argument is no variable', argument, [exec(READS, 'unconfined')], ['ENOENT'], [], rest);
  await check(
    t,
    checks,
    'LD_PRELOAD towards own',
    go('LD_PRELOAD=/x').slice(0, 3),
    [exec(OTHER, 'own')],
    ['ok'],
    [],
    rest,
  );
  await check(
    t,
    checks,
    'LD_PRELOAD, same policy',
    go('LD_PRELOAD=/x').slice(0, 3),
    [exec(OTHER, 'inherit')],
    ['ok'],
    [],
    rest,
  );
  const swept = await checks.confined.run(['sweep', 'LD_PRELOAD=/x', OTHER], { file: CROSS, others, rules: free });
  t.same(swept.results, [`${SWEPT}`, '0'], 'wherever in a page it lies');
  t.same(denials(swept).counts, { environment: SWEPT });
}

/** A tracer that is no subject is the operator's debugger. */
async function operators(t: Test, { confined }: Checks): Promise<void> {
  const tracer: { output?: Promise<string> } = {};
  const run = await confined.run(['wait', `exec,${OTHER}`, open(OWN)], {
    rules: [exec(OTHER, 'own')],
    others,
    midway: async () => {
      const pid = confined.gate.subjects(SESSION)[0]?.pid ?? 0;
      const child = spawn(CROSS, ['attach', `${pid}`], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      await new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk;
          resolve();
        });
        child.on('close', () => resolve());
      });
      tracer.output = new Promise((resolve) => child.on('close', () => resolve(output)));
    },
  });
  t.same(
    { results: run.results, ...denials(run) },
    { results: ['ok', 'ok', 'ok'], events: [], counts: {} },
    'a debugger of the operator’s',
  );
  t.equal(await tracer.output, 'ok\n', 'was attached');
}

/** Complaining refuses nothing: it is told, and goes on under the next policy. */
async function complaining(t: Test, { confined }: Checks): Promise<void> {
  const words = ['clone', CLONE_FS, OTHER, open(OWN), open(SECRET)];
  const rules = [exec(OTHER, 'own')];
  const run = await confined.run(words, { file: CROSS, others, rules, mode: 'complain' });
  t.same(
    {
      results: run.results,
      ...denials(run),
      enforced: run.events.filter(({ type }) => type !== 'exec').map(({ enforced }) => enforced),
      denied: run.counts.denied,
      complained: run.counts.complained,
    },
    {
      results: ['ok', 'ok', 'ok'],
      events: [`exec ${OTHER}: shared`, `read ${SECRET}`],
      counts: { shared: 1 },
      enforced: [false, false],
      denied: 0,
      complained: 2,
    },
    'complaining: told, and on under the next policy',
  );
  const learnt = await confined.run(words.slice(0, 4), { file: CROSS, others, rules: [], mode: 'learn' });
  t.same(
    {
      results: learnt.results,
      ...denials(learnt),
      learnt: learnt.events.filter(({ type }) => type === 'access').map(({ learnt }) => learnt),
    },
    {
      results: ['ok', 'ok'],
      events: [`exec ${OTHER}`, `exec ${OTHER}: shared`, `read ${OWN}`],
      counts: { shared: 1 },
      learnt: [true, false, true],
    },
    'learning: an observation, what would be refused, and on under the same policy',
  );
}
