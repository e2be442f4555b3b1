// SPDX-License-Identifier: GPL-2.0-only
/** What is changed of a file besides its mode, owner and contents, each really changed: times, attributes, flags. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import {
  AT_FDCWD,
  call,
  chmod,
  creat,
  ftruncate,
  keep,
  memfd,
  mount,
  O,
  open,
  removexattr,
  setxattr,
  truncate,
  umount,
  unlink,
  write,
} from './calls.js';
import { type Checks, permit } from './checks.js';
import { free, ROOT, type RuleText, told } from './confined.js';
import { protect } from './files.js';
import { ALL, EVERYTHING } from './refused.js';

const LATER = { version: 2 } as const;
const FOLDER = `${ROOT}/attributes`;
const FILE = `${FOLDER}/file`;
const SECOND = `${ROOT}/attributes-too`;
/** A file of a lower layer: this machine's root is an overlay. */
const LOWER = '/etc/services';
/** MNT_DETACH */
const DETACH = 2;
/** UTIME_NOW, UTIME_OMIT (include/linux/stat.h). */
const [NOW, OMIT] = [0x3fffffff, 0x3ffffffe] as const;
/** The numbers of FS_IOC_SETFLAGS and its like, FS_NODUMP_FL, and FS_XFLAG_NODUMP (include/uapi/linux/fs.h). */
const [SETFLAGS, FSSETXATTR, NODUMP, XFLAG_NODUMP] = [0x40086602, 0x401c5820, 0x40, 0x80] as const;
const utimensat = (path: string, times: string | number = 0): string => call(280)(AT_FDCWD, `s:${path}`, times, 0);
const futimens = (fd: string): string => call(280)(fd, 0, 0, 0);
const rule = (attribute: string | readonly string[], path: string | readonly string[]): RuleText => ({
  permit: 'attribute',
  path,
  attribute,
});
const OPENS = permit(['read', 'write', 'delete', 'chmod', 'stat'], `${FOLDER}/*`);

