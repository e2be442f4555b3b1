// SPDX-License-Identifier: GPL-2.0-only
/** The text of a policy to its model. Pure: what depends on the machine is passed in. */
import { isSeq, type ParsedNode } from 'yaml';
import { PolicyError, quoted } from './errors.js';
import type { Asking, Mode, Policy, Rule, Verdict } from './model.js';
import {
  choice,
  type Entry,
  entriesOf,
  faulting,
  kindOf,
  refuseUnknown,
  startOf,
  textValue,
  type Word,
  words,
} from './nodes.js';
import { VERSIONS, type Version, versionOf } from './operations.js';
import { parseProgram } from './path.js';
import { errnoOf, readRule } from './rule.js';
import { Source } from './source.js';
import type { Surroundings } from './surroundings.js';
import { syscallsOf } from './syscalls.js';
import { readYaml } from './yaml.js';

export type { Surroundings } from './surroundings.js';

/** In the order in which they are written. */
const POLICY_KEYS: readonly string[] = [
  'version',
  'program',
  'interpreter',
  'mode',
  'default',
  'asking',
  'errno',
  'use',
  'syscalls',
  'rules',
];
const GROUP_KEYS: readonly string[] = ['version', 'rules'];
const MODES: readonly Mode[] = ['enforce', 'complain'];
const ASKING_KEYS: readonly string[] = ['fallback', 'deadline'];
const FALLBACKS = ['deny', 'permit'] as const;
/** Seconds of the letters that a duration ends in. */
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const DEADLINE_MOST = 24 * 3600;
const DEFAULTS: readonly Verdict[] = ['deny', 'ask', 'permit'];

/**
 * Reads a policy and takes its groups in.
 *
 * @param text the file's text
 * @param file the name for messages
 * @throws PolicyError with every problem of the file and its groups
 */
export function parsePolicy(text: string, file: string, around: Surroundings): Policy {
  const source = new Source(file, text);
  const sources = [source];
  const policy = readPolicy(source, around, (group) => sources.push(group));
  const problems = sources.flatMap((one) => one.sorted());
  if (policy === undefined || problems.length > 0) throw new PolicyError(problems);
  return policy;
}

/**
 * Reads the rules of a group by itself.
 *
 * @throws PolicyError
 */
export function parseGroup(name: string, text: string, file: string, around: Surroundings): Rule[] {
  const source = new Source(file, text);
  const rules = readGroup(source, name, around);
  if (source.problems.length > 0) throw new PolicyError(source.sorted());
  return rules;
}

function readPolicy(source: Source, around: Surroundings, opened: (group: Source) => void): Policy | undefined {
  const entries = topOf(source, POLICY_KEYS, 'the policy');
  if (entries === undefined) return undefined;
  const find = (key: string): Entry | undefined => entries.find((entry) => entry.key === key);
  const read = <T>(key: string, reader: (entry: Entry) => T | undefined): T | undefined => {
    const entry = find(key);
    return entry === undefined ? undefined : reader(entry);
  };
  const program = read('program', (entry) => programOf(source, entry));
  if (find('program') === undefined)
    source.report('missing-key', { key: 'program', where: 'the policy', example: 'program: /usr/bin/cat' }, 0);
  const interpreter = read('interpreter', (entry) => programOf(source, entry));
  const mode = read('mode', (entry) => choice(source, entry, MODES)) ?? 'enforce';
  const fallback = read('default', (entry) => choice(source, entry, DEFAULTS)) ?? 'deny';
  const asking = read('asking', (entry) => askingOf(source, entry));
  const errno = read('errno', (entry) => errnoOf(source, entry)) ?? 'EPERM';
  const use = read('use', (entry) => words(source, entry)) ?? [];
  const syscalls = read('syscalls', (entry) => syscallsOf(source, entry));
  const version = versionIn(entries) ?? 1;
  const own = rulesOf(source, find('rules'), around, version);
  const taken = use.flatMap((word, index) => groupOf(source, word, use.slice(0, index), around, version, opened));
  if (program === undefined) return undefined;
  return {
    version,
    program,
    ...(interpreter === undefined ? {} : { interpreter }),
    mode,
    default: fallback,
    ...(asking === undefined ? {} : { asking }),
    errno,
    use: use.map(({ value }) => value),
    ...(syscalls === undefined ? {} : { syscalls }),
    rules: [...taken, ...own],
    file: source.file,
  };
}

