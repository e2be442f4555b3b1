// SPDX-License-Identifier: GPL-2.0-only
/** What is done through a ring of io_uring, by whoever serves it: all of it judged as a call is (test/vm/programs/rings.c). */
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { type Checks, permit, permitAddress } from './checks.js';
import { ACT, type Confinement, ROOT, type RuleText, told } from './confined.js';
import { ALL } from './refused.js';

const DIR = `${ROOT}/rings`;
const FILE = `${DIR}/file`;
const GONE = `${DIR}/gone`;
const OTHER = `${DIR}/other`;
const made = (name: string): string => `${DIR}/made-${name}`;
const RINGS = `${ROOT}/bin/rings`;
const LATER = { version: 2, file: RINGS } as const;
const kernel = (...names: readonly string[]): RuleText => ({ permit: 'kernel', kernel: names });
/** As root a ring is accounted to nobody where that may be, for which the kernel asks. */
const capable = (...names: readonly string[]): RuleText => ({ permit: 'capable', capability: ['ipc_lock', ...names] });
const RING: readonly RuleText[] = [kernel('io_uring', 'sqpoll'), capable()];

/** What is done, the events where no rule permits it, and the rule that does. */
const DONE: readonly (readonly [act: string, events: readonly string[], rules: readonly RuleText[]])[] = [
  [`open,${FILE},0`, [`read ${FILE}`], [permit('read', FILE)]],
  [`direct,${FILE}`, [`read ${FILE}`], []],
  [`stat,${FILE}`, [`stat ${FILE}`], []],
  [`open,${made('file')},65`, [`create ${made('file')}`], [permit(['create', 'write'], made('file'))]],
  [`mkdir,${made('folder')}`, [`create ${made('folder')}`], [permit('create', made('folder'))]],
  [`rmdir,${DIR}/folder`, [`delete ${DIR}/folder`], [permit('delete', `${DIR}/folder`)]],
  [`unlink,${GONE}`, [`delete ${GONE}`], [permit('delete', GONE)]],
  [
    `link,${FILE},${made('link')}`,
    [`link ${FILE}`],
    [permit('link', FILE), permit('create', made('link')), permit('read', made('link'))],
  ],
  [`symlink,x,${made('symlink')}`, [`create ${made('symlink')}`], [permit('create', made('symlink'))]],
  [
    `rename,${DIR}/old,${made('new')}`,
    [`delete ${DIR}/old`],
    [permit('delete', `${DIR}/old`), permit('create', made('new'))],
  ],
  [`xattr,${FILE},security.callgate`, [`chmod ${FILE}`], [permit('chmod', [FILE, made('link')])]],
  ['connect,9', ['connect udp:127.0.0.1:9'], [permitAddress('connect', 'udp:127.0.0.1:9')]],
  ['send,9', ['send udp:127.0.0.1:9'], [permitAddress('send', 'udp:127.0.0.1:9')]],
  ['command,/dev/null', ['kernel kernel:uring_cmd'], [kernel('uring_cmd')]],
];
/** What the program does by plain calls meanwhile. */
const PLAIN: readonly RuleText[] = [
  permit(['read', 'write'], '/dev/null'),
  { permit: 'socket', family: 'inet' },
  capable('sys_admin'),
];

function prepare(): void {
  rmSync(DIR, { recursive: true, force: true });
  mkdirSync(`${DIR}/folder`, { recursive: true });
  for (const file of [FILE, GONE, `${DIR}/old`]) writeFileSync(file, 'text');
  cpSync(ACT, OTHER);
  chmodSync(OTHER, 0o755);
}

/** What the acts come to, the events, and how it ended. */
async function came(
  checks: Checks,
  acts: readonly string[],
  rules: readonly RuleText[],
  rest: Partial<Confinement> = {},
) {
  const { results, events, counts, signal } = await checks.confined.run(acts, { ...LATER, ...rest, rules });
  return { results, events: told(events), lost: counts.dropped, signal };
}
const like = (results: readonly string[], events: readonly string[], signal: number | null = null) => ({
  ...{ results, events, lost: 0, signal },
});

export async function served(t: Test, checks: Checks): Promise<void> {
  for (const how of ['inline', 'worker', 'poll']) {
    const acts = DONE.map(([act]) => `${how},${act}`);
    prepare();
    t.same(
      await came(checks, acts, [...RING, ...PLAIN]),
      like(
        acts.map(() => 'EPERM'),
        DONE.flatMap(([, events]) => events),
      ),
      `${how}: refused`,
    );
    const left = ['made-file', 'made-folder', 'made-link', 'made-symlink', 'made-new'].map((name) => `${DIR}/${name}`);
    t.same(left.filter(existsSync), [], `${how}: nothing was made`);
    t.ok(existsSync(GONE) && existsSync(`${DIR}/folder`) && existsSync(`${DIR}/old`), `${how}: nothing was removed`);
    t.same(
      await came(checks, acts, [...RING, ...PLAIN, ...DONE.flatMap(([, , rules]) => rules)]),
      like(
        acts.map(() => 'ok'),
        [],
      ),
      `${how}: permitted`,
    );
    const socket = [`${how},socket`];
    t.same(
      await came(checks, socket, RING),
      like(['EPERM'], ['socket family 2, kind 2, protocol 0']),
      `${how}: a socket, refused`,
    );
    t.same(
      await came(checks, socket, [...RING, { permit: 'socket', family: 'inet' }]),
      like(['ok'], []),
      `${how}: a socket, permitted`,
    );
  }
}

