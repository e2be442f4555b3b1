// SPDX-License-Identifier: GPL-2.0-only
/** What is moved or linked may be granted no more at its new name than at its old one, and neither may what is below it. */
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { ENUMS } from '../../src/abi/abi.gen.js';
import type { KernelEvent } from '../../src/events/decode.js';
import { keep, link, linkFd, mkdir, O, open, rename, renameat2, socket, unlink } from './calls.js';
import { type Checks, permit } from './checks.js';
import { type Confinement, ROOT, type RuleText, told } from './confined.js';

const DIR = `${ROOT}/moves`;
const PRIV = `${DIR}/priv`;
const KEY = `${PRIV}/key`;
const PUB = `${DIR}/pub`;
const SECRET = `${DIR}/secret`;
const OPEN = `${DIR}/open`;
const EXCHANGE = 2;
const WHITEOUT = 4;
const EXDEV = 18;
/** enum cg_unresolved */
const MOVED = ENUMS.unresolved.UNRESOLVED_MOVED;
const USER = 1000;

const ALL = permit(['read', 'list', 'write', 'create', 'delete', 'link', 'chmod'], `${DIR}/**`);
const run = (path: string): RuleText => ({ permit: 'exec', path, policy: 'inherit' });
const deny = (operations: string | readonly string[], path: string): RuleText => ({ deny: operations, path });

export async function moves(t: Test, checks: Checks): Promise<void> {
  await folders(t, checks);
  await files(t, checks);
  await copies(t, checks);
  await softly(t, checks);
}

/** A folder with a folder and a file in it, and two files, as they are before every check. */
function fresh(uid = 0): void {
  rmSync(DIR, { recursive: true, force: true });
  mkdirSync(`${PRIV}/sub`, { recursive: true });
  for (const file of [KEY, SECRET, OPEN]) writeFileSync(file, file);
  for (const path of [DIR, PRIV, `${PRIV}/sub`, KEY, SECRET, OPEN]) chownSync(path, uid, uid);
}

interface Attempt {
  readonly acts: readonly string[];
  readonly rules: readonly RuleText[];
  readonly rest?: Partial<Omit<Confinement, 'rules'>>;
}

/** The last act is refused with EXDEV, for this and no other reason; one event, counted. */
async function kept(t: Test, { confined }: Checks, name: string, arrives: string, attempt: Attempt): Promise<void> {
  fresh(attempt.rest?.uid);
  const { results, events, counts } = await confined.run(attempt.acts, { ...attempt.rest, rules: attempt.rules });
  t.same(
    {
      results,
      events: told(events),
      why: events
        .filter(({ type }) => type === 'access')
        .map(({ errnum, reason, enforced }) => [errnum, reason, enforced]),
      counted: [counts.denied, counts.unresolved[MOVED]],
    },
    {
      results: attempt.acts.map((_, at) => (at === attempt.acts.length - 1 ? 'EXDEV' : 'ok')),
      events: [arrives],
      why: [[EXDEV, MOVED, true]],
      counted: [1, 1],
    },
    name,
  );
}

/** All succeeds, and nothing is told. */
async function moved(t: Test, { confined }: Checks, name: string, attempt: Attempt): Promise<void> {
  fresh(attempt.rest?.uid);
  const { results, events, counts } = await confined.run(attempt.acts, { ...attempt.rest, rules: attempt.rules });
  t.same(
    { results, events: told(events), denied: counts.denied },
    { results: attempt.acts.map(() => 'ok'), events: [], denied: 0 },
    name,
  );
}

async function folders(t: Test, checks: Checks): Promise<void> {
  const away = [rename(PRIV, PUB)];
  for (const uid of [0, USER]) {
    const rest = { uid };
    const rules = [deny('read', KEY), ALL];
    await kept(t, checks, `uid ${uid}: a folder from under its rule`, `create ${PUB}`, { acts: away, rules, rest });
    await moved(t, checks, `uid ${uid}: where the rule is about another`, {
      ...{ acts: [...away, open(`${PUB}/key`), rename(PUB, PRIV)], rest },
      rules: [deny('read', `${DIR}/other/key`), ALL],
    });
  }
  const { confined } = checks;
  fresh();
  const tried = await confined.run([...away, open(`${PUB}/key`), open(KEY)], { rules: [deny('read', KEY), ALL] });
  t.same(tried.results, ['EXDEV', 'ENOENT', 'EPERM'], 'and the key stays where it cannot be read');

  await kept(t, checks, 'a folder above that one', `create ${ROOT}/moved`, {
    acts: [rename(DIR, `${ROOT}/moved`)],
    rules: [deny('read', `${DIR}/**/key`), permit(['read', 'create', 'delete'], `${ROOT}/**`)],
  });
  for (const operation of ['write', 'delete', 'stat', 'link', 'chmod'])
    await kept(t, checks, `from under a rule about ${operation}`, `create ${PUB}`, {
      acts: away,
      rules: [deny(operation, `${PRIV}/sub/*`), ALL],
    });
  await kept(t, checks, 'from under a rule about sockets', `create ${PUB}`, {
    acts: away,
    rules: [ALL, { permit: 'connect', address: `unix:${PUB}/*` }],
  });
  await moved(t, checks, 'to where the rule is', {
    acts: [rename(PRIV, PUB)],
    rules: [deny(['read', 'delete'], `${PUB}/key`), ALL],
  });
  await kept(t, checks, 'names that may not be made there', `create ${PUB}`, {
    acts: [mkdir(`${PRIV}/evil`), ...away],
    rules: [deny('create', `${PUB}/evil`), ALL],
  });
  await moved(t, checks, 'below one pattern', {
    acts: [...away, rename(PUB, PRIV), rename(`${PRIV}/sub`, `${PRIV}/bus`), rename(`${PRIV}/bus`, `${DIR}/bus`)],
    rules: [ALL],
  });
  const both = [mkdir(PUB), renameat2(PUB, PRIV, EXCHANGE)];
  await kept(t, checks, 'exchanged with one that may come', `create+delete ${PRIV}`, {
    acts: both,
    rules: [deny('read', KEY), ALL],
  });
  await moved(t, checks, 'exchanged where both may', { acts: both, rules: [ALL] });
}

