// SPDX-License-Identifier: GPL-2.0-only
/**
 * A root folder of a test's own: an empty tmpfs, so that a subject can meet any absolute path. This process stays where it
 * is (its root is the old one, which the new one holds as /.old), and reaches the new root through a descriptor. Network
 * namespace and loopback are its own too, and every address is this machine's.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Mounts } from './attempts.js';
import { call, chdir, chroot, keep, mkdir, mount, O, open, unshare } from './calls.js';

const SELF = 'CALLGATE_TEST_ROOT';
const OUTSIDE = 'CALLGATE_TEST_OUTSIDE';
const PLACE = '/tmp/own-root';
const NEWNS = 0x20000;
const BIND = 4096;
const DETACH = 2;
const NEWNET = 0x40000000;
const RECURSIVELY_PRIVATE = 0x44000;
const ACT = fileURLToPath(new URL('../../../out/test/act', import.meta.url));

/** The new root as this process names it, and a process that is in neither of its namespaces. Null in the process that has none yet. */
export function ownRoot(): { readonly root: string; readonly outsider: number } | null {
  const fd = process.env[SELF];
  return fd === undefined
    ? null
    : { root: `/proc/${process.pid}/fd/${fd}`, outsider: Number(process.env[OUTSIDE] ?? '0') };
}

/** Runs this program's file again in a root of its own, its output as this one's. Resolves with its exit status. */
export async function runInOwnRoot(file: string): Promise<number> {
  execFileSync(fileURLToPath(new URL('../../../scripts/build-test-programs', import.meta.url)));
  mkdirSync(PLACE, { recursive: true });
  const acts = [
    unshare(NEWNS | NEWNET),
    mount('none', '/', 'none', RECURSIVELY_PRIVATE),
    mount('none', PLACE, 'tmpfs', 0, 'mode=755,size=512m'),
    chdir(PLACE),
    mkdir('.old'),
    mkdir('proc'),
    mount('proc', 'proc', 'proc'),
    call(155)('s:.', 's:.old'),
    chdir('/'),
    keep(1, open('/', O.PATH | O.DIRECTORY)),
    // Out of the way of what the next program opens for itself.
    call(33)('#1', 100),
    chroot('.old'),
    chdir('/'),
    `become,${process.execPath},${file}`,
  ];
  const env = { ...process.env, [SELF]: '100', [OUTSIDE]: String(process.pid) };
  const child = spawn(ACT, acts, { stdio: ['ignore', 'pipe', 'inherit'], env });
  // The acts' words come first, one a line; all after them is the tests'.
  let said = '';
  let left = acts.length - 1;
  child.stdout.on('data', (chunk: Buffer) => {
    if (left === 0) process.stdout.write(chunk);
    for (said += left === 0 ? '' : chunk.toString(); left > 0; left--) {
      const end = said.indexOf('\n');
      if (end < 0) return;
      if (said.slice(0, end) !== 'ok')
        throw new Error(`no root of its own: ${acts.at(-1 - left)}: ${said.slice(0, end)}`);
      said = said.slice(end + 1);
    }
    process.stdout.write(said);
    said = '';
  });
  return new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

/** Makes every address this machine's, every port anybody's. To be called in the network namespace of `ownRoot`. */
export function ownAllAddresses(): void {
  const ip = (words: string): unknown => execFileSync('ip', words.split(' '));
  ip('link set lo up');
  ip('route add local 0.0.0.0/0 dev lo');
  ip('-6 route add local ::/0 dev lo');
  const set = (name: string, value: string): void => writeFileSync(`/proc/sys/net/${name}`, value);
  set('ipv4/ip_unprivileged_port_start', '0');
  set('ipv4/ip_nonlocal_bind', '1');
  set('ipv6/ip_nonlocal_bind', '1');
  set('ipv4/ping_group_range', '0 2147483647');
}

const word = (bytes: string | Buffer): string => `x:${Buffer.from(bytes).toString('hex')}`;

/** Mounts and unmounts in the subject's mount namespace, which is this process's. Paths go through the descriptor, so no mount(8). */
export const mountsOutside: Mounts = {
  mount: (at, type = 'tmpfs', source = 'none', flags = 0, data = type === 'tmpfs' ? 'mode=777' : '') =>
    act(call(165)(`s:${source}`, word(at), `s:${type}`, flags, word(data))),
  bind: (folder, at) => act(mount(folder, at, 'none', BIND)),
  /** Lazily: what is held open stays. */
  unmount: (at) => act(call(166)(word(at), DETACH), 'EINVAL'),
};

function act(word: string, besides?: string): void {
  const result = done([word]);
  if (result[0] !== 'ok' && result[0] !== besides) throw new Error(`${word}: ${result.join()}`);
}

/** Has the acts done by no subject; what each came to. */
export function done(acts: readonly string[]): string[] {
  return spawnSync(ACT, acts, { encoding: 'utf8' }).stdout.split('\n').slice(0, -1);
}
