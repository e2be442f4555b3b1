// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy show --granted`: what each pattern of a policy admits on this machine, beside what was observed. */
import { dirname } from 'node:path';
import type { LoadedPolicy } from '../application/application.js';
import { existing, fits } from '../application/existing.js';
import { decide } from '../decide/decide.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import type { PathPattern, Policy, Rule } from '../policy/model.js';
import { pathText } from '../policy/path.js';
import { allRuns, runsOf } from './runs.js';

/** Objects of one pattern that are looked for; what has more is told as more. */
const OBJECTS_MOST = 10_000;

export interface Granted {
  readonly rule: number;
  readonly line: number;
  readonly verdict: string;
  readonly operations: readonly string[];
  readonly pattern: string;
  /** What is there now and matches, as events print it. */
  readonly objects: readonly string[];
  /** There are more. */
  readonly more: boolean;
  /** Those that runs saw, whether they are there or not. */
  readonly observed: readonly string[];
}

interface Places {
  readonly journals: string;
  readonly policies: string;
}

/** For each pattern of the policy itself that is no plain path. */
export function grantedBy(places: Places, { file, policy }: LoadedPolicy): Granted[] {
  const seen = observedOf(places, file, policy.program);
  return policy.rules
    .filter(({ group, verdict }) => group === undefined && verdict === 'permit')
    .flatMap((rule) =>
      rule.objects.flatMap((object): Granted[] => {
        if (object.type !== 'path' && object.type !== 'unix') return [];
        const { pattern } = object;
        if (!pattern.self && pattern.components.every(({ kind }) => kind === 'literal')) return [];
        const { objects: all, more } = existing(pattern, OBJECTS_MOST);
        const objects = all.filter((path) => !isRefused(policy, rule, object.type, path));
        const observed = seen.filter((path) => matches(pattern, path)).map(textOf);
        return [
          {
            ...{ rule: rule.number, line: rule.place.line, verdict: rule.verdict, operations: rule.operations },
            ...{ pattern: pathText(pattern), objects: objects.map(textOf), more, observed },
          },
        ];
      }),
    );
}

/** Does a denial without conditions, before the rule, refuse all that the rule grants of it? */
function isRefused(policy: Policy, granting: Rule, type: 'path' | 'unix', path: Bytes): boolean {
  return granting.operations.every((operation) => {
    const { rule } = decide(policy, { operations: [operation], object: { type, path }, uid: 0, gid: 0 }).deciding;
    if (rule === null || rule.verdict !== 'deny' || rule.if !== undefined || rule.unless !== undefined) return false;
    return policy.rules.indexOf(rule) < policy.rules.indexOf(granting);
  });
}

/** Paths that runs saw; none where runs cannot be read by the caller, or there are none. */
function observedOf(places: Places, file: string, program: string): Bytes[] {
  const own = runsOf(places, dirname(file));
  const runs = own.length > 0 ? own : allRuns(places);
  const paths = new Set<Bytes>();
  for (const { observations } of runs)
    for (const { program: mine, object, count } of observations.all())
      if (mine === program && count > 0 && (object.type === 'path' || object.type === 'unix')) paths.add(object.path);
  return [...paths].sort();
}

function matches(pattern: PathPattern, path: Bytes): boolean {
  const names = path === '/' ? [] : (path.slice(1).split('/') as Bytes[]);
  let places = new Set([0]);
  const { components, self } = pattern;
  for (const name of names) {
    const next = new Set<number>();
    for (const place of places) {
      const component = components[place];
      if (component === undefined) {
        if (self) next.add(place);
        continue;
      }
      if (component.kind === 'deep') {
        next.add(place);
        if (place + 1 === components.length) next.add(place + 1);
        const after = components[place + 1];
        if (after !== undefined && fits(after, name)) next.add(place + 2);
      } else if (fits(component, name)) next.add(place + 1);
    }
    places = next;
  }
  return places.has(components.length) || (self && [...places].some((place) => place >= components.length));
}

const SHOWN = 5;

/** As a person reads it. */
export function renderGranted(granted: readonly Granted[]): string {
  if (granted.length === 0) return 'no patterns: every object is named';
  return granted
    .flatMap(({ rule, line, operations, pattern, objects, more, observed }) => {
      const there = objects.filter((object) => observed.includes(object)).length;
      const others = objects.filter((object) => !observed.includes(object));
      return [
        `${pattern}  [${operations.join(', ')}, rule ${rule}, line ${line}]`,
        `  ${more ? 'more than ' : ''}${objects.length} there now, ${there} of them observed; ${observed.length} observed in all`,
        ...others.slice(0, SHOWN).map((object) => `  not observed: ${object}`),
        ...(others.length > SHOWN ? [`  and ${others.length - SHOWN} more (--json)`] : []),
      ];
    })
    .join('\n');
}
