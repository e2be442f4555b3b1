// SPDX-License-Identifier: GPL-2.0-only
/** Somebody who attends to a run of a test of the hooks, and answers in the kernel's own terms. */
import { objectDescription } from '../../src/decide/text.js';
import { attemptMask } from '../../src/events/attempt.js';
import type { KernelEvent } from '../../src/events/decode.js';
import type { Reply, ReplyKey, Scope } from '../../src/kernel/asking.js';
import { type Confined, type Confinement, type RuleText, type Run, SESSION } from './confined.js';

const FOREVER = (1n << 63n) - 1n;

export type Answer = Partial<Reply> & { readonly scope?: Scope };

/** Answers the questions of a run as they come. */
export class Attendant {
  /** What was asked, in order. */
  readonly asked: string[] = [];
  readonly keys: ReplyKey[] = [];

  constructor(
    private readonly confined: Confined,
    /** Null: no answer, and it goes on all the same. */
    private readonly answer: (event: KernelEvent, asked: number) => Answer | null,
  ) {}

  readonly attend = (): void => this.confined.gate.questions.attend(SESSION, this.confined.cookie, FOREVER);

  readonly heard = (event: KernelEvent): void => {
    if (event.type !== 'question' || event.asked === undefined) return;
    this.asked.push(`${event.decided.join('+')} ${event.object === null ? '?' : objectDescription(event.object)}`);
    const answer = this.answer(event, this.asked.length);
    if (answer !== null) {
      const { scope = 'thread', verdict = 'permit', errnum = 0, expires = 0n } = answer;
      const { cookie, gate } = this.confined;
      const waiting = gate.questions.waiting().find(({ tid }) => tid === event.tid);
      const key: ReplyKey = {
        ...{ cookie, policy: event.policy, generation: event.generation, operations: bitsOf(event.decided), scope },
        object: event.asked,
        task: taskOf(scope, event, waiting?.start ?? 0n),
      };
      this.keys.push(key);
      gate.questions.reply(key, { verdict, errnum, expires });
    }
    continues(event.pid);
  };
}

/** One whose last question was refused may have ended by now. */
function continues(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function bitsOf(operations: KernelEvent['decided']): number {
  return attemptMask(operations);
}

function taskOf(scope: Scope, event: KernelEvent, start: bigint): ReplyKey['task'] {
  switch (scope) {
    case 'thread':
      return { pid: event.tid, start };
    case 'process':
      // One thread: its start is the process's.
      return { pid: event.pid, start };
    case 'policy':
      return { pid: 0, start: 0n };
  }
}

/** A rule that asks. */
export const ask = (operations: string | readonly string[], path: string): RuleText => ({ ask: operations, path });

/** Runs the acts, with what they ask answered. */
export async function asked(
  confined: Confined,
  acts: readonly string[],
  rules: readonly RuleText[],
  answer: (event: KernelEvent, asked: number) => Answer | null,
  rest: Partial<Confinement> = {},
): Promise<{ run: Run; attendant: Attendant }> {
  const attendant = new Attendant(confined, answer);
  const run = await confined.run(acts, { ...rest, rules, heard: attendant.heard, started: attendant.attend });
  return { run, attendant };
}
