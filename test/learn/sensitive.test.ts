// SPDX-License-Identifier: GPL-2.0-only
/** What is sensitive is kept apart from patterns as languages: what both match is denied, and nothing that a place closes is written. */
import t from 'tap';
import { pathMatches } from '../../src/decide/match.js';
import { overlaps } from '../../src/learn/overlap.js';
import { readSensitive, Sensitive } from '../../src/learn/sensitive.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { parsePath } from '../../src/policy/path.js';
import { sensitive } from './build.js';

const pattern = (text: string) => parsePath(text, () => null);
const list = new Sensitive(sensitive);

t.test('a place that is sensitive is closed to patterns', async (t) => {
  for (const text of [
    '/etc/ssh/*',
    '/etc/*',
    '/boot/*.img',
    '/proc/[0-9]{1-7}/maps',
    '/root/.ssh/*',
    '/home/*/.gnupg/*',
  ])
    t.equal(list.admits(pattern(text)), false, text);
  for (const text of ['/srv/data/*', '/proc/[0-9]{1-7}/stat', '/srv/*/data.txt', '/etc/nginx/conf.d/*.conf'])
    t.equal(list.admits(pattern(text)), true, text);
});

t.test('what a pattern and the list both match is denied in front of it', async (t) => {
  const guarded = (text: string, path: string): boolean =>
    list.guards([pattern(text)]).some((guard) => pathMatches(pattern(guard), path as Bytes));
  for (const [text, path] of [
    ['/srv/data/*', '/srv/data/host1.key'],
    ['/srv/data/*', '/srv/data/.env'],
    ['/srv/data/*.txt', '/srv/data/my_secret.txt'],
    ['/srv/data/**', '/srv/data/a/b/.ssh/config'],
    ['/srv/data/**', '/srv/data/id_rsa'],
    ['/srv/*/data', '/srv/.aws/data'],
    ['/srv/.x.[A-Za-z]{6}', '/srv/.x.secret'],
  ] as const) {
    t.equal(pathMatches(pattern(text), path as Bytes), true, `${text} ${path}`);
    t.equal(guarded(text, path), true, `${text} is held apart from ${path}`);
  }
  for (const [text, path] of [
    ['/srv/data/*', '/srv/data/report.txt'],
    ['/srv/data/*', '/srv/other/host1.key'],
    ['/srv/data/**', '/srv/data/a/b/c'],
  ] as const)
    t.equal(guarded(text, path), false, `${text} ${path}`);
});

t.test('a denial that another holds already is not written', async (t) => {
  const one = list.guards([pattern('/srv/data/**')]);
  t.same(list.guards([pattern('/srv/data/**'), pattern('/srv/data/a/*'), pattern('/srv/data/a/b/*.txt')]), one);
  t.equal(list.guards([pattern('/srv/data/**'), pattern('/srv/other/*')]).length, one.length * 2);
});

t.test('a pattern that cannot meet the list has no denial', async (t) => {
  for (const text of [
    '/srv/host[0-9]{1-3}',
    '/srv/x.so.1.[0-9.]{1-16}',
    '/srv/week-[0-9]{8}.db',
    '/dev/pts/[0-9]{1-5}',
  ])
    t.same(list.guards([pattern(text)]), [], text);
  t.equal(overlaps(pattern('/srv/host[0-9]*'), pattern('/**/*.key')), true, 'a star after the digit would');
});

t.test('the denials leave nothing of the list to the pattern', async (t) => {
  const looks = readSensitive('/**/*.key\n/**/.ssh/**\n/**/id_{rsa,dsa}');
  const own = new Sensitive(looks);
  for (const text of ['/srv/data/*', '/srv/data/**', '/srv/*/x/*', '/srv/[a-z]{3-9}.k??']) {
    const guards = own.guards([pattern(text)]).map(pattern);
    for (const path of [
      ...['/srv/data/a.key', '/srv/data/x/y.key', '/srv/data/.ssh/a', '/srv/data/b/.ssh/c/d', '/srv/data/id_dsa'],
      ...['/srv/.ssh/x/y', '/srv/q/x/id_rsa', '/srv/q/x/a.key', '/srv/abc.key', '/srv/data/a.keys', '/srv/q/x/plain'],
    ] as Bytes[]) {
      const both = pathMatches(pattern(text), path) && looks.some((look) => pathMatches(look, path));
      const denied = guards.some((guard) => pathMatches(guard, path));
      if (both) t.equal(denied, true, `${text}: ${path}`);
      else if (pathMatches(pattern(text), path)) t.equal(denied, false, `${text}: ${path}`);
    }
  }
});
