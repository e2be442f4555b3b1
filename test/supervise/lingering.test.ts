// SPDX-License-Identifier: GPL-2.0-only
/** Who is waited for, and who takes no notice of a signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import { processStart } from '../../src/host/proc-stat.js';
import { Gate } from '../../src/kernel/gate.js';
import { Session } from '../../src/session/session.js';
import type { SubjectProcess } from '../../src/session/subjects.js';
import { Deaf, whileWaiting } from '../../src/supervise/lingering.js';
import { fakeHost } from '../session/fake-host.js';

const FACTS = {
  ...({ name: 'd-1', kind: 'run', command: ['d'], folder: '/p', user: null } as const),
  ...{ log: '/dev/null', journal: null, mode: null },
} as const;

/** A shell that has set its traps. */
async function shell(t: Test, trap: string): Promise<SubjectProcess> {
  const child: ChildProcess = spawn('/bin/sh', ['-c', `${trap}; echo set; while :; do sleep 1000; done`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const pid = child.pid as number;
  t.teardown(() => process.kill(-pid, 'SIGKILL'));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return { pid, start: processStart(pid), comm: 'sh' } as SubjectProcess;
}

t.test('who ignores a signal is named, once of each signal', async (t) => {
  const said: string[] = [];
  const deaf = new Deaf('sh-1', (line) => void said.push(line), 0);
  const none = await shell(t, 'true');
  const handles = await shell(t, 'trap : INT');
  await deaf.got([none, handles], 'SIGINT');
  t.same(said, [], 'neither who would end, nor who handles it');
  const one = await shell(t, "trap '' INT");
  await deaf.got([none, one, handles], 'SIGINT');
  await deaf.got([one], 'SIGINT');
  await deaf.got([one], 'SIGTERM');
  t.same(said.splice(0), [`sh (${one.pid}) ignores SIGINT: callgate stop sh-1 --kill ends it`]);
  const two = await shell(t, "trap '' TERM");
  const three = await shell(t, "trap '' TERM");
  await deaf.got([two, three], 'SIGTERM');
  t.same(said.splice(0), [`sh (${two.pid}), sh (${three.pid}) ignore SIGTERM: callgate stop sh-1 --kill ends them`]);
  const last = await shell(t, "trap '' INT");
  const told = deaf.got([last], 'SIGINT');
  deaf.end();
  await told;
  t.same(said, [], 'behind the end of the program something else is said');
});

t.test('for whom it waits is said where it takes longer than a moment', async (t) => {
  const { addon, host } = fakeHost(t);
  const gate = new Gate(addon.load({ directory: host.pins }));
  const session = Session.open(host, gate, FACTS, []);
  const cat = addon.spawn('cat', 1, session.number).pid;
  const said: string[] = [];
  const say = (names: string): void => void said.push(names);
  t.equal(await whileWaiting(Promise.resolve(7), gate, session.number, say, 60_000), 7);
  await t.rejects(whileWaiting(Promise.reject(new Error('no')), gate, session.number, say, 60_000), /^no$/);
  t.same(said, []);
  let end: (value: number) => void = () => undefined;
  const done = new Promise<number>((resolve) => {
    end = resolve;
  });
  const waited = whileWaiting(
    done,
    gate,
    session.number,
    (names) => {
      say(names);
      end(8);
    },
    0,
  );
  t.equal(await waited, 8);
  t.same(said, [`cat (${cat})`]);
  session.free();
});
