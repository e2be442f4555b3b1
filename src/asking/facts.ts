// SPDX-License-Identifier: GPL-2.0-only
/** What was asked, or refused, with all that is to be told of it. */
import type { LoadedPolicy } from '../application/application.js';
import type { AskingPolicy, AskingRule, Suggestion } from '../ask/question.js';
import { type Asked, type Evidence, type Proposal, proposals } from '../ask/suggest.js';
import { decide } from '../decide/decide.js';
import type { KernelEvent } from '../events/decode.js';
import type { EventRecord } from '../events/record.js';
import type { Access, AccessObject, Rule } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { writeStatement } from '../policy/statement.js';

export interface Facts {
  readonly record: EventRecord;
  /** Number of the policy in the gate. */
  readonly policy: number;
  /** What it is about, where it is not all that was attempted. */
  readonly operations: readonly Operation[];
  /** Null: it could not be told. */
  readonly access: Access | null;
  /** Made when they are asked for. */
  proposals: readonly Proposal[] | null;
  suggestions: readonly Suggestion[] | null;
}

export function factsOf(event: KernelEvent, record: EventRecord): Facts {
  const { policy, decided } = event;
  const operations = decided.length > 0 ? decided : event.operations;
  const access = event.object === null ? null : accessOf(record, operations, event.object);
  return { record, policy, operations, access, proposals: null, suggestions: null };
}

function accessOf({ uid, gid, owner }: EventRecord, operations: readonly Operation[], object: AccessObject): Access {
  return { operations, object, uid, gid, ...(owner === undefined ? {} : { owner }) };
}

/** What generalising goes by; null: nothing can be suggested of this. */
export function askedOf({ record, operations, access }: Facts): Asked | null {
  if (access === null || operations.length === 0) return null;
  const { policy, directory, pid, uid } = record;
  return { program: policy, operations, object: access.object, directory: directory === true, pid, uid };
}

/** Its suggestions; the same ones each time. */
export function suggestionsOf(facts: Facts, evidence: () => Evidence): readonly Suggestion[] {
  if (facts.suggestions !== null) return facts.suggestions;
  const asked = askedOf(facts);
  facts.proposals = asked === null ? [] : proposals(asked, evidence());
  facts.suggestions = facts.proposals.map(({ label, statement, whole }, index) => ({
    ...{ number: index + 1, label, whole, grants: null, alike: null },
    statement: withoutIndent(writeStatement(statement)),
  }));
  return facts.suggestions;
}

function withoutIndent(statement: string): string {
  return statement.trimEnd().replace(/^ {2}/gm, '');
}

export function policyOf({ record }: Facts, loaded: LoadedPolicy | undefined): AskingPolicy {
  return { program: record.policy, file: loaded?.file ?? null };
}

/** The rule that decided, by the policy as it is held. */
export function ruleOf({ record, access }: Facts, loaded: LoadedPolicy | undefined): AskingRule | null {
  if (record.rule === null || loaded === undefined) return null;
  const found =
    loaded.policy.rules.find(({ number, group }) => number === record.rule && group === record.group) ??
    (access === null ? null : decide(loaded.policy, access).deciding.rule);
  return found === null ? null : asRule(found);
}

function asRule({ number, place, group }: Rule): AskingRule {
  return { number, file: place.file, line: place.line, group: group ?? null };
}
