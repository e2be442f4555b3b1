// SPDX-License-Identifier: GPL-2.0-only
/** Roots, capabilities and ids: what version 2 of the language permits and refuses, each really done by a program. */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { call, chown, chroot, open, setfsuid, setgid, setgroups, setresuid, setuid } from './calls.js';
import type { Checks } from './checks.js';
import { free, ROOT, type RuleText, told } from './confined.js';
import { ALL, EVERYTHING, refusedByFloor } from './refused.js';

const DIR = `${ROOT}/credentials`;
const CHROOT = { permit: 'chroot', path: `${DIR}/jail` };
const LATER = { version: 2 } as const;
/** An attribute of root's own, for which the kernel asks for sys_admin and nothing else. */
const trusted = call(188)(`s:${DIR}/file`, 's:trusted.x', 's:v', 1, 0);

/** Refused under `rules`, with this event, and permitted when `missing` is added: both by policies of version 2. */
async function both(
  t: Test,
  checks: Checks,
  name: string,
  acts: readonly string[],
  rules: readonly RuleText[],
  missing: RuleText,
  event: string,
): Promise<void> {
  await checks.refused(t, `${name}: refused`, acts, rules, [event], LATER);
  await checks.permitted(t, `${name}: permitted`, acts, [...rules, missing], LATER);
}

function prepare(): void {
  for (const name of ['jail', 'jail/below', 'other']) mkdirSync(`${DIR}/${name}`, { recursive: true });
  writeFileSync(`${DIR}/jail/file`, 'x');
  writeFileSync(`${DIR}/file`, 'x');
  for (const name of ['', '/jail', '/jail/file']) chmodSync(DIR + name, 0o755);
  chownSync(`${DIR}/file`, 0, 0);
}

export async function roots(t: Test, checks: Checks): Promise<void> {
  prepare();
  const acts = [chroot(`${DIR}/jail`)];
  await both(
    t,
    checks,
    'chroot',
    acts,
    [{ permit: 'capable', capability: 'sys_chroot' }],
    CHROOT,
    `chroot ${DIR}/jail`,
  );
  await checks.refused(
    t,
    'without any rule the capability is what is missing',
    acts,
    [],
    ['capable capability:sys_chroot'],
    LATER,
  );
  await checks.refused(t, 'another folder', [chroot(`${DIR}/other`)], [CHROOT], [`chroot ${DIR}/other`], LATER);
  await checks.refused(t, 'one below it', [chroot(`${DIR}/jail/below`)], [CHROOT], [`chroot ${DIR}/jail/below`], LATER);
  await checks.refused(
    t,
    'a denial with an errno',
    acts,
    [
      { deny: 'chroot', path: `${DIR}/*`, errno: 'ENOSYS' },
      { permit: 'capable', capability: 'sys_chroot' },
    ],
    [`chroot ${DIR}/jail`],
    { ...LATER, errno: 'ENOSYS' },
  );
  await checks.refused(t, 'a default opens it not', acts, ALL, [`chroot ${DIR}/jail`], { ...LATER, default: 'permit' });
  await checks.refused(t, 'nor does complaining', acts, ALL, [`chroot ${DIR}/jail`], {
    ...{ ...LATER, default: 'permit', mode: 'complain' },
  });
  await refusedByFloor(t, checks, 'version 1 has no word for it', ['floor chroot'], acts);
  const inside = [chroot(`${DIR}/jail`), open('/file')];
  await checks.refused(
    t,
    'inside, paths are what they were: refused',
    inside,
    [CHROOT, { permit: 'read', path: '/file' }],
    [`read ${DIR}/jail/file`],
    LATER,
  );
  await checks.permitted(
    t,
    'inside, paths are what they were',
    inside,
    [CHROOT, { permit: 'read', path: `${DIR}/jail/file` }],
    LATER,
  );
  const { results, events } = await checks.confined.run(acts, { ...LATER, rules: [], mode: 'learn' });
  t.same(
    {
      results,
      events: told(events).filter((one) => /^(chroot|capable)/.test(one)),
      learnt: events.every((event) => event.learnt || event.type === 'exec'),
    },
    { results: ['ok'], events: ['capable capability:sys_chroot', `chroot ${DIR}/jail`], learnt: true },
    'learned',
  );
  await checks.refused(
    t,
    'learning holds to what a rule denies',
    acts,
    [{ deny: 'chroot', path: '/***' }],
    ['capable capability:sys_chroot', `chroot ${DIR}/jail`],
    { ...LATER, mode: 'learn' },
  );
  t.same(await free(acts), ['ok'], 'done by others');
}

