// SPDX-License-Identifier: GPL-2.0-only
/** What is done to other processes besides signals, each really done: limits, priorities, owners of descriptors, looks inside. */
import { copyFileSync } from 'node:fs';
import type { Test } from 'tap';
import { call, keep, O, open } from './calls.js';
import type { Checks } from './checks.js';
import { ACT, beside, ROOT, type RuleText, told } from './confined.js';
import { ALL, EVERYTHING, refusedByFloor } from './refused.js';

const LATER = { version: 2 } as const;
/** All that version 1 has words for, and under version 2 all that a default opens. */
const WIDE = { ...EVERYTHING, ...LATER } as const;
const COPY = `${ROOT}/bin/copy`;
const getpid = call(39)();
const getppid = call(110)();
/** RLIMIT_NOFILE (7) and RLIMIT_CPU (0), to what the test's own process never needs. */
const prlimit = (pid: string | number, limit: number): string => call(302)(pid, limit, 'w:4000:4000', 0);
const [CPU, NOFILE] = [0, 7] as const;

type Both = (name: string, acts: readonly string[], missing: RuleText, event: string, errno?: string) => Promise<void>;

/** Refused without the rule, and permitted with it. */
const bothOf =
  (t: Test, checks: Checks): Both =>
  async (name, acts, missing, event, errno = 'EPERM') => {
    await checks.refused(t, `${name}: refused`, acts, [], [event], { ...LATER, errno });
    await checks.permitted(t, `${name}: permitted`, acts, [missing], { ...LATER, errno });
  };

export async function limits(t: Test, checks: Checks): Promise<void> {
  const both = bothOf(t, checks);
  await beside([getpid, 'wait'], 1, async (pid) => {
    const set = [prlimit(pid, NOFILE)];
    const event = `limit limit:nofile:${ACT}`;
    await both('by program', set, { permit: 'limit', path: ACT, limit: 'nofile' }, event, 'EACCES');
    await both('any limit', set, { permit: 'limit', path: '/***' }, event);
    const another = [
      { permit: 'limit', path: ACT, limit: ['cpu', 'as'] },
      { permit: 'limit', process: ['child', 'policy'] },
      { permit: ['signal'], path: ACT },
      { permit: ['priority'], path: ACT },
    ];
    await checks.refused(t, 'another limit, another process, another act', set, another, [event], LATER);
    await checks.permitted(t, 'only looked at', [call(302)(pid, NOFILE, 0, 'b:16')], [], LATER);
    await checks.permitted(t, 'version 1 does not govern it', set, []);
    await checks.permitted(t, 'a default opens it', set, [], { ...LATER, default: 'permit' });
    const other = { permit: 'limit', path: ACT, unless: { owner: 'self' } };
    await checks.refused(t, 'whose it is not', set, [other], [event], LATER);
    const { results, events } = await checks.confined.run(set, { ...LATER, rules: [], mode: 'complain' });
    t.same({ results, events: told(events) }, { results: ['ok'], events: [event] }, 'complained about');
    const learnt = await checks.confined.run([...set, ...set], { ...LATER, rules: [], mode: 'learn' });
    t.same(
      { results: learnt.results, events: told(learnt.events).filter((one) => one.startsWith('limit')) },
      { results: ['ok', 'ok'], events: [event] },
      'learned, once',
    );
    const { gate } = checks.confined;
    gate.protection.guard(pid);
    await refusedByFloor(t, checks, 'a supervisor', ['floor supervisor'], set, LATER);
    gate.protection.unguard(pid);
  });
  await checks.permitted(t, 'its own', [prlimit(0, NOFILE), keep(1, getpid), prlimit('#1', CPU)], [], LATER);
  const child = [keep(1, 'child'), prlimit('#1', CPU)];
  await both('a child', child, { permit: 'limit', process: 'child', limit: 'cpu' }, 'limit limit:cpu:child');
  const up = ['fork', keep(1, getppid), prlimit('#1', CPU)];
  await both('under the same policy', up, { permit: 'limit', process: 'policy' }, 'limit limit:cpu:policy');
}

