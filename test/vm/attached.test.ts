// SPDX-License-Identifier: GPL-2.0-only
/** While no subject lives nothing of the gate is hooked anywhere, however its last session ended; and it is kept for the next. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { addon } from '../../src/kernel/addon.js';
import type { Status } from '../../src/session/status.js';
import { Background, callgate, folder, inside } from './callgate.js';
import { eventually } from './client.js';
import { needsLsm } from './machine.js';

t.setTimeout(1_500_000);

const PINS = '/sys/fs/bpf/callgate';

const LOOKS = 50;

/**
 * How many LSM programs are hooked, as the kernel tells; nobody else has any here. bpftool takes one link after the other and fails where one
 * goes meanwhile (EAGAIN, ENOENT): then it looks again.
 */
function hooks(): number {
  let problem = '';
  for (let look = 0; look < LOOKS; look++) {
    const { status, stdout } = spawnSync('bpftool', ['-j', 'link', 'show'], { encoding: 'utf8' });
    const links = stdout === '' ? [] : (JSON.parse(stdout) as { prog_type?: string; error?: string }[]);
    if (status === 0) return links.filter(({ prog_type }) => prog_type === 'lsm').length;
    problem = links.at(-1)?.error ?? `status ${status}`;
    if (!problem.startsWith("can't get link by id")) break;
  }
  throw new Error(`bpftool link show: ${problem}`);
}

/** Identity of the gate that is pinned: another one has other maps. */
function gateId(): number {
  return (
    JSON.parse(
      execFileSync('bpftool', ['-j', 'map', 'show', 'pinned', `${PINS}/maps/sessions`], { encoding: 'utf8' }),
    ) as {
      id: number;
    }
  ).id;
}

function status(): Status {
  return JSON.parse(callgate('status', '--json').stdout) as Status;
}

function watchers(): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'callgate-watch\n';
    } catch {
      return false;
    }
  }).length;
}

