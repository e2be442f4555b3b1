// SPDX-License-Identifier: GPL-2.0-only
/** The filter that a program starts with, by the kernel of this machine: no gate is needed for it. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { addon, type CallFilter, type LaunchOptions } from '../../src/kernel/addon.js';
import { NAMED_GROUPS } from '../../src/policy/call-groups.js';
import { callNames, callNumber } from '../../src/policy/calls.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ACT = `${ROOT}out/test/act`;
execFileSync(`${ROOT}scripts/build-test-programs`);
const { native, numbers } = {
  native: addon(),
  numbers: (calls: readonly string[]) => calls.map((call) => callNumber(call) as number),
};
/** What the program needs for itself, statically linked. */
const BASIC = NAMED_GROUPS.get('basic') ?? [];
const [EPERM, EACCES, ENOSYS] = [1, 13, 38];
/** signal(7) */
const SIGSEGV = 11;

interface Done {
  /** Of each act, as the program says it. */
  readonly results: readonly string[];
  readonly code: number | null;
  readonly signal: number | null;
}

function started(
  output: string,
  filter: CallFilter | undefined,
  acts: readonly string[],
  more: Partial<LaunchOptions> = {},
) {
  const fd = openSync(output, 'w');
  try {
    const options = { file: ACT, argv: [ACT, ...acts], env: [], cwd: '/', stdio: [0, fd, 2], detached: false } as const;
    return native.hold({ ...options, ...(filter === undefined ? {} : { filter }), ...more });
  } finally {
    closeSync(fd);
  }
}

t.test('a filter at launch', { skip: process.getuid?.() !== 0 && 'root puts it on' }, async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'callgate-filter-'));
  t.teardown(() => rmSync(work, { recursive: true }));
  const output = `${work}/output`;
  const run = async (
    filter: CallFilter | undefined,
    acts: readonly string[],
    more?: Partial<LaunchOptions>,
  ): Promise<Done> => {
    const child = started(output, filter, acts, more);
    const ended = child.wait();
    await child.release();
    const { code, signal } = await ended;
    return { results: readFileSync(output, 'utf8').trim().split('\n'), code, signal };
  };
  const [getppid, uname, alarm] = ['call,110', 'call,63,b:400', 'call,37,0'];
  const filter = (calls: readonly string[], refused: number): CallFilter => ({
    permit: numbers([...BASIC.filter((call) => call !== 'uname'), ...calls]),
    refused,
  });

  await t.test('what is listed is permitted, and its like refused with the errno', async (t) => {
    t.same(await run(undefined, [alarm, uname]), { results: ['ok', 'ok'], code: 0, signal: null });
    t.same(await run(filter(['alarm'], EPERM), [alarm, uname]), { results: ['ok', 'EPERM'], code: 0, signal: null });
    t.same(await run(filter(['uname'], ENOSYS), [alarm, uname]), { results: ['ENOSYS', 'ok'], code: 0, signal: null });
  });

  await t.test('SIGSYS', async (t) => {
    t.same(await run(filter(['alarm'], 0), [alarm]), { results: ['ok'], code: 0, signal: null });
    const { signal, code } = await run(filter(['alarm'], 0), [alarm, getppid]);
    t.same({ signal, code }, { signal: 31, code: null });
  });

  // alarm is 27 on i386, which is mincore here.
  const alarm32 = 'call32,27,0';
  const { signal } = await run(undefined, [alarm32]);
  const skip = signal === SIGSEGV && 'this kernel takes no calls by int 0x80';
  await t.test('another architecture is refused, whatever its number means here', { skip }, async (t) => {
    t.same((await run(undefined, [alarm32])).results, ['ok']);
    t.same((await run(filter(['alarm', 'mincore'], ENOSYS), [alarm32, alarm])).results, ['ENOSYS', 'ok']);
  });

  await t.test("and so are the upper halves of this one's numbers", async (t) => {
    t.same((await run(filter(['alarm'], EACCES), [`call,${0x40000000 + 37},0`])).results, ['EACCES'], 'x32');
  });

  await t.test('it stays, over exec and as another user, without no_new_privs', async (t) => {
    const acts = ['fork', `exec,${ACT}`, alarm, uname];
    t.same((await run(filter(['alarm', 'fork', 'wait4', 'clone'], EPERM), acts)).results, ['ok', 'ok', 'ok', 'EPERM']);
    const cat = { file: '/bin/cat', argv: ['cat', '/proc/self/status'] };
    const all = { permit: numbers(callNames()), refused: EPERM };
    const status = async (filter: CallFilter | undefined, more: Partial<LaunchOptions>): Promise<string[]> =>
      (await run(filter, [], { ...cat, ...more })).results.filter((line) =>
        /^(Uid|Gid|Groups|Cap|NoNew|Spec|Sec)/.test(line),
      );
    for (const more of [{}, { uid: 65534, gid: 65534, groups: [65534] }]) {
      const [free, held] = [await status(undefined, more), await status(all, more)];
      t.same(
        held.filter((line) => !free.includes(line)),
        ['Seccomp:\t2', 'Seccomp_filters:\t1'],
        'nothing else is other than without',
      );
    }
  });

  await t.test('a start that fails is told, though nothing may be written', async (t) => {
    const bare = { permit: numbers(['execve', 'exit_group']), refused: 0 };
    const failing = async (filter: CallFilter | undefined): Promise<unknown> => {
      const child = started(output, filter, [], { file: work });
      const ended = child.wait();
      const code = await child.release().then(
        () => 'started',
        (error) => `${error.operation}: ${error.code}`,
      );
      return { code, ended: await ended };
    };
    const told = { code: `execve ${work}: EACCES`, ended: { code: 127, signal: null } };
    t.same(await failing(undefined), told);
    t.same(await failing(bare), told);
  });
});
