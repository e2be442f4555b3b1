// SPDX-License-Identifier: GPL-2.0-only
/** A process that runs under no policy yet: what decides whether it can be put under one, and what would start it anew. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf, Refusal } from './failure.js';
import { shellWord } from './shell.js';

export interface Running {
  readonly pid: number;
  readonly threads: number;
  /** 0: nobody. */
  readonly tracer: number;
  /** Resolved path of its image; null: a kernel thread, or gone. */
  readonly exe: string | null;
  readonly rings: boolean;
  readonly stopped: boolean;
}

/** Looks at a process. Throws a Refusal where there is none. */
export function lookAt(pid: number): Running {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    return {
      pid,
      threads: Number(field('Threads')),
      tracer: Number(field('TracerPid')),
      exe: exeOf(pid),
      rings: readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === 'anon_inode:[io_uring]'),
      stopped: 'Tt'.includes(field('State')),
    };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ESRCH') throw error;
    throw new Refusal(`${pid}: there is no such process`, 'ps ax', error);
  }
}

/** Resolved path of what a process runs; null: nothing, or it has ended. */
export function exeOf(pid: number): string | null {
  return linkOf(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '') ?? null;
}

/** Can it be put under a policy as it runs? src/supervise/enterable.ts says why not. */
export function isEnterable({ pid, exe, tracer, rings }: Running): boolean {
  return pid !== 1 && exe !== null && tracer === 0 && !rings;
}

/** The same by systrace. src/classic/running.ts says why not. */
export function isTakable(running: Running): boolean {
  return isEnterable(running) && running.threads === 1;
}

/** Words of a command line that are shown; more say no more to a person. */
const WORDS_MOST = 16;

/** What would start it anew, for a shell: its image, with the words it was given, where it has not written something else there. */
export function commandLine({ pid, exe }: Running): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1, -1);
  const shown = words.slice(0, WORDS_MOST).map((word) => shellWord(Buffer.from(word, 'latin1')));
  return [shellWord(exe ?? ''), ...shown, ...(words.length > WORDS_MOST ? ['...'] : [])].join(' ');
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
