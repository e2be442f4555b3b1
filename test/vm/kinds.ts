// SPDX-License-Identifier: GPL-2.0-only
/** Files without a path are objects of their own: no path in a policy ever means them. */
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { call, keep, memfd, mmap, mprotect, O, open, openat, stat, unlink } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ACT, ROOT, type RuleText } from './confined.js';

const DIR = `${ROOT}/kinds`;
const FILE = `${DIR}/file`;
const READ = 1;
const EXEC = 5;

function kind(operations: string | readonly string[], name: string): RuleText {
  return { permit: operations, kind: name };
}

export async function kinds(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(FILE, 'text');
  const everything = permit(['read', 'write', 'create', 'delete', 'load', 'exec', 'list', 'stat'], '/**');
  const again = (flags: number): string => open('/proc/self/fd/#1', flags);
  const gone = (name: string): readonly string[] => [`read ${name}`];

  await both(t, 'a memfd', [keep(1, memfd('x')), again(O.RDONLY)], [everything], kind('read', 'memfd'), gone('memfd'));
  const deleted = [keep(1, open(`${DIR}/gone`, O.CREAT | O.RDWR)), unlink(`${DIR}/gone`), again(O.RDONLY)];
  await both(t, 'an unlinked file', deleted, [everything], kind('read', 'deleted'), gone('deleted'));
  const folder = [call(83)(`s:${DIR}/d`, 0o755), call(80)(`s:${DIR}/d`), call(84)(`s:${DIR}/d`), stat('.')];
  await both(t, 'an unlinked folder', folder, [everything], kind('stat', 'deleted'), ['stat deleted']);
  const temporary = [keep(1, open(DIR, O.TMPFILE | O.RDWR))];
  await both(t, 'O_TMPFILE', temporary, [everything], kind(['read', 'write'], 'tmpfile'), ['read+write tmpfile']);
  await both(t, 'a pipe', [call(22)('b:8'), open('/proc/self/fd/3')], [everything], kind('read', 'pipe'), gone('pipe'));
  const shared = (flags: number): string[] => [keep(1, call(29)(0, 4096, 0o1600)), call(30)('#1', 0, flags)];
  await both(t, 'System V memory that is run', shared(0o100000), [everything], kind('load', 'shm'), ['load shm']);
  await permitted(t, 'System V memory', shared(0), []);

  const code = [keep(1, memfd('x')), call(77)('#1', 4096), mmap('#1', EXEC)];
  await both(t, 'a memfd as code', code, [everything], kind('load', 'memfd'), ['load memfd']);
  await both(
    t,
    'a file as code',
    [keep(1, open(FILE)), mmap('#1', EXEC)],
    [permit('read', FILE)],
    permit('load', FILE),
  );
  const late = [keep(1, open(FILE)), keep(2, mmap('#1', READ)), mprotect('#2', EXEC)];
  await both(t, 'a file as code, later', late, [permit('read', FILE)], permit('load', FILE));
  const self = [keep(1, open(ACT)), mmap('#1', EXEC)];
  await both(t, 'its own program, opened anew', self, [permit('read', ACT)], permit('load', ACT));

  // A file of the overlay this machine's root is: what maps it on 6.12 and later is a file behind it.
  const under = '/usr/bin/true';
  await both(
    t,
    'a file of an overlay as code',
    [keep(1, open(under)), mmap('#1', EXEC)],
    [permit('read', under)],
    permit('load', under),
  );
  const underLate = [keep(1, open(under)), keep(2, mmap('#1', READ)), mprotect('#2', EXEC)];
  await both(t, 'a file of an overlay as code, later', underLate, [permit('read', under)], permit('load', under));
  await both(t, 'a file of an overlay', [open(under)], [], permit('read', under));
  // Given by the operator, so that only opening it again is judged. The path is the overlay's, on every kernel.
  const stdin = openSync(under, 'r');
  const behind = [keep(2, mmap('0', READ)), 'mapped,#2'];
  await refused(t, 'the file behind a mapping: refused', behind, [], [`read ${under}`], { stdin });
  await permitted(t, 'the file behind a mapping: permitted', behind, [permit('read', under)], { stdin });
  closeSync(stdin);
  await refused(
    t,
    'openat below an unlinked folder finds nothing that a path permits',
    [...folder.slice(0, 3), openat(-100, '.')],
    [everything],
    ['list deleted'],
  );
}
