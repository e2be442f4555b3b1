// SPDX-License-Identifier: GPL-2.0-only
/**
 * Symbolic links in a policy. The kernel judges what a name resolves to, so a pattern that goes through a link matches
 * nothing: found when a policy is loaded, and told with the path to write instead.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { type Bytes, bufferOf, bytesFrom, readText, textOf } from '../policy/bytes.js';
import type { Component, ObjectPattern, PathPattern, Place, Policy, Rule } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** A pattern that goes through a link. */
export interface LinkedPath {
  readonly place: Place;
  /** As written. */
  readonly written: string;
  /** The link it goes through. */
  readonly link: string;
  /** To write instead; null where the link leads nowhere. */
  readonly instead: string | null;
}

/** How a name is looked up: the target of a link, or null for what is none (or is not there). Tests bring their own. */
export type ReadLink = (path: Bytes) => Bytes | null;

/** Looks on this machine. */
export function systemReadLink(path: Bytes): Bytes | null {
  try {
    const name = bufferOf(path);
    return lstatSync(name).isSymbolicLink() ? bytesFrom(readlinkSync(name, { encoding: 'buffer' })) : null;
  } catch {
    return null;
  }
}

/** Operations that may be meant for a link itself, when it is the last component. The others follow it always. */
const ON_LINKS: readonly Operation[] = ['read', 'create', 'delete', 'link', 'chown', 'stat'];
const LINKS_MAX = 40;

/**
 * The pieces of a policy that go through links: program, interpreter, and the literal beginnings of its paths. Groups are
 * written for many machines and name a file by each of the places it may have; there a link is no mistake.
 */
export function linkedPaths(policy: Policy, readLink: ReadLink): LinkedPath[] {
  const head: Place = { file: policy.file, line: 1, column: 1 };
  const found: LinkedPath[] = [];
  const judge = (components: readonly Component[], whole: boolean, place: Place, written: string): void => {
    const linked = throughLink(components, whole, readLink);
    if (linked === null) return;
    const behind = written.split('/').slice(1 + linked.names);
    const instead = linked.resolved === null ? null : [linked.resolved, ...behind].join('/').replace(/^\/\//, '/');
    found.push({ place, written, link: linked.link, instead });
  };
  for (const program of [policy.program, policy.interpreter])
    if (program !== undefined) judge(literals(program), true, head, program);
  for (const rule of policy.rules.filter(({ group }) => group === undefined))
    for (const object of rule.objects) {
      const pattern = pathOf(object);
      if (pattern !== null) judge(pattern.components, !meansLink(rule, pattern), rule.place, pattern.text);
    }
  return found;
}

/** Operations that are on the name itself: a link at its end is what they are about. */
const ON_NAMES: readonly Operation[] = ['create', 'delete', 'link', 'mknod'];

/**
 * The path that is judged where a person names one: without links, but for one at its end where the name itself is meant.
 * `/proc/self` stays: there the subject's own process is judged. A loop of links stays as it is.
 */
export function judgedPath(path: Bytes, operations: readonly Operation[], readLink: ReadLink): Bytes {
  const names = path.split('/').filter((name) => name !== '') as Bytes[];
  if (names.length === 0 || isOwnProcess(names)) return path;
  if (!operations.some((operation) => ON_NAMES.includes(operation))) return resolve(path, readLink) ?? path;
  const last = names[names.length - 1] as Bytes;
  const folder = resolve(`/${names.slice(0, -1).join('/')}` as Bytes, readLink);
  return folder === null ? path : (`${folder === '/' ? '' : folder}/${last}` as Bytes);
}

/** The subject's own process is judged as such: these two links are the names for it. */
function isOwnProcess(names: readonly Bytes[]): boolean {
  return names[0] === 'proc' && (names[1] === 'self' || names[1] === 'thread-self');
}

function pathOf(object: ObjectPattern): PathPattern | null {
  return object.type === 'path' || object.type === 'unix' ? object.pattern : null;
}

/** Could the rule be about a link that its pattern ends in? */
function meansLink(rule: Rule, pattern: PathPattern): boolean {
  return !pattern.self && rule.operations.some((operation) => ON_LINKS.includes(operation));
}

function literals(path: string): Component[] {
  return path
    .slice(1)
    .split('/')
    .filter((name) => name !== '')
    .map((name) => ({ kind: 'literal', name: readText(name) }));
}

/**
 * The first link on the literal way, what it resolves to (as a pattern), and how many names that way has up to and with
 * the link. `whole`: the last component counts too.
 */
function throughLink(
  components: readonly Component[],
  whole: boolean,
  readLink: ReadLink,
): { link: string; resolved: string | null; names: number } | null {
  const names: Bytes[] = [];
  for (const component of components) {
    if (component.kind !== 'literal') break;
    names.push(component.name);
  }
  const last = names.length === components.length && !whole ? names.length - 1 : names.length;
  if (isOwnProcess(names)) return null;
  let path = '' as Bytes;
  for (let index = 0; index < last; index++) {
    path = `${path}/${names[index]}` as Bytes;
    if (readLink(path) === null) continue;
    // Further links may follow: resolve all that would be looked up, and keep what is behind the literal way as written.
    const way = `/${names.slice(0, last).join('/')}` as Bytes;
    const resolved = resolve(way, readLink);
    return { link: textOf(path), resolved: resolved === null ? null : patternOf(resolved), names: last };
  }
  return null;
}

/** A path as a pattern that matches it alone. */
function patternOf(path: Bytes): string {
  return textOf(path).replace(/[*?[\]{},!]/g, '\\$&');
}

/** The path without links; null for a loop. */
function resolve(path: Bytes, readLink: ReadLink): Bytes | null {
  let names = path.split('/').filter((name) => name !== '') as Bytes[];
  let done = '' as Bytes;
  for (let links = 0; names.length > 0; ) {
    const [name, ...rest] = names as [Bytes, ...Bytes[]];
    names = rest;
    if (name === '.') continue;
    if (name === '..') {
      done = done.slice(0, Math.max(0, done.lastIndexOf('/'))) as Bytes;
      continue;
    }
    const next = `${done}/${name}` as Bytes;
    const target = readLink(next);
    if (target === null) {
      done = next;
      continue;
    }
    if (++links > LINKS_MAX) return null;
    if (target.startsWith('/')) done = '' as Bytes;
    names = [...(target.split('/').filter((part) => part !== '') as Bytes[]), ...names];
  }
  return done === '' ? ('/' as Bytes) : done;
}
