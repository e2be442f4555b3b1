// SPDX-License-Identifier: GPL-2.0-only
/** Every way to open a file comes to the same object: the file's own path. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { AT_FDCWD, chdir, creat, fchdir, keep, O, open, openat, openat2, truncate, unlink } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ROOT, type RuleText } from './confined.js';

const DIR = `${ROOT}/opens`;
const YES = `${DIR}/yes/file`;
const NO = `${DIR}/no/file`;

/** Ways to open `path`, each with the folders and links that must be permitted for it. */
function ways(name: 'yes' | 'no'): Record<string, readonly string[]> {
  const path = `${DIR}/${name}/file`;
  const last = (act: string): readonly string[] => [act];
  return {
    open: last(open(path)),
    'openat, relative to a folder': [keep(1, open(`${DIR}/${name}`, O.PATH)), openat('#1', 'file')],
    'openat, absolute': last(openat(-1, path)),
    openat2: last(openat2(AT_FDCWD, path, 0, 0)),
    'openat2 in a root of its own': [keep(1, open(DIR, O.PATH)), openat2('#1', `/${name}/file`, 0, 0x10)],
    'a symbolic link': last(open(`${DIR}/link-${name}`)),
    'a link to the folder': last(open(`${DIR}/folder-${name}/file`)),
    'dot dot': last(open(`${DIR}/yes/../${name}/./file`)),
    'a doubled slash': last(open(`/${DIR}//${name}///file`)),
    'relative to the working directory': [chdir(`${DIR}/${name}`), open('file')],
    'a working directory entered by descriptor': [keep(1, open(DIR, O.PATH)), fchdir('#1'), open(`${name}/file`)],
    '/proc/self/root': last(open(`/proc/self/root${path}`)),
    '/proc/self/cwd': [chdir(DIR), open(`/proc/self/cwd/${name}/file`)],
    '/proc/self/fd of a folder': [keep(1, open(DIR, O.PATH)), open(`/proc/self/fd/#1/${name}/file`)],
    'O_PATH, opened again': [keep(1, open(path, O.PATH)), open('/proc/self/fd/#1')],
    'O_PATH, opened again by /proc/thread-self': [keep(1, open(path, O.PATH)), open('/proc/thread-self/fd/#1')],
    'a file handle': [chdir(DIR), `byhandle,${path}`],
    'for ioctl alone': last(open(path, O.ACCESS)),
  };
}

export async function opens(t: Test, { both, refused, permitted }: Checks): Promise<void> {
  for (const name of ['yes', 'no']) {
    mkdirSync(`${DIR}/${name}`, { recursive: true });
    writeFileSync(`${DIR}/${name}/file`, 'text');
    symlinkSync(`${DIR}/${name}/file`, `${DIR}/link-${name}`);
    symlinkSync(name, `${DIR}/folder-${name}`);
  }
  const rules: readonly RuleText[] = [permit(['read', 'write'], YES)];
  for (const [way, acts] of Object.entries(ways('yes'))) await permitted(t, `${way}: permitted`, acts, rules);
  for (const [way, acts] of Object.entries(ways('no')))
    await refused(t, `${way}: refused`, acts, rules, [way === 'for ioctl alone' ? `read+write ${NO}` : `read ${NO}`]);
  await both(t, 'for writing', [open(YES, O.WRONLY)], [permit('read', YES)], permit('write', YES));
  await both(t, 'for both', [open(YES, O.RDWR)], [permit('write', YES)], permit('read', YES), [`read+write ${YES}`]);
  await both(t, 'a folder', [open(DIR, O.DIRECTORY)], [permit('read', DIR)], permit('list', DIR));
  await both(t, 'truncating', [open(YES, O.RDONLY | O.TRUNC)], [permit('read', YES)], permit('write', YES), [
    `read+write ${YES}`,
  ]);
  await both(t, 'truncate(2)', [truncate(YES)], [permit('read', YES)], permit('write', YES));
  await both(
    t,
    'creating',
    [open(`${DIR}/new`, O.WRONLY | O.CREAT)],
    [permit('write', `${DIR}/new`)],
    permit('create', `${DIR}/new`),
    undefined,
    [unlink(`${DIR}/new`)],
  );
  const made = `${DIR}/made`;
  await both(
    t,
    'what the new file is opened for',
    [creat(made)],
    [permit('create', made)],
    permit('write', made),
    undefined,
    [unlink(made)],
  );
}