export async function attributes(t: Test, checks: Checks): Promise<void> {
  const { confined } = checks;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(FILE, 'text');
  const event = (which: string, object = FILE): string => `attribute attribute:${which}:${object}`;
  const others = (which: string): string[] =>
    ['times', 'user', 'trusted', 'flags', 'other'].filter((one) => one !== which);
  /** Refused by all that is another attribute, and permitted by this one. */
  const both = async (name: string, which: string, acts: readonly string[], rules: readonly RuleText[] = []) => {
    const wrong = [rule(others(which), '/***'), { permit: 'attribute', path: '/elsewhere' }];
    await checks.refused(t, `${name}: refused`, acts, [...rules, ...wrong], [event(which)], {
      ...LATER,
      errno: 'EACCES',
    });
    await checks.permitted(t, `${name}: permitted`, acts, [...rules, rule(which, FILE)], LATER);
  };
  await both('now', 'times', [utimensat(FILE)]);
  await both('a time', 'times', [utimensat(FILE, 'w:1:0:2:0')]);
  await both('one of the two', 'times', [utimensat(FILE, `w:0:${OMIT}:0:${NOW}`)]);
  await both('utime', 'times', [call(132)(`s:${FILE}`, 'w:1:2')]);
  await both('utimes', 'times', [call(235)(`s:${FILE}`, 'w:1:0:2:0')]);
  await both('by descriptor', 'times', [keep(1, open(FILE)), futimens('#1')], [OPENS]);
  await both('flags', 'flags', [keep(1, open(FILE)), call(16)('#1', SETFLAGS, `w:${NODUMP}`)], [OPENS]);
  await both('xflags', 'flags', [keep(1, open(FILE)), call(16)('#1', FSSETXATTR, `w:${XFLAG_NODUMP}:0:0:0`)], [OPENS]);
  const fileSetattr = [call(469)(AT_FDCWD, `s:${FILE}`, `w:${XFLAG_NODUMP}:0:0`, 24, 0)];
  // Linux 6.17.
  const newest = (await free(fileSetattr)).at(-1) === 'ok';
  if (newest) await both('file_setattr', 'flags', fileSetattr);
  // Before 6.6 tmpfs keeps none of these, which the kernel finds out behind the hook.
  const user = [setxattr(FILE, 'user.x', 's:1', 1)];
  const kept = (await free(user)).at(-1) === 'ok';
  await checks.refused(t, 'user: refused', user, [rule(others('user'), FILE)], [event('user')], LATER);
  if (kept) {
    await both('user', 'user', user);
    await both('user, taken away', 'user', [removexattr(FILE, 'user.x')]);
  }
  const admin: RuleText = { permit: 'capable', capability: 'sys_admin' };
  await both('trusted', 'trusted', [setxattr(FILE, 'trusted.x', 's:1', 1)], [admin]);
  await both('trusted, taken away', 'trusted', [removexattr(FILE, 'trusted.x')], [admin]);
  const other = [setxattr(FILE, 'btrfs.x', 's:1', 1)];
  await checks.refused(t, 'other: refused', other, [rule(others('other'), FILE)], [event('other')], LATER);
  await checks.refused(
    t,
    'security. is chmod',
    [setxattr(FILE, 'security.x', 's:1', 1)],
    [admin, rule('other', FILE)],
    [`chmod ${FILE}`],
    LATER,
  );

  // What the kernel sets by itself.
  const own = [keep(1, open(FILE, O.RDWR)), write('#1', 'x'), ftruncate('#1'), chmod(FILE), truncate(FILE), open(FILE)];
  await checks.permitted(t, 'written, cut, chmod', own, [OPENS], LATER);
  await checks.permitted(t, 'version 1 does not govern it', [utimensat(FILE), ...user.filter(() => kept)], []);
  await checks.permitted(t, 'a default opens it', [utimensat(FILE)], [], { ...LATER, default: 'permit' });
  const mine = { ...rule('times', FILE), unless: { owner: 'self' } };
  await checks.refused(t, 'whose it is', [utimensat(FILE)], [mine], [event('times')], LATER);
  const complained = await confined.run([utimensat(FILE)], { ...LATER, rules: [], mode: 'complain' });
  t.same(
    { results: complained.results, events: told(complained.events) },
    { results: ['ok'], events: [event('times')] },
    'complained about',
  );
  const learnt = await confined.run([utimensat(FILE), utimensat(FILE, 'w:1:0:2:0')], {
    ...LATER,
    rules: [],
    mode: 'learn',
  });
  t.same(
    { results: learnt.results, events: told(learnt.events).filter((one) => one.startsWith('attribute')) },
    { results: ['ok', 'ok'], events: [event('times')] },
    'learned, once',
  );

  // Without a path.
  const kind = (of: string): RuleText => ({ permit: 'attribute', kind: of, attribute: 'times' });
  const memory = [keep(1, memfd('x')), futimens('#1')];
  await checks.refused(t, 'a memfd: refused', memory, [kind('tmpfile')], [event('times', 'memfd')], LATER);
  await checks.permitted(t, 'a memfd: permitted', memory, [kind('memfd')], LATER);
  const gone = [keep(1, open(FILE)), unlink(FILE), futimens('#1')];
  const deleted = [event('times', 'deleted')];
  await checks.refused(t, 'deleted: refused, whatever the default', gone, [OPENS], deleted, {
    ...LATER,
    default: 'permit',
  });
  writeFileSync(FILE, 'text');
  await checks.permitted(t, 'deleted: permitted', gone, [OPENS, kind('deleted')], LATER);
  writeFileSync(FILE, 'text');

  // In no tree any more: whose it is its inode says.
  const lazy = `${ROOT}/attributes-lazy`;
  mkdirSync(lazy, { recursive: true });
  const left = [keep(1, open(`${lazy}/file`)), 'wait', futimens('#1')];
  const midway = async (): Promise<void> => void (await free([umount(lazy, DETACH)]));
  for (const how of ['if', 'unless'] as const) {
    await free([mount('none', lazy, 'tmpfs'), creat(`${lazy}/file`)]);
    const rules = [permit('read', `${lazy}/file`), { ...kind('foreign'), [how]: { owner: 'self' } }];
    const rest = { ...LATER, midway };
    if (how === 'if') await checks.permitted(t, 'foreign, its own: permitted', left, rules, rest);
    else await checks.refused(t, 'foreign, its own: refused', left, rules, [event('times', 'foreign')], rest);
  }

  // Seen at two places.
  mkdirSync(SECOND, { recursive: true });
  execFileSync('mount', ['--bind', FOLDER, SECOND]);
  const too = `${SECOND}/file`;
  await checks.refused(
    t,
    'two mounts: one of them',
    [utimensat(FILE)],
    [rule('times', FILE)],
    [event('times', too)],
    LATER,
  );
  await checks.permitted(t, 'two mounts: both', [utimensat(too)], [rule('times', [FILE, too])], LATER);
  execFileSync('umount', [SECOND]);

  // What an overlay copies up is its own doing, of which times and attributes are set too.
  await checks.refused(t, 'an overlay: refused', [utimensat(LOWER)], [], [event('times', LOWER)], LATER);
  await checks.permitted(t, 'an overlay: permitted, with a copy up', [utimensat(LOWER)], [rule('times', LOWER)], LATER);

  // callgate's own, whatever a rule says.
  const undo = protect(confined.gate, { [FILE]: NUMBERS.PROTECT_SEALED });
  const wide = { ...EVERYTHING, ...LATER, rules: [...ALL, { permit: 'attribute', path: '/***' }] };
  const acts = [utimensat(FILE)];
  const sealed = await confined.run(acts, wide);
  const newer = await confined.run(fileSetattr, { ...wide, version: 1, rules: ALL });
  undo();
  t.same(
    { results: sealed.results, events: told(sealed.events) },
    { results: ['EPERM'], events: ['floor files'] },
    'what is protected',
  );
  if (newest)
    t.same(
      { results: newer.results, events: told(newer.events) },
      { results: ['EPERM'], events: ['floor files'] },
      'what is protected, by file_setattr and under version 1',
    );
  await checks.permitted(t, 'what is protected no more', acts, wide.rules, wide);
}
