// SPDX-License-Identifier: GPL-2.0-only
/**
 * Groups of run times permit reading alone, and nothing that only some of their programs read: each of their patterns has something
 * in what each of two programs or more opened. `groups/NAME-N.txt` is what strace saw: of Java a program that prints, one that
 * hashes a file, and keytool; of Node one that reads JSON, one that hashes a file, and one that serves itself a page; of Ruby one that reads a file, and one that writes JSON; of X xeyes,
 * xterm, wish and xmessage, beside Xvfb.
 */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { pathMatches } from '../../src/decide/match.js';
import { patternText } from '../../src/decide/text.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { parseGroup } from '../../src/policy/parse.js';
import { aroundOf, ROOT } from '../learn/build.js';

const OPENED = `${ROOT}test/policy/groups/`;
const names = [...new Set(readdirSync(OPENED).map((file) => file.replace(/-\d+\.txt$/, '')))];
const rulesOf = (name: string) =>
  parseGroup(name, readFileSync(`${ROOT}policies/groups/${name}.yaml`, 'utf8'), name, aroundOf());

for (const name of names)
  t.test(`${name}: what every such program reads`, async (t) => {
    const programs = readdirSync(OPENED)
      .filter((file) => file.startsWith(`${name}-`))
      .map((file) => readFileSync(`${OPENED}${file}`, 'utf8').trim().split('\n') as Bytes[]);
    t.ok(programs.length >= 2);
    for (const { verdict, objects } of rulesOf(name))
      for (const object of objects) {
        t.equal(verdict, 'permit');
        for (const opened of programs)
          t.ok(object.type === 'path' && opened.some((path) => pathMatches(object.pattern, path)), patternText(object));
      }
  });

for (const name of ['java', 'node', 'perl', 'python', 'ruby', 'x11'])
  t.test(`${name}: nothing but reading`, async (t) => {
    for (const { operations } of rulesOf(name))
      t.same(
        operations.filter((operation) => !['read', 'list', 'load', 'stat'].includes(operation)),
        [],
      );
  });
