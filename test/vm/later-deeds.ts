// SPDX-License-Identifier: GPL-2.0-only
/** Attempts at files that change neither mode, owner nor contents: attributes, and requests to devices. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { bufferOf, textOf } from '../../src/policy/bytes.js';
import type { AccessObject, Kind } from '../../src/policy/model.js';
import { type Arranged, type Attempt, detached, hex, type Impossible, SCRATCH, unreachable } from './attempts.js';
import { AT_FDCWD, call, keep, memfd, mknod, mqOpen, mqUnlink, O, open, socket, unlink } from './calls.js';
import type { Acts, Ground, LaterAttempt } from './later-attempts.js';
import { done } from './own-root.js';

type Target = Extract<AccessObject, { type: 'target' }>;

const [TIMES, USER, TRUSTED, FLAGS] = [1, 2, 3, 4] as const;
/** FS_IOC_SETFLAGS, FS_NODUMP_FL (include/uapi/linux/fs.h); TIOCSPTLCK (include/uapi/asm-generic/ioctls.h). */
const [SETFLAGS, NODUMP, UNLOCK] = [0x40086602, 0x40, 0x40045431] as const;
const NOCTTY = 0x100;
const CHARACTERS = 0o20666;
/** The terminal of whoever asks: 5, 0. */
const TTY = 0x500;
const ATTRIBUTES: Readonly<Record<number, string>> = { [USER]: 'user.x', [TRUSTED]: 'trusted.x', 5: 'btrfs.x' };
/** A user who has no capability, so that the kernel asks for none besides. */
const NOBODY = 1000;
/** A folder of the other mount namespace's, on which a file system is mounted that this one has nowhere. */
const ELSEWHERE = '/tmp/elsewhere';
const ioctl = (fd: string, request: number, argument: string | number): string => call(16)(fd, request, argument);

/** A file that is open as #1. */
type Opened = Pick<Attempt, 'before'> & Partial<Arranged>;

export function attribute(ground: Ground, { which, who }: Target, owner: number): LaterAttempt | Impossible {
  const besides = which === TRUSTED ? [{ permit: 'capable', capability: 'sys_admin' }] : [];
  const name = ATTRIBUTES[which];
  if (who.kind === 'path') {
    const path = bufferOf(who.path).subarray(1);
    const begin = (): Acts => {
      ground.tree.something(path, owner);
      if (which === FLAGS)
        return { before: [keep(1, call(2)(hex(path), O.RDONLY))], act: ioctl('#1', SETFLAGS, `w:${NODUMP}`) };
      const act =
        name === undefined
          ? call(280)(AT_FDCWD, hex(path), 'w:1:0:2:0', 0)
          : call(188)(hex(path), `s:${name}`, 's:1', 1, 0);
      return { before: [], act };
    };
    return { begin, besides };
  }
  const kind = who.kind === 'kind' ? who.of : null;
  const opened = kind === null ? null : openedOf(ground, kind, owner);
  if (kind === null || opened === null) return { reason: `no file is known that is ${kind}` };
  // fs/attr.c, fs/xattr.c: the hooks are told a name in a file system. What is in no tree of the subject's is foreign to it.
  if (which !== FLAGS && (kind === 'detached' || kind === 'unreachable'))
    return { reason: 'of who changes times the hooks know no mount' };
  const act =
    which === FLAGS
      ? ioctl('#1', SETFLAGS, `w:${NODUMP}`)
      : which === TIMES
        ? call(280)('#1', 0, 'w:1:0:2:0', 0)
        : call(190)('#1', `s:${name}`, 's:1', 1, 0);
  return { begin: () => begun(opened, act), besides };
}

export function request(ground: Ground, { which, who }: Target, owner: number): LaterAttempt | Impossible {
  const opened =
    who.kind === 'kind'
      ? openedOf(ground, who.of, owner)
      : who.kind === 'path'
        ? (terminalOf(ground, textOf(who.path)) ?? fileOf(ground, bufferOf(who.path).subarray(1), owner))
        : null;
  if (opened === null) return { reason: 'no file is known that is so' };
  return { begin: () => begun(opened, ioctl('#1', which, 'b:64')), as: { uid: NOBODY } };
}

