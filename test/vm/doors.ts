// SPDX-License-Identifier: GPL-2.0-only
/** Operations by their other doors: ways to them that do not look like them, and what a caller may set on the way. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import {
  call,
  ftruncate,
  keep,
  memfd,
  mount,
  mqOpen,
  mqUnlink,
  O,
  open,
  openat,
  removexattr,
  setxattr,
  truncate,
  umount,
  unlink,
} from './calls.js';
import { type Checks, permit } from './checks.js';
import { free, ROOT, type RuleText, told } from './confined.js';

const DIR = `${ROOT}/doors`;
const FILE = `${DIR}/file`;
/** What the kernel sets in the flags of an open when it execs (__FMODE_EXEC). */
const EXECS = 0x20;
const EXEC = 5;

const kind = (operations: string | readonly string[], name: string): RuleText => ({ permit: operations, kind: name });

export async function doors(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(FILE, Buffer.alloc(8192));
  await created(t, checks);
  await queues(t, checks);
  await flags(t, checks);
  await attributes(t, checks);
  await code(t, checks);
  await names(t, checks);
  await otherNumbers(t, checks);
}

/** The open that makes a file is judged for what it opens it for, too. */
async function created(t: Test, { both, refused, confined }: Checks): Promise<void> {
  const made = `${DIR}/made`;
  const create = [open(made, O.RDWR | O.CREAT)];
  const undo = [unlink(made)];
  const read = permit('read', made);
  await both(t, 'a new file', create, [permit(['read', 'write'], made)], permit('create', made), undefined, undo);
  const writing = permit(['create', 'write'], made);
  await both(t, 'reading a new file', create, [writing], read, [`read+write ${made}`], undo);
  const reading = permit(['create', 'read'], made);
  await both(t, 'writing a new file', create, [reading], permit('write', made), [`read+write ${made}`], undo);
  const denied = { deny: ['read', 'write'], path: made };
  await refused(t, 'a denied one', create, [denied, permit('create', made)], [`read+write ${made}`]);
  t.ok(existsSync(made), 'and the empty file stays');
  await free(undo);
  const learnt = await confined.run(create, { rules: [denied], mode: 'learn' });
  t.same(
    { results: learnt.results, events: told(learnt.events), created: learnt.events.at(-1)?.created },
    { results: ['EPERM'], events: [`create ${made}`, `read+write ${made}`], created: true },
    'a rule that denies it holds while learning',
  );
  await free(undo);
  for (const [flag, exclusive] of [
    [0, false],
    [O.EXCL, true],
  ] as const) {
    const { events } = await confined.run([open(made, O.RDWR | O.CREAT | flag)], { rules: [], mode: 'learn' });
    t.same(
      [events.at(-1)?.created, events.at(-1)?.exclusive],
      [true, exclusive],
      'O_EXCL is told of the open that made it',
    );
    await free(undo);
  }
}

/** A message queue is a file of the mqueue file system, by whichever call it is made, opened and taken away. */
async function queues(t: Test, { both, refused, permitted }: Checks): Promise<void> {
  const ways: Record<string, { readonly rule: (operations: string | string[]) => RuleText; readonly told: string }> = {
    'seen nowhere': { rule: (operations) => kind(operations, 'mqueue'), told: 'mqueue' },
    'seen at a path': { rule: (operations) => permit(operations, `${DIR}/queues/q`), told: `${DIR}/queues/q` },
  };
  mkdirSync(`${DIR}/queues`);
  t.same(await free([mqUnlink('q'), mqOpen('q', O.RDWR | O.CREAT)]), ['ENOENT', 'ok']);
  for (const [where, { rule, told }] of Object.entries(ways)) {
    const name = (what: string): string => `a queue ${where}: ${what}`;
    await both(t, name('opened'), [mqOpen('q', O.RDONLY)], [], rule('read'), [`read ${told}`]);
    await both(t, name('opened for both'), [mqOpen('q', O.RDWR)], [rule('read')], rule('write'), [
      `read+write ${told}`,
    ]);
    await both(t, name('opened as if to exec'), [mqOpen('q', EXECS)], [], rule('read'), [`read ${told}`]);
    await refused(
      t,
      name('no file without a name'),
      [mqOpen('q', O.TMPFILE)],
      [kind('read', 'tmpfile')],
      [`read ${told}`],
    );
    const gone = [mqUnlink('q')];
    await both(t, name('taken away'), gone, [], rule('delete'), [`delete ${told}`], [mqOpen('q', O.RDWR | O.CREAT)]);
    await free(gone);
    const made = [mqOpen('q', O.RDONLY | O.CREAT)];
    await both(t, name('made'), made, [rule('read')], rule('create'), [`create ${told}`], [mqUnlink('q')]);
    await free([mqOpen('q', O.RDWR | O.CREAT)]);
    if (where === 'seen nowhere') t.same(await free([mount('mqueue', `${DIR}/queues`, 'mqueue')]), ['ok'], 'mounted');
  }
  const path = `${DIR}/queues/q`;
  await both(t, 'a queue by its path', [open(path)], [kind('read', 'mqueue')], permit('read', path));
  await both(t, 'taken away by its path', [unlink(path)], [kind('delete', 'mqueue')], permit('delete', path));
  const made = [open(path, O.CREAT)];
  await both(t, 'made by its path', made, [permit('read', path)], permit('create', path), undefined, [mqUnlink('q')]);
  // Seen twice, it has two paths and no rule that could mean it.
  await free([mkdirOf(`${DIR}/again`), mount('mqueue', `${DIR}/again`, 'mqueue'), mqOpen('q', O.RDWR | O.CREAT)]);
  const all = [permit('read', '/**'), kind('read', 'mqueue')];
  const run = await refused(t, 'a queue seen at two places', [mqOpen('q', O.RDONLY)], all, ['read mqueue']);
  t.equal(run.counts.unresolved[6], 1, 'is counted');
  await permitted(t, 'by the one path', [open(path)], [permit('read', path)]);
  await free([umount(`${DIR}/again`), umount(`${DIR}/queues`), mqUnlink('q')]);
}

