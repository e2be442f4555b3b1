// SPDX-License-Identifier: GPL-2.0-only
/** What of this machine a pattern of paths matches. */
import { lstatSync, readdirSync } from 'node:fs';
import { bytesMatch } from '../decide/tokens.js';
import { type Bytes, bufferOf, bytesFrom } from '../policy/bytes.js';
import type { Component, PathPattern } from '../policy/model.js';

/**
 * Objects of this machine that the pattern matches, in the order of their folders.
 *
 * @param most of them, and of names that are looked at
 */
export function existing(pattern: PathPattern, most: number): { objects: Bytes[]; more: boolean } {
  const objects = new Set<Bytes>();
  let steps = 0;
  const { components, self } = pattern;
  const under = (folder: Bytes, name: Bytes): Bytes => `${folder === '/' ? '' : folder}/${name}` as Bytes;
  const all = (folder: Bytes): void => {
    for (const { name, folder: down } of namesIn(folder)) {
      if (++steps > most || objects.size >= most) return;
      const path = under(folder, name);
      objects.add(path);
      if (down) all(path);
    }
  };
  const walk = (folder: Bytes, place: number): void => {
    if (objects.size >= most || steps > most) return;
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
  return { objects: [...objects].sort(), more: objects.size >= most || steps > most };
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

/** Does the component match the name? */
export function fits(component: Component, name: Bytes): boolean {
  switch (component.kind) {
    case 'literal':
      return component.name === name;
    case 'glob':
      return bytesMatch(component.tokens, name);
    case 'deep':
      return true;
  }
}
