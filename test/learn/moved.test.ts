// SPDX-License-Identifier: GPL-2.0-only
/** What is moved into its place while it is learned can be moved there again: held against the reference that refuses moves. */
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { type Moved, movesToMore } from '../../src/decide/moves.js';
import { readObject } from '../../src/events/object.js';
import type { EventRecord } from '../../src/events/record.js';
import type { Existing, LearntPolicy } from '../../src/learn/input.js';
import { Observations, type Source } from '../../src/learn/observations.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, PROGRAM, runOf, seen } from './build.js';

const around = aroundOf();

type Operations = Operation | readonly Operation[];

/** Both events of a rename. */
const renamed = (from: string, to: string, more: Partial<EventRecord> = {}): EventRecord[] => [
  seen('delete', from, more),
  seen('create', to, { ...more, from }),
];
const linked = (from: string, to: string): EventRecord[] => [seen('link', from), seen('create', to, { from })];
const all = (operation: Operations, ...objects: string[]): EventRecord[] =>
  objects.map((object) => seen(operation, object));

function learn(records: readonly EventRecord[], text?: string, source: Source = 'learnt'): LearntPolicy {
  const existing: Existing[] =
    text === undefined ? [] : [{ file: 'w.yaml', text, policy: parsePolicy(text, 'w.yaml', around) }];
  const learnt = learnRuns([runOf(records, {}, source)], { existing, strength: 'exact' });
  return learnt.find(({ program }) => program === PROGRAM) as LearntPolicy;
}

const object = (text: string): AccessObject => readObject(text) as AccessObject;
const parsed = (text: string) => parsePolicy(text, 'w.yaml', around);

function verdict(text: string, operation: Operation, path: string, uid = 0): string {
  return decide(parsed(text), { operations: [operation], object: object(path), uid, gid: uid }).verdict;
}

/** What a move comes to under the policy. */
function more(text: string, from: string, to: string, moved: Moved = 'file'): string | null {
  const found = movesToMore(parsed(text), [PROGRAM], object(from), object(to), moved);
  return found === null || found === 'unknown' ? found : found.operation;
}

const person = (...rules: string[]): string =>
  `version: 1\nprogram: ${PROGRAM}\nrules:\n${rules.map((rule) => `  - {${rule}}\n`).join('')}`;

