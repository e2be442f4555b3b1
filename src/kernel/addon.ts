// SPDX-License-Identifier: GPL-2.0-only
/**
 * The native half, as TypeScript sees it. This file is the only one that loads it. All structs cross as buffers in the
 * layout of bpf/abi/, which src/abi/abi.gen.ts (generated from the kernel half's BTF) names field by field.
 *
 * Every call that can fail throws an Error with `code` (an errno name, or one of the codes below), `operation` (what was
 * tried, such as "load" or "attach lsm/file_open"), and, where the verifier refused, `verifier` (its last useful line).
 * Loading the module works on any Linux.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Fills in what `Error` lacks. */
export interface NativeError extends Error {
  readonly code: string;
  readonly operation: string;
  readonly verifier?: string;
}

export interface LoadOptions {
  /** Folder in a bpffs where everything is pinned. */
  readonly directory: string;
}

/** The gate: maps by name, as bpf/abi/abi.h lists them. Closed by `close()`, which never detaches pinned links. */
export interface NativeGate {
  /** Were its hooks on when it was opened? A gate that is kept has them off. */
  readonly attached: boolean;
  /** Are its programs those that this addon would load? */
  readonly same: boolean;
  /** Value size and key size in bytes, and the most entries. Throws ENOENT for an unknown map. */
  describeMap(map: string): { keySize: number; valueSize: number; maxEntries: number; type: number; id: number };
  lookup(map: string, key: Uint8Array): Buffer | null;
  update(map: string, key: Uint8Array, value: Uint8Array): void;
  /** False if there was no such entry. */
  remove(map: string, key: Uint8Array): boolean;
  keys(map: string): Buffer[];
  /** Creates an inner map of the class, fills it, and puts it at `index` of images{class}; replaces what is there. */
  putImage(imageClass: number, index: number, bytes: Uint8Array): void;
  removeImage(imageClass: number, index: number): void;
  /** Reads an image back. Null where there is none. */
  getImage(imageClass: number, index: number): Buffer | null;
  /** Creates a ring buffer of `bytes` (power of two, page multiple) at `index` of `rings`. */
  putRing(index: number, bytes: number): void;
  removeRing(index: number): void;
  /** Creates a hash of `entries` at `index` of `seen`. */
  putSeen(index: number, entries: number): void;
  removeSeen(index: number): void;
  /** All entries of the session's `seen`, as key and value buffers. */
  readSeen(index: number): { key: Buffer; value: Buffer }[];
  /**
   * Calls `deliver` with a batch of whole records, each padded to 8 bytes, back to back in one buffer that is valid only
   * during the call (copy what must stay). Never more than about 1 MiB a call; the event loop runs in between.
   * Holds the event loop open until stopped.
   */
  openRing(index: number, deliver: (batch: Buffer, records: number) => void): NativeRing;
  /** One pass of the task iterator: struct cg_task_record of every subject it met, of one session where `session` is not 0. */
  subjects(session: number): Buffer;
  /** The same of the process whose number the pidfd's process has or had. */
  subjectsOf(pidfd: number): Buffer;
  /**
   * What the kernel knows the file of one of our descriptors as: device (dev_t) and inode. stat(2) answers with those of a
   * layer on overlayfs.
   */
  identify(fd: number): { readonly device: number; readonly inode: bigint };
  /**
   * Sets cg_session.ending (enum cg_fate) of the session in place; false where the number shows another cookie.
   * Session 0: cg_gate.off, 0 or 1.
   */
  endSession(session: number, cookie: bigint, ending: number): boolean;
  /** One pass over all tasks: struct cg_survey_record of each. ENOENT: the gate is of a build that cannot do so; the next three, too. */
  surveyTasks(): Buffer;
  /** The same of the process whose number the pidfd's process has or had. */
  surveyOf(pidfd: number): Buffer;
  /** One pass that makes each thread of the entrants a subject: struct cg_survey_record of each of theirs. */
  enterTasks(): Buffer;
  /**
   * One pass that lets every subject go whose session is being left, begun when all hooks that ran before have ended:
   * struct cg_survey_record of each that was one.
   */
  leaveTasks(): Buffer;
  /**
   * From now on, whoever lives, each that is born into a cgroup of `groups` or moved there is a subject, until `unwatchGroups` is called.
   * ENOENT: this kernel cannot (before 6.7).
   */
  watchGroups(): void;
  unwatchGroups(): void;
  /**
   * From now on, whoever lives, system calls of subjects are looked at as `calls` says of their sessions, until `unwatchCalls`: as they
   * begin, or those that a filter refused.
   */
  watchCalls(which: 'entered' | 'refused'): void;
  unwatchCalls(): void;
  /**
   * From now on, whoever lives, the hooks are on that policies of version 2 alone need, until `detach`. Nothing is done where they are.
   * ENOENT: a gate of no folder.
   */
  attachLater(): void;
  /** From now on each child of an entrant is a subject before it runs, until `close` is called or this process ends. */
  watchForks(): ForkWatch;
  /** Runs the decide program once on a struct cg_trial; returns the struct as it came back. */
  trial(trial: Uint8Array): Buffer;
  /** Runs many structs laid end to end, in place. */
  trials(trials: Uint8Array): Buffer;
  /** The programs that are for hooks, and how often the kernel skipped each because it ran already (recursion_misses). */
  programs(): { name: string; recursionMisses: number }[];
  close(): void;
}

