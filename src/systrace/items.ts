// SPDX-License-Identifier: GPL-2.0-only
/** Entries of a right to what is written of them: objects as texts, with everything that stands beside them. */
import type { Bytes } from '../policy/bytes.js';
import { Fault } from '../policy/errors.js';
import { CLOSED_KINDS, KINDS, type Protocol } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { parsePath } from '../policy/path.js';
import type { Statement } from '../policy/statement.js';
import type { Variable } from '../policy/variables.js';
import { plainName } from './calls.js';
import type { Entry } from './engine.js';
import { linuxErrno } from './errno.js';
import type { Inet } from './inet.js';
import type { ImportOptions } from './options.js';
import { asWritten } from './path-reach.js';
import {
  contains,
  EVERYTHING,
  literalPath,
  literalPattern,
  meet,
  type Pattern,
  patternText,
  under,
} from './pattern.js';
import { conditionOf } from './predicate.js';
import type { Reports } from './remarks.js';
import { pathsOf } from './rights.js';
import { ALL_PROTOCOLS, addressesOf } from './sockets.js';
import type { Item } from './statements.js';
import type { ClassicRule } from './syntax.js';

/** Values that only show whether a pattern can be read. */
const STAND_IN: Readonly<Record<Variable, string>> = {
  ...{ HOME: '/home/user', USER: 'user', UID: '1', CWD: '/home/user', HOST: 'host' },
};

type Around = Omit<Item, 'objects' | 'key' | 'operations'>;

export class ItemWriter {
  constructor(
    readonly reports: Reports,
    readonly options: ImportOptions,
  ) {}

  /** Of paths. `receive` is also of what has none. */
  paths(operation: Operation, entries: readonly Entry<Pattern>[]): Item[] {
    const spelled = new Spelling(entries);
    const kinds = operation === 'receive' ? KINDS.filter((kind) => !CLOSED_KINDS.includes(kind)) : [];
    return this.#items(entries, (entry, around, at) => {
      const sets = spelled.setsOf(entry, at);
      const written = (some: readonly Pattern[], more: Partial<Around> = {}): Item[] => {
        const objects = this.#texts(some, entry);
        return objects.length === 0 ? [] : [{ ...around, ...more, operations: [operation], key: 'path', objects }];
      };
      const named: Item[] =
        kinds.length === 0 ? [] : [{ ...around, operations: [operation], key: 'kind', objects: kinds }];
      const leaves = operation === 'exec' && entry.verdict === 'permit' && entry.line.rule.action.flag === null;
      if (!leaves) return [...written(sets), ...named];
      const [monitored, detached] = detachedOnly(sets, this.options.detached);
      return [...written(monitored), ...written(detached, { transition: 'unconfined' })];
    });
  }

  /** That no file is mapped as code, whether it has a path or not. */
  noCode(rule: ClassicRule): Item[] {
    const line = { rule, space: pathsOf({ call: 'mmap', name: 0 }, [], false), ways: 1 };
    const entry: Entry<Pattern> = { line, verdict: 'deny', default: false, sets: [EVERYTHING] };
    const kinds = KINDS.filter((kind) => !CLOSED_KINDS.includes(kind));
    return [...this.paths('load', [entry]), ...this.words('load', [entry], 'kind', () => kinds)];
  }

  /** Of unix sockets that have a path. */
  unix(operation: Operation, entries: readonly Entry<Pattern>[]): Item[] {
    const spelled = new Spelling(entries);
    return this.#items(entries, (entry, around, at) => {
      const sets = spelled.setsOf(entry, at);
      const objects = this.#texts(sets, entry).map((text) => `unix:${text === '/***' ? '/**' : text}`);
      return objects.length === 0 ? [] : [{ ...around, operations: [operation], key: 'address', objects }];
    });
  }

  /** Of internet addresses. */
  inet(operation: Operation, entries: readonly Entry<Inet>[], protocols: readonly Protocol[]): Item[] {
    return this.#items(entries, (entry, around) => {
      const chosen = entry.verdict === 'permit' ? protocols : ALL_PROTOCOLS;
      const objects = entry.sets.flatMap((set) => addressesOf(set, chosen, operation));
      return [{ ...around, operations: [operation], key: 'address', objects: [...new Set(objects)] }];
    });
  }

  /** Of what has a word for each. */
  words<P>(
    operation: Operation,
    entries: readonly Entry<P>[],
    key: Statement['key'],
    texts: (set: P) => readonly string[],
  ): Item[] {
    return this.#items(entries, (entry, around) => {
      const objects = [...new Set(entry.sets.flatMap(texts))];
      return objects.length === 0 ? [] : [{ ...around, operations: [operation], key, objects }];
    });
  }

  #items<P>(entries: readonly Entry<P>[], write: (entry: Entry<P>, around: Around, at: number) => Item[]): Item[] {
    let order = 0;
    return entries.flatMap((entry, at) => {
      order = Math.max(order, entry.line.rule.place.line);
      const around = this.#around(entry, order);
      return around === null ? [] : write(entry, around, at);
    });
  }

  /** Everything but operations and objects; null: the rule never applies. */
  #around<P>({ line: { rule }, verdict, default: isDefault }: Entry<P>, order: number): Around | null {
    const { action, place, call } = rule;
    const base = { order, verdict, line: place.line, place, default: isDefault };
    if (isDefault) return { ...base, elevation: null };
    const condition = action.predicate === null ? null : conditionOf(action.predicate, this.options.accounts);
    if (condition?.kind === 'never') {
      this.reports.add('never', place, call);
      return null;
    }
    if (condition?.kind === 'unknown') {
      this.reports.add('account', place, call);
      if (verdict !== 'deny') return null;
    }
    const when = condition?.kind === 'when' ? condition : undefined;
    const errno =
      verdict === 'deny' && action.errno !== null && action.errno !== 'EPERM' ? linuxErrno(action.errno) : undefined;
    // systrace wrote down a denial only where the rule said so, and where no rule matched.
    const log =
      verdict === 'deny' ? (action.log ? undefined : false) : verdict === 'permit' && action.log ? true : undefined;
    const leads = verdict === 'permit' && action.flag !== null && plainName(call) === 'execve';
    const transition = leads ? (action.flag === 'inherit' ? 'inherit' : 'unconfined') : undefined;
    return {
      ...base,
      elevation: action.elevation,
      ...(when?.if === undefined ? {} : { if: when.if }),
      ...(when?.unless === undefined ? {} : { unless: when.unless }),
      ...(errno === undefined ? {} : { errno }),
      ...(log === undefined ? {} : { log }),
      ...(transition === undefined ? {} : { transition }),
    };
  }

  /** Patterns as texts, those below the new root beside them; what can be no path is told and left out. */
  #texts(sets: readonly Pattern[], { line: { rule } }: Entry<Pattern>): string[] {
    const { chroot } = this.options;
    const texts = new Set<string>();
    for (const set of sets) {
      const doubled = chroot === undefined || isBelow(set, chroot) ? [set] : [set, under(chroot, set)];
      for (const pattern of doubled) {
        const text = patternText(pattern);
        try {
          parsePath(text, (name) => STAND_IN[name]);
          texts.add(text);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          this.reports.add('unusable', rule.place, rule.call);
        }
      }
    }
    return [...texts];
  }
}

