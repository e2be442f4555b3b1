// SPDX-License-Identifier: GPL-2.0-only
/** Attempts at places: roots taken, file systems mounted and unmounted. */
import { bufferOf } from '../../src/policy/bytes.js';
import type { AccessObject } from '../../src/policy/model.js';
import { type Arranged, detached, hex, type Impossible, SCRATCH, unreachable } from './attempts.js';
import { call, chdir, rmdir } from './calls.js';
import type { Ground, LaterAttempt } from './later-attempts.js';
import { asksFor } from './later-numbers.js';

type Target = Extract<AccessObject, { type: 'target' }>;

const NODEV = 4;
const GONE = `${SCRATCH}/gone`;

/** A folder taken for the root. */
export function chroot(
  { tree, mounts, outsider }: Ground,
  object: Extract<AccessObject, { type: 'path' | 'kind' }>,
  owner: number,
): LaterAttempt | Impossible {
  const begun = (name: string, before: readonly string[], { arrange, ...rest }: Partial<Arranged>): LaterAttempt => ({
    begin: () => {
      arrange?.();
      return { before, act: call(161)(name), ...rest };
    },
    asks: asksFor('sys_chroot'),
    floor: 'chroot',
  });
  if (object.type === 'path') {
    const path = bufferOf(object.path).subarray(1);
    return begun(path.length === 0 ? 's:.' : hex(path), [], { arrange: () => tree.folder(path, owner) });
  }
  switch (object.kind) {
    case 'deleted':
      return begun('s:.', [chdir(GONE), rmdir('../gone')], {
        arrange: () => {
          tree.nothing(GONE);
          tree.folder(GONE, owner);
        },
      });
    case 'detached':
      return begun('s:.', [chdir('.mount')], detached(tree, mounts, 0));
    case 'unreachable':
      return begun('s:.', [chdir('.window/room')], unreachable(tree, mounts, 0));
    case 'foreign':
      return begun(`s:proc/${outsider}/root/tmp`, [], {});
    default:
      return { reason: 'what is no folder is taken for no root' };
  }
}

/** By the number that a case has (enum cg_file_system of bpf/abi/object.h); 0: any other. */
const TYPES: Readonly<Record<number, string>> = {
  ...{ 0: 'mqueue', 1: 'tmpfs', 2: 'ramfs', 5: 'ext4', 8: 'vfat', 9: 'exfat' },
};

interface Mounted {
  readonly type: string;
  readonly source: string;
  readonly flags: number;
  readonly place: Buffer;
}

/** What the case mounts, and where. Of exfat, which it refuses, no disk is needed. */
function mountedOf({ disk }: Ground, { which, who }: Target): Mounted | null {
  const type = TYPES[which];
  if (type === undefined || who.kind !== 'path') return null;
  const source = type === 'ext4' || type === 'vfat' ? disk(type) : 'none';
  return { type, source, flags: which > 2 ? NODEV : 0, place: bufferOf(who.path).subarray(1) };
}

export function mount(ground: Ground, object: Target, owner: number): LaterAttempt | Impossible {
  const mounted = mountedOf(ground, object);
  if (mounted === null) return { reason: `nothing is known that mounts ${object.which}` };
  const { tree, mounts } = ground;
  const { type, source, flags, place } = mounted;
  return {
    begin: () => {
      tree.folder(place, owner);
      return {
        before: [],
        act: call(165)(`s:${source}`, hex(place), `s:${type}`, flags, 's:'),
        end: () => mounts.unmount(tree.at(place)),
      };
    },
    floor: 'mount',
  };
}

export function unmount(ground: Ground, object: Target): LaterAttempt | Impossible {
  const mounted = mountedOf(ground, object);
  if (mounted === null) return { reason: `nothing is known that mounts ${object.which}` };
  const { tree, mounts } = ground;
  const { type, source, flags, place } = mounted;
  const at = tree.at(place);
  return {
    begin: () => {
      tree.folder(place);
      mounts.mount(at, type, source === 'none' ? source : source.replace(/^\.old/, ''), flags);
      return { before: [], act: call(166)(hex(place), 0), end: () => mounts.unmount(at) };
    },
    // Asked for before the hook.
    floor: 'capability CAP_SYS_ADMIN',
  };
}