const mkdirOf = (path: string): string => call(83)(`s:${path}`, 0o755);

/** Calls that hand the caller's flags on to an open: none of them passes for an exec. */
async function flags(t: Test, { both, confined }: Checks): Promise<void> {
  const unlock = 0x40045431;
  const peer = 0x5441;
  const terminal = [keep(1, open('/dev/ptmx', O.RDWR)), call(16)('#1', unlock, 'b:4')];
  await both(
    t,
    'the other end of a terminal',
    [...terminal, call(16)('#1', peer, O.RDWR | EXECS | 0o400)],
    [permit(['read', 'write'], '/dev/ptmx')],
    permit(['read', 'write'], '/dev/pts/*'),
    ['read+write /dev/pts/0'],
  );
  const library = [call(134)(`s:${FILE}`)];
  if ((await free(library))[0] === 'ENOSYS') return;
  const uselib = async (rules: readonly RuleText[]): Promise<unknown> => {
    const { results, events } = await confined.run(library, { rules });
    return { results, events: told(events) };
  };
  t.same(await uselib([]), { results: ['EPERM'], events: [`read ${FILE}`] }, 'uselib: refused');
  t.same(await uselib([permit('read', FILE)]), { results: ['ENOEXEC'], events: [] }, 'uselib: permitted');
}

/** A POSIX ACL of just the three entries that are a mode; posix_acl_xattr.h. */
function acl(): string {
  const entry = (tag: number, permission: number): bigint => BigInt(tag | (permission << 16)) << 32n;
  const nobody = 0xffffffffn;
  return `w:${[2n | entry(1, 6), nobody | entry(4, 7), nobody | entry(0x20, 7), nobody].join(':')}`;
}
/** CAP_SYS_ADMIN, effective; struct vfs_cap_data. */
const capability = `w:${0x02000001n | ((1n << 21n) << 32n)}:0:0`;

/** Attributes that are permissions by another name. */
async function attributes(t: Test, { confined, both }: Checks): Promise<void> {
  const chmod = permit('chmod', FILE);
  const other = permit(['read', 'write', 'create', 'delete', 'chown', 'link'], FILE);
  const access = 'system.posix_acl_access';
  await both(t, 'chmod by an ACL', [setxattr(FILE, access, acl(), 28)], [other], chmod);
  await both(t, 'chmod by taking it away', [removexattr(FILE, access)], [other], chmod);
  const byFd = [keep(1, open(FILE)), call(190)('#1', `s:${access}`, acl(), 28, 0)];
  await both(t, 'chmod by an ACL and a descriptor', byFd, [other], chmod);
  const standard = [setxattr(DIR, 'system.posix_acl_default', acl(), 28)];
  await both(t, 'what new files are permitted', standard, [], permit('chmod', DIR));
  const privileged = [setxattr(FILE, 'security.capability', capability, 20)];
  await both(t, 'privileges of a program', privileged, [other], chmod);
  await both(t, 'taken away', [removexattr(FILE, 'security.capability')], [other], chmod);
  const set = [keep(1, memfd('x')), call(190)('#1', `s:${access}`, acl(), 28, 0)];
  await both(t, 'of an object without a path', set, [permit('chmod', '/**')], kind('chmod', 'memfd'), ['chmod memfd']);
  // tmpfs has them since 6.6; before, the kernel says so by itself.
  const others = await confined.run([setxattr(FILE, 'user.x', 'b:4', 4)], { rules: [] });
  const native = await free([setxattr(FILE, 'user.x', 'b:4', 4)]);
  t.same([others.results, told(others.events)], [native, []], 'other attributes are not governed');
}