export async function capable(t: Test, checks: Checks): Promise<void> {
  prepare();
  const files = { permit: 'chown', path: `${DIR}/file` };
  await both(
    t,
    checks,
    'chown to another',
    [call(92)(`s:${DIR}/file`, 7, 0)],
    [files],
    { permit: 'capable', capability: ['chown', 'fsetid'] },
    'capable capability:chown',
  );
  await checks.permitted(t, 'version 1 does not govern it', [call(92)(`s:${DIR}/file`, 8, 0)], [files]);
  await checks.permitted(t, 'a default opens it', [call(92)(`s:${DIR}/file`, 9, 0)], [files], {
    ...LATER,
    default: 'permit',
  });
  await both(
    t,
    checks,
    'what rules the machine',
    [trusted],
    [{ permit: 'attribute', attribute: 'trusted', path: `${DIR}/file` }],
    { permit: 'capable', capability: 'sys_admin' },
    'capable capability:sys_admin',
  );
  await checks.refused(t, 'a default opens it not', [trusted], ALL, ['capable capability:sys_admin'], {
    ...LATER,
    default: 'permit',
  });
  await checks.refused(t, 'nor does complaining', [trusted], ALL, ['capable capability:sys_admin'], {
    ...{ ...LATER, default: 'permit', mode: 'complain' },
  });
  await refusedByFloor(t, checks, 'version 1 has no word for it', ['floor capability CAP_SYS_ADMIN'], [trusted]);
  await refusedByFloor(t, checks, 'ports of the machine', ['floor capability CAP_SYS_RAWIO'], [call(172)(3)], LATER);
  await refusedByFloor(t, checks, 'nor are they learned', ['floor capability CAP_SYS_RAWIO'], [call(172)(3)], {
    ...LATER,
    mode: 'learn',
  });
  const { results, events, counts } = await checks.confined.run([chown(`${DIR}/file`)], {
    ...LATER,
    rules: [files],
    uid: 1000,
  });
  t.same(
    { results, events: told(events), denied: counts.denied },
    { results: ['EPERM'], events: [], denied: 0 },
    'who has none is asked for none',
  );
  const seccomp = await checks.confined.run([call(317)(1, 0, 'w:1:1')], { ...LATER, rules: [] });
  t.same(
    { results: seccomp.results, events: told(seccomp.events) },
    { results: ['EFAULT'], events: [] },
    'a seccomp filter takes no rule: it narrows',
  );
  await free([`call,170,s:localhost,9`]);
}

export async function ids(t: Test, checks: Checks): Promise<void> {
  const one = { permit: 'setuid', uid: [1000] };
  const SETUID = { permit: 'capable', capability: ['setuid', 'setgid'] };
  await both(t, checks, 'setuid', [setuid(1000)], [SETUID], one, 'setuid uid:1000');
  await checks.refused(t, 'to another', [setuid(1001)], [one], ['setuid uid:1001'], LATER);
  await checks.permitted(t, 'to whom it is', [setuid(0)], [SETUID], LATER);
  const back = [setresuid(-1, 1000, -1), setresuid(-1, 0, -1)];
  await both(t, checks, 'and back', back, [one, SETUID], { permit: 'setuid', uid: 0 }, 'setuid uid:0');
  await both(
    t,
    checks,
    'each of three ids',
    [setresuid(1000, 1001, 1002)],
    [SETUID, { permit: 'setuid', uid: '1000-1001' }],
    { permit: 'setuid', uid: 1002 },
    'setuid uid:1002',
  );
  await checks.refused(
    t,
    'by whom the rule is not for',
    [setuid(1000)],
    [{ ...one, if: { uid: 5 } }, SETUID],
    ['setuid uid:1000'],
    LATER,
  );
  // setfsuid(2) has no error: who asks again is told the old one.
  const twice = [setfsuid(1000), setfsuid(-1)];
  const refused = await checks.confined.run(twice, { ...LATER, rules: [SETUID] });
  t.same(
    { events: told(refused.events), denied: refused.counts.denied },
    { events: ['setuid uid:1000'], denied: 1 },
    'setfsuid: refused',
  );
  await checks.permitted(t, 'setfsuid: permitted', twice, [SETUID, one], LATER);
  await both(t, checks, 'setgid', [setgid(100)], [SETUID], { permit: 'setgid', gid: '<101' }, 'setgid gid:100');
  await both(
    t,
    checks,
    'each group of a list',
    [setgroups(5, 600)],
    [{ permit: 'setgid', gid: 5 }],
    { permit: 'setgid', gid: 600 },
    'setgid gid:600',
  );
  await checks.permitted(t, 'no groups at all', [setgroups()], [SETUID], LATER);
  await checks.permitted(t, 'version 1 governs none of it', [setgroups(5, 600), setgid(100), setuid(1000)], []);
  const { results, events } = await checks.confined.run([setgroups(5), setgid(5), setuid(7)], {
    ...LATER,
    rules: [],
    mode: 'learn',
  });
  t.same(
    { results, events: told(events).filter((event) => /^(set|capable)/.test(event)) },
    {
      results: ['ok', 'ok', 'ok'],
      events: ['capable capability:setgid', 'setgid gid:5', 'capable capability:setuid', 'setuid uid:7'],
    },
    'learned, each once',
  );
  t.same(
    await checks.confined.run([setuid(1000)], { ...EVERYTHING, ...LATER }).then((run) => run.results),
    ['ok'],
    'a default opens it',
  );
}
