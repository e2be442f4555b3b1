// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy explain`: why an attempt comes to its verdict, for one that a person names or one that an event tells. */

import { type LoadedPolicy, loadApplication } from '../application/application.js';
import { digestText } from '../application/compiled.js';
import { judgedPath, systemReadLink } from '../application/links.js';
import { onePolicy } from '../application/policies.js';
import type { Surroundings } from '../application/surroundings.js';
import { type Explanation, explain } from '../decide/explain.js';
import { objectDescription } from '../decide/text.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import { Failure } from '../host/failure.js';
import { destinationOf } from '../policy/destination.js';
import type { Access, AccessObject } from '../policy/model.js';
import type { Version } from '../policy/operations.js';
import { refusedElsewhere } from './elsewhere.js';
import { eventsOf, logsOf } from './logs.js';
import { callText, floorRefusal } from './refused.js';

export interface Answer {
  /** Null: no rule of a policy decided the event, but what `refused` says. */
  readonly explanation: Explanation | null;
  /** What refused besides a policy's rules, and what to do. Null: its rules decided. */
  readonly refused: { readonly message: string; readonly remedy: string } | null;
  /** What else refuses it, where callgate permits; empty: nothing that was found. */
  readonly elsewhere: readonly string[];
  /** The event that was asked about; null: the attempt was named. */
  readonly event: EventRecord | null;
  /** The policy is not the one that judged the event. */
  readonly changed: boolean;
  /** What was named and what is judged in its place: links are followed, 0.0.0.0 is no destination. Null: the same. */
  readonly judged: { readonly named: string; readonly instead: string; readonly why: 'link' | 'destination' } | null;
}

/** An answer about an attempt that was named: a policy decides it. */
export interface AttemptAnswer extends Answer {
  readonly explanation: Explanation;
}

/** Explains an attempt under a policy. */
export function explainAttempt(
  word: string,
  access: Access,
  cwd: string,
  applications: string,
  around: Surroundings,
): AttemptAnswer {
  const { policy } = onePolicy(word, cwd, applications, around);
  const object = judgedObject(access);
  const explanation = explain(policy, { ...access, object });
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere({ ...access, object }) : [];
  const [named, instead] = [objectDescription(access.object), objectDescription(object)];
  const why = object.type === 'inet' ? 'destination' : 'link';
  const judged = named === instead ? null : ({ named, instead, why } as const);
  return { explanation, refused: null, elsewhere, event: null, changed: false, judged };
}

/** The object as the kernel has it, where a person names it otherwise. */
function judgedObject({ object, operations }: Access): AccessObject {
  if (object.type === 'path' || object.type === 'unix')
    return { ...object, path: judgedPath(object.path, operations, systemReadLink) };
  return destinationOf(object, operations);
}

/** Is this word an event's: SESSION:SEQ? */
export function isEventId(word: string): boolean {
  return /^[^/:]+:\d+$/.test(word);
}

/**
 * Explains an event from a session's log, by the policy as it is now.
 *
 * @throws Failure where there is no such event, or what it was could not be told
 */
export function explainEvent(word: string, places: { run: string; logs: string }, around: Surroundings): Answer {
  const [session = '', number = ''] = word.split(':');
  const log = logsOf(places, [session]).at(-1);
  const { events, begun } = log === undefined ? { events: [], begun: undefined } : eventsOf(log, null);
  const event = events.find(({ seq }) => seq === Number(number));
  if (log === undefined || event === undefined)
    throw new Failure(
      `${word}: the log of ${log?.session ?? session} has no event ${number}; ${rangeOf(events)}`,
      `callgate audit tail ${log?.session ?? session} --no-follow`,
    );
  const folder = begun?.folder ?? null;
  if (event.type === 'floor') {
    return refusedAs(event, floorRefusal(event.reason ?? '?', event.object, versionOf(folder, event.policy, around)));
  }
  if (event.type === 'syscall') {
    const { architecture = 'x86_64' } = event;
    const message = `the system call ${event.object} (${architecture}) is not in syscalls:, neither of ${event.policy} nor of what it may come to run`;
    return refusedAs(event, { message, remedy: callText(event.object, architecture) });
  }
  const object = readObject(event.object);
  if (object === undefined)
    throw new Failure(`${word}: the object could not be told (${event.reason ?? '?'}), so it was denied and counted`);
  const found = policyIn(folder, event.policy, around);
  if (found === undefined)
    throw new Failure(
      `${word}: the policy of ${event.policy} is not in ${folder ?? 'a folder that the log names'} any more`,
    );
  const { uid, gid, owner, operation } = event;
  const access: Access = { operations: operation, object, uid, gid, ...(owner === undefined ? {} : { owner }) };
  const explanation = explain(found.policy, access, true);
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere(access) : [];
  return {
    explanation,
    refused: null,
    elsewhere,
    event,
    changed: digestText(found.policy) !== event.digest,
    judged: null,
  };
}

function policyIn(folder: string | null, program: string, around: Surroundings): LoadedPolicy | undefined {
  const loaded = folder === null ? undefined : loadApplication(folder, around);
  return loaded?.policies.find(({ policy }) => policy.program === program);
}

/** The version of a program's policy; null where that has gone, or has mistakes by now. */
function versionOf(folder: string | null, program: string, around: Surroundings): Version | null {
  try {
    return policyIn(folder, program, around)?.policy.version ?? null;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function refusedAs(event: EventRecord, refused: NonNullable<Answer['refused']>): Answer {
  return { explanation: null, refused, elsewhere: [], event, changed: false, judged: null };
}

/** What there is instead. Numbers in between may be missing: of repeats, and of what was lost. */
function rangeOf(events: readonly EventRecord[]): string {
  const numbers = events.map(({ seq }) => seq);
  if (numbers.length === 0) return 'it has none';
  // Not by spreading: a log may hold more events than a call takes arguments.
  const first = numbers.reduce((one, other) => Math.min(one, other));
  const last = numbers.reduce((one, other) => Math.max(one, other));
  return first === last ? `it has ${first} alone` : `it has ${numbers.length}, from ${first} to ${last}`;
}
