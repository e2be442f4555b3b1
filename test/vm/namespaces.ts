// SPDX-License-Identifier: GPL-2.0-only
/** Namespaces by kind, each really made or entered. */
import type { Test } from 'tap';
import { call, keep, open, unshare } from './calls.js';
import type { Checks } from './checks.js';
import { ROOT, type RuleText, told } from './confined.js';
import { ALL, EVERYTHING, refusedByFloor } from './refused.js';

/** All that version 1 has words for, and under version 2 all that a default opens. */
const WIDE = { ...EVERYTHING, version: 2 } as const;
/** CLONE_NEW* (include/uapi/linux/sched.h). */
export const FLAGS = {
  mount: 0x20000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
  cgroup: 0x2000000,
  time: 0x80,
} as const;
const ADMIN: RuleText = { permit: 'capable', capability: 'sys_admin' };
const kinds = (...namespace: readonly string[]): RuleText => ({ permit: 'namespace', namespace });
const setns = (fd: string, kind: number): string => call(308)(fd, kind);
const SIGCHLD = 17;
/** The parent goes on when the child has ended, so that what both write is there. */
const CLONE_VFORK = 0x4000;

export async function namespaces(t: Test, checks: Checks): Promise<void> {
  const others = (name: string): string[] => Object.keys(FLAGS).filter((kind) => kind !== name);
  const refused = async (name: string, acts: readonly string[], rules: readonly RuleText[], event: string) =>
    checks.refused(t, `${name}: refused`, acts, [...ALL, ...rules], [event], WIDE);
  const permitted = async (name: string, acts: readonly string[], rules: readonly RuleText[], rest = {}) =>
    checks.permitted(t, `${name}: permitted`, acts, [...ALL, ...rules], { ...WIDE, ...rest });
  for (const [name, flag] of Object.entries(FLAGS)) {
    const acts = [unshare(flag)];
    await refused(name, acts, [], `namespace namespace:${name}`);
    await refused(
      `${name}, by other kinds and the capability`,
      acts,
      [kinds(...others(name)), ADMIN],
      `namespace namespace:${name}`,
    );
    await permitted(name, acts, [kinds(name)]);
  }
  const both = [unshare(FLAGS.net | FLAGS.uts)];
  await refused('two kinds, one of them', both, [kinds('uts')], 'namespace namespace:net');
  await permitted('two kinds', both, [kinds('uts', 'net')]);
  const user = [unshare(FLAGS.user | FLAGS.net)];
  await permitted('by a user', user, [kinds('user', 'net')], { uid: 1000 });
  await checks.refused(t, 'by a user, not user', user, [...ALL, kinds('net')], ['namespace namespace:user'], {
    ...WIDE,
    uid: 1000,
  });
  const old = [`old,310,${FLAGS.net}`];
  await refused('by an i386 call', old, [kinds('uts')], 'namespace namespace:net');
  await permitted('by an i386 call', old, [kinds('net')]);
  const clone = [call(56)(FLAGS.net | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)];
  await refused('clone', clone, [ADMIN], 'namespace namespace:net');
  const cloned = await checks.confined.run(clone, { ...WIDE, rules: [...ALL, kinds('net')] });
  t.same(
    { results: cloned.results, events: told(cloned.events) },
    { results: ['ok', 'ok'], events: [] },
    'clone: permitted, and both go on',
  );
  const clone3 = [call(435)(`w:${FLAGS.net}:0:0:0:${SIGCHLD}:0:0:0`, 64)];
  await refused('clone3, which names it in memory', clone3, [kinds('net')], 'capable capability:sys_admin');
  const enter = (kind: number): readonly string[] => [keep(1, open('/proc/self/ns/net')), setns('#1', kind)];
  // What a file of /proc/PID/ns leads to is in no tree.
  const file = { permit: 'read', kind: 'unreachable' };
  await refused('entered', enter(FLAGS.net), [file, ADMIN], 'namespace namespace:net');
  await permitted('entered', enter(FLAGS.net), [file, kinds('net')]);
  await refused('entered without a kind', enter(0), [file, kinds('net')], 'capable capability:sys_admin');
  await permitted('entered without a kind', enter(0), [file, ADMIN]);
  const lost = [unshare(FLAGS.mount), open('/etc/hostname')];
  await refused('in a mount namespace of its own there is no path', lost, [kinds('mount')], 'read foreign');
  const uts = [unshare(FLAGS.uts), call(188)(`s:${ROOT}/out`, 's:trusted.x', 's:v', 1, 0)];
  await refused('what else takes the capability', uts, [kinds('uts')], 'capable capability:sys_admin');
  const admin = ['floor capability CAP_SYS_ADMIN'];
  await refusedByFloor(t, checks, 'version 1 has no word for it', admin, [unshare(FLAGS.net)]);
  await refusedByFloor(t, checks, 'nor for a user namespace', ['floor namespace'], [unshare(FLAGS.user)]);
  const complain = { version: 2, default: 'permit', mode: 'complain' } as const;
  for (const kind of ['net', 'user'] as const)
    await checks.refused(
      t,
      `complaining opens it not: ${kind}`,
      [unshare(FLAGS[kind])],
      ALL,
      [`namespace namespace:${kind}`],
      complain,
    );
  const learnt = await checks.confined.run([...both, ...both], { version: 2, rules: [], mode: 'learn' });
  t.same(
    { results: learnt.results, events: told(learnt.events).filter((one) => one.startsWith('namespace')) },
    { results: ['ok', 'ok'], events: ['namespace namespace:uts', 'namespace namespace:net'] },
    'learned, each kind once',
  );
}
