// SPDX-License-Identifier: GPL-2.0-only
/** A program that is to begin once somebody attends: it does, or it is called off. */
import t from 'tap';
import type { Session } from '../../src/session/session.js';
import { awaiting, type Ended } from '../../src/supervise/foreground.js';

/** What became of it, and whether it had begun before the end came. */
async function outcome(somebody: Promise<boolean>, meanwhile: () => void = () => undefined): Promise<unknown> {
  let begun = false;
  const origin = {
    name: 'd',
    enter: async () => {
      begun = true;
      return { ended: Promise.resolve<Ended>({ code: 7, signal: null }) };
    },
  };
  const entered = awaiting(origin, somebody).enter({} as Session);
  meanwhile();
  const { ended } = await entered;
  return [begun, await ended];
}

t.test('it begins once somebody attends', async (t) => {
  const before = process.listenerCount('SIGHUP');
  t.same(await outcome(Promise.resolve(true)), [true, { code: 7, signal: null }]);
  let come = (): void => undefined;
  const later = new Promise<boolean>((resolve) => {
    come = () => resolve(true);
  });
  t.same(await outcome(later, come), [true, { code: 7, signal: null }]);
  t.equal(process.listenerCount('SIGHUP'), before, 'and signals are its own from then on');
});

t.test('a signal, or the end of the session, calls it off', async (t) => {
  const before = process.listenerCount('SIGHUP');
  const never = new Promise<boolean>(() => undefined);
  t.same(await outcome(never, () => void process.emit('SIGHUP', 'SIGHUP')), [false, { code: null, signal: 1 }]);
  t.same(await outcome(Promise.resolve(false)), [false, { code: null, signal: 15 }]);
  t.equal(process.listenerCount('SIGHUP'), before);
});
