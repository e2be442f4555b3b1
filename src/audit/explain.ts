// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy explain`: why an attempt comes to its verdict, for one that a person names or one that an event tells. */

import { loadApplication } from '../application/application.js';
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
import { refusedElsewhere } from './elsewhere.js';
import { eventsOf, logsOf } from './logs.js';

export interface Answer {
  readonly explanation: Explanation;
  /** What else refuses it, where callgate permits; empty: nothing that was found. */
  readonly elsewhere: readonly string[];
  /** The event that was asked about; null: the attempt was named. */
  readonly event: EventRecord | null;
  /** The policy is not the one that judged the event. */
  readonly changed: boolean;
  /** What was named and what is judged in its place: links are followed, 0.0.0.0 is no destination. Null: the same. */
  readonly judged: { readonly named: string; readonly instead: string; readonly why: 'link' | 'destination' } | null;
}

/** Explains an attempt under a policy. */
export function explainAttempt(
  word: string,
  access: Access,
  cwd: string,
  applications: string,
  around: Surroundings,
): Answer {
  const { policy } = onePolicy(word, cwd, applications, around);
  const object = judgedObject(access);
  const explanation = explain(policy, { ...access, object });
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere({ ...access, object }) : [];
  const [named, instead] = [objectDescription(access.object), objectDescription(object)];
  const why = object.type === 'inet' ? 'destination' : 'link';
  const judged = named === instead ? null : ({ named, instead, why } as const);
  return { explanation, elsewhere, event: null, changed: false, judged };
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
 * @throws Failure where there is no such event, or nothing a policy decides
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
  if (event.type === 'floor')
    throw new Failure(
      `${word}: the hard-wired floor refused (${event.reason ?? '?'}), which no policy of version 1 can permit`,
      LATER_WORDS[event.reason ?? ''] ?? 'run the program without callgate, or do this outside of it',
    );
  if (event.type === 'syscall')
    throw new Failure(
      `${word}: the system call ${event.object} (${event.architecture ?? 'x86_64'}) is not in syscalls:, neither of ${event.policy} nor of what it may come to run`,
      event.architecture === 'x86_64'
        ? `add ${event.object} to syscalls: in the policy of ${event.policy}, and start the program anew`
        : 'no policy permits calls of another architecture: run a program of x86_64, or take syscalls: out',
    );
  const object = readObject(event.object);
  if (object === undefined)
    throw new Failure(`${word}: the object could not be told (${event.reason ?? '?'}), so it was denied and counted`);
  const folder = begun?.folder ?? null;
  const loaded = folder === null ? undefined : loadApplication(folder, around);
  const found = loaded?.policies.find(({ policy }) => policy.program === event.policy);
  if (found === undefined)
    throw new Failure(
      `${word}: the policy of ${event.policy} is not in ${folder ?? 'a folder that the log names'} any more`,
    );
  const { uid, gid, owner, operation } = event;
  const access: Access = { operations: operation, object, uid, gid, ...(owner === undefined ? {} : { owner }) };
  const explanation = explain(found.policy, access, true);
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere(access) : [];
  return { explanation, elsewhere, event, changed: digestText(found.policy) !== event.digest, judged: null };
}

/** What a policy of version 2 can say to what the floor refuses. */
const LATER_WORDS: Readonly<Record<string, string>> = {
  chroot: 'write `version: 2` at the head of the policy, and a rule with `permit: chroot`',
  capability: 'write `version: 2` at the head of the policy, and a rule with `permit: capable` (but sys_rawio)',
};

/** What there is instead. Numbers in between may be missing: of repeats, and of what was lost. */
function rangeOf(events: readonly EventRecord[]): string {
  const numbers = events.map(({ seq }) => seq);
  if (numbers.length === 0) return 'it has none';
  // Not by spreading: a log may hold more events than a call takes arguments.
  const first = numbers.reduce((one, other) => Math.min(one, other));
  const last = numbers.reduce((one, other) => Math.max(one, other));
  return first === last ? `it has ${first} alone` : `it has ${numbers.length}, from ${first} to ${last}`;
}
