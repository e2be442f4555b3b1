// SPDX-License-Identifier: GPL-2.0-only
/** One rule of a policy or a group: nodes to model. */
import { isScalar, type ParsedNode, type Scalar } from 'yaml';
import { actsOf, isAct, isPlaced, parseWhich, processesOf, whichKey } from './acts.js';
import { inetText, parseAddress } from './address.js';
import { type Bytes, textOf } from './bytes.js';
import { parseId, parseName } from './condition.js';
import { goesOut, loopbackFor } from './destination.js';
import { ERRNO_NAMES, isErrno } from './errno.js';
import { Fault, quoted } from './errors.js';
import { parseFamily } from './family.js';
import { addressText } from './ip.js';
import {
  ACTS,
  type Act,
  type Condition,
  type IdRange,
  KINDS,
  type Kind,
  type ObjectPattern,
  type PathPattern,
  PROCESSES,
  type Rule,
  type Verdict,
} from './model.js';
import {
  choice,
  type Entry,
  entriesOf,
  faulting,
  flag,
  ids,
  kindOf,
  refuseUnknown,
  startOf,
  textValue,
  type Word,
  words,
} from './nodes.js';
import { numberPattern, parseCapability, parseIpc, parseNamespace, parseSurface } from './numbers.js';
import {
  isOperation,
  OPERATIONS,
  type Operation,
  SORT_TEXTS,
  type Sort,
  sortOf,
  type Version,
  versionOf,
} from './operations.js';
import { parsePath } from './path.js';
import { keptPlace } from './settled.js';
import type { Source } from './source.js';
import { nearest, nearestOperation } from './suggest.js';
import type { Surroundings } from './surroundings.js';

const VERDICTS: readonly Verdict[] = ['permit', 'deny', 'ask'];
const TRANSITIONS = ['own', 'inherit', 'unconfined'] as const;
/** The keys under which the objects of an operation stand, by what it is about. */
export const KEYS: Readonly<Record<Sort, readonly string[]>> = {
  file: ['path', 'kind'],
  socket: ['address', 'family'],
  place: ['path', 'kind'],
  capability: ['capability'],
  user: ['user', 'uid'],
  group: ['group', 'gid'],
  namespace: ['namespace'],
  kernel: ['kernel'],
  ipc: ['ipc'],
  signal: ['process', 'path', 'kind'],
  limit: ['process', 'path', 'kind'],
  priority: ['process', 'path', 'kind'],
  ptrace: ['process', 'path', 'kind'],
  mount: ['path'],
  unmount: ['path'],
  attribute: ['path', 'kind'],
  ioctl: ['path', 'kind'],
};
const OBJECT_KEYS: readonly string[] = [...new Set(Object.values(KEYS).flat())];
const WHICH_KEYS: readonly string[] = ACTS.map(whichKey);
const RULE_KEYS: readonly string[] = [
  ...[...VERDICTS, ...OBJECT_KEYS, ...new Set(WHICH_KEYS)],
  ...['policy', 'errno', 'log', 'if', 'unless'],
];
const CONDITION_KEYS: readonly string[] = ['user', 'group', 'uid', 'gid', 'owner'];