/** Code by another way than mapping it as such. */
async function code(t: Test, { both, confined }: Checks): Promise<void> {
  const implied = 0x0400000;
  const mapped = [keep(1, open(FILE, O.RDWR)), keep(2, call(9)(0, 8192, 1, 1, '#1', 0))];
  const open2 = permit(['read', 'write'], FILE);
  const remapped = [...mapped, call(135)(implied), call(216)('#2', 4096, 0, 1, 0)];
  await both(t, 'pages moved while reading means running', remapped, [open2], permit('load', FILE));
  const reading = [keep(1, open(FILE)), call(135)(implied), call(9)(0, 4096, 1, 2, '#1', 0)];
  await both(t, 'mapped while reading means running', reading, [open2], permit('load', FILE));
  const protectedAgain = [...mapped, call(135)(implied), call(10)('#2', 4096, 1)];
  await both(t, 'protected while reading means running', protectedAgain, [open2], permit('load', FILE));
  // The program puts another file in its own one's place (prctl PR_SET_MM_EXE_FILE) and maps that as code.
  const other = `${ROOT}/bin/other`;
  const pretend = [`pretend,${other}`];
  t.same(await free([`copy,${ROOT}/bin/act,${other}`]), ['ok']);
  const run = async (rules: readonly RuleText[]): Promise<unknown> => {
    const { results, events } = await confined.run(pretend, { rules: [permit('read', other), ...rules] });
    return { results, events: told(events) };
  };
  t.same(await run([]), { results: ['EPERM'], events: [`load ${other}`] }, 'a file in the program’s place: refused');
  t.same(await run([permit('load', other)]), { results: ['ok'], events: [] }, 'a file in its place: permitted');
  t.same(await free(pretend), ['ok'], 'and by no subject');
  const self = `${ROOT}/bin/act`;
  const own = [keep(1, open(self)), call(9)(0, 4096, EXEC, 2, '#1', 0)];
  await both(t, 'more of the program’s own file', own, [permit('read', self)], permit('load', self));
}

/** Names that look like what the kernel gives are names. */
async function names(t: Test, { both, permitted }: Checks): Promise<void> {
  const again = open('/proc/self/fd/#1');
  const everything = permit(['read', 'write', 'create', 'delete', 'receive'], '/**');
  const gone = [keep(1, open(`${DIR}/#x`, O.CREAT | O.RDWR)), unlink(`${DIR}/#x`), again];
  await both(
    t,
    'an unlinked file named like one without',
    gone,
    [everything, kind('read', 'tmpfile')],
    kind('read', 'deleted'),
    ['read deleted'],
  );
  const nameless = [keep(1, open(DIR, O.TMPFILE | O.WRONLY)), again];
  const rules = [kind('write', 'tmpfile'), kind('read', 'deleted')];
  await both(t, 'a file without a name, opened again', nameless, rules, kind('read', 'tmpfile'), ['read tmpfile']);
  writeFileSync(`${DIR}/[io_uring]`, 'text');
  const sent = [keep(1, open(`${DIR}/[io_uring]`)), 'socketpair', 'sendfd,4,#1', 'recvfd,5'];
  const unix = { permit: 'socket', family: 'unix' };
  await permitted(t, 'a file named like a ring is received', sent, [everything, unix]);
  const memory = [keep(1, memfd('SYSV00000000')), again];
  await both(t, 'a memfd by any name', memory, [kind('read', 'shm')], kind('read', 'memfd'), ['read memfd']);
}

/** The kernel has more than one number for a call, and looks at 32 bits of it. */
async function otherNumbers(t: Test, { both, permitted }: Checks): Promise<void> {
  const write = permit('write', FILE);
  const high = (2n ** 32n).toString();
  const upper = (number: number): number => Number(BigInt(high) + BigInt(number));
  await both(t, 'truncate, by a number with more bits', [call(upper(76))(`s:${FILE}`, 8192)], [], write);
  const held = [keep(1, open(FILE, O.WRONLY)), call(upper(77))('#1', 8192)];
  await permitted(t, 'ftruncate, by a number with more bits', held, [write]);
  if ((await free(['old,20']))[0] !== 'ok') {
    t.comment('no i386 system calls on this kernel');
    return;
  }
  await both(t, 'truncate, by i386’s number', [`old,92,s:${FILE},8192`], [], write);
  await permitted(t, 'ftruncate, by i386’s number', [held[0] as string, 'old,93,#1,8192'], [write]);
  const cut = [`old,5,s:${FILE},${O.WRONLY | O.TRUNC}`];
  await both(t, 'an open that truncates, by i386’s number', cut, [], write);
  await both(t, 'truncate', [truncate(FILE)], [permit('read', FILE)], write);
  await permitted(t, 'ftruncate', [keep(1, openat(-100, FILE, O.WRONLY)), ftruncate('#1')], [write]);
}
