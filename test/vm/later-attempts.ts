// SPDX-License-Identifier: GPL-2.0-only
/** What a process does to make an attempt of the corpus at what version 2 of the language has besides. */
import { objectDescription } from '../../src/decide/text.js';
import type { Access } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { type Impossible, type Mounts, SCRATCH } from './attempts.js';
import { call, setresuid } from './calls.js';
import type { RuleText } from './confined.js';
import { attribute, request } from './later-deeds.js';
import { capable, id, ipc, kernel, namespace } from './later-numbers.js';
import { toProcess } from './later-others.js';
import { chroot, mount, unmount } from './later-places.js';
import type { Tree } from './tree.js';

/** Where attempts are made. */
export interface Ground {
  readonly tree: Tree;
  readonly mounts: Mounts;
  /** A process of another mount namespace. */
  readonly outsider: number;
  /** A disk with this file system on it, as the subject names its device. */
  disk(type: 'ext4' | 'vfat'): string;
}

/** One try: what a process does. */
export interface Acts {
  /** Under the free policy. */
  readonly before: readonly string[];
  /** What is judged. */
  readonly act: string;
  /** Done by others between the two. */
  readonly meanwhile?: () => void;
  /** Done by others when all is over. */
  readonly end?: () => void;
}

/** An attempt as a process makes it. */
export interface LaterAttempt {
  /** Makes what must be there; called before each try. */
  readonly begin: () => Acts;
  /** What the kernel asks for besides, and the case is not about: rules behind the policy's own that permit it. */
  readonly besides?: readonly RuleText[];
  /** What the kernel asks for first, of which the policy may tell. */
  readonly asks?: readonly Pick<Access, 'operations' | 'object'>[];
  /** What the act comes to where it is refused, where the kernel does not hand on the policy's errno. */
  readonly refused?: string;
  /** The floor's event where the policy's version has no word for it. */
  readonly floor?: string;
  /**
   * Effective ids: of the user 0 where absent, so that the kernel lets it come to the hooks. The real ones, which are judged, are the
   * case's, and the saved one of the user is 0.
   */
  readonly as?: { readonly uid?: number; readonly gid?: number };
  /** They are taken before anything else is done, as who has used a ring keeps his. */
  readonly idsFirst?: true;
}

/** The acts for one access, or why there are none. */
export function laterAttemptOf(ground: Ground, access: Access): LaterAttempt | Impossible {
  const made = attemptOf(ground, access);
  if ('reason' in made) return made;
  const { uid, gid } = access;
  const { uid: effective = 0, gid: group = gid } = made.as ?? {};
  const become = [
    ...(gid === 0 && group === 0 ? [] : [call(119)(gid, group, gid)]),
    ...(uid === 0 && effective === 0 ? [] : [setresuid(uid, effective, 0)]),
  ];
  return {
    ...made,
    begin: () => {
      ground.tree.folder(SCRATCH);
      const acts = made.begin();
      return { ...acts, before: made.idsFirst ? [...become, ...acts.before] : [...acts.before, ...become] };
    },
  };
}

function attemptOf(ground: Ground, access: Access): LaterAttempt | Impossible {
  const { object, operations, owner = 0 } = access;
  const operation = operations[0] as Operation;
  switch (object.type) {
    case 'number':
      switch (object.table) {
        case 'capability':
          return capable(ground, objectDescription(object));
        case 'uid':
        case 'gid':
          return id(object.table, object.value, access);
        case 'namespace':
          return namespace(objectDescription(object));
        case 'kernel':
          return kernel(objectDescription(object));
        case 'ipc':
          return ipc(objectDescription(object), access.uid, owner);
      }
      break;
    case 'target':
      switch (object.act) {
        case 'signal':
        case 'limit':
        case 'priority':
        case 'ptrace':
          return toProcess(ground, object, owner);
        case 'mount':
          return mount(ground, object, owner);
        case 'unmount':
          return unmount(ground, object);
        case 'attribute':
          return attribute(ground, object, owner);
        case 'ioctl':
          return request(ground, object, owner);
      }
      break;
    case 'path':
    case 'kind':
      if (operation === 'chroot') return chroot(ground, object, owner);
      break;
    default:
      break;
  }
  throw new RangeError(`${operation} is no operation of version 2 on such an object`);
}