export interface ForkWatch {
  /** Forks that the kernel did not tell of, because it was telling of another one on that processor. */
  missed(): number;
  close(): void;
}

export interface NativeRing {
  /** Drains what is there now, in this call. */
  drain(): void;
  stop(): void;
}

/** A text for the kernel: bytes without a zero; a string is its UTF-8 form. */
export type Text = string | Uint8Array;

/**
 * The child that bin/callgate forked before Node began (launcher/callgate.c), or the process that Node stepped back from, which
 * is nobody's child here. It is as the caller was.
 */
export interface LauncherChild {
  readonly pid: number;
  /** Descriptor of the socket to it; the addon closes it. */
  readonly control: number;
}

export interface LaunchOptions {
  /** The path for exec; no PATH search here. */
  readonly file: Text;
  readonly argv: readonly Text[];
  readonly env: readonly Text[];
  /** The folder to start in; null: the one it stands in. */
  readonly cwd: Text | null;
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
  /** What becomes the program; absent: a child that is forked here, with `stdio` and no other descriptor. */
  readonly held?: LauncherChild;
  /** The child's descriptors 0, 1, 2; that of the launcher has its own. */
  readonly stdio: readonly [number, number, number];
  /** A session (and process group) of its own. */
  readonly detached: boolean;
  /** The seccomp filter that it takes on just before the exec, for good; absent: none. */
  readonly filter?: CallFilter;
}

/** Which system calls exist for a process and all that comes of it. Those of other architectures do not. */
export interface CallFilter {
  /** Numbers of x86_64's calls. execve(2) and exit_group(2) have to be among them. */
  readonly permit: readonly number[];
  /** The errno that the others get; 0: SIGSYS. */
  readonly refused: number;
}

/** A child held before its exec. */
export interface HeldChild {
  readonly pid: number;
  readonly pidfd: number;
  /** Device (kernel's dev_t) and inode of the file that it will run. */
  readonly device: number;
  readonly inode: bigint;
  /** Lets it exec. Resolves when it has; rejects with the exec's errno in `code` (`operation` is seccomp where the filter was refused). */
  release(): Promise<void>;
  /** Ends it without running anything. */
  abandon(): void;
  /**
   * Resolves when it ended, though a tracer may hold what is left of it for a while; call once. Both null: it is no child of
   * this process, and only its parent is told.
   */
  wait(): Promise<{ code: number | null; signal: number | null }>;
}