function begun({ arrange, ...rest }: Opened, act: string): Acts {
  arrange?.();
  return { ...rest, act };
}

function fileOf({ tree }: Ground, path: Buffer, owner: number): Opened {
  return { arrange: () => tree.something(path, owner), before: [keep(1, call(2)(hex(path), O.RDONLY))] };
}

/** Terminals: of a devpts that is mounted for one try, so that they are numbered from 0. Null where the path is none of theirs. */
function terminalOf({ tree, mounts }: Ground, path: string): Opened | null {
  const master = (slot: number): readonly string[] => [
    keep(slot, open('dev/pts/ptmx', O.RDWR)),
    ioctl(`#${slot}`, UNLOCK, 'w:0'),
  ];
  const opening: Readonly<Record<string, readonly string[]>> = {
    '/dev/pts/ptmx': [keep(1, open('dev/pts/ptmx', O.RDWR))],
    '/dev/pts/1': [...master(2), ...master(3), keep(1, open('dev/pts/1', O.RDWR | NOCTTY))],
    // In a session of its own, whose terminal the first one becomes.
    '/dev/tty': [call(112)(), ...master(2), open('dev/pts/0', O.RDWR), keep(1, open('dev/tty', O.RDWR))],
  };
  const before = opening[path];
  if (before === undefined) return null;
  return {
    arrange: () => {
      tree.folder('dev/pts');
      tree.nothing('dev/tty');
      done([mknod(`${tree.root}/dev/tty`, CHARACTERS, TTY)]);
      mounts.mount(`${tree.root}/dev/pts`, 'devpts', 'none', 0, 'newinstance,ptmxmode=0666');
    },
    before,
    end: () => {
      mounts.unmount(`${tree.root}/dev/pts`);
      tree.nothing('dev/tty');
    },
  };
}

/** A file of the kind; null where none can be open. */
function openedOf({ tree, mounts, outsider }: Ground, kind: Kind, owner: number): Opened | null {
  switch (kind) {
    case 'memfd':
      return { before: [keep(1, memfd('m'))] };
    case 'tmpfile':
      return { before: [keep(1, call(2)(`s:${SCRATCH}`, O.TMPFILE | O.RDWR, 0o666))] };
    case 'deleted':
      return {
        arrange: () => tree.file(`${SCRATCH}/gone`, owner),
        before: [keep(1, open(`${SCRATCH}/gone`)), unlink(`${SCRATCH}/gone`)],
      };
    case 'pipe':
      // The lowest descriptors that are free; the first is the end that is read.
      return { before: [keep(1, memfd('m')), call(3)('#1'), call(22)('b:8')] };
    case 'socket':
      return { before: [keep(1, socket(2, 2))] };
    case 'anon':
      return { before: [keep(1, call(290)(0, 0))] };
    case 'mqueue':
      return { before: [keep(1, mqOpen('corpus', O.CREAT | O.RDWR))], end: () => done([mqUnlink('corpus')]) };
    case 'detached':
      return { ...detached(tree, mounts, owner), before: [keep(1, open('.mount/file'))] };
    case 'unreachable':
      return { ...unreachable(tree, mounts, owner), before: [keep(1, open('.window/room/file'))] };
    case 'foreign': {
      const [folder, there] = [`/proc/${outsider}/root${ELSEWHERE}`, ['-t', String(outsider), '-m']];
      return {
        arrange: () => {
          mkdirSync(folder, { recursive: true });
          execFileSync('nsenter', [...there, 'mount', '-t', 'tmpfs', 'none', ELSEWHERE]);
          writeFileSync(`${folder}/file`, 'text');
        },
        before: [keep(1, open(`proc/${outsider}/root${ELSEWHERE}/file`))],
        end: () => execFileSync('nsenter', [...there, 'umount', '-l', ELSEWHERE]),
      };
    }
    case 'shm':
      return null;
  }
}
