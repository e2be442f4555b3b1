// SPDX-License-Identifier: GPL-2.0-only
/**
 * Names that hold the host's: `callgate-vm.lower-test`, which mariadbd makes, and GnuPG's locks. On another host they are others, `${HOST}`
 * in a policy. It stands for the one name of the host where the policy is read, so it admits nothing besides.
 */
import { bytesOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Statement } from '../policy/statement.js';
import type { Evidence } from './evidence.js';
import type { LearnInput } from './input.js';
import { renamed } from './renamed.js';
import type { Run } from './run.js';
import { namesOf } from './texts.js';
import type { Written } from './written.js';

/** What every host may be called says nothing. */
const NOBODY = /^(?:localhost|.)?$/;

/** The name that `${HOST}` stands for, where runs say that they were of a host; null: it is not written. */
export function hostOf({ runs, around }: Pick<LearnInput, 'runs' | 'around'>): string | null {
  const here = around.variable('HOST');
  if (here === null || NOBODY.test(here)) return null;
  return runs.some(({ header }) => header.host !== undefined) ? here : null;
}

/** The runs as if all had been on one host. */
export function onOneHost(runs: readonly Run[], here: string): Run[] {
  return runs.map((run) => {
    const { host } = run.header;
    return host === undefined || host === here || NOBODY.test(host) ? run : moved(run, wordOf(host), here);
  });
}

/** As a word of a name: `host.lock`, and not `hostname.lock`, `the-host` or `host-1`. */
function wordOf(host: string): RegExp {
  return new RegExp(`(?<![0-9A-Za-z_-])${host.replace(/[^0-9A-Za-z]/g, '\\$&')}(?![0-9A-Za-z_-])`, 'g');
}

/** What programs of the run made under names that hold the old host's gets the new one's. */
function moved({ header, observations }: Run, word: RegExp, here: string): Run {
  const made = new Set<string>();
  for (const { operation, object } of observations.all())
    if ((operation === 'create' || operation === 'bind') && (object.type === 'path' || object.type === 'unix'))
      made.add(object.path);
  const path = <P extends string>(one: P): P => {
    if (!one.startsWith('/')) return one;
    let at = '';
    let text = '';
    for (const name of one.slice(1).split('/')) {
      at += `/${name}`;
      text += `/${made.has(at) ? name.replace(word, () => bytesOf(here)) : name}`;
    }
    return (text === '' ? one : text) as P;
  };
  return { header, observations: renamed(observations, path) };
}

/**
 * Patterns, up to a name that a program of the application made and that holds the host's.
 *
 * @param written how observations are written down
 */
export function hostsNames(written: readonly Written[], evidence: Evidence, here: string): ReadonlySet<string> {
  const word = wordOf(here);
  const found = new Set<string>();
  for (const { observation, text, key } of written) {
    const { object } = observation;
    if (object.type !== 'path' && object.type !== 'unix') continue;
    const names = namesOf(object.path);
    if (!names.some((name) => name.search(word) >= 0)) continue;
    const sighting = evidence.sighting(observation, names);
    const parts = partsOf(key === 'address' ? text.slice('unix:'.length) : text);
    names.forEach((name, index) => {
      const part = parts[index];
      if (part === undefined || name.search(word) < 0 || part.search(wordOf(literalText(bytesOf(here)))) < 0) return;
      if (sighting.made(index)) found.add(`/${parts.slice(0, index + 1).join('/')}`);
    });
  }
  return found;
}

/** A statement with `${HOST}` in those names. */
export function withHost(statement: Statement, names: ReadonlySet<string>, here: string): Statement {
  if (names.size === 0 || (statement.key !== 'path' && statement.key !== 'address')) return statement;
  const word = wordOf(literalText(bytesOf(here)));
  const objects = statement.objects.map((object) => {
    const front = object.startsWith('unix:/') ? 'unix:' : '';
    const rest = object.slice(front.length);
    if (!rest.startsWith('/')) return object;
    let at = '';
    let text = front;
    for (const part of partsOf(rest)) {
      at += `/${part}`;
      text += `/${names.has(at) ? part.replace(word, () => '${HOST}') : part}`;
    }
    return text;
  });
  if (objects.every((object, index) => object === statement.objects[index])) return statement;
  const why = 'by the rule "host name": the program puts the name of its host into names that it makes';
  return { ...statement, objects, comment: [...(statement.comment ?? []), why] };
}

function partsOf(path: string): string[] {
  return path.slice(1).split('/');
}
