// SPDX-License-Identifier: GPL-2.0-only
/**
 * A start for a policy, of what the program's file and its package say. Nothing is run, so what the program does with its
 * configuration is not in it: that is seen by running it in complain mode, or by learning.
 */
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { readPolicy } from '../application/application.js';
import { linkedPaths, systemReadLink } from '../application/links.js';
import type { Surroundings } from '../application/surroundings.js';
import { pathMatches } from '../decide/match.js';
import { Failure } from '../host/failure.js';
import type { Group } from '../learn/input.js';
import { Sensitive } from '../learn/sensitive.js';
import { bufferOf, bytesOf, readText } from '../policy/bytes.js';
import type { Version } from '../policy/operations.js';
import { type Statement, scalar, writeStatement } from '../policy/statement.js';
import { groupsOf, sensitiveList } from '../training/conclude.js';
import { type Elf, readElf } from './elf.js';
import { folderStatements, isOwnConfiguration, literal } from './folders.js';
import { hintLines } from './hints.js';
import { librariesOf, type Places, SYSTEM } from './libraries.js';
import { type Package, packageOf } from './packages.js';
import type { Script } from './script.js';

/** What a draft is made of. */
export interface Source {
  /** Without links, as events print it. */
  readonly program: string;
  /** Null: the program is no script. */
  readonly script: Script | null;
  /** Of the language. */
  readonly version: Version;
}

/** Where this machine keeps what is looked at. */
export interface Machine {
  readonly libraries: Places;
  /** dpkg's folder. */
  readonly dpkg: string;
}

export const MACHINE: Machine = { libraries: SYSTEM, dpkg: '/var/lib/dpkg' };

/** Functions by which a program shows that it wants a group, and the group. */
const WANTS: readonly (readonly [group: string, functions: readonly string[]])[] = [
  ['names', ['getaddrinfo', 'gethostbyname', 'gethostbyname2', 'getpwnam', 'getpwnam_r', 'getpwuid', 'getpwuid_r']],
  ['names', ['getgrnam', 'getgrnam_r', 'getgrgid', 'getgrgid_r', 'getservbyname', 'initgroups', 'getgrouplist']],
  ['locale', ['setlocale', 'newlocale', 'iconv_open', 'bindtextdomain', 'localtime', 'localtime_r', 'tzset', 'mktime']],
];
/** Interpreters and the groups of their libraries. */
const SPOKEN: readonly (readonly [RegExp, string])[] = [
  [/^python3(\.\d+)?$/, 'python'],
  [/^perl(\d[\d.]*)?$/, 'perl'],
  [/^ruby(\d[\d.]*)?$/, 'ruby'],
  [/^java$/, 'java'],
];

/**
 * Writes the draft of a policy, which can be read and names no link.
 *
 * @throws Failure where the file is damaged
 */
export function draftOf(
  { program, script, version }: Source,
  around: Surroundings,
  machine: Machine = MACHINE,
): string {
  const image = script?.runs ?? program;
  const elf = readElf(image, bufferOf(readText(image)));
  if (elf === null && script === null)
    throw new Failure(
      `${program}: neither an ELF file nor a script: nothing can be told from it`,
      'callgate learn -- CMD',
    );
  const owner = packageOf(program, machine.dpkg);
  const sensitive = new Sensitive(sensitiveList());
  const groups = groupsOf(around);
  const wanted = elf === null ? [] : wantedGroups(image, elf, groups);
  const taken = groups.filter(({ name }) => wanted.some(([group]) => group === name));
  const packaged = owner === null ? { statements: [], left: [] } : packageStatements(owner, sensitive);
  const statements = [
    ...scriptStatements(program, script),
    ...(elf === null ? [] : libraryStatements(image, elf, taken, machine.libraries)),
    ...packaged.statements,
  ];
  const text = written({
    ...{ program, script, version, statements, owner, left: packaged.left },
    use: wanted,
    hints: elf === null || script !== null ? [] : hintLines(elf.imports, version),
  });
  const problems = linkedPaths(readPolicy(program, text, around), systemReadLink);
  if (problems.length > 0)
    throw new Failure(
      `${program}: ${problems[0]?.written} goes through a link`,
      'report this, with the output of --stdout',
    );
  return text;
}

/** Groups and why, each once. */
function wantedGroups(image: string, elf: Elf, groups: readonly Group[]): (readonly [string, string])[] {
  const wanted = new Map<string, string>();
  if (elf.loader !== null) wanted.set('libc', `${image} is linked dynamically (its loader is ${elf.loader})`);
  for (const [group, functions] of WANTS) {
    const found = functions.filter((name) => elf.imports.has(name));
    if (found.length > 0 && !wanted.has(group)) wanted.set(group, `${image} calls ${found.slice(0, 3).join(', ')}`);
  }
  for (const [name, group] of SPOKEN) if (name.test(basename(image))) wanted.set(group, `${image} is its interpreter`);
  for (const { name, rules } of groups) {
    if (wanted.has(name)) continue;
    const needed = elf.needed.find((library) =>
      rules.some((rule) => loads(rule, `/usr/lib/x86_64-linux-gnu/${library}`)),
    );
    if (needed !== undefined) wanted.set(name, `${image} is linked with ${needed}`);
  }
  return groups.flatMap(({ name }) => (wanted.has(name) ? [[name, wanted.get(name) as string] as const] : []));
}

