// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadPolicy } from '../../src/application/application.js';
import { linkedPaths } from '../../src/application/links.js';
import { BadPolicy } from '../../src/application/problem.js';
import { type Bytes, bytesOf } from '../../src/policy/bytes.js';
import type { Component, ObjectPattern, Policy } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { around } from '../cases.js';

const LINKS: Readonly<Record<string, string>> = {
  '/bin': 'usr/bin',
  '/var/run': '/run',
  '/usr/bin/awk': '/etc/alternatives/awk',
  '/etc/alternatives/awk': '/usr/bin/mawk',
  '/loop': '/loop',
  '/proc/self': '4711',
};
const readLink = (path: Bytes): Bytes | null => {
  const target = LINKS[path];
  return target === undefined ? null : bytesOf(target);
};

/** A path pattern whose components are literal, but for `*` and `**`. */
function path(text: string, type: 'path' | 'unix' = 'path'): ObjectPattern {
  const components = text
    .split('/')
    .slice(1)
    .map((name): Component => {
      if (name === '**') return { kind: 'deep' };
      return name.includes('*')
        ? { kind: 'glob', tokens: [{ kind: 'star' }] }
        : { kind: 'literal', name: bytesOf(name) };
    });
  return { type, pattern: { text, components, self: false } };
}

function instead(
  object: ObjectPattern,
  operations: Operation[] = ['read'],
  program = '/usr/bin/cat',
): (string | null)[] {
  const policy: Policy = {
    version: 1,
    program,
    mode: 'enforce',
    default: 'deny',
    errno: 'EPERM',
    use: [],
    file: 'p.yaml',
    rules: [
      { verdict: 'permit', operations, objects: [object], number: 1, place: { file: 'p.yaml', line: 5, column: 3 } },
    ],
  };
  return linkedPaths(policy, readLink).map((found) => found.instead);
}

t.test('a path through a link is told with the path to write', async (t) => {
  t.same(instead(path('/bin/cat')), ['/usr/bin/cat']);
  t.same(instead(path('/var/run/utmp')), ['/run/utmp']);
  t.same(instead(path('/bin/awk/x')), ['/usr/bin/mawk/x'], 'through several');
  t.same(instead(path('/var/run/**')), ['/run/**'], 'with what follows the literal beginning');
  t.same(instead(path('/var/run/a*/b')), ['/run/a*/b']);
  t.same(instead(path('/var/run/s', 'unix'), ['connect']), ['/run/s']);
  t.same(instead(path('/loop/x')), [null]);
});

t.test('a path without links is left alone', async (t) => {
  t.same(instead(path('/usr/bin/cat')), []);
  t.same(instead(path('/**')), []);
  t.same(instead(path('/b*/run')), [], 'a glob may meet a link, and that is no mistake');
});

t.test('a link at the end may be meant itself, where that is possible', async (t) => {
  t.same(instead(path('/usr/bin/awk'), ['read']), [], 'readlink');
  t.same(instead(path('/usr/bin/awk'), ['delete']), []);
  t.same(instead(path('/usr/bin/awk'), ['exec']), ['/usr/bin/mawk'], 'nothing runs a link');
  t.same(instead(path('/usr/bin/awk'), ['write']), ['/usr/bin/mawk']);
});

t.test('/proc/self is the subject’s own process, not a link', async (t) => {
  t.same(instead(path('/proc/self/status')), []);
});

t.test('the program counts too', async (t) => {
  t.same(instead(path('/x'), ['read'], '/bin/cat'), ['/usr/bin/cat']);
});

t.test('what is told stands where it is written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-links-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'p.yaml');
  const path = 'path: [/etc/hostname, "/var/run/a", /var/run/ab]';
  const rules = ['  - permit: read', `    ${path}`, '  - deny: write', '    path:', '      - /var/run/a'];
  writeFileSync(file, ['version: 1', 'program: /var/run/p', 'rules:', ...rules, ''].join('\n'), { mode: 0o600 });
  try {
    loadPolicy(file, around);
    t.fail('/var/run is a link on every Debian');
  } catch (error) {
    if (!(error instanceof BadPolicy)) throw error;
    t.same(
      error.problems.map(({ line, column }) => [line, column]),
      [
        [2, 10],
        [5, 28],
        [5, 41],
        [8, 9],
      ],
    );
  }
});