t.test('a temporary file into its place', async (t) => {
  const made = all(['create', 'write'], '/srv/x.tmp');
  const { text, refused, added } = learn([...made, ...renamed('/srv/x.tmp', '/srv/x'), seen('read', '/srv/x')]);
  t.equal(more(text, '/srv/x.tmp', '/srv/x'), null, 'it may be moved there');
  t.same(
    { read: verdict(text, 'read', '/srv/x.tmp'), chmod: verdict(text, 'chmod', '/srv/x.tmp') },
    { read: 'permit', chmod: 'deny' },
  );
  t.equal(verdict(text, 'write', '/srv/x'), 'deny', 'what was done at the old name is not permitted at the new');
  t.match(text, /# moved to \/srv\/x, read there\n/);
  t.same(refused, []);
  const plain = learn([...made, ...all('delete', '/srv/x.tmp'), ...all(['create', 'read'], '/srv/x')]);
  t.equal(more(plain.text, '/srv/x.tmp', '/srv/x'), 'read', 'where no move was seen nothing is added');
  t.ok(added.length > 0);
  const again = learn([...made, ...renamed('/srv/x.tmp', '/srv/x'), seen('read', '/srv/x')], text);
  t.same(again.added, [], 'the same once more adds nothing');
});

t.test('from name to name', async (t) => {
  const { text, refused } = learn([
    ...all(['create', 'write'], '/srv/a'),
    ...renamed('/srv/a', '/srv/b'),
    ...renamed('/srv/b', '/srv/c'),
    ...linked('/srv/c', '/srv/d'),
    ...all(['read', 'chmod'], '/srv/d'),
    seen('load', '/srv/c'),
  ]);
  for (const [from, to] of [
    ['/srv/a', '/srv/b'],
    ['/srv/b', '/srv/c'],
    ['/srv/c', '/srv/d'],
  ] as const)
    t.equal(more(text, from, to), null, `${from} to ${to}`);
  for (const path of ['/srv/a', '/srv/b', '/srv/c'])
    t.same([verdict(text, 'chmod', path), verdict(text, 'load', path)], ['permit', 'permit'], path);
  t.equal(verdict(text, 'load', '/srv/d'), 'deny');
  t.equal(verdict(text, 'link', '/srv/a'), 'permit', 'what may be linked at the new name');
  t.same(refused, []);
});

t.test('a folder that is filled at one name and used at another', async (t) => {
  const folder = { directory: true as const };
  const { text, refused } = learn([
    ...all('create', '/srv/stage', '/srv/stage/sub'),
    ...all(['create', 'write'], '/srv/stage/one', '/srv/stage/sub/two'),
    ...renamed('/srv/stage', '/srv/live', folder),
    ...all('list', '/srv/live'),
    ...all('read', '/srv/live/one'),
    ...all(['read', 'delete'], '/srv/live/sub/two'),
    ...all('create', '/srv/live/three'),
    ...all('connect', 'unix:/srv/live/socket'),
  ]);
  t.equal(more(text, '/srv/stage', '/srv/live', 'folder'), null);
  t.same(
    [
      verdict(text, 'read', '/srv/stage/sub/two'),
      verdict(text, 'list', '/srv/stage'),
      verdict(text, 'connect', 'unix:/srv/stage/socket'),
      verdict(text, 'create', '/srv/live/one'),
      verdict(text, 'create', '/srv/stage/three'),
      verdict(text, 'write', '/srv/live/one'),
      verdict(text, 'read', '/srv/stage/other'),
    ],
    ['permit', 'permit', 'permit', 'permit', 'permit', 'deny', 'deny'],
  );
  t.match(text, /# moved from \/srv\/stage\/one, created there\n/);
  t.same(refused, []);
});

t.test('names that are made up: the pattern is moved to the pattern', async (t) => {
  const names = ['/srv/tmp/sortAb3Xy9', '/srv/tmp/sort9ZyQ1a'];
  const { text, refused } = learn([
    ...names.flatMap((name) => [seen(['create', 'write'], name), ...renamed(name, '/srv/out')]),
    seen('read', '/srv/out'),
  ]);
  t.equal(more(text, '/srv/tmp/sortQq1Ww2', '/srv/out'), null, 'the next one, too');
  t.equal(verdict(text, 'read', '/srv/tmp/sortQq1Ww2'), 'permit');
  t.equal(verdict(text, 'read', '/srv/tmp/other'), 'deny');
  t.same(refused, []);
  // The new name is one of many, the old one is not.
  const many = learn([
    ...[1, 2, 3].flatMap((number) => renamed('/srv/new', `/srv/done${number}`)),
    ...[1, 2, 3].map((number) => seen('read', `/srv/done${number}`)),
  ]);
  t.equal(more(many.text, '/srv/new', '/srv/done77'), null);
});

t.test('rules that are there and grant more than was seen', async (t) => {
  const moves = [...renamed('/srv/x.tmp', '/srv/x')];
  const by = (rule: string, records: readonly EventRecord[] = moves) => learn(records, person(rule));
  t.equal(more(by('permit: [read, chmod], path: /srv/x').text, '/srv/x.tmp', '/srv/x'), null);
  const denied = by('deny: read, path: /srv/x.tmp}\n  - {permit: read, path: /srv/x');
  t.equal(verdict(denied.text, 'read', '/srv/x.tmp'), 'deny', 'what a person denies stays denied');
  t.same(denied.refused, [
    '/srv/x.tmp is not moved to /srv/x: read /srv/x is permitted there and not where it was, which a rule denies',
  ]);
  t.match(denied.text, /^# not learned: \/srv\/x\.tmp is not moved to \/srv\/x: /m);
  const run = by('permit: exec, path: /srv/x, policy: inherit');
  t.match(run.refused.join(), /exec \/srv\/x is permitted there and not where it was$/);
  t.equal(verdict(run.text, 'exec', '/srv/x.tmp'), 'deny');
  const others = by('permit: read, path: /srv/x, if: {user: worker}');
  t.equal(others.refused.length, 1, 'nobody was seen for whom it could be permitted');
  const twice = learn(moves, denied.text);
  t.equal(twice.text.match(/^# not learned/gm)?.length, 1, 'told once');

  const folder = renamed('/srv/stage', '/srv/live', { directory: true });
  for (const path of [
    '/srv/live/**',
    '/srv/live/*/f?',
    '/srv/**/live/[ab]*/x',
    '/srv/live/***',
    '/srv/l*/{x,y}/**/z',
  ]) {
    const { text, refused } = by(`permit: [read, delete, create], path: "${path}"`, folder);
    t.same(refused, [], path);
    t.equal(more(text, '/srv/stage', '/srv/live', 'folder'), null, path);
  }
  const made = by('permit: [create, write], path: /srv/stage/**', folder);
  t.equal(more(made.text, '/srv/stage', '/srv/live', 'folder'), null);
  t.equal(verdict(made.text, 'create', '/srv/live/x'), 'permit', 'what may be made below the one, may below the other');
  const keys = learn(
    renamed('/root/.ssh', '/srv/live', { directory: true }),
    person('permit: read, path: /srv/live/**'),
  );
  t.match(keys.refused.join(), /would reach what is sensitive/);
  t.equal(verdict(keys.text, 'read', '/root/.ssh/id_rsa'), 'deny');
});

t.test('exchanged, made without a name, by another user', async (t) => {
  const both = learn([
    seen(['create', 'delete'], '/srv/a'),
    seen(['create', 'delete'], '/srv/b', { from: '/srv/a', exchanged: true }),
    seen('read', '/srv/a'),
    seen('write', '/srv/b'),
  ]);
  t.same([more(both.text, '/srv/a', '/srv/b'), more(both.text, '/srv/b', '/srv/a')], [null, null]);
  const nameless = learn([
    seen(['write', 'link'], 'tmpfile'),
    seen('create', '/srv/x', { from: 'tmpfile' }),
    seen('read', '/srv/x'),
  ]);
  t.equal(more(nameless.text, 'tmpfile', '/srv/x'), null);
  t.equal(verdict(nameless.text, 'read', 'tmpfile'), 'permit');
  const users = learn([
    ...all(['create', 'write'], '/srv/x.tmp'),
    ...renamed('/srv/x.tmp', '/srv/x'),
    seen('read', '/srv/x', { uid: 33 }),
  ]);
  t.equal(more(users.text, '/srv/x.tmp', '/srv/x'), null);
  t.same(
    [33, 0].map((uid) => verdict(users.text, 'read', '/srv/x.tmp', uid)),
    ['permit', 'permit'],
  );
});

t.test('moves that have no end have one', async (t) => {
  const folder = { directory: true as const };
  const { text } = learn([
    ...renamed('/srv/a', '/srv/b', folder),
    ...renamed('/srv/b/x', '/srv/a', folder),
    seen('read', '/srv/a/f'),
  ]);
  t.equal(verdict(text, 'read', '/srv/b/x/f'), 'permit');
});

t.test('what complain mode let through is learned like this, too', async (t) => {
  const text = person('permit: [create, write, delete], path: /srv/x.tmp', 'permit: [create, read], path: /srv/x');
  const move = { verdict: 'deny', reason: 'moved', errno: 'EXDEV', learnt: undefined as never } as const;
  const records = [seen('create', '/srv/x', { ...move, from: '/srv/x.tmp' })];
  const mended = learn(records, text, 'complained');
  t.same([more(text, '/srv/x.tmp', '/srv/x'), more(mended.text, '/srv/x.tmp', '/srv/x')], ['read', null]);
  const refused = learn(
    [seen('create', '/srv/x', { ...move, enforced: true, from: '/srv/x.tmp' })],
    text,
    'complained',
  );
  t.equal(more(refused.text, '/srv/x.tmp', '/srv/x'), 'read', 'a move that was refused was none');
});

t.test('a name that is not known is a loss', async (t) => {
  const observations = new Observations();
  observations.add(seen('create', '/srv/x', { from: '?' }), 'learnt');
  const other = new Observations();
  other.merge(observations);
  t.same([observations.untold, other.untold, observations.moves()], [1, 1, []]);
});
