// SPDX-License-Identifier: GPL-2.0-only
/** Classic files as the source of a session's policies: imported each time they change. */
import { basename } from 'node:path';
import type { Application, LoadedPolicy } from '../application/application.js';
import { readPolicy } from '../application/application.js';
import { linkedPaths, systemReadLink } from '../application/links.js';
import type { PolicySource } from '../application/source.js';
import type { Surroundings } from '../application/surroundings.js';
import { type Watch, watchFolders } from '../host/watch.js';
import { readText, textOf } from '../policy/bytes.js';
import { formatPolicy } from '../policy/format.js';
import type { Policy } from '../policy/model.js';
import { isAlias, plainName } from '../systrace/calls.js';
import { type Imported, importPolicy } from '../systrace/import.js';
import { linesText } from '../systrace/remarks.js';
import type { Action, ClassicPolicy, ClassicRule } from '../systrace/syntax.js';
import { type ClassicPlaces, type FoundPolicy, findClassic, type Note } from './files.js';
import { classicFileName } from './names.js';
import { reachedFrom } from './reached.js';

/** How systrace takes its policies. */
export interface ClassicManner {
  /** What becomes of a question: under -a it is denied, under -A the call is learned. */
  readonly asks: 'deny' | 'learn' | 'ask';
  /** -i: the policy of the program that is started is for all it runs. */
  readonly inherit: boolean;
  /** -u: `fsread` and `fswrite` are the names of no call. */
  readonly unaliased: boolean;
}

export interface ClassicSetting {
  readonly places: ClassicPlaces;
  readonly manner: ClassicManner;
  /** The program that is started, resolved. */
  readonly entry: string;
  /** Folders of PATH, for wildcards of -f. */
  readonly path: readonly string[];
  readonly around: Surroundings;
  /** Says what a person must know of the files, each line once. */
  readonly tell: (line: string) => void;
}

/** What a line in the log says of a policy. */
export interface ClassicFacts {
  readonly filters: number;
  readonly emulation: string;
}

export class ClassicSource implements PolicySource {
  readonly name: string;
  readonly #setting: ClassicSetting;
  /** The folder that stands for the application. */
  readonly #folder: string;
  #told = new Set<string>();
  #facts = new Map<string, ClassicFacts>();
  #rules = new Map<string, readonly ClassicRule[]>();
  #detached = new Set<string>();
  /** Programs that have no file: all that they do is asked. */
  readonly #empty = new Set<string>();

  constructor(setting: ClassicSetting) {
    this.#setting = setting;
    const { user, system } = setting.places;
    this.#folder = user ?? system;
    this.name = [user, system].filter((folder) => folder !== null).join(', ');
  }

  readonly language = 'the classic language of systrace';

  /** What the last `load` found of a program; null: no file is for it. */
  facts(program: string): ClassicFacts | null {
    return this.#facts.get(program) ?? null;
  }

  /** The rules of its file, as the last `load` found them. */
  rules(program: string): readonly ClassicRule[] {
    return this.#rules.get(program) ?? [];
  }

  /** Says the program's file that it is not monitored? As the last `load` found. */
  isDetached(program: string): boolean {
    return this.#detached.has(program);
  }

  /** From the next `load` on the program has a policy, which says nothing yet if no file has one. */
  admit(program: string): void {
    this.#empty.add(program);
  }

