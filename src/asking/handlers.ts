// SPDX-License-Identifier: GPL-2.0-only
/** What whoever attends may ask of a session's questions: the requests of src/control/protocol.ts that are about them. */
import type { Answerer } from '../ask/question.js';
import type { Handlers, RequestOf, Visitor } from '../control/protocol.js';
import { messageOf } from '../host/failure.js';
import { Answering } from './answers.js';
import { userName } from './asker.js';
import type { Attendant } from './attendance.js';
import type { Questions } from './questions.js';

export type AskingHandlers = Pick<Handlers, 'watch' | 'answer' | 'retry' | 'kill' | 'undo' | 'permit' | 'weigh'>;

export function askingHandlers(questions: Questions): AskingHandlers {
  const answering = new Answering(questions);
  const { attendance, of } = questions;
  /** Who each connection answers as, where it said so. */
  const named = new WeakMap<object, Answerer>();
  const by = (visitor: Visitor): Answerer => {
    const user = userName(visitor.uid) ?? `user ${visitor.uid}`;
    return named.get(visitor.connection) ?? { what: 'person', name: `${user} (pid ${visitor.pid})` };
  };
  const pose = (): Promise<void> => of.pose(attendance.posture);
  const leave = (attendant: Attendant): void => {
    if (!attendance.remove(attendant)) return;
    if (attendance.size === 0) answering.nobodyLeft();
    pose().catch((error: unknown) => of.problem(`the policies are held as if somebody attended: ${messageOf(error)}`));
  };
  const watch = async ({ ask = false, as }: RequestOf<'watch'>, visitor: Visitor) => {
    if (as !== undefined) named.set(visitor.connection, as);
    const attendant = { by: by(visitor), ask, tell: visitor.tell };
    attendance.add(attendant);
    visitor.onLeave(() => leave(attendant));
    const { questions: waiting, denials, overflowed } = questions.backlog();
    for (const question of waiting) visitor.tell({ v: 1, tell: 'question', question });
    for (const denial of denials) visitor.tell({ v: 1, tell: 'denial', denial });
    if (overflowed > 0) visitor.tell({ v: 1, tell: 'full', denied: overflowed });
    visitor.tell({ v: 1, tell: 'ready' });
    try {
      await pose();
    } catch (error) {
      leave(attendant);
      throw error;
    }
    attendance.served();
    const { name, command, folder } = of.session.state;
    return { session: name, command, folder, attending: attendance.size, ask: attendance.posture.ask };
  };
  return {
    watch,
    answer: ({ v: _v, do: _do, question, ...answer }, visitor) => answering.answer(question, answer, by(visitor)),
    retry: ({ question }) => answering.retry(question),
    kill: ({ question, sure }) => answering.kill(question, sure === true),
    undo: () => answering.undo(),
    permit: (request, visitor) => answering.permit(request, by(visitor)),
    weigh: async (request) => answering.weigh(request),
  };
}