function loads({ verdict, operations, objects }: Group['rules'][number], path: string): boolean {
  return (
    verdict === 'permit' &&
    operations.includes('load') &&
    objects.some((object) => object.type === 'path' && pathMatches(object.pattern, bytesOf(path)))
  );
}

function libraryStatements(image: string, elf: Elf, groups: readonly Group[], places: Places): Statement[] {
  const libraries = librariesOf(image, elf, places);
  const covered = (path: string): boolean => groups.some(({ rules }) => rules.some((rule) => loads(rule, path)));
  const open = libraries.filter(({ path }) => path !== null && !covered(path));
  const missing = libraries.filter(({ path }) => path === null);
  const comment = [
    ...new Set(open.map(({ by }) => `libraries that ${by} needs (ELF, DT_NEEDED)`)),
    ...missing.map(({ name, by }) => `not found: ${name}, which ${by} needs`),
  ];
  if (open.length === 0) return [];
  const objects = [...new Set(open.map(({ path }) => literal(path as string)))].sort();
  return [{ verdict: 'permit', operations: ['load'], key: 'path', objects, comment }];
}

function scriptStatements(program: string, script: Script | null): Statement[] {
  if (script === null) return [];
  const own: Statement = {
    ...{ verdict: 'permit', operations: ['read'], key: 'path', objects: [literal(program)] },
    comment: [`the script itself, which ${script.runs} reads`],
  };
  if (script.runs === script.interpreter) return [own];
  return [
    own,
    {
      ...{
        verdict: 'permit',
        operations: ['exec'],
        key: 'path',
        objects: [literal(script.runs)],
        transition: 'inherit',
      },
      comment: [`its first line has ${script.interpreter} run ${script.named}, which is this along PATH`],
    },
    {
      ...{ verdict: 'permit', operations: ['load'], key: 'path', objects: [literal(script.runs)] },
      comment: ['mapped when it is run'],
    },
  ];
}

function packageStatements(owner: Package, sensitive: Sensitive): { statements: Statement[]; left: string[] } {
  const left: string[] = [];
  const files = owner.conffiles.filter(({ path }) => {
    if (!isOwnConfiguration(path)) return false;
    const admitted = !sensitive.has(bytesOf(path));
    if (!admitted) left.push(path);
    return admitted;
  });
  const by = [...new Set(files.map((one) => one.package))];
  const conffiles = by.map((name): Statement => {
    const objects = files.filter((one) => one.package === name).map(({ path }) => literal(resolved(path)));
    return {
      ...{ verdict: 'permit', operations: ['read'], key: 'path', objects: [...new Set(objects)].sort() },
      comment: [`configuration files of the package ${name} (dpkg: Conffiles)`],
    };
  });
  const folders = folderStatements(owner, sensitive);
  return { statements: [...conffiles, ...folders.statements], left: [...left, ...folders.left] };
}

function resolved(path: string): string {
  return realpathSync.native(path);
}

interface Draft {
  readonly program: string;
  readonly script: Script | null;
  readonly version: Version;
  readonly statements: readonly Statement[];
  readonly owner: Package | null;
  readonly left: readonly string[];
  readonly use: readonly (readonly [string, string])[];
  readonly hints: readonly string[];
}

function written({ program, script, version, statements, owner, left, use, hints }: Draft): string {
  const of = owner === null ? 'of no package' : `of the package ${[owner.name, ...owner.companions].join(', ')}`;
  const lines = [
    `# A start for ${program}, ${of}: made of its file and its package by callgate policy new. It was not run.`,
    '# Nothing is refused in complain mode: run it, see callgate audit denials, and then write enforce.',
    ...left.map((path) => `# left out, as keys and their like may be there: ${path}`),
    `version: ${version}`,
    `program: ${scalar(literal(program))}`,
    ...(script === null ? [] : [`# Its first line names it.`, `interpreter: ${scalar(literal(script.interpreter))}`]),
    'mode: complain',
    'default: deny',
    'errno: EPERM',
    ...use.map(([name, why]) => `# ${name}: ${why}.`),
    ...(use.length === 0 ? [] : [`use: [${use.map(([name]) => name).join(', ')}]`]),
    statements.length === 0 ? 'rules: []' : 'rules:',
  ];
  const open =
    hints.length === 0
      ? []
      : ['  # Not told by its file, and to be named where it does so:', ...hints.map((line) => `  # ${line}`)];
  return `${lines.join('\n')}\n${statements.map(writeStatement).join('')}${open.map((line) => `${line}\n`).join('')}`;
}
