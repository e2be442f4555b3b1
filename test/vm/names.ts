// SPDX-License-Identifier: GPL-2.0-only
/** Names made, moved and taken away: both ends of every call are judged, each by itself. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import {
  AT_FDCWD,
  call,
  chmod,
  chown,
  close,
  fchmod,
  fstat,
  keep,
  link,
  linkFd,
  mkdir,
  mknod,
  O,
  open,
  readlink,
  rename,
  renameat2,
  rmdir,
  stat,
  symlink,
  unlink,
} from './calls.js';
import { type Checks, permit } from './checks.js';
import { ROOT } from './confined.js';

const DIR = `${ROOT}/names`;
const OLD = `${DIR}/old`;
const NEW = `${DIR}/new`;
const FIFO = 0o010644;
const SOCKET = 0o140644;
const DEVICE = 0o020644;
const NULL_DEVICE = 0x103;
const EXCHANGE = 2;

export async function names(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(OLD, 'old');
  symlinkSync('old', `${DIR}/link`);
  await made(t, checks);
  await renamed(t, checks);
  await linked(t, checks);
  await changed(t, checks);
  await looked(t, checks);
}

async function made(t: Test, { both, refused }: Checks): Promise<void> {
  await both(t, 'mkdir', [mkdir(NEW)], [], permit('create', NEW), undefined, [rmdir(NEW)]);
  await both(t, 'symlink', [symlink('/etc/passwd', NEW)], [], permit('create', NEW), undefined, [unlink(NEW)]);
  await both(t, 'a fifo', [mknod(NEW, FIFO)], [], permit('create', NEW), undefined, [unlink(NEW)]);
  await both(
    t,
    'a device',
    [mknod(NEW, DEVICE, NULL_DEVICE)],
    [permit('create', NEW)],
    permit('mknod', NEW),
    undefined,
    [unlink(NEW)],
  );
  await refused(t, 'a socket by mknod: refused', [mknod(NEW, SOCKET)], [permit('create', NEW)], [`bind unix:${NEW}`]);
  await both(t, 'unlink', [mknod(NEW, FIFO), unlink(NEW)], [permit('create', NEW)], permit('delete', NEW), undefined, [
    unlink(NEW),
  ]);
  await both(t, 'rmdir', [mkdir(NEW), rmdir(NEW)], [permit('create', NEW)], permit('delete', NEW), undefined, [
    rmdir(NEW),
  ]);
}

async function renamed(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  const back = [rename(NEW, OLD)];
  const over = permit(['create', 'delete'], NEW);
  await both(
    t,
    'rename: the old name',
    [rename(OLD, NEW)],
    [permit('create', NEW)],
    permit('delete', OLD),
    undefined,
    back,
  );
  await both(
    t,
    'rename: the new name',
    [rename(OLD, NEW)],
    [permit('delete', OLD)],
    permit('create', NEW),
    undefined,
    back,
  );
  writeFileSync(NEW, 'new');
  await refused(
    t,
    'rename: what is replaced',
    [rename(OLD, NEW)],
    [permit('delete', OLD), permit('create', NEW)],
    [`create+delete ${NEW}`],
  );
  const exchange = [renameat2(OLD, NEW, EXCHANGE)];
  await refused(t, 'exchange: the one way', exchange, [over], [`create+delete ${OLD}`]);
  await refused(t, 'exchange: the other way', exchange, [permit(['create', 'delete'], OLD)], [`create+delete ${NEW}`]);
  await refused(
    t,
    'exchange: delete and no create',
    exchange,
    [permit('delete', [OLD, NEW])],
    [`create+delete ${OLD}`],
  );
  await permitted(t, 'exchange: both', [...exchange, ...exchange], [permit(['create', 'delete'], [OLD, NEW])]);
  await refused(
    t,
    'a permit of reading renames nothing',
    [rename(NEW, OLD)],
    [permit(['read', 'write'], [OLD, NEW])],
    [`delete ${NEW}`],
  );
  await permitted(t, 'rename: over a file', [rename(NEW, OLD)], [permit('delete', [OLD, NEW]), permit('create', OLD)]);
}

async function linked(t: Test, { both, refused, permitted }: Checks): Promise<void> {
  const undo = [unlink(NEW)];
  const all = permit(['read', 'write', 'create', 'delete', 'chmod', 'chown', 'stat', 'exec', 'load'], OLD);
  await both(
    t,
    'link: the old name',
    [link(OLD, NEW)],
    [permit('create', NEW), all],
    permit('link', OLD),
    undefined,
    undo,
  );
  await both(t, 'link: the new name', [link(OLD, NEW)], [permit('link', OLD)], permit('create', NEW), undefined, undo);
  const byFd = [keep(1, open(OLD, O.PATH)), linkFd('#1', NEW)];
  await both(t, 'link by descriptor', byFd, [permit('create', NEW)], permit('link', OLD), undefined, undo);
  const followed = [keep(1, open(OLD, O.PATH)), call(265)(AT_FDCWD, 's:/proc/self/fd/#1', AT_FDCWD, `s:${NEW}`, 0x400)];
  await both(t, 'link through /proc/self/fd', followed, [permit('create', NEW)], permit('link', OLD), undefined, undo);
  const temporary = [keep(1, open(DIR, O.TMPFILE | O.RDWR)), linkFd('#1', NEW)];
  const kind = (operations: string | string[]): Record<string, unknown> => ({ permit: operations, kind: 'tmpfile' });
  await refused(
    t,
    'a file without a name gets none',
    temporary,
    [kind(['read', 'write']), permit('create', NEW)],
    ['link tmpfile'],
  );
  await permitted(t, 'or one that is permitted', temporary, [kind(['read', 'write', 'link']), permit('create', NEW)]);
  await permitted(t, 'which is then as any other', [unlink(NEW)], [permit('delete', NEW)]);
}

async function changed(t: Test, { both }: Checks): Promise<void> {
  await both(t, 'chmod', [chmod(OLD)], [permit('chown', OLD)], permit('chmod', OLD));
  await both(t, 'fchmod', [keep(1, open(OLD)), fchmod('#1')], [permit('read', OLD)], permit('chmod', OLD));
  await both(t, 'chown', [chown(OLD)], [permit('chmod', OLD)], permit('chown', OLD));
  const lchown = call(94)(`s:${DIR}/link`, 0, 0);
  await both(t, 'lchown', [lchown], [permit('chown', OLD)], permit('chown', `${DIR}/link`));
  await both(t, 'chmod through a link', [chmod(`${DIR}/link`)], [permit('chmod', `${DIR}/link`)], permit('chmod', OLD));
}

async function looked(t: Test, { both, permitted, refused }: Checks): Promise<void> {
  await both(t, 'stat', [stat(OLD)], [], permit('stat', OLD));
  await both(t, 'statx', [call(332)(AT_FDCWD, `s:${OLD}`, 0, 0x7ff, 'b:256')], [], permit('stat', OLD));
  await both(t, 'lstat', [call(6)(`s:${DIR}/link`, 'b:256')], [permit('stat', OLD)], permit('stat', `${DIR}/link`));
  const held = [keep(1, open(OLD)), fstat('#1'), close('#1')];
  await permitted(t, 'fstat of what one opened', held, [permit('read', OLD)]);
  const unopened = [keep(1, open(OLD, O.PATH)), fstat('#1')];
  await both(t, 'fstat of what one only named', unopened, [], permit('stat', OLD));
  await permitted(
    t,
    'stat of the folders above a permit',
    [stat(OLD), stat(DIR), stat(ROOT), stat('/')],
    [permit('read', OLD)],
  );
  await refused(
    t,
    'and not beside it',
    [stat(`${DIR}/link`), stat(`${ROOT}/bin`)],
    [permit('read', OLD)],
    [`stat ${ROOT}/bin`],
  );
  await both(t, 'readlink', [readlink(`${DIR}/link`)], [permit('read', OLD)], permit('read', `${DIR}/link`));
}