  async load(): Promise<Application> {
    const { places, entry, path, manner } = this.#setting;
    const { policies: found, notes } = findClassic(places, entry, path);
    const of = ({ policy }: FoundPolicy): string => textOf(policy.program);
    const used = manner.inherit ? found.filter((one) => of(one) === entry) : found;
    this.#detached = new Set(found.filter(({ policy }) => policy.detached).map(of));
    this.#facts = new Map(
      used.map((one) => [of(one), { filters: one.policy.rules.length, emulation: one.policy.emulation }]),
    );
    this.#rules = new Map(used.map((one) => [of(one), one.policy.rules]));
    const empty = [...this.#empty].filter((program) => !this.#facts.has(program));
    const told: Note[] = [...notes];
    const policies = [...used, ...empty.map((program) => emptyPolicy(program, this.#folder))].flatMap((one) =>
      this.#imported(one, told),
    );
    this.#tell(told, reachedFrom([entry, ...this.#empty], policies));
    return { folder: this.#folder, policies };
  }

  watch(changed: () => Promise<void>, failed: (error: unknown) => void): Watch {
    const { user, system } = this.#setting.places;
    const folders = [user, system].filter((folder) => folder !== null);
    return watchFolders(folders, changed, failed);
  }

  /** Files of programs that this run comes to; others are nothing that the person could want to hear of now. */
  #tell(notes: readonly Note[], reached: ReadonlySet<string>): void {
    const names = new Set([...reached].map(classicFileName));
    const lines = notes.flatMap(({ text, file, programs }) =>
      programs?.some((one) => reached.has(one)) === false && !names.has(basename(file)) ? [] : [text],
    );
    for (const line of lines) if (!this.#told.has(line)) this.#setting.tell(line);
    this.#told = new Set(lines);
  }

  #imported(found: FoundPolicy, notes: Note[]): LoadedPolicy[] {
    const { around, manner } = this.#setting;
    const { file, policy, unread } = found;
    const taken = inManner(policy, manner);
    const accounts = { user: around.user, group: around.group };
    const made = importPolicy(taken, { accounts, widen: false, detached: this.#detached, unread });
    if (made.text === null) return [];
    notes.push(...toldOf(made, found).map((words) => ({ text: words, file, programs: [textOf(policy.program)] })));
    const asking = manner.asks === 'ask' ? made.text.replace('\ndefault: deny\n', '\ndefault: ask\n') : made.text;
    const text = withoutLinks(asking, file, around);
    return [{ file, text, policy: placed(readPolicy(file, text, around), made, file) }];
  }
}

/** The policy as the flags have it. */
function inManner(policy: ClassicPolicy, { asks, inherit, unaliased }: ClassicManner): ClassicPolicy {
  const rules = policy.rules.flatMap((rule): ClassicRule[] => {
    if (unaliased && isAlias(rule.call)) return [];
    const { action } = rule;
    if (action.verdict === 'ask' && asks === 'learn') return [];
    if (action.verdict === 'ask' && asks === 'deny') return [{ ...rule, action: DENIED(action) }];
    const runs = inherit && action.verdict === 'permit' && action.flag === null && plainName(rule.call) === 'execve';
    return [runs ? { ...rule, action: { ...action, flag: 'inherit' } } : rule];
  });
  return { ...policy, rules };
}

/** Where nobody is asked a question is a denial, and it is logged. */
const DENIED = (action: Action): Action => ({ ...action, verdict: 'deny', errno: null, log: true });

/** Policies for linux name paths as the program spelled them; the kernel tells what they resolve to. */
function withoutLinks(text: string, file: string, around: Surroundings): string {
  const replacements = new Map<string, string>();
  for (const { written, instead } of linkedPaths(readPolicy(file, text, around), systemReadLink))
    if (instead !== null) replacements.set(written, instead);
  return replacements.size === 0 ? text : formatPolicy(text, replacements);
}

/** Rules stand where the lines do that they come from: events name them. */
function placed(policy: Policy, { statements }: Imported, file: string): Policy {
  const rules = policy.rules.map((rule, index) => {
    const line = /^lines? (\d+)/.exec(statements[index]?.comment?.[0] ?? '')?.[1];
    return line === undefined ? rule : { ...rule, place: { file, line: Number(line), column: 1 } };
  });
  return { ...policy, rules };
}

/** Of each line what it is taken for: less than it permits, or less than it forbids. What systrace wrote itself says no more than is held. */
function toldOf({ reports }: Imported, { file, own }: FoundPolicy): string[] {
  const ours = new Set([...own].map(({ place }) => place.line));
  return (['narrower', 'unenforced'] as const).flatMap((kind) => {
    const lines = reports.filter((one) => one.kind === kind).flatMap((report) => report.lines.map(({ line }) => line));
    const told = [...new Set(lines)].filter((line) => !ours.has(line)).sort((a, b) => a - b);
    if (told.length === 0) return [];
    const where =
      told.length > LINES_TOLD ? `${told.length} lines` : `line${told.length === 1 ? '' : 's'} ${linesText(told)}`;
    return [`${file}: ${where}: ${TOLD[kind]}: callgate policy import ${file}`];
  });
}

const TOLD = {
  narrower: 'what holds is narrower than what is written',
  unenforced: 'not all that is written there is held',
} as const;
const LINES_TOLD = 12;

/** What systrace gave an image that no file was for. */
function emptyPolicy(program: string, folder: string): FoundPolicy {
  const file = `${folder}/(none yet)`;
  const name = readText(program);
  const place = { file, line: 1, column: 1 };
  const policy: ClassicPolicy = { program: name, emulation: 'native', detached: false, rules: [], place };
  return { file, policy, written: name, unread: new Set(), own: new Set() };
}