async function files(t: Test, checks: Checks): Promise<void> {
  const rules = [deny('read', SECRET), ALL];
  const other = `${DIR}/other`;
  for (const uid of [0, USER])
    await kept(t, checks, `uid ${uid}: a file from under its rule`, `create ${other}`, {
      ...{ acts: [rename(SECRET, other)], rules, rest: { uid } },
    });
  await kept(t, checks, 'over another', `create+delete ${OPEN}`, { acts: [rename(SECRET, OPEN)], rules });
  await kept(t, checks, 'linked', `create ${other}`, { acts: [link(SECRET, other)], rules });
  await moved(t, checks, 'linked where both are granted alike', { acts: [link(OPEN, other), unlink(other)], rules });
  await moved(t, checks, 'linked to where less is granted', { acts: [unlink(SECRET), link(OPEN, SECRET)], rules });
  await moved(t, checks, 'renamed to where less is granted', { acts: [rename(OPEN, SECRET)], rules });
  for (const acts of [[renameat2(SECRET, OPEN, EXCHANGE)], [renameat2(OPEN, SECRET, EXCHANGE)]])
    await kept(t, checks, 'exchanged', `create+delete ${acts[0]?.includes(`${OPEN},${EXCHANGE}`) ? OPEN : SECRET}`, {
      ...{ acts, rules },
    });
  await kept(t, checks, 'to where it may be run', `create ${DIR}/bin`, {
    acts: [rename(OPEN, `${DIR}/bin`)],
    rules: [permit(['create', 'delete', 'read'], `${DIR}/*`), run(`${DIR}/bin`)],
  });
  const names = permit(['create', 'delete'], `${DIR}/o*`);
  await moved(t, checks, 'within a pattern of names', { acts: [rename(OPEN, other)], rules: [names] });
  const write = [keep(1, open(`${PRIV}/x.tmp`, O.WRONLY | O.CREAT)), rename(`${PRIV}/x.tmp`, OPEN)];
  const data = permit(['read', 'create', 'delete'], OPEN);
  await moved(t, checks, 'a temporary file into its place', {
    acts: write,
    rules: [permit(['read', 'write', 'create', 'delete'], `${PRIV}/*`), data],
  });
  await kept(t, checks, 'one that may not be read, to where it may', `create+delete ${OPEN}`, {
    acts: write,
    rules: [permit(['write', 'create', 'delete'], `${PRIV}/*`), data],
  });
  const temporary = [keep(1, open(DIR, O.TMPFILE | O.RDWR)), linkFd('#1', other)];
  const nameless = { permit: ['read', 'write', 'link'], kind: 'tmpfile' };
  await moved(t, checks, 'a file without a name', {
    acts: temporary,
    rules: [nameless, permit(['create', 'read'], other)],
  });
  await kept(t, checks, 'a file without a name, to be run', `create ${other}`, {
    acts: temporary,
    rules: [nameless, permit(['create', 'read'], other), run(other)],
  });
  // A socket that may not be connected to, given the name of one that may.
  const sockets = [keep(1, socket(1, 1)), `bind,#1,un,${DIR}/a`, rename(`${DIR}/a`, `${DIR}/b`)];
  const made = { permit: ['bind', 'socket'], address: `unix:${DIR}/*` };
  await moved(t, checks, 'a socket', { acts: sockets, rules: [ALL, made] });
  await kept(t, checks, 'a socket, to where it may be reached', `create ${DIR}/b`, {
    acts: sockets,
    rules: [ALL, made, { permit: 'connect', address: `unix:${DIR}/b` }],
  });
  await moved(t, checks, 'a file, to where a socket may be reached', {
    acts: [rename(OPEN, `${DIR}/b`)],
    rules: [ALL, { permit: 'connect', address: `unix:${DIR}/b` }],
  });

  // tmpfs leaves a device 0:0 at the old name: mknod by another door.
  const whiteout = [renameat2(OPEN, other, WHITEOUT)];
  const both = permit(['create', 'delete'], [OPEN, other]);
  fresh();
  await checks.refused(t, 'a device is left at the old name', whiteout, [both], [`delete+mknod ${OPEN}`]);
  t.ok(existsSync(OPEN) && !existsSync(other), 'nothing was moved');
  await moved(t, checks, 'or may be left', { acts: whiteout, rules: [both, permit('mknod', OPEN)] });
}