/** Reads a rule; undefined where something in it is wrong, which the source's problems then say. */
export function readRule(
  source: Source,
  node: ParsedNode | null,
  number: number,
  around: Surroundings,
  version: Version,
): Rule | undefined {
  const before = source.problems.length;
  const entries = entriesOf(source, node, `rule ${number}`);
  if (entries === undefined) return undefined;
  refuseUnknown(source, entries, RULE_KEYS, `rule ${number}`);
  const find = (key: string): Entry | undefined => entries.find((entry) => entry.key === key);

  const [first, second] = entries.filter(({ key }) => (VERDICTS as readonly string[]).includes(key));
  if (first === undefined) {
    source.report('verdict-missing', {}, startOf(node));
    return undefined;
  }
  if (second !== undefined) source.report('verdict-twice', { first: first.key, second: second.key }, second.at);
  const verdict = first.key as Verdict;
  const operations = operationsOf(source, first, verdict, version);
  const objects = objectsOf(source, first, entries, operations, around);
  const later = verdict === 'ask' ? operations.filter((operation) => versionOf(operation) > 1) : [];
  if (later.length > 0) source.report('ask-later', { operations: later.join(', ') }, startOf(first.value));

  for (const { key, at } of entries)
    if (WHICH_KEYS.includes(key) && operations.length > 0 && !actsOf(key).some((act) => operations.includes(act)))
      source.report(
        'which-for-others',
        { key, operations: operations.join(', '), others: actsOf(key).join(' or ') },
        at,
      );
  // A disk is the program's choice, so that it may be one at all is said.
  const known = entries.every(({ key }) => RULE_KEYS.includes(key));
  if (verdict === 'permit' && operations.includes('mount') && find('type') === undefined && known)
    source.report('type-missing', {}, first.at);

  const errnoEntry = find('errno');
  const errno = errnoEntry === undefined ? undefined : errnoOf(source, errnoEntry);
  if (errnoEntry !== undefined && errno === 'ESRCH' && operations.includes('signal'))
    source.report('errno-signal', {}, startOf(errnoEntry.value));
  if (errnoEntry !== undefined && verdict !== 'deny') source.report('errno-without-deny', { verdict }, errnoEntry.at);

  const policyEntry = find('policy');
  const transition = policyEntry === undefined ? undefined : choice(source, policyEntry, TRANSITIONS);
  if (policyEntry !== undefined && operations.length > 0) {
    if (!operations.includes('exec')) source.report('transition-without-exec', {}, policyEntry.at);
    else if (verdict !== 'permit') source.report('transition-without-permit', { verdict }, policyEntry.at);
  }
  if (verdict === 'ask' && operations.includes('receive')) source.report('ask-receive', {}, startOf(first.value));

  const logEntry = find('log');
  const log = logEntry === undefined ? undefined : flag(source, logEntry);
  const ifEntry = find('if');
  const unlessEntry = find('unless');
  const holds = ifEntry === undefined ? undefined : conditionOf(source, ifEntry, around);
  const unless = unlessEntry === undefined ? undefined : conditionOf(source, unlessEntry, around);
  if (source.problems.length > before) return undefined;
  return {
    verdict,
    operations,
    objects,
    ...(errno === undefined ? {} : { errno }),
    ...(log === undefined ? {} : { log }),
    ...(transition === undefined ? {} : { transition }),
    ...(holds === undefined ? {} : { if: holds }),
    ...(unless === undefined ? {} : { unless }),
    place: source.place(startOf(node)),
    number,
  };
}

/** Reads an error name. */
export function errnoOf(source: Source, entry: Entry): string | undefined {
  const found = textValue(source, entry);
  if (found === undefined || isErrno(found.value)) return found?.value;
  const facts = { name: quoted(found.value), hint: nearest(found.value, ERRNO_NAMES) };
  source.report('unknown-errno', facts, startOf(found.node as ParsedNode));
  return undefined;
}

function operationsOf(source: Source, entry: Entry, verdict: Verdict, version: Version): Operation[] {
  const named: Operation[] = [];
  for (const { value, node } of words(source, entry)) {
    const at = startOf(node as ParsedNode);
    if (!isOperation(value))
      source.report('unknown-operation', { name: quoted(value), hint: nearestOperation(value, OPERATIONS) }, at);
    else if (versionOf(value) > version)
      source.report('operation-version', { name: value, version: versionOf(value) }, at);
    else named.push(value);
  }
  const [sort, other] = new Set(named.map(sortOf));
  if (sort !== undefined && other !== undefined) {
    const of = (one: Sort): string => named.filter((operation) => sortOf(operation) === one).join(', ');
    const [firstSort, secondSort] = [SORT_TEXTS[sort], SORT_TEXTS[other]];
    source.report(
      'mixed-operations',
      { verdict, first: of(sort), second: of(other), firstSort, secondSort },
      startOf(entry.value),
    );
  }
  return OPERATIONS.filter((operation) => named.includes(operation));
}