export async function rings(t: Test, checks: Checks): Promise<void> {
  prepare();
  const stat = permit('stat', '/***');
  const one = ['inline,stat,/'];
  const polled = ['poll,stat,/'];
  t.same(await came(checks, one, [stat, capable()]), like(['EPERM'], ['kernel kernel:io_uring']), 'no ring');
  t.same(
    await came(checks, one, ALL, { default: 'permit' }),
    like(['EPERM'], ['kernel kernel:io_uring']),
    'no default opens it',
  );
  t.same(
    await came(checks, one, [...ALL, capable()], { mode: 'complain' }),
    like(['EPERM'], ['kernel kernel:io_uring']),
    'nor complaining',
  );
  t.same(await came(checks, one, ALL, { version: 1 }), like(['EPERM'], ['floor io_uring']), 'version 1 has no word');
  t.same(
    await came(checks, polled, [stat, kernel('io_uring'), capable()]),
    like(['EPERM'], ['kernel kernel:sqpoll']),
    'none that is polled',
  );
  t.same(await came(checks, polled, [stat, ...RING]), like(['ok'], []), 'one that is polled');
  const learnt = await came(checks, ['inline,stat,/', 'poll,command,/dev/null'], [], { mode: 'learn' });
  t.same(
    { ...learnt, events: learnt.events.filter((event) => event.startsWith('kernel')) },
    like(['ok', 'ok'], ['kernel kernel:io_uring', 'kernel kernel:sqpoll', 'kernel kernel:uring_cmd']),
    'learned',
  );
}

/** What hooks believe of registers and credentials, though a ring lets requests be served elsewhere. */
export async function believed(t: Test, checks: Checks): Promise<void> {
  prepare();
  const files = permit(['read', 'stat'], `${DIR}/**`);
  const floor = (word: string): string => `floor io_uring ${word}`;
  const attributes: RuleText = { permit: 'attribute', attribute: 'trusted', path: FILE };
  const late = [`late,${FILE},trusted.x`];
  t.same(
    await came(checks, late, [...RING, files]),
    like(['EPERM'], ['capable capability:sys_admin']),
    'at the end of a call for which it is let through',
  );
  t.same(
    await came(checks, late, [...RING, files, attributes, capable('sys_admin')]),
    like(['ok'], []),
    'where a rule permits it',
  );
  t.same(
    await came(checks, [`personality,${FILE}`], [...RING, files]),
    like(['EPERM'], [floor('credentials')]),
    'credentials that were registered',
  );
  t.same(
    await came(checks, [`inline,open,${FILE},0`, 'keepcaps'], [...RING, files]),
    like(['ok', 'ENOMEM'], [floor('credentials')]),
    'who has used a ring keeps its credentials',
  );
  t.same(
    await came(checks, ['keepcaps', `worker,open,${FILE},0`], [...RING, files]),
    like(['ok', 'ok'], []),
    'and may change them before',
  );
  t.same(
    await came(checks, [`inline,open,${FILE},0`, 'keyring'], [...RING, files, kernel('keys')]),
    like(['ok', 'ENOMEM'], [floor('credentials')]),
    'by a key ring, too',
  );
  t.same(
    await came(checks, ['keyring', `poll,open,${FILE},0`], [...RING, files, kernel('keys')]),
    like(['ok', 'EPERM'], [floor('credentials')]),
    'nobody polls for a thread with keys of its own',
  );
  t.same(
    await came(checks, ['attach'], [...RING, files]),
    like(['EPERM'], [floor('credentials')]),
    'nor for one with other credentials',
  );
  const others = { [OTHER]: [files] };
  const exec = { permit: 'exec', path: OTHER };
  t.same(
    await came(checks, [`same,${OTHER}`], [...RING, exec], { others }),
    like([], []),
    'a program under another policy',
  );
  t.same(
    await came(checks, [`inherit,${OTHER}`], [...RING, exec], { others }),
    like([], [floor('inherited')], 9),
    'is ended where a ring came along',
  );
  t.same(
    await came(checks, [`inherit,${OTHER}`], [...RING, { ...exec, policy: 'inherit' }], { others }),
    like([], []),
    'and goes on where that is its own',
  );
}
