// SPDX-License-Identifier: GPL-2.0-only
/** Why a rule does not decide an operation, and how near it came. What `explain` shows where the default decided. */
import { isDeed, isPlaced, whichKey, whichName } from '../policy/acts.js';
import { textOf } from '../policy/bytes.js';
import type {
  Access,
  AccessObject,
  FamilyPattern,
  InetPattern,
  ObjectPattern,
  PathPattern,
  Rule,
  TargetPattern,
} from '../policy/model.js';
import { numberText } from '../policy/numbers.js';
import { FILE_OPERATIONS, IMPLIED, type Operation } from '../policy/operations.js';
import { holds } from './condition.js';
import { names } from './cover.js';
import { makesKernelAct, namesInFull } from './kernel-acts.js';
import { namesOf, pathLeadsTo, pathMatches, walk } from './match.js';
import { callerText, conditionText, hostText, objectDescription, patternText } from './text.js';

/** One thing that stands between a rule and an access. */
export type Obstacle =
  | { readonly kind: 'operation'; readonly listed: readonly Operation[] }
  /** Where the path leaves the pattern: the component counted from 1; null is the end of the pattern or of the path. */
  | {
      readonly kind: 'component';
      readonly pattern: string;
      readonly component: number;
      readonly expected: string | null;
      readonly got: string | null;
    }
  | {
      readonly kind: 'object';
      readonly pattern: string;
      readonly what: string;
      readonly expected: string;
      readonly got: string;
    }
  /** The rule reaches a file by which the kernel is made to act, but does not spell it out. */
  | { readonly kind: 'pattern' }
  | {
      readonly kind: 'condition';
      readonly which: 'if' | 'unless';
      readonly condition: string;
      readonly caller: string;
    };

/** A rule that did not decide, with all that stood in the way. */
export interface Miss {
  readonly rule: Rule;
  readonly obstacles: readonly Obstacle[];
}

/** A pattern that does not match, and how much of it does: 0 nothing, nearly 1 all. */
interface Near {
  readonly likeness: number;
  readonly obstacle: Obstacle;
}

/**
 * The rules that come nearest to deciding this operation among those given, at most `most` of them: first those that
 * only their condition holds back, then those that lack the operation, then those whose object is most alike. Rules with
 * nothing in common are not named.
 */
export function nearestMisses(rules: readonly Rule[], operation: Operation, access: Access, most: number): Miss[] {
  return rules
    .flatMap((rule) => missOf(rule, operation, access) ?? [])
    .sort((one, other) => one.distance - other.distance)
    .slice(0, most)
    .map(({ rule, obstacles }) => ({ rule, obstacles }));
}

function missOf(rule: Rule, operation: Operation, access: Access): (Miss & { distance: number }) | null {
  const obstacles: Obstacle[] = [];
  let distance = 0;
  const near = nearestPattern(rule, operation, access.object);
  if (near !== null) {
    if (near.likeness === 0) return null;
    obstacles.push(near.obstacle);
    distance += 2 - near.likeness;
  }
  if (!decides(rule, operation)) {
    obstacles.push({ kind: 'operation', listed: rule.operations });
    distance += 1;
  }
  const { object } = access;
  if (near === null && rule.verdict !== 'deny' && makesKernelAct(operation, object) && !namesInFull(rule, object))
    obstacles.push({ kind: 'pattern' });
  const caller = callerText(access);
  if (rule.if !== undefined && !holds(rule.if, access))
    obstacles.push({ kind: 'condition', which: 'if', condition: conditionText(rule.if), caller });
  if (rule.unless !== undefined && holds(rule.unless, access))
    obstacles.push({ kind: 'condition', which: 'unless', condition: conditionText(rule.unless), caller });
  return obstacles.length === 0 ? null : { rule, obstacles, distance };
}

/** Does the rule decide this operation on some object, by listing or by implying it? */
function decides(rule: Rule, operation: Operation): boolean {
  if (rule.operations.includes(operation)) return true;
  if (rule.verdict !== 'permit') return false;
  return operation === 'stat'
    ? rule.objects.some(({ type }) => type === 'path')
    : rule.operations.some((listed) => IMPLIED[listed]?.includes(operation) === true);
}

/** Null: one of the rule's patterns matches. */
function nearestPattern(rule: Rule, operation: Operation, object: AccessObject): Near | null {
  let best: Near | null = null;
  for (const pattern of rule.objects) {
    if (names(pattern, operation, object)) return null;
    if (rule.verdict === 'permit' && operation === 'stat' && grantsStat(pattern, object)) return null;
    const near = nearness(pattern, operation, object);
    if (best === null || near.likeness > best.likeness) best = near;
  }
  return best;
}

function grantsStat(pattern: ObjectPattern, object: AccessObject): boolean {
  return pattern.type === 'path' && object.type === 'path' && pathLeadsTo(pattern.pattern, object.path);
}