function objectsOf(
  source: Source,
  verdict: Entry,
  entries: readonly Entry[],
  operations: readonly Operation[],
  around: Surroundings,
): ObjectPattern[] {
  const about = entries.filter(({ key }) => OBJECT_KEYS.includes(key));
  const [operation] = operations;
  if (operation !== undefined) {
    const names = operations.join(', ');
    const sort = sortOf(operation);
    const keys = KEYS[sort].map((key) => `${key}:`).join(' or ');
    // Where a key is unknown, the objects most likely stand behind it.
    if (about.length === 0 && entries.every(({ key }) => RULE_KEYS.includes(key)))
      source.report(
        'objects-missing',
        { operations: names, keys: KEYS[sort].map((key) => `\`${key}:\``).join(' or ') },
        verdict.at,
      );
    for (const { key, at } of about)
      if (!KEYS[sort].includes(key))
        source.report('key-for-others', { key, operations: names, sort: SORT_TEXTS[sort], keys }, at);
  }
  const act = operation !== undefined && isAct(operation) ? operation : undefined;
  const entry = act === undefined ? undefined : entries.find(({ key }) => key === whichKey(act));
  const which = act === undefined || entry === undefined ? null : whichOf(source, act, entry);
  return about.flatMap((entry) => {
    // Of other operations none is on processes, which is told already.
    if (entry.key === 'process' && act === undefined) return [];
    return valuesOf(source, entry).flatMap((word) => {
      const object = faulting(source, word, () =>
        reachable(
          act !== undefined
            ? targetOf(entry.key, word, around, act, which, verdict.key === 'permit')
            : objectOf(entry.key, word, around, verdict.key === 'permit'),
          operations,
        ),
      );
      return object === undefined ? [] : [object];
    });
  });
}

/** What stands behind a key of objects: ids may be numbers, all else are texts. */
function valuesOf(source: Source, entry: Entry): { value: string | number; node: Scalar }[] {
  if (entry.key === 'uid' || entry.key === 'gid') return ids(source, entry);
  return entry.key === 'user' || entry.key === 'group' ? namesOf(source, entry) : words(source, entry);
}

function objectOf(
  key: string,
  { value: written }: { value: string | number },
  around: Surroundings,
  permitted: boolean,
): ObjectPattern {
  const value = String(written);
  const inTable = (table: 'uid' | 'gid', { first, last }: IdRange): ObjectPattern => numberPattern(table, first, last);
  switch (key) {
    case 'capability':
      return parseCapability(value, permitted);
    case 'namespace':
      return parseNamespace(value);
    case 'kernel':
      return parseSurface(value);
    case 'ipc':
      return parseIpc(value);
    case 'uid':
    case 'gid':
      return inTable(key, parseId(written, key));
    case 'user':
      return inTable('uid', parseName(value, key, around.user));
    case 'group':
      return inTable('gid', parseName(value, key, around.group));
    case 'path':
      return { type: 'path', pattern: parsePath(value, around.variable) };
    case 'kind':
      if ((KINDS as readonly string[]).includes(value)) return { type: 'kind', kind: value as Kind };
      throw new Fault('unknown-kind', { name: quoted(value), hint: nearest(value, KINDS) });
    case 'address':
      return parseAddress(value, around.variable);
    default:
      return parseFamily(value);
  }
}

