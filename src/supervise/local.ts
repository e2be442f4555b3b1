// SPDX-License-Identifier: GPL-2.0-only
/** Attending to a session from within its own supervisor: the same requests and notices as at the control door. */
import type { AskingHandlers } from '../asking/handlers.js';
import { type Attached, Inbox } from '../attach/attached.js';
import type { Answers, ControlRequest, RequestOf, Verb, Visitor } from '../control/protocol.js';
import { Failure } from '../host/failure.js';

/** @throws what the handler of `watch` throws */
export async function attendHere(
  handlers: AskingHandlers,
  watch: Omit<RequestOf<'watch'>, 'v' | 'do'>,
): Promise<Attached> {
  const inbox = new Inbox();
  const left: (() => void)[] = [];
  let end = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const visitor: Visitor = {
    ...{ pid: process.pid, uid: process.getuid?.() ?? 0, connection: {} },
    tell: (notice) => {
      inbox.take(notice);
      if (notice.tell === 'ended') end();
    },
    onLeave: (leave) => void left.push(leave),
  };
  const watching = await handlers.watch({ v: 1, do: 'watch', ...watch }, visitor);
  return {
    watching,
    closed,
    request: <V extends Exclude<Verb, 'watch'>>(request: RequestOf<V>) =>
      dispatch(handlers, request, visitor) as Promise<Answers[V]>,
    listen: (hear) => inbox.listen(hear),
    close: () => {
      for (const leave of left.splice(0)) leave();
      end();
    },
  };
}

async function dispatch(handlers: AskingHandlers, request: ControlRequest, visitor: Visitor): Promise<unknown> {
  switch (request.do) {
    case 'answer':
      return handlers.answer(request, visitor);
    case 'retry':
      return handlers.retry(request, visitor);
    case 'kill':
      return handlers.kill(request, visitor);
    case 'undo':
      return handlers.undo(request, visitor);
    case 'permit':
      return handlers.permit(request, visitor);
    case 'weigh':
      return handlers.weigh(request, visitor);
    case 'watch':
    case 'mode':
    case 'stop':
    case 'reload':
      throw new Failure(`${request.do} is not asked from within`);
  }
}