function nearness(pattern: ObjectPattern, operation: Operation, object: AccessObject): Near {
  const differs = (likeness: number, what: string, expected: string, got: string): Near => ({
    likeness,
    obstacle: { kind: 'object', pattern: patternText(pattern), what, expected, got },
  });
  const otherType = differs(0, 'object', pattern.type, object.type);
  if (operation === 'socket') {
    // Only sockets of some relation are near: those of the same family.
    if (pattern.type !== 'family' || object.type !== 'family' || pattern.family !== object.family) return otherType;
    return familyNearness(pattern, object, differs);
  }
  switch (pattern.type) {
    case 'path':
      if (object.type === 'path') return pathNearness(pattern.pattern, object.path, patternText(pattern));
      return object.type === 'unix' && pathMatches(pattern.pattern, object.path)
        ? differs(0.9, 'object', 'a file', 'a unix socket')
        : otherType;
    case 'unix':
      if (object.type === 'unix') return pathNearness(pattern.pattern, object.path, patternText(pattern));
      return object.type === 'path' && pathMatches(pattern.pattern, object.path) && FILE_OPERATIONS.includes(operation)
        ? differs(0.9, 'object', 'a unix socket', 'a file')
        : otherType;
    case 'kind':
      return object.type === 'kind' ? differs(0.1, 'kind', pattern.kind, object.kind) : otherType;
    case 'inet':
      return object.type === 'inet' ? inetNearness(pattern, object, differs) : otherType;
    case 'abstract':
      return object.type === 'abstract'
        ? differs(0.1, 'name', patternText(pattern), `unix:@${textOf(object.name)}`)
        : otherType;
    case 'unnamed':
      return otherType;
    case 'family':
      return object.type === 'family' && object.family === pattern.family
        ? familyNearness(pattern, object, differs)
        : otherType;
    case 'target':
      return object.type === 'target' && object.act === pattern.act
        ? targetNearness(pattern, object, differs)
        : otherType;
    case 'number':
      return object.type === 'number' && object.table === pattern.table
        ? differs(
            0.1,
            pattern.table,
            numberText(pattern),
            numberText({ ...pattern, first: object.value, last: object.value }),
          )
        : otherType;
  }
}

type Differs = (likeness: number, what: string, expected: string, got: string) => Near;

function targetNearness(
  pattern: TargetPattern,
  object: Extract<AccessObject, { type: 'target' }>,
  differs: Differs,
): Near {
  const { act, which } = pattern;
  return which === null || which.includes(object.which)
    ? differs(
        0.5,
        isPlaced(act) ? 'place' : isDeed(act) ? 'file' : 'process',
        patternText(pattern),
        objectDescription(object),
      )
    : differs(0.6, whichKey(act), which.map((one) => whichName(act, one)).join(' or '), whichName(act, object.which));
}

function familyNearness(
  pattern: FamilyPattern,
  object: Extract<AccessObject, { type: 'family' }>,
  differs: Differs,
): Near {
  return pattern.protocol !== null && pattern.protocol !== object.protocol
    ? differs(0.5, 'protocol', String(pattern.protocol), String(object.protocol))
    : differs(0.7, 'kind of socket', String(pattern.kind), String(object.kind));
}

function inetNearness(pattern: InetPattern, object: Extract<AccessObject, { type: 'inet' }>, differs: Differs): Near {
  if (pattern.protocol !== object.protocol) return differs(0.1, 'protocol', pattern.protocol, object.protocol);
  const samePort = object.port >= pattern.ports.first && object.port <= pattern.ports.last;
  const { first, last } = pattern.ports;
  const ports = first === last ? String(first) : `${first}-${last}`;
  const sameHost = names({ ...pattern, ports: { first: 0, last: 65535 } }, 'connect', object);
  if (sameHost) return differs(0.8, 'port', ports, String(object.port));
  // Host and port of the pattern's own text, `tcp:HOST:PORT`.
  return differs(
    samePort ? 0.6 : 0.3,
    'host',
    pattern.text.split(':').slice(1, -1).join(':'),
    hostText(object.address),
  );
}

/** Follows the pattern as far as the path goes along with it. */
function pathNearness(pattern: PathPattern, path: Parameters<typeof namesOf>[0], text: string): Near {
  const pathNames = namesOf(path);
  const { reached, within } = walk(pattern, pathNames);
  let furthest = -1;
  let component = 0;
  within.forEach((places, index) => {
    for (const place of places)
      if (place >= furthest) {
        furthest = place;
        component = index;
      }
  });
  const ends = reached[pattern.components.length] as ReadonlySet<number>;
  const end = ends.size === 0 ? -1 : Math.max(...ends);
  // A pattern used up before the path is: the path goes on below what the rule names.
  const usedUp = end >= furthest;
  const place = usedUp ? end : furthest;
  const got = pathNames[place];
  return {
    likeness: Math.min(0.99, place / Math.max(pathNames.length, pattern.components.length)),
    obstacle: {
      kind: 'component',
      pattern: text,
      component: place + 1,
      expected: usedUp ? null : componentText(pattern, component),
      got: got === undefined ? null : textOf(got),
    },
  };
}

/** A component as the policy's text has it. */
function componentText(pattern: PathPattern, index: number): string {
  const pieces = pattern.text.slice(1).split('/');
  const component = pattern.components[index];
  // Where a variable was put in, text and components differ in number.
  if (pieces.length === pattern.components.length + (pattern.self ? 1 : 0)) return pieces[index] as string;
  return component?.kind === 'literal' ? textOf(component.name) : pattern.text;
}