/** The signals, limits, requests and so on that a rule is about, each once. */
function whichOf(source: Source, act: Act, entry: Entry): number[] {
  const numbers = words(source, entry).flatMap(
    (word) => faulting(source, word, () => parseWhich(act, word.value)) ?? [],
  );
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/** To whom, or to what, it is done. */
function targetOf(
  key: string,
  word: { value: string | number },
  around: Surroundings,
  act: Act,
  which: readonly number[] | null,
  permitted: boolean,
): ObjectPattern {
  const value = String(word.value);
  if (key === 'process') {
    const process = PROCESSES.find((one) => one === value);
    if (process === undefined)
      throw new Fault('unknown-process', { name: quoted(value), hint: nearest(value, PROCESSES) });
    // What is alike may do the same, so nobody asks about it (bpf/inside.bpf.c).
    if (!isPlaced(act) && !processesOf(act).includes(process)) throw new Fault('process-alike', {});
    return { type: 'target', act, which, who: { kind: 'process', process } };
  }
  const object = objectOf(key, word, around, false);
  const place = isPlaced(act) && permitted && object.type === 'path' ? literalPath(object.pattern) : null;
  const kept = place === null ? null : keptPlace(place);
  if (kept !== null) throw new Fault('place-kept', { place: textOf(place as Bytes), act, why: KEPT[kept] });
  if (object.type === 'path') return { type: 'target', act, which, who: { kind: 'path', pattern: object.pattern } };
  if (object.type === 'kind') return { type: 'target', act, which, who: { kind: 'kind', of: object.kind } };
  return object;
}

/** Why the floor keeps a place as it is, for a message. */
const KEPT: Readonly<Record<NonNullable<ReturnType<typeof keptPlace>>, string>> = {
  root: 'it is the root',
  kernel: 'by it the kernel is asked and told',
  own: "it is callgate's own",
  above: "callgate's own folders lie below it",
};

/** The one path that a pattern matches, where it is spelt out; null: it is not, or a variable stands for it. */
function literalPath({ components, self, variable }: PathPattern): Bytes | null {
  if (self || variable === true) return null;
  const names = components.flatMap((one) => (one.kind === 'literal' ? [one.name] : []));
  return names.length === components.length ? (`/${names.join('/')}` as Bytes) : null;
}

/** A rule that can never match is a mistake: 0.0.0.0 and :: are no destinations. */
function reachable(object: ObjectPattern, operations: readonly Operation[]): ObjectPattern {
  if (object.type !== 'inet' || object.host?.prefix !== 128 || !goesOut(operations)) return object;
  const taken = loopbackFor(object.host.address);
  if (taken === null) return object;
  throw new Fault('no-destination', {
    host: addressText(object.host.address),
    operations: operations.join(', '),
    taken: addressText(taken),
    instead: inetText({ ...object, host: { ...object.host, address: taken } }),
  });
}

function conditionOf(source: Source, { key, at, value }: Entry, around: Surroundings): Condition | undefined {
  const entries = entriesOf(source, value, key);
  if (entries === undefined) return undefined;
  refuseUnknown(source, entries, CONDITION_KEYS, key);
  if (entries.length === 0) source.report('condition-empty', { key }, at);
  const condition: { uids?: IdRange[]; gids?: IdRange[]; owner?: 'self' } = {};
  for (const [name, id, list, find] of [
    ['user', 'uid', 'uids', around.user],
    ['group', 'gid', 'gids', around.group],
  ] as const) {
    const named = entries.find((entry) => entry.key === name);
    const numbered = entries.find((entry) => entry.key === id);
    if (named !== undefined && numbered !== undefined)
      source.report('condition-twice', { name, id }, numbered.at > named.at ? numbered.at : named.at);
    if (named !== undefined)
      condition[list] = namesOf(source, named).flatMap(
        (word) => faulting(source, word, () => parseName(word.value, name, find)) ?? [],
      );
    else if (numbered !== undefined)
      condition[list] = ids(source, numbered).flatMap(
        (word) => faulting(source, word, () => parseId(word.value, id)) ?? [],
      );
  }
  const owner = entries.find((entry) => entry.key === 'owner');
  if (owner !== undefined && choice(source, owner, ['self']) !== undefined) condition.owner = 'self';
  return condition;
}

/** Names of users or groups; a number is told to belong under uid or gid. */
function namesOf(source: Source, entry: Entry): Word[] {
  if (isScalar(entry.value) && typeof entry.value.value === 'number') {
    const instead = `${entry.key === 'user' ? 'uid' : 'gid'}: ${kindOf(entry.value) === '' ? '' : String(entry.value.value)}`;
    source.report('name-is-number', { key: entry.key, instead }, startOf(entry.value));
    return [];
  }
  return words(source, entry);
}