export async function priorities(t: Test, checks: Checks): Promise<void> {
  const both = bothOf(t, checks);
  /** PRIO_PROCESS; IOPRIO_WHO_PROCESS, best effort 4; the first processor alone; the first node's memory to where it is. */
  const ways = {
    nice: (pid: string | number) => call(141)(0, pid, 1),
    io: (pid: string | number) => call(251)(1, pid, (2 << 13) | 4),
    scheduler: (pid: string | number) => call(203)(pid, 8, 'w:1'),
    memory: (pid: string | number) => call(256)(pid, 64, 'w:1', 'w:1'),
  } as const;
  const into: RuleText = { permit: 'ptrace', path: ACT, ptrace: 'read' };
  await beside([getpid, 'wait'], 1, async (pid) => {
    for (const [name, way] of Object.entries(ways)) {
      const acts = [way(pid)];
      const event = `priority priority:${name}:${ACT}`;
      const before = name === 'memory' ? [into, { permit: 'capable', capability: 'sys_nice' }] : [];
      await checks.refused(t, `${name}: refused`, acts, before, [event], LATER);
      const rule = { permit: 'priority', path: ACT, priority: name };
      await checks.permitted(t, `${name}: permitted`, acts, [...before, rule], LATER);
      const others = Object.keys(ways).filter((other) => other !== name);
      const another = { permit: 'priority', path: ACT, priority: others };
      await checks.refused(t, `${name}: not by the others`, acts, [...before, another], [event], LATER);
    }
    const event = 'ptrace ptrace:read:';
    const memory = [ways.memory(pid)];
    const rules = [{ permit: 'priority', path: ACT }];
    await checks.refused(t, 'memory is looked into first', memory, rules, [event + ACT], LATER);
    await checks.permitted(t, 'version 1 does not govern it', [ways.nice(pid), ways.scheduler(pid)], []);
  });
  await both(
    'a child',
    [keep(1, 'child'), ways.nice('#1')],
    { permit: 'priority', process: 'child' },
    'priority priority:nice:child',
  );
  const own = [ways.nice(0), ways.io(0), ways.scheduler(0), keep(1, getpid), ways.nice('#1')];
  await checks.permitted(t, 'its own', own, [], LATER);
}

/** Signals by a descriptor: F_SETOWN, then something happens on it. */
export async function owners(t: Test, checks: Checks): Promise<void> {
  const SIGIO = 29;
  const { confined } = checks;
  type Way = (pid: string | number) => string;
  const setown: Way = (pid) => call(72)('#1', 8, pid);
  const ready = (pid: string | number, way = setown): readonly string[] => [
    keep(1, 'socketpair'),
    way(pid),
    call(72)('#1', 4, 0o20000),
    call(1)(4, 's:x', 1),
  ];
  const done = ['ok', 'ok', 'ok', 'ok'];
  /** What comes of another process of which this is done by the owner of a descriptor. */
  const another = async (name: string, version: 1 | 2, grouped = false, way = setown): Promise<void> => {
    const spared = version === 2;
    const began = grouped ? call(109)(0, 0) : getpid;
    const results = await beside([began, 'wait', getpid], 1, async (pid) => {
      const { results, events, counts } = await confined.run(ready(grouped ? -pid : pid, way), { ...WIDE, version });
      const refused = counts.floor.reduce((sum, count) => sum + count, 0);
      // When it is set, and whenever something happens, its end too.
      t.same(
        { results, events: told(events), counted: spared ? refused > 1 : refused },
        { results: done, events: spared ? ['floor signal F_SETOWN'] : [], counted: spared ? true : 0 },
        `${name}: told and counted`,
      );
    });
    t.equal(results.length, spared ? 3 : 1, `${name}: ${spared ? 'gets none' : 'gets it'}`);
  };
  await another('version 1', 1);
  await another('version 2', 2);
  await another('version 2, a group', 2, true);
  // Those whose argument stands in memory: what the kernel made of it is looked at. F_OWNER_PID is 1.
  await another('FIOSETOWN', 2, false, (pid) => call(16)('#1', 0x8901, `w:${pid}`));
  await another('F_SETOWN_EX', 2, false, (pid) => call(72)('#1', 15, `w:${(BigInt(pid) << 32n) | 1n}`));
  const { signal, events } = await confined.run([keep(2, getpid), ...ready('#2')], WIDE);
  t.same({ signal, events: told(events) }, { signal: SIGIO, events: [] }, 'its own process gets it');
  // Its own group has others in it; of those it is the one that may.
  const grouped = await confined.run([call(109)(0, 0), keep(2, call(111)()), ...ready('-#2')], WIDE);
  t.same(
    { signal: grouped.signal, events: told(grouped.events) },
    { signal: SIGIO, events: ['floor signal F_SETOWN'] },
    'of its own group it gets it itself',
  );
  // Whoever holds the other end would signal another program.
  const HEIR = `${ROOT}/bin/heir`;
  copyFileSync(ACT, HEIR);
  for (const [policy, gets] of [
    ['inherit', true],
    ['own', false],
    ['unconfined', false],
  ] as const) {
    const acts = [keep(2, getpid), ...ready('#2').slice(0, 3), `exec,${HEIR}`, call(1)(4, 's:x', 1), getpid];
    const heir = await confined.run(acts, {
      ...WIDE,
      rules: [{ permit: 'exec', path: HEIR, policy }, ...WIDE.rules],
      others: { [HEIR]: WIDE.rules },
    });
    // Whenever something happens, its end too.
    const counted = heir.counts.floor.some((count) => count > 0);
    t.same(
      { signal: heir.signal, after: heir.results.slice(5), counted },
      gets ? { signal: SIGIO, after: [], counted: false } : { signal: null, after: ['ok', 'ok'], counted: true },
      `what it set before an exec: ${policy}`,
    );
  }
  // Set again by one of another policy's version: what was kept of the owner before is forgotten.
  await another('version 1 again', 1);
}