/** mv(1) does what it does between file systems: it copies, and each copy is judged. */
async function copies(t: Test, { confined }: Checks): Promise<void> {
  const mv = { default: 'permit', file: '/usr/bin/mv' } as const;
  fresh();
  const refused = await confined.run(['-T', PRIV, PUB], { ...mv, rules: [deny('read', KEY)] });
  t.not(refused.code, 0, 'mv tells that it could not copy everything');
  t.same(
    refused.events.filter(({ type }) => type === 'access').map(({ reason, errnum }) => [reason, errnum]),
    [
      [MOVED, EXDEV],
      [MOVED, EXDEV],
      [0, 1],
    ],
    'what is moved, then each thing in it, and then what is copied, is refused',
  );
  t.same(told(refused.events), [`create ${PUB}`, `create ${PUB}/key`, `read ${KEY}`]);
  t.same(existsSync(`${PUB}/key`), false, 'the key was not copied');
  t.same(readFileSync(KEY, 'utf8'), KEY, 'and not taken away');
  fresh();
  // Nothing that is there is under the rule: all is copied.
  const copied = await confined.run(['-T', PRIV, PUB], { ...mv, rules: [deny('read', `${PRIV}/absent`)] });
  t.same({ code: copied.code, events: told(copied.events) }, { code: 0, events: [`create ${PUB}`] }, 'mv copied');
  t.same([readFileSync(`${PUB}/key`, 'utf8'), existsSync(PRIV)], [KEY, false], 'everything is at the new place');
}

async function softly(t: Test, checks: Checks): Promise<void> {
  const { confined } = checks;
  const acts = [rename(PRIV, PUB)];
  fresh();
  const complained = await confined.run(acts, { rules: [deny('read', KEY), ALL], mode: 'complain' });
  t.same(complained.results, ['ok'], 'complaining moves it');
  t.same(
    complained.events
      .filter(({ type }) => type === 'access')
      .map(({ verdict, enforced, reason }) => [verdict, enforced, reason]),
    [
      ['permit', true, 0],
      ['deny', false, MOVED],
    ],
    'and says so, with both names',
  );
  t.same(pairs(complained.events), [`${PRIV} > ${PUB}/`]);
  t.same([complained.counts.denied, complained.counts.complained], [0, 1]);
  fresh();
  const learned = await confined.run([...acts, open(`${PUB}/key`)], { rules: [], mode: 'learn' });
  t.same(learned.results, ['ok', 'ok'], 'a learner moves what no rule denies');
  fresh();
  const kept = await confined.run(acts, { rules: [deny('read', KEY)], mode: 'learn' });
  t.same(kept.results, ['EXDEV'], 'and nothing from under a rule that denies');

  const learner = { mode: 'learn' } as const;
  const other = `${DIR}/other`;
  fresh();
  const back = [...acts, rename(PUB, PRIV), ...acts];
  const links = [link(OPEN, other), unlink(other), link(SECRET, other), unlink(other), link(OPEN, other)];
  for (const rules of [[], [ALL]]) {
    fresh();
    const { results, events } = await confined.run([...back, ...links], { ...learner, rules });
    t.same(
      results,
      [...back, ...links].map(() => 'ok'),
    );
    t.same(
      pairs(events),
      [`${PRIV} > ${PUB}/`, `${PUB} > ${PRIV}/`, `${OPEN} > ${other}`, `${SECRET} > ${other}`],
      'each pair of names is told once, whatever permits it',
    );
  }
  fresh();
  const swapped = await confined.run([renameat2(OPEN, SECRET, EXCHANGE)], { ...learner, rules: [] });
  t.same(pairs(swapped.events), [`${OPEN} > ${SECRET}`]);
  t.same(told(swapped.events), [`create+delete ${OPEN}`, `create+delete ${SECRET}`]);
  fresh();
  const plain = await confined.run([unlink(OPEN)], { ...learner, rules: [] });
  t.same(
    plain.events.map(({ moved, first }) => [moved, first]),
    [[false, 0]],
    'what is only taken away is not moved',
  );
}

/** What came from where, by the numbers of the events; a folder ends in a slash. */
function pairs(events: readonly KernelEvent[]): string[] {
  const path = ({ object }: KernelEvent): string => (object?.type === 'path' ? object.path : '?');
  return events
    .filter(({ moved, first }) => moved && first !== 0)
    .map((event) => {
      const old = events.find(({ sequence, moved }) => moved && sequence === event.first);
      return `${old === undefined ? '?' : path(old)} > ${path(event)}${event.directory ? '/' : ''}`;
    });
}