export interface Addon {
  readonly abiVersion: number;
  /** Programs for hooks that policies of version 2 alone need. */
  readonly laterHooks: readonly string[];
  /** Loads the trial program of the tests (out/bpf/trial.bpf.o): a gate without hooks and pins, of maps and `trials` alone. */
  openTrial(file: string): NativeGate;
  /** Loads a gate: pins and attaches it. EEXIST where pins are in the way. */
  load(options: LoadOptions): NativeGate;
  /**
   * Opens the pins of a gate. ENOENT: there is none. ECANCELED: an incomplete set. EPROTO: another ABI version
   * (`found` in the error, and `attached`).
   */
  adopt(directory: string): NativeGate;
  /** Puts the hooks of a gate on that is pinned without them. Waits for those that are going off. */
  attach(directory: string): void;
  /** Takes the hooks off; programs and maps stay pinned. */
  detach(directory: string): void;
  /** Detaches everything and removes the pins; returns the names of what it removed. */
  unload(directory: string): string[];
  /** Makes the held child a subject: writes the value for its pidfd, and has it counted among the living. EEXIST: it is one. */
  mark(gate: NativeGate, pidfd: number, subject: Uint8Array): void;
  hold(options: LaunchOptions): HeldChild;
  /** A pidfd (CLOEXEC) for any process; ESRCH where there is none. */
  openPidfd(pid: number): number;
  /** Resolves when the process of the pidfd has ended (it may be a zombie still). */
  waitPidfd(pidfd: number): { readonly done: Promise<void>; cancel(): void };
  sendSignal(pidfd: number, signal: number): void;
  closeFd(fd: number): void;
  /**
   * Takes an exclusive lock on the file (created 0600, not following links) and returns what lets go of it. Never waits:
   * EWOULDBLOCK where another has it.
   */
  lock(path: string): () => void;
  /** write(2), never waiting where `fd` is a socket, nor stopped by a terminal with TOSTOP. Returns how many bytes were taken. */
  writeUnstopped(fd: number, bytes: Uint8Array): number;
  /** Another descriptor of the same open file, close-on-exec: it stays where the first is let go of. EBADF: there is none. */
  duplicate(fd: number): number;
  /** Pid and user of the process that connected the Unix socket, as they were then. ESRCH where it has ended, or is of no pid namespace of ours. */
  peer(fd: number): { readonly pid: number; readonly uid: number };
  /**
   * recv(2) that never waits, whatever the socket's other holders set. Returns how many bytes were there, 0 at the end, -1 where there
   * are none now. ENOTSOCK: it is no socket.
   */
  receiveNow(fd: number, bytes: Uint8Array): number;
  /** A descriptor (CLOEXEC) of a Unix datagram socket connected to the path. ENOENT, ECONNREFUSED: nobody listens there. */
  connectDatagram(path: string): number;
  /** Sends a sealed memfd that holds the bytes, as a datagram of nothing else; never waits. */
  sendMemory(fd: number, bytes: Uint8Array): void;
  /** Becomes the reaper of orphaned descendants (PR_SET_CHILD_SUBREAPER). */
  becomeSubreaper(): void;
  /** Reaps ended children that nobody waits for; returns their pids. */
  reapOrphans(): number[];
  /** What this kernel can do; each answer is yes, no with the reason, or unknown with the reason. */
  probe(): Record<string, { answer: 'yes' | 'no' | 'unknown'; detail: string; code?: string }>;
}

const require = createRequire(import.meta.url);
let loaded: Addon | undefined;

/** The native module. Throws an Error naming the build command where it was not built. */
export function addon(): Addon {
  if (loaded === undefined) {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    try {
      // build/Release of a checkout, else prebuilds/ of an installed package.
      loaded = (require('node-gyp-build') as (folder: string) => Addon)(root);
    } catch (cause) {
      const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
      const missing = /libbpf|libseccomp/.test(why);
      const remedy = missing ? 'apt-get install libbpf1 libseccomp2' : `in a checkout, run ./scripts/setup`;
      throw new Error(`the native half of callgate cannot be loaded from ${root} (${why}): ${remedy}`, { cause });
    }
  }
  return loaded;
}
