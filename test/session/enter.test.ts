// SPDX-License-Identifier: GPL-2.0-only
/** Taking in what runs already, against a native half whose walks find what the test says. */
import t, { type Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import { writeNumber } from '../../src/abi/struct.js';
import { Refusal } from '../../src/host/failure.js';
import { Gate } from '../../src/kernel/gate.js';
import { u64 } from '../../src/kernel/records.js';
import { type Entering, gather, gatherLate, letGo, takeIn } from '../../src/session/enter.js';
import { Session } from '../../src/session/session.js';
import type { FakeAddon, FakeGate, FakeTask } from './fake-addon.js';
import { fakeHost } from './fake-host.js';

const { TASK_FORKS, TASK_RINGS } = NUMBERS;
const POLICY = 3;

interface Scene {
  readonly addon: FakeAddon;
  readonly native: FakeGate;
  readonly gate: Gate;
  readonly session: Session;
}

function setUp(test: Test): Scene {
  const { addon, host } = fakeHost(test);
  const native = addon.load({ directory: host.pins }) as FakeGate;
  const gate = new Gate(native);
  const session = Session.open(
    host,
    gate,
    {
      ...{ name: 'd-1', kind: 'run', command: ['/usr/sbin/d'], folder: '/nowhere', user: null, log: '/dev/null' },
      ...{ journal: null, mode: null },
    },
    [],
  );
  return { addon, native, gate, session };
}

/** A process that runs under no policy. */
function running({ addon }: Scene, comm = 'd'): FakeTask {
  return addon.spawn(comm, 0, 0);
}

function chosen({ pid, start, comm, file }: FakeTask): Entering {
  return { pid, start, comm, exe: { device: 0, inode: file } };
}

/** Nothing is left of an attempt: nobody is to be taken in, and nobody watches. */
function left({ gate, session, native }: Scene): unknown {
  return { entrants: gate.entering.entrants(session.cookie), watching: native.watching };
}

t.test('processes are taken in, and what stays outside is told', async (t) => {
  const scene = setUp(t);
  const { session } = scene;
  const [one, two, child, sharer, stranger] = ['d', 'd', 'child', 'sharer', 'x'].map((comm) => running(scene, comm));
  if (!one || !two || !child || !sharer || !stranger) throw new Error('none');
  child.parent = one.pid;
  sharer.memory = two.memory;
  t.same(await takeIn(session, [chosen(one), chosen(two)], POLICY), {
    threads: 2,
    sharing: [{ pid: sharer.pid, comm: 'sharer' }],
    children: [{ pid: child.pid, comm: 'child' }],
  });
  for (const task of [one, two])
    t.same([task.policy, task.cookie, task.session], [POLICY, session.cookie, session.number]);
  for (const task of [child, sharer, stranger]) t.equal(task.policy, 0);
  t.same(left(scene), { entrants: [], watching: 0 });
});

t.test('a process that has the number by now is not taken in', async (t) => {
  const scene = setUp(t);
  const task = running(scene);
  const before = chosen(task);
  task.start += 5n;
  await t.rejects(takeIn(scene.session, [before], POLICY), { message: /nobody is left of what was to be taken in/ });
  t.equal(task.policy, 0);
});

t.test('walks go on until two in a row find nobody new, and no fork from before is left', async (t) => {
  const scene = setUp(t);
  const { native, session } = scene;
  const task = running(scene);
  task.marks = TASK_FORKS;
  let walks = 0;
  const told: number[] = [];
  native.onEnter = () => {
    walks++;
    if (walks === 6) task.marks = 0;
  };
  await takeIn(session, [chosen(task)], POLICY, (threads) => told.push(threads.length));
  t.equal(walks, 6);
  t.same(told, [1], 'told once');
  walks = 10;
  const other = running(scene);
  await takeIn(session, [chosen(other)], POLICY);
  t.equal(walks, 13, 'one that finds it, two that find nobody');
});

t.test('what cannot be told is refused', async (t) => {
  const scene = setUp(t);
  const { native, session, addon } = scene;
  const attempt = async (change: (task: FakeTask) => void, message: RegExp): Promise<void> => {
    const task = running(scene);
    const before = chosen(task);
    native.onEnter = () => change(task);
    await t.rejects(takeIn(session, [before], POLICY), { message, constructor: Refusal });
    t.same(left(scene), { entrants: [], watching: 0 });
    native.onEnter = () => undefined;
    native.missedForks = 0;
    addon.end(task.pid, 0);
  };
  await attempt(() => {
    native.missedForks = 2;
  }, /2 forks happened that the kernel did not tell of/);
  await attempt((task) => {
    task.marks = TASK_RINGS;
  }, /has an io_uring/);
  await attempt((task) => {
    task.file = 8n;
  }, /became another program while it was taken in/);
  await attempt((task) => {
    task.policy = 9;
    task.cookie = 77n;
  }, /is under a policy of another session/);
  await attempt((task) => {
    task.hidden = true;
  }, /its thread \d+ is under no policy, all the same/);
});

t.test('an exec that was judged is no other program', async (t) => {
  const scene = setUp(t);
  const task = running(scene);
  const before = chosen(task);
  let walks = 0;
  scene.native.onEnter = () => {
    if (++walks !== 2) return;
    task.policy = 4;
    task.file = 8n;
  };
  t.equal((await takeIn(scene.session, [before], POLICY)).threads, 1);
});

t.test('a cgroup: who is in it is taken in, each under the policy of what he runs', async (t) => {
  const scene = setUp(t);
  const { session, gate, native } = scene;
  const [nginx, stranger, outside] = ['nginx', 'sh', 'x'].map((comm) => running(scene, comm));
  if (!nginx || !stranger || !outside) throw new Error('none');
  nginx.member = stranger.member = 12n;
  outside.member = 13n;
  nginx.file = 5n;
  const gathered = { group: 12n, otherwise: 8, files: [{ device: 0, inode: 5n, policy: 9 }] };
  const { threads, members } = await gather(session, gathered);
  t.same(
    { threads, members },
    {
      threads: 2,
      members: [
        { pid: nginx.pid, comm: 'nginx' },
        { pid: stranger.pid, comm: 'sh' },
      ],
    },
  );
  t.same([nginx.policy, stranger.policy, outside.policy], [9, 8, 0]);
  t.equal(native.gathered, true, 'those that come are watched for');
  await letGo(gate, session.number, session.cookie);
  t.same([gate.entering.groups(session.cookie), native.keys('entries'), native.gathered], [[], [], false]);
  t.same([nginx.policy, stranger.policy], [0, 0]);
});

t.test('who came and could not be marked on the spot is marked by a walk', async (t) => {
  const scene = setUp(t);
  const { session, gate, native } = scene;
  await gather(session, { group: 12n, otherwise: 8, files: [] });
  const late = running(scene);
  late.member = 12n;
  let walks = 0;
  native.onEnter = () => walks++;
  t.equal(await gatherLate(session, 0), 0);
  t.equal(walks, 0, 'nobody is missing: nobody is looked for');
  const key = u64(12n);
  const group = Buffer.from(native.lookup('groups', key) ?? []);
  writeNumber(group, 'group', 'failed', 2);
  native.update('groups', key, group);
  t.equal(await gatherLate(session, 0), 2);
  t.equal(late.policy, 8);
  walks = 0;
  t.equal(await gatherLate(session, 2), 2);
  t.equal(walks, 0, 'they are in already');
  await letGo(gate, session.number, session.cookie);
});

t.test('a cgroup, where the kernel cannot', async (t) => {
  const scene = setUp(t);
  const { session, native } = scene;
  const gathered = { group: 12n, otherwise: 8, files: [] };
  const member = running(scene);
  member.member = 12n;
  member.hidden = true;
  await t.rejects(gather(session, gathered), { message: /its thread \d+ is under no policy, all the same/ });
  member.hidden = false;
  member.marks = TASK_RINGS;
  await t.rejects(gather(session, gathered), { message: /has an io_uring/ });
  native.watchGroups = () => {
    throw Object.assign(new Error('none'), { code: 'ENOENT' });
  };
  await t.rejects(gather(session, gathered), { message: /cannot mark all threads at once/, remedy: /--pid/ });
});

t.test('letting go: those of the session, and nobody else', async (t) => {
  const scene = setUp(t);
  const { gate, session, addon } = scene;
  const [one, two] = [running(scene), running(scene)];
  const other = addon.spawn('other', 5, 9);
  await takeIn(session, [chosen(one), chosen(two)], POLICY);
  two.zombie = true;
  t.same(await letGo(gate, session.number, session.cookie), [{ pid: one.pid, comm: 'd' }]);
  t.same([one.policy, two.policy, other.policy], [0, 0, 5]);
  t.equal(session.isOver, true);
});

t.test('a gate of another build is told', async (t) => {
  const scene = setUp(t);
  const task = running(scene);
  scene.native.watchForks = () => {
    throw Object.assign(new Error('none'), { code: 'ENOENT' });
  };
  await t.rejects(takeIn(scene.session, [chosen(task)], POLICY), {
    message: /the gate that is in use is of another build/,
    remedy: /callgate unload --all/,
  });
});
