/** `callgate policy explain`: why an attempt comes to its verdict, for one that a person names or one that an event tells. */

import { loadApplication } from '../application/application.js';
import { digestText } from '../application/compiled.js';
import { onePolicy } from '../application/policies.js';
import type { Surroundings } from '../application/surroundings.js';
import { type Explanation, explain } from '../decide/explain.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import { Failure } from '../host/failure.js';
import type { Access } from '../policy/model.js';
import { refusedElsewhere } from './elsewhere.js';
import { eventsOf, logsOf } from './logs.js';
import { readLog } from './read.js';

export interface Answer {
  readonly explanation: Explanation;
  /** What else refuses it, where callgate permits; empty: nothing that was found. */
  readonly elsewhere: readonly string[];
  /** The event that was asked about; null: the attempt was named. */
  readonly event: EventRecord | null;
  /** The policy is not the one that judged the event. */
  readonly changed: boolean;
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
  const explanation = explain(policy, access);
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere(access) : [];
  return { explanation, elsewhere, event: null, changed: false };
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
  const event = log === undefined ? undefined : eventsOf(log, null).events.find(({ seq }) => seq === Number(number));
  if (log === undefined || event === undefined)
    throw new Failure(`${word}: the log of ${session} has no event ${number}`, `callgate audit denials ${session}`);
  if (event.type === 'floor')
    throw new Failure(
      `${word}: the hard-wired floor refused (${event.reason ?? '?'}), which no policy of version 1 can permit`,
      'run the program without callgate, or do this outside of it',
    );
  const object = readObject(event.object);
  if (object === undefined)
    throw new Failure(`${word}: the object could not be told (${event.reason ?? '?'}), so it was denied and counted`);
  const begun = readLog(log.file).records.find((record) => record.type === 'session') as
    | { folder?: unknown }
    | undefined;
  const folder = typeof begun?.folder === 'string' ? begun.folder : null;
  const loaded = folder === null ? undefined : loadApplication(folder, around);
  const found = loaded?.policies.find(({ policy }) => policy.program === event.policy);
  if (found === undefined)
    throw new Failure(
      `${word}: the policy of ${event.policy} is not in ${folder ?? 'a folder that the log names'} any more`,
    );
  const { uid, gid, owner, operation } = event;
  const access: Access = { operations: operation, object, uid, gid, ...(owner === undefined ? {} : { owner }) };
  const explanation = explain(found.policy, access);
  const elsewhere = explanation.verdict === 'permit' ? refusedElsewhere(access) : [];
  return { explanation, elsewhere, event, changed: digestText(found.policy) !== event.digest };
}