t.test('what is hooked', { skip: needsLsm(), timeout: 1_500_000 }, async (t) => {
  const work = folder('attached');
  const fifo = `${work}/go`;
  execFileSync('mkfifo', [fifo]);
  writeFileSync(
    `${work}/usr_bin_cat.yaml`,
    `version: 1\nprogram: /usr/bin/cat\nuse: [libc]\nrules:\n  - permit: read\n    path: ${fifo}\n`,
  );
  const run = ['run', '--policies', work];
  const cat = [...run, '--', '/usr/bin/cat'];
  /** A session whose program waits until it is let go; its supervisor, and its program's pid. */
  const begin = async (...words: string[]): Promise<{ supervisor: Background; pid: number; letGo: () => void }> => {
    const supervisor = new Background(...(words.length === 0 ? run : words), '--', '/usr/bin/cat', fifo);
    await supervisor.until(() => catOf(supervisor) !== null && hooks() > 0);
    const pid = catOf(supervisor) as number;
    return { supervisor, pid, letGo: () => writeFileSync(fifo, 'go\n') };
  };
  const nothing = async (t: Test, how: string): Promise<void> => {
    await eventually(`nothing is hooked: ${how}`, () => hooks() === 0);
    await eventually(`nobody watches: ${how}`, () => watchers() === 0);
    t.pass(how);
  };
  const ALL = { count: 0, gate: 0 };
  const LATER = addon().laterHooks.length;

  await t.test('a session ends, and nothing is hooked; the gate is kept', async (t) => {
    t.equal(hooks(), 0);
    const { supervisor, letGo } = await begin();
    ALL.count = hooks();
    ALL.gate = gateId();
    t.ok(ALL.count > 40, `${ALL.count} hooks`);
    t.equal(watchers(), 1);
    letGo();
    t.equal(await supervisor.ended(), 0, supervisor.output);
    await nothing(t, 'the ordinary way');
    const { gate, sessions } = status();
    t.same([gate?.attached, gate?.programs, sessions], [false, ALL.count + LATER, []]);
    t.match(callgate('status').stdout, /loaded and not attached/);
    t.match(callgate('doctor').stdout, /loaded and not attached/);
    t.equal(gateId(), ALL.gate);
  });

  await t.test('the next one goes on with it, and is held by its policy', async (t) => {
    writeFileSync(`${work}/secret`, 'secret\n');
    const refused = callgate(...cat, `${work}/secret`);
    t.same([refused.status, refused.stdout], [1, '']);
    t.match(refused.stderr, /denied \(EPERM\) read \S+\/secret/);
    const { supervisor, letGo } = await begin();
    t.same([hooks(), gateId()], [ALL.count, ALL.gate]);
    t.equal(status().gate?.attached, true);
    letGo();
    t.equal(await supervisor.ended(), 0);
    t.match(supervisor.output, /^go$/m);
    await nothing(t, 'again');
  });

  await t.test('the supervisor is killed, and later its program ends', async (t) => {
    const { supervisor, pid, letGo } = await begin();
    supervisor.process.kill('SIGKILL');
    await supervisor.ended();
    t.equal(hooks(), ALL.count);
    t.ok(existsSync(`/proc/${pid}`), 'it lives, and is confined');
    t.equal(hooks(), ALL.count, 'and the gate holds');
    letGo();
    await nothing(t, 'by the watcher, and no command');
    t.same(status().sessions, []);
  });

  await t.test('the supervisor is killed when its program has ended', async (t) => {
    const { supervisor, pid } = await begin();
    supervisor.process.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await eventually('the program has ended', () => /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    t.equal(hooks(), ALL.count);
    supervisor.process.kill('SIGKILL');
    await supervisor.ended();
    await nothing(t, 'a crash with no subject left');
  });

  await t.test('stop --kill, with a supervisor and without', async (t) => {
    const attended = await begin();
    t.equal(callgate('stop', 'cat', '--kill').status, 0);
    t.equal(await attended.supervisor.ended(), 137);
    await nothing(t, 'stop --kill');
    const alone = await begin();
    alone.supervisor.process.kill('SIGKILL');
    await alone.supervisor.ended();
    t.equal(callgate('stop', 'cat', '--kill').status, 0);
    await nothing(t, 'stop --kill of a session without supervisor');
  });

  await t.test('two sessions: the last takes it off', async (t) => {
    const first = await begin();
    const second = new Background(...cat, fifo);
    await second.until(() => catOf(second) !== null);
    first.supervisor.process.kill('SIGKILL');
    await first.supervisor.ended();
    process.kill(first.pid, 'SIGKILL');
    await eventually('the first is freed', () => status().sessions.length === 1);
    t.equal(hooks(), ALL.count, 'the other is held');
    writeFileSync(fifo, 'go\n');
    t.equal(await second.ended(), 0);
    await nothing(t, 'two sessions');
  });

  await t.test('a policy of version 2 has more of them on, which go with the others', async (t) => {
    const later = inside(work, 'later');
    writeFileSync(`${later}/usr_bin_cat.yaml`, readFileSync(`${work}/usr_bin_cat.yaml`, 'utf8').replace('1', '2'));
    const first = await begin();
    t.equal(hooks(), ALL.count, 'not yet');
    const second = await begin('run', '--policies', later);
    t.equal(hooks(), ALL.count + LATER);
    second.supervisor.process.kill('SIGKILL');
    await second.supervisor.ended();
    process.kill(first.pid, 'SIGKILL');
    await first.supervisor.ended();
    t.equal(hooks(), ALL.count + LATER, 'as long as anybody is confined');
    process.kill(second.pid, 'SIGKILL');
    await nothing(t, 'version 2');
    const { supervisor, letGo } = await begin();
    t.equal(hooks(), ALL.count, 'and the next session pays for its own only');
    letGo();
    t.equal(await supervisor.ended(), 0);
    await nothing(t, 'version 1 again');
  });

  await t.test('it is unloaded where that is asked for', async (t) => {
    t.equal(gateId(), ALL.gate, 'the same all along');
    const { supervisor, letGo } = await begin(...run, '--unload');
    letGo();
    t.equal(await supervisor.ended(), 0);
    await nothing(t, '--unload');
    t.notOk(existsSync(PINS));
    t.equal(status().gate, null);
    t.equal(callgate(...cat, fifo.replace('go', 'absent')).status, 1);
    t.ok(existsSync(PINS));
    t.equal(callgate('unload', '--all').status, 0);
    t.notOk(existsSync(PINS));
  });
});

/** The pid of the supervisor's program, once it is cat. */
function catOf({ process: { pid } }: Background): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((word) => word !== '');
  const found = children.find((child) => {
    try {
      return readFileSync(`/proc/${child}/comm`, 'utf8') === 'cat\n';
    } catch {
      // The launcher's, between its two forks.
      return false;
    }
  });
  return found === undefined ? null : Number(found);
}
