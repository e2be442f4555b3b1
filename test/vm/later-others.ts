// SPDX-License-Identifier: GPL-2.0-only
/** Attempts at other processes: signals, limits, priorities, looks inside. */
import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { bufferOf } from '../../src/policy/bytes.js';
import type { AccessObject } from '../../src/policy/model.js';
import { type Impossible, SCRATCH } from './attempts.js';
import { call, keep } from './calls.js';
import type { Acts, Ground, LaterAttempt } from './later-attempts.js';
import type { Tree } from './tree.js';

type Target = Extract<AccessObject, { type: 'target' }>;

/** A copy of the program, which has a policy of its own. */
export const OTHER = '.other';

const SIGKILL = 9;
const SIGSTOP = 19;
const SEIZE = 0x4206;
const KCMP_VM = 1;
/** A thread of the kernel's, which runs no program: kthreadd. */
const KERNEL_THREAD = 2;
const getpid = call(39)();
const getppid = call(110)();
/** To have it ignored (SIG_IGN is 1). */
const ignore = (signal: number): string => call(13)(signal, 'w:1:0:0:0', 0, 8);

/** Who gets it, and what is done so that there is such a one. */
interface Whom {
  readonly before: readonly string[];
  readonly pid: string | number;
  readonly end?: () => void;
}

export function toProcess(ground: Ground, object: Target, owner: number): LaterAttempt | Impossible {
  const { act, which, who } = object;
  const deed = deedOf(act, which);
  if ('reason' in deed) return deed;
  const begin = (whom: Whom): Acts => ({
    before: [...whom.before, keep(2, getpid)],
    act: deed.act(whom.pid),
    ...(whom.end === undefined ? {} : { end: whom.end }),
  });
  const { act: _, ...rest } = deed;
  switch (who.kind) {
    case 'process': {
      // Whoever is under the same policy may be looked into.
      const child = { before: [keep(1, act === 'ptrace' ? `child,${OTHER}` : 'child')], pid: '#1' } as const;
      const spared = act === 'signal' && which !== SIGKILL && which !== SIGSTOP ? [ignore(which)] : [];
      const parent = { before: [...spared, 'fork', keep(1, getppid)], pid: '#1' } as const;
      return { ...rest, begin: () => begin(who.process === 'child' ? child : parent) };
    }
    case 'path':
      return { ...rest, begin: () => begin(running(ground.tree, bufferOf(who.path).subarray(1), owner)) };
    case 'kind':
      if (who.of === 'deleted') return { ...rest, begin: () => begin(running(ground.tree, null, owner)) };
      if (who.of === 'unreachable') return { ...rest, begin: () => begin({ before: [], pid: KERNEL_THREAD }) };
      return { reason: `no program is known that is ${who.of}` };
  }
}

/** A process under no policy that runs the program at the path, as the owner; null: one that is there no more. */
function running(tree: Tree, path: Buffer | null, owner: number): Whom {
  const beginning = `${SCRATCH}/run`;
  tree.file(beginning, owner, true);
  // Node returns when the program runs. The folder is entered before the id is set, so that what leads to the root need not let the owner in.
  const child = spawn(`./${beginning}`, ['wait'], { cwd: tree.root, uid: owner, stdio: ['pipe', 'ignore', 'inherit'] });
  if (child.pid === undefined) throw new Error(`nobody runs ${path}`);
  if (path === null) {
    tree.nothing(beginning);
  } else {
    // It moves, so that no name has to be one of Node's.
    tree.file(path);
    renameSync(tree.at(beginning), tree.at(path));
  }
  return {
    before: [],
    pid: child.pid,
    end: () => {
      child.stdin?.destroy();
      child.kill('SIGKILL');
    },
  };
}

type Deed = Omit<LaterAttempt, 'begin'> & { readonly act: (pid: string | number) => string };

function deedOf(act: Target['act'], which: number): Deed | Impossible {
  switch (act) {
    case 'signal':
      // To another's process: who sends it has the effective id 0, which is not enough by itself.
      return { act: (pid) => call(62)(pid, which), besides: [{ permit: 'capable', capability: 'kill' }] };
    case 'limit':
      // Of real-time priorities there is none to begin with, so that more would take a capability.
      return { act: (pid) => call(302)(pid, which, which === 14 ? 'w:0:0' : 'w:4000:4000', 0) };
    case 'priority':
      return priority(which);
    case 'ptrace':
      return which === 1
        ? { act: (pid) => call(312)('#2', pid, KCMP_VM, 0, 0), refused: 'EPERM', floor: 'ptrace' }
        : { act: (pid) => call(101)(SEIZE, pid, 0, 0), floor: 'ptrace' };
    default:
      throw new RangeError(`${act} is not done to a process`);
  }
}

/** nice; io: best effort 4; scheduler: the first processor alone. */
function priority(which: number): Deed | Impossible {
  switch (which) {
    case 1:
      return { act: (pid) => call(141)(0, pid, 1) };
    case 2:
      return { act: (pid) => call(251)(1, pid, (2 << 13) | 4) };
    case 3:
      return { act: (pid) => call(203)(pid, 8, 'w:1') };
    default:
      return { reason: `no call is known that sets the priority ${which}` };
  }
}
