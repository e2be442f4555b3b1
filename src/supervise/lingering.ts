// SPDX-License-Identifier: GPL-2.0-only
/** Who is still there a moment after a signal: said, with what ends them, for whoever waits cannot know for whom. */
import { setTimeout } from 'node:timers/promises';
import { ignores } from '../host/signals.js';
import type { Gate } from '../kernel/gate.js';
import { type SubjectProcess, subjectProcesses } from '../session/subjects.js';

/** Who ends in good order has mostly done so by then. */
export const MOMENT_MS = 2000;

/** `cat (812), sleep (813)`. */
export function namesOf(processes: readonly Pick<SubjectProcess, 'comm' | 'pid'>[]): string {
  if (processes.length === 0) return 'processes that are not to be met, only counted';
  return processes.map(({ comm, pid }) => `${comm} (${pid})`).join(', ');
}

/**
 * Says, if `done` takes longer than a moment, for whom it waits.
 *
 * @param words who they are, to a line
 */
export async function whileWaiting<T>(
  done: Promise<T>,
  gate: Gate,
  session: number,
  say: (names: string) => void,
  moment = MOMENT_MS,
): Promise<T> {
  const over = new AbortController();
  const settled = done.then(
    () => over.abort(),
    () => over.abort(),
  );
  await Promise.race([
    settled,
    setTimeout(moment, undefined, { signal: over.signal, ref: false }).catch(() => undefined),
  ]);
  if (!over.signal.aborted) say(namesOf(subjectProcesses(gate, session)));
  return done;
}

/** Those who take no notice of a signal that was passed on to them. Who handles it (an editor, a shell at its prompt) is no such one. */
export class Deaf {
  readonly #say: (line: string) => void;
  readonly #name: string;
  readonly #moment: number;
  readonly #told = new Set<string>();
  #over = false;

  /** @param name of the session */
  constructor(name: string, say: (line: string) => void, moment = MOMENT_MS) {
    this.#name = name;
    this.#say = say;
    this.#moment = moment;
  }

  /** Says a moment later which of them go on, once of each and of each signal. */
  async got(processes: readonly SubjectProcess[], signal: NodeJS.Signals): Promise<void> {
    const deaf = processes.filter(({ pid }) => ignores(pid, signal));
    if (deaf.length === 0) return;
    await setTimeout(this.#moment, undefined, { ref: false });
    const left = deaf.filter(({ pid, start }) => {
      const key = `${pid} ${start} ${signal}`;
      return !this.#told.has(key) && ignores(pid, signal) && this.#told.add(key);
    });
    if (left.length === 0 || this.#over) return;
    const [verb, them] = left.length === 1 ? ['ignores', 'it'] : ['ignore', 'them'];
    this.#say(`${namesOf(left)} ${verb} ${signal}: callgate stop ${this.#name} --kill ends ${them}`);
  }

  /** The program has ended: of who is left it is said that they run on. */
  end(): void {
    this.#over = true;
  }
}
