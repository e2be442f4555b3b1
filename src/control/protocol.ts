// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is said at a supervisor's control door: the Unix socket `control` in the session's folder (/run/callgate/NAME), 0600.
 * One JSON object a line. A client sends requests and gets an answer to each, in order:
 *
 *   {"v":1,"do":"mode","mode":"complain"}   {"v":1,"ok":true,"answer":{"session":"inetd-1","mode":"complain",...}}
 *   {"v":1,"do":"stop","kill":false}        {"v":1,"ok":true,"answer":{"session":"inetd-1","ended":[...],"signal":"SIGTERM"}}
 *   {"v":1,"do":"reload"}                   {"v":1,"ok":false,"error":{"message":"...","remedy":"...","exit":126}}
 *
 * A request that is none is answered with an error and ends the connection. Fields are added, never changed.
 */
import { z } from 'zod';
import { Failure, messageOf, Refusal } from '../host/failure.js';

/** The socket's name in the session's folder. */
export const DOOR = 'control';
/** Bytes of a line, of a request or an answer, at most. */
export const LINE_MOST = 1 << 20;

const requests = z.discriminatedUnion('do', [
  z.strictObject({ v: z.literal(1), do: z.literal('mode'), mode: z.enum(['enforce', 'complain']) }),
  z.strictObject({ v: z.literal(1), do: z.literal('stop'), kill: z.boolean() }),
  z.strictObject({ v: z.literal(1), do: z.literal('reload') }),
]);

/** What can be asked. */
export type ControlRequest = z.infer<typeof requests>;
export type Verb = ControlRequest['do'];
export type RequestOf<V extends Verb> = Extract<ControlRequest, { do: V }>;

/** What is answered. */
export interface Answers {
  readonly mode: {
    readonly session: string;
    readonly mode: 'enforce' | 'complain';
    /** Mode of each policy before. */
    readonly was: readonly string[];
    /** Programs of the policies that were switched. */
    readonly policies: readonly string[];
  };
  readonly stop: {
    readonly session: string;
    /** Processes that were there and have ended. */
    readonly ended: readonly { readonly pid: number; readonly comm: string }[];
    readonly signal: 'SIGTERM' | 'SIGKILL';
  };
  readonly reload: {
    readonly session: string;
    /** The policies that were new or had changed. */
    readonly taken: readonly { readonly program: string; readonly generation: number }[];
  };
}

/** Who answers. What is thrown is the answer too. */
export type Handlers = { readonly [V in Verb]: (request: RequestOf<V>) => Promise<Answers[V]> };

interface WireError {
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly exit: number;
}

/** Reads a request. Throws a Failure that says what is wrong with it. */
export function readRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Failure(`not a request: ${messageOf(error)}`, undefined, error);
  }
  const read = requests.safeParse(value);
  if (!read.success) throw new Failure(`not a request: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** An answer on its line. */
export function answerLine(answer: unknown): string {
  return `${JSON.stringify({ v: 1, ok: true, answer })}\n`;
}

/** A refusal on its line, with all that a command needs to end as if it had failed itself. */
export function errorLine(error: unknown): string {
  const failure = error instanceof Failure ? error : null;
  const wire: WireError = { message: messageOf(error), remedy: failure?.remedy, exit: failure?.exit ?? 125 };
  return `${JSON.stringify({ v: 1, ok: false, error: wire })}\n`;
}

/** Reads an answer. Throws the Failure that it tells of. */
export function readAnswer<V extends Verb>(line: string): Answers[V] {
  const read = JSON.parse(line) as { ok: true; answer: Answers[V] } | { ok: false; error: WireError };
  if (read.ok) return read.answer;
  const { message, remedy, exit } = read.error;
  throw exit === 126 ? new Refusal(message, remedy) : new Failure(message, remedy);
}