/** Memory, descriptors and fate of others. */
export async function inside(t: Test, checks: Checks): Promise<void> {
  const SEIZE = 0x4206;
  const seize = (pid: string | number): string => call(101)(SEIZE, pid, 0, 0);
  const kcmp = (pid: string | number): readonly string[] => [keep(2, getpid), call(312)('#2', pid, 1, 0, 0)];
  await beside([getpid, 'wait'], 1, async (pid) => {
    const attach = `ptrace ptrace:attach:${ACT}`;
    const read = `ptrace ptrace:read:${ACT}`;
    const ways: Record<string, readonly [acts: readonly string[], event: string]> = {
      ptrace: [[seize(pid)], attach],
      pidfd_getfd: [[keep(1, call(434)(pid, 0)), call(438)('#1', 1, 0)], attach],
      kcmp: [kcmp(pid), read],
      '/proc/PID/mem': [[open(`/proc/${pid}/mem`, O.RDWR)], attach],
    };
    for (const [name, [acts, event]] of Object.entries(ways)) {
      const errno = name === '/proc/PID/mem' ? 'EACCES' : 'EPERM';
      await checks.refused(t, `${name}: refused, whatever the default`, acts, ALL, [event], { ...WIDE, errno });
      const ptrace = event === read ? 'read' : 'attach';
      const rule = { permit: 'ptrace', path: ACT, ptrace };
      await checks.permitted(t, `${name}: permitted`, acts, [...ALL, rule], WIDE);
      const other = { permit: 'ptrace', path: ACT, ptrace: ptrace === 'read' ? 'attach' : 'read' };
      await checks.refused(t, `${name}: not the other way`, acts, [...ALL, other], [event], { ...WIDE, errno });
    }
    await refusedByFloor(t, checks, 'version 1 has no word for it', ['floor ptrace'], [seize(pid)]);
    const complain = { ...WIDE, mode: 'complain' } as const;
    const event = `ptrace ptrace:attach:${ACT}`;
    await checks.refused(t, 'nor does complaining open it', [seize(pid)], ALL, [event], complain);
    const learnt = await checks.confined.run([...kcmp(pid), ...kcmp(pid)], { ...LATER, rules: [], mode: 'learn' });
    t.same(
      { results: learnt.results, events: told(learnt.events).filter((one) => one.startsWith('ptrace')) },
      { results: ['ok', 'ok', 'ok', 'ok'], events: [read] },
      'learned, once',
    );
    await checks.permitted(t, 'what ps looks at', [open(`/proc/${pid}/stat`), open(`/proc/${pid}/maps`)], ALL, WIDE);
    const { gate } = checks.confined;
    const any = { permit: 'ptrace', path: '/***' };
    gate.protection.guard(pid);
    const guarded = await checks.confined.run([seize(pid)], { ...WIDE, rules: [...ALL, any] });
    gate.protection.unguard(pid);
    t.same(
      { results: guarded.results, events: told(guarded.events) },
      { results: ['EPERM'], events: ['floor ptrace'] },
      'a supervisor, whatever a rule says',
    );
    await checks.permitted(t, 'the same process when it is none', [seize(pid)], [...ALL, any], WIDE);
  });
  const like = [keep(1, 'child'), seize('#1'), ...kcmp('#1')];
  await checks.permitted(t, 'one under the same policy takes no rule', like, [], LATER);
  copyFileSync(ACT, COPY);
  const others = { [COPY]: ALL };
  const down = [keep(1, `child,${COPY}`), seize('#1')];
  const event = 'ptrace ptrace:attach:child';
  const child = { permit: 'ptrace', process: 'child', ptrace: 'attach' };
  const program = { permit: 'ptrace', path: '/***' };
  await checks.refused(t, 'a child under another policy: refused', down, [...ALL, program], [event], {
    ...WIDE,
    others,
  });
  await checks.permitted(t, 'a child under another policy: permitted', down, [...ALL, child], { ...WIDE, others });
}
