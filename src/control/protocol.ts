// SPDX-License-Identifier: GPL-2.0-only
/**
 * What is said at a supervisor's control door: the Unix socket `control` in the session's folder (/run/callgate/NAME), 0600.
 * One JSON object a line. A client sends requests and gets an answer to each, in order:
 *
 *   {"v":1,"do":"mode","mode":"complain"}   {"v":1,"ok":true,"answer":{"session":"inetd-1","mode":"complain",...}}
 *   {"v":1,"do":"stop","kill":false}        {"v":1,"ok":true,"answer":{"session":"inetd-1","ended":[...],"signal":"SIGTERM"}}
 *   {"v":1,"do":"detach"}                   {"v":1,"ok":true,"answer":{"session":"nginx-1","left":[...]}}
 *   {"v":1,"do":"reload"}                   {"v":1,"ok":false,"error":{"message":"...","remedy":"...","exit":126}}
 *
 * A request that is none is answered with an error and ends the connection. Fields are added, never changed.
 *
 * Whoever says `watch` attends: from then on the connection also brings lines that answer nothing, told apart by `tell`:
 *
 *   {"v":1,"tell":"question","question":{...}}   {"v":1,"tell":"answered","answered":{...}}   {"v":1,"tell":"ended"}
 *
 * docs/control.md has all of it.
 */
import { z } from 'zod';
import { type Answered, type AnsweredNotice, answerFields, type Gone, type Undone } from '../ask/answer.js';
import type { Question, RecentDenial } from '../ask/question.js';
import { Failure, messageOf, Refusal } from '../host/failure.js';

/** The socket's name in the session's folder. */
export const DOOR = 'control';
/** Bytes of a line, of a request or an answer, at most. */
export const LINE_MOST = 1 << 20;

const id = z.number().int().positive();