/** The entries of the file's map, with `version` and the order of keys checked. */
function topOf(source: Source, known: readonly string[], where: string): Entry[] | undefined {
  const root = readYaml(source);
  if (root === null) return undefined;
  const entries = entriesOf(source, root, where);
  if (entries === undefined) return undefined;
  refuseUnknown(source, entries, known, where);
  const rules = entries.findIndex(({ key }) => key === 'rules');
  if (rules < 0) source.report('missing-key', { key: 'rules', where, example: 'rules:' }, startOf(root));
  else for (const { key, at } of entries.slice(rules + 1)) source.report('key-after-rules', { key }, at);
  const version = entries.find(({ key }) => key === 'version');
  if (version === undefined)
    source.report('missing-key', { key: 'version', where, example: 'version: 1' }, startOf(root));
  else if (versionIn(entries) === undefined)
    source.report('version-unknown', { got: written(source, version.value) }, startOf(version.value) || version.at);
  return entries;
}

/** The version that is written; undefined where it is none that is known. */
function versionIn(entries: readonly Entry[]): Version | undefined {
  const node = entries.find(({ key }) => key === 'version')?.value as { value?: unknown } | null | undefined;
  return VERSIONS.find((version) => version === node?.value);
}

function written(source: Source, node: ParsedNode | null): string {
  return node === null
    ? 'nothing'
    : source.text.slice(node.range[0], node.range[1]).trim().split('\n')[0] || kindOf(node);
}

function programOf(source: Source, entry: Entry): string | undefined {
  const word = textValue(source, entry);
  return word === undefined ? undefined : faulting(source, word, () => parseProgram(word.value));
}

function askingOf(source: Source, { key, value }: Entry): Asking | undefined {
  const entries = entriesOf(source, value, key);
  if (entries === undefined) return undefined;
  refuseUnknown(source, entries, ASKING_KEYS, key);
  const find = (name: string): Entry | undefined => entries.find((entry) => entry.key === name);
  const [first, second] = [find('fallback'), find('deadline')];
  const fallback = first === undefined ? undefined : choice(source, first, FALLBACKS);
  const deadline = second === undefined ? undefined : secondsOf(source, second);
  return { ...(fallback === undefined ? {} : { fallback }), ...(deadline === undefined ? {} : { deadline }) };
}

function secondsOf(source: Source, entry: Entry): number | undefined {
  const word = textValue(source, entry);
  if (word === undefined) return undefined;
  const [, digits, unit = ''] = /^([1-9]\d{0,5})([smh])$/.exec(word.value) ?? [];
  const seconds = digits === undefined ? 0 : Number(digits) * (UNITS[unit] as number);
  if (seconds > 0 && seconds <= DEADLINE_MOST) return seconds;
  source.report('duration', { text: quoted(word.value) }, startOf(word.node as ParsedNode));
  return undefined;
}

function rulesOf(source: Source, entry: Entry | undefined, around: Surroundings, version: Version): Rule[] {
  const value = entry?.value ?? null;
  // `rules:` with nothing below is an empty list, so that a first rule can be appended as any other.
  if (value === null || (!isSeq(value) && (value as { value?: unknown }).value === null)) return [];
  if (!isSeq(value)) {
    source.report('wrong-type', { key: 'rules', expected: 'a list of rules', got: kindOf(value) }, startOf(value));
    return [];
  }
  return (value.items as (ParsedNode | null)[]).flatMap(
    (item, index) => readRule(source, item, index + 1, around, version) ?? [],
  );
}

function groupOf(
  source: Source,
  { value: name, node }: Word,
  before: readonly Word[],
  around: Surroundings,
  version: Version,
  opened: (group: Source) => void,
): Rule[] {
  const at = startOf(node as ParsedNode);
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    source.report('group-name', { name: quoted(name) }, at);
    return [];
  }
  if (before.some(({ value }) => value === name)) {
    source.report('group-twice', { name }, at);
    return [];
  }
  const found = around.rules(name);
  if (found === null) {
    source.report('group-unknown', { name, hint: '' }, at);
    return [];
  }
  const group = new Source(found.file, found.text);
  opened(group);
  const rules = readGroup(group, name, around);
  const later = rules.find(({ operations }) => operations.some((operation) => versionOf(operation) > version));
  if (later !== undefined) source.report('group-version', { name, operation: later.operations.join(', ') }, at);
  return rules;
}

function readGroup(source: Source, name: string, around: Surroundings): Rule[] {
  const entries = topOf(source, GROUP_KEYS, `the group ${name}`);
  const rules = rulesOf(
    source,
    entries?.find(({ key }) => key === 'rules'),
    around,
    versionIn(entries ?? []) ?? 1,
  );
  return rules.map((rule) => ({ ...rule, group: name }));
}
