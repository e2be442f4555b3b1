// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy show --granted`: what each pattern of a policy admits on this machine, beside what was observed. */
import { lstatSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LoadedPolicy } from '../application/application.js';
import { bytesMatch } from '../decide/tokens.js';
import { type Bytes, bufferOf, bytesFrom, textOf } from '../policy/bytes.js';
import type { Component, PathPattern } from '../policy/model.js';
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
        const { objects, more } = existing(pattern);
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

function fits(component: Component, name: Bytes): boolean {
  switch (component.kind) {
    case 'literal':
      return component.name === name;
    case 'glob':
      return bytesMatch(component.tokens, name);
    case 'deep':
      return true;
  }
}

/** Objects of this machine that the pattern matches, in the order of their folders. */
function existing(pattern: PathPattern): { objects: Bytes[]; more: boolean } {
  const objects = new Set<Bytes>();
  let steps = 0;
  const { components, self } = pattern;
  const under = (folder: Bytes, name: Bytes): Bytes => `${folder === '/' ? '' : folder}/${name}` as Bytes;
  const all = (folder: Bytes): void => {
    for (const { name, folder: down } of namesIn(folder)) {
      if (++steps > OBJECTS_MOST || objects.size >= OBJECTS_MOST) return;
      const path = under(folder, name);
      objects.add(path);
      if (down) all(path);
    }
  };
  const walk = (folder: Bytes, place: number): void => {
    if (objects.size >= OBJECTS_MOST || steps > OBJECTS_MOST) return;
    const component = components[place];
    if (component === undefined) {
      if (isThere(folder)) objects.add(folder);
      if (self) all(folder);
      return;
    }
    if (component.kind === 'literal') {
      const path = under(folder, component.name);
      if (isThere(path)) walk(path, place + 1);
      return;
    }
    if (component.kind === 'deep' && place + 1 === components.length && !self) {
      all(folder);
      return;
    }
    if (component.kind === 'deep') walk(folder, place + 1);
    for (const { name, folder: down } of namesIn(folder)) {
      steps++;
      const path = under(folder, name);
      if (component.kind === 'deep' ? down : fits(component, name))
        walk(path, component.kind === 'deep' ? place : place + 1);
    }
  };
  walk('/' as Bytes, 0);
  return { objects: [...objects].sort(), more: objects.size >= OBJECTS_MOST || steps > OBJECTS_MOST };
}

function isThere(path: Bytes): boolean {
  try {
    lstatSync(bufferOf(path));
    return true;
  } catch {
    return false;
  }
}

function namesIn(folder: Bytes): { name: Bytes; folder: boolean }[] {
  try {
    return readdirSync(bufferOf(folder), { encoding: 'buffer', withFileTypes: true }).map((entry) => ({
      name: bytesFrom(entry.name as unknown as Buffer),
      folder: entry.isDirectory(),
    }));
  } catch {
    return [];
  }
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
