// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel half settles by itself, whatever a policy says: mounts over what is kept (bpf/mounts.bpf.c: kept), requests that ask what a
 * thing is (bpf/ioctl.bpf.c: asks_what_it_is), and ptrace of one's like (bpf/inside.bpf.c). It goes by inodes and by kinds of file systems
 * and devices; here paths stand for these, as Debian has them.
 */
import type { Bytes } from './bytes.js';
import { ASKING } from './commands.js';
import { type AccessObject, type Act, CLOSED_KINDS } from './model.js';

/** `root`, `kernel`, `own` and `above`: places. `asking`: of what is no device, or a known one. `alike`: under the same policy. */
export type Reason = 'root' | 'kernel' | 'own' | 'above' | 'asking' | 'alike';

export interface Settled {
  readonly verdict: 'permit' | 'deny';
  readonly reason: Reason;
}

/** proc and sysfs, with cgroups and bpffs on it. */
const KERNEL: readonly string[] = ['/proc', '/sys'];
/** File systems of other kinds that are mounted there. */
const NOT_KERNEL: readonly string[] = [
  ...['/proc/sys/fs/binfmt_misc', '/proc/fs/nfsd', '/sys/kernel/debug', '/sys/kernel/tracing', '/sys/kernel/security'],
  ...['/sys/kernel/config', '/sys/fs/pstore', '/sys/fs/fuse/connections', '/sys/fs/selinux', '/sys/fs/resctrl'],
  '/sys/firmware/efi/efivars',
];
/** callgate's own folders (src/host/host.ts, src/session/protect.ts), and how many levels below each are kept with it. */
export const OWN_FOLDERS: ReadonlyMap<string, number> = new Map([
  ['/run/callgate', 2],
  ['/var/lib/callgate', 1],
  ['/var/log/callgate', 1],
  ['/etc/callgate/policies', 2],
  ['/etc/callgate/groups', 1],
]);
const PLACES: readonly string[] = [...KERNEL, ...NOT_KERNEL, ...OWN_FOLDERS.keys()];

const count = (most: number, name: string): string[] => Array.from({ length: most }, (_, index) => `${name}${index}`);
/** Memory and terminals, by major number (Documentation/admin-guide/devices.txt), and what in /dev is no device. */
const KNOWN_DEVICES: readonly string[] = [
  ...['null', 'zero', 'full', 'random', 'urandom', 'kmsg', 'mem', 'port', 'tty', 'console', 'ptmx'],
  ...[...count(64, 'tty'), ...count(32, 'ttyS'), 'pts', 'shm', 'mqueue', 'hugepages'],
].map((name) => `/dev/${name}`);

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Why nothing is mounted at a place, nor unmounted from it; null: a policy may say so. */
export function keptPlace(path: Bytes): Exclude<Reason, 'asking' | 'alike'> | null {
  if (path === '/') return 'root';
  if (NOT_KERNEL.some((folder) => within(path, folder))) return null;
  if (KERNEL.some((folder) => within(path, folder))) return 'kernel';
  for (const [folder, levels] of OWN_FOLDERS) {
    if (path !== folder && within(folder, path)) return 'above';
    if (within(path, folder) && levelsBelow(path, folder) <= levels) return 'own';
  }
  return null;
}

function levelsBelow(path: string, folder: string): number {
  return path.slice(folder.length).split('/').length - 1;
}

/** Is there no device at the path, or one whose driver is known? Devices elsewhere than in /dev are not told by a path. */
function isKnownDevice(path: Bytes): boolean {
  return path === '/dev' || !within(path, '/dev') || KNOWN_DEVICES.some((one) => within(path, one));
}

/** What the kernel half settles of an attempt on this object; null: the policy decides. */
export function settledOf(object: AccessObject): Settled | null {
  if (object.type !== 'target') return null;
  const { act, which, who } = object;
  switch (act) {
    case 'ptrace':
      return who.kind === 'process' && who.process === 'policy' ? { verdict: 'permit', reason: 'alike' } : null;
    case 'mount':
    case 'unmount': {
      const reason = who.kind === 'path' ? keptPlace(who.path) : null;
      return reason === null ? null : { verdict: 'deny', reason };
    }
    case 'ioctl': {
      if (!ASKING.includes(which) || who.kind === 'process') return null;
      const known = who.kind === 'path' ? isKnownDevice(who.path) : !CLOSED_KINDS.includes(who.of);
      return known ? { verdict: 'permit', reason: 'asking' } : null;
    }
    case 'signal':
    case 'limit':
    case 'priority':
    case 'attribute':
      return null;
  }
}

/** Names in a folder at which what is settled of the act is another than beside them, for whoever walks over all paths. */
export function namesSettled(act: Act, folder: Bytes): string[] {
  const before = folder === '/' ? '/' : `${folder}/`;
  const all = act === 'ioctl' ? KNOWN_DEVICES : act === 'mount' || act === 'unmount' ? PLACES : [];
  const below = all.filter((path) => path.startsWith(before));
  return [...new Set(below.map((path) => path.slice(before.length).split('/')[0] as string))];
}

/**
 * The stretch of paths that a name of a folder leads to, from the folder's own; that of the root is `/`. Two paths of one stretch are
 * settled alike, and all below them.
 */
export function stretchBelow(act: Act, stretch: string, name: Bytes): string {
  if (!stretch.startsWith('/')) {
    const [, levels] = /^own (\d+)$/.exec(stretch) ?? [];
    if (levels === undefined) return stretch;
    return levels === '0' ? 'open' : `own ${Number(levels) - 1}`;
  }
  const path = `${stretch === '/' ? '' : stretch}/${name}` as Bytes;
  if (namesSettled(act, path).length > 0) return path;
  if (act === 'ioctl') return isKnownDevice(path) ? 'known' : 'asked';
  const levels = OWN_FOLDERS.get(path);
  if (levels !== undefined) return `own ${levels}`;
  return keptPlace(path) === null ? 'open' : 'kept';
}