const requests = z.discriminatedUnion('do', [
  z.strictObject({ v: z.literal(1), do: z.literal('mode'), mode: z.enum(['enforce', 'complain']) }),
  z.strictObject({ v: z.literal(1), do: z.literal('stop'), kill: z.boolean() }),
  z.strictObject({ v: z.literal(1), do: z.literal('detach') }),
  z.strictObject({ v: z.literal(1), do: z.literal('reload') }),
  z.strictObject({
    v: z.literal(1),
    do: z.literal('watch'),
    /** What the policies deny by default is asked, as long as this connection lasts. */
    ask: z.boolean().optional(),
    /** Who answers by it, where that is no person. */
    as: z.strictObject({ what: z.enum(['webhook', 'command']), name: z.string().max(4096) }).optional(),
  }),
  z.strictObject({ v: z.literal(1), do: z.literal('answer'), question: id, ...answerFields }),
  z.strictObject({ v: z.literal(1), do: z.literal('retry'), question: id.optional() }),
  z.strictObject({ v: z.literal(1), do: z.literal('kill'), question: id, sure: z.boolean().optional() }),
  z.strictObject({ v: z.literal(1), do: z.literal('undo') }),
  z.strictObject({
    ...{ v: z.literal(1), do: z.literal('permit'), denial: id },
    ...{ statement: answerFields.statement, sure: answerFields.sure },
  }),
  z.strictObject({ v: z.literal(1), do: z.literal('weigh'), question: id.optional(), denial: id.optional() }),
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
  readonly detach: {
    readonly session: string;
    /** Processes that ran before the session, and what they forked: they run on, under no policy. */
    readonly left: readonly { readonly pid: number; readonly comm: string }[];
  };
  readonly reload: {
    readonly session: string;
    /** The policies that were new or had changed. */
    readonly taken: readonly { readonly program: string; readonly generation: number }[];
  };
  /** All that waits is told, a `question` line each, then `denial` lines, then `ready`: before this, or behind it. */
  readonly watch: {
    readonly session: string;
    readonly command: readonly string[];
    /** Where the policies are. */
    readonly folder: string;
    /** How many attend, this one included. */
    readonly attending: number;
    /** What the policies deny by default is asked. */
    readonly ask: boolean;
  };
  readonly answer: Answered;
  /** The policies were taken in anew, and what waited is judged anew. */
  readonly retry: {
    readonly taken: readonly { readonly program: string; readonly generation: number }[];
    readonly questions: readonly number[];
  };
  readonly kill: { readonly killed: readonly { readonly pid: number; readonly comm: string }[] };
  readonly undo: Undone;
  readonly permit: Permitted;
  /** The same with `grants` and `alike` of its suggestions looked for. */
  readonly weigh: Weighed;
}

/** What is permitted from now on. */
export interface Permitted extends Omit<Answered, 'question'> {
  readonly denial: number;
}

export type Weighed =
  | { readonly question: Question; readonly denial?: undefined }
  | { readonly denial: RecentDenial; readonly question?: undefined };

/** What whoever attends is told unasked. */
export type Notice =
  /** A new question, or a known one (`id`) that has changed: more wait for it. */
  | { readonly v: 1; readonly tell: 'question'; readonly question: Question }
  /** Answered, by whomever: the answers of this connection too. */
  | { readonly v: 1; readonly tell: 'answered'; readonly answered: AnsweredNotice }
  | { readonly v: 1; readonly tell: 'gone'; readonly question: number; readonly why: Gone }
  /** A new denial, or a known one that was refused again. */
  | { readonly v: 1; readonly tell: 'denial'; readonly denial: RecentDenial }
  /** The last answer was taken back, by whomever. */
  | { readonly v: 1; readonly tell: 'undone'; readonly undone: Undone }
  /** All that waited when this connection began to watch has been told. */
  | { readonly v: 1; readonly tell: 'ready' }
  /** More is asked than is kept: so many were denied because of it, so far. */
  | { readonly v: 1; readonly tell: 'full'; readonly denied: number }
  /** Something a person must know of: a policy that is refused, a webhook that gave no answer. */
  | { readonly v: 1; readonly tell: 'problem'; readonly problem: string }
  /** The session is over; nothing follows. */
  | { readonly v: 1; readonly tell: 'ended' };

/** What went wrong, where a program may want to know: */
export type ErrorCode =
  /** There is no such question (any more): it was answered, or it is gone. `message` says by whom. */
  | 'answered'
  /** Say it again with `sure`. `message` says what it would do. */
  | 'unsure'
  /** The statement or the changed policy is none. */
  | 'bad-policy'
  /** There is no answer that could be taken back. */
  | 'nothing';

/** A Failure that has a code of its own. */
export class CodedFailure extends Failure {
  constructor(
    readonly code: ErrorCode,
    message: string,
    remedy?: string,
  ) {
    super(message, remedy);
  }
}

/** Who connected, as the kernel says. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** One connection, as those who answer it see it. */
export interface Visitor extends Peer {
  /** The same for all that it asks. */
  readonly connection: object;
  /** A line that answers nothing. What it does not read is kept within bounds, and beyond them it is cut off. */
  tell(notice: Notice): void;
  /** Called once, when it has gone. */
  onLeave(left: () => void): void;
}

/** Who answers. What is thrown is the answer too. */
export type Handlers = {
  readonly [V in Verb]: (request: RequestOf<V>, visitor: Visitor) => Promise<Answers[V]>;
};

interface WireError {
  readonly message: string;
  readonly code?: ErrorCode | undefined;
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
  const code = error instanceof CodedFailure ? error.code : undefined;
  const wire: WireError = { message: messageOf(error), code, remedy: failure?.remedy, exit: failure?.exit ?? 125 };
  return `${JSON.stringify({ v: 1, ok: false, error: wire })}\n`;
}

/** A line that answers nothing. */
export function noticeLine(notice: Notice): string {
  return `${JSON.stringify(notice)}\n`;
}

/** What a supervisor says on a line: `tell` told apart from the answers. */
export type Said<V extends Verb = Verb> =
  | Notice
  | { readonly ok: true; readonly answer: Answers[V]; readonly tell?: undefined }
  | { readonly ok: false; readonly error: WireError; readonly tell?: undefined };

/** Reads an answer. Throws the Failure that it tells of. */
export function readAnswer<V extends Verb>(line: string): Answers[V] {
  return answerOf<V>(JSON.parse(line) as Exclude<Said<V>, Notice>);
}

/** The answer; throws the Failure where it is one. */
export function answerOf<V extends Verb>(read: Exclude<Said<V>, Notice>): Answers[V] {
  if (read.ok) return read.answer;
  const { message, code, remedy, exit } = read.error;
  if (code !== undefined) throw new CodedFailure(code, message, remedy);
  throw exit === 126 ? new Refusal(message, remedy) : new Failure(message, remedy);
}
