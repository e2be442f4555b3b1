// SPDX-License-Identifier: GPL-2.0-only
/** Signals to others: by their names, and by who gets them, each really sent. */
import type { Test } from 'tap';
import { call, keep } from './calls.js';
import type { Checks } from './checks.js';
import { ACT, beside, type RuleText, told } from './confined.js';
import { refusedByFloor } from './refused.js';

const LATER = { version: 2 } as const;
const [HUP, TERM, CONT] = [1, 15, 18] as const;
const getpid = call(39)();
const getppid = call(110)();
const kill = (pid: string | number, signal: number): string => call(62)(pid, signal);

export async function signals(t: Test, checks: Checks): Promise<void> {
  const both = async (
    name: string,
    acts: readonly string[],
    missing: RuleText,
    event: string,
    errno = 'EPERM',
  ): Promise<void> => {
    await checks.refused(t, `${name}: refused`, acts, [], [event], { ...LATER, errno });
    await checks.permitted(t, `${name}: permitted`, acts, [missing], { ...LATER, errno });
  };
  // Of a task under no policy, which runs the same file.
  await beside([getpid, 'wait'], 1, async (pid) => {
    const send = [kill(pid, CONT)];
    await both('by program', send, { permit: 'signal', path: ACT, signal: 'CONT' }, `signal signal:CONT:${ACT}`);
    await both('any signal', send, { permit: 'signal', path: '/***' }, `signal signal:CONT:${ACT}`, 'ENOENT');
    await checks.refused(
      t,
      'another signal',
      send,
      [{ permit: 'signal', path: ACT, signal: ['HUP', 'TERM'] }],
      [`signal signal:CONT:${ACT}`],
      LATER,
    );
    await checks.refused(
      t,
      'another program',
      send,
      [
        { permit: 'signal', path: '/bin/act' },
        { permit: 'signal', process: ['child', 'policy'] },
      ],
      [`signal signal:CONT:${ACT}`],
      LATER,
    );
    const never = await checks.confined.run(send, { ...LATER, rules: [], errno: 'ESRCH' });
    t.same(
      { results: never.results, errnum: never.events.map(({ errnum }) => errnum) },
      { results: ['EPERM'], errnum: [1] },
      'never with ESRCH, for which the kernel would try again',
    );
    await checks.permitted(t, 'whether it is there', [kill(pid, 0)], [], LATER);
    await checks.permitted(t, 'version 1 does not govern it', send, []);
    await checks.permitted(t, 'a default opens it', send, [], { ...LATER, default: 'permit' });
    await checks.refused(
      t,
      'whose it is not',
      send,
      [{ permit: 'signal', path: ACT, unless: { owner: 'self' } }],
      [`signal signal:CONT:${ACT}`],
      LATER,
    );
    await checks.permitted(t, 'whose it is', send, [{ permit: 'signal', path: ACT, if: { owner: 'self' } }], LATER);
    const learnt = await checks.confined.run([...send, ...send, kill(pid, 0)], { ...LATER, rules: [], mode: 'learn' });
    t.same(
      {
        results: learnt.results,
        events: told(learnt.events).filter((event) => event.startsWith('signal')),
        learnt: learnt.events.filter((event) => event.learnt).length > 0,
      },
      { results: ['ok', 'ok', 'ok'], events: [`signal signal:CONT:${ACT}`], learnt: true },
      'learned, once',
    );
  });
  await checks.permitted(t, 'to itself', [keep(1, getpid), kill('#1', CONT)], [], LATER);
  // What forks goes on as the child: it signals its parent, which is under the same policy and no child of its.
  const up = ['fork', keep(1, getppid), kill('#1', CONT)];
  await both(
    'under the same policy',
    up,
    { permit: 'signal', process: 'policy', signal: 'CONT' },
    'signal signal:CONT:policy',
  );
  await checks.refused(
    t,
    'a parent is no child',
    up,
    [
      { permit: 'signal', process: 'child' },
      { permit: 'signal', path: '/***' },
    ],
    ['signal signal:CONT:policy'],
    LATER,
  );
  await both(
    'a child',
    [keep(1, 'child'), kill('#1', HUP)],
    { permit: 'signal', process: 'child', signal: ['HUP', 'TERM'] },
    'signal signal:HUP:child',
  );
  await checks.refused(
    t,
    'a child, by another signal',
    [keep(1, 'child'), kill('#1', TERM)],
    [{ permit: 'signal', process: 'child', signal: 'HUP' }],
    ['signal signal:TERM:child'],
    LATER,
  );
  const { gate } = checks.confined;
  gate.protection.guard(process.pid);
  await refusedByFloor(t, checks, 'a supervisor', ['floor signal'], [kill(process.pid, CONT)], LATER);
  const rules = [{ permit: 'signal', path: '/***' }];
  const { results } = await checks.confined.run([kill(process.pid, CONT)], { ...LATER, rules });
  t.same(results, ['EPERM'], 'a supervisor, whatever a rule says');
  gate.protection.unguard(process.pid);
  await checks.permitted(t, 'the same process when it is none', [kill(process.pid, CONT)], rules, LATER);
}