function isBelow(set: Pattern, folder: Bytes): boolean {
  return contains({ parts: literalPattern(folder).parts, below: true }, set);
}

/** The sets apart from those that are programs which are not monitored. */
function detachedOnly(sets: readonly Pattern[], detached: ReadonlySet<string>): [Pattern[], Pattern[]] {
  const isDetached = (set: Pattern): boolean => {
    const path = literalPath(set);
    return path !== null && detached.has(path);
  };
  return [sets.filter((set) => !isDetached(set)), sets.filter(isDetached)];
}

/**
 * A denial of one name denied it in every spelling. Where nothing behind it permits another spelling, the one that is written
 * says it all.
 */
class Spelling {
  readonly #globs: { readonly at: number; readonly set: Pattern }[] = [];
  readonly #literals = new Map<string, { readonly at: number; readonly path: string }[]>();

  constructor(readonly entries: readonly Entry<Pattern>[]) {
    if (entries.every(({ verdict }) => verdict === 'permit')) return;
    entries.forEach(({ verdict, sets }, at) => {
      if (verdict === 'deny') return;
      for (const set of sets) {
        const path = literalPath(set);
        if (path === null) this.#globs.push({ at, set });
        else {
          const known = this.#literals.get(path.toLowerCase()) ?? [];
          known.push({ at, path });
          this.#literals.set(path.toLowerCase(), known);
        }
      }
    });
  }

  /** The sets of an entry. Of what is asked the other spellings are denied, where that says anything. */
  setsOf({ verdict, sets, line, default: isDefault }: Entry<Pattern>, at: number): readonly Pattern[] {
    if (verdict === 'permit') return sets;
    const plain = this.plain(sets, at);
    if (verdict !== 'deny' || isDefault || line.rule.action.verdict !== 'ask') return plain;
    return plain.filter((set, index) => set === sets[index]);
  }

  /** The sets of a denial, the folded ones as they were written where that is enough. */
  plain(sets: readonly Pattern[], at: number): Pattern[] {
    return sets.map((set) => {
      const path = asWritten(set);
      const name = path === null ? null : literalPath(path);
      if (path === null || name === null) return set;
      const others = this.#literals.get(name.toLowerCase()) ?? [];
      if (others.some((other) => other.at > at && other.path !== name)) return set;
      return this.#globs.some((other) => other.at > at && meet(other.set, set) !== null) ? set : path;
    });
  }
}
