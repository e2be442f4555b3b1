// SPDX-License-Identifier: GPL-2.0-only
/**
 * What whoever ran the program chose: it stood on the command line, in the environment, or in a configuration file that was read; and what
 * programs of the application ran each other with.
 */
import { isOpen } from './places.js';
import type { RunHeader } from './run.js';

/** Words that are no names of anything: options, and what is too short to be told from chance. */
const WORD = /^[^-/].{2,}$/s;

export class Given {
  readonly #paths: ReadonlySet<string>;
  readonly #folders: readonly string[];
  readonly #configured: readonly string[];
  readonly #words: ReadonlySet<string>;
  /** By program. */
  readonly #passed = new Map<string, Set<string>>();
  readonly #passedFolders = new Map<string, string[]>();
  /** Last names of what stood there, wherever the program looked for it: `patch -d tree -i ../week-20261103.patch`. */
  readonly #names: ReadonlySet<string>;

  /**
   * @param homes of this machine's users: that a configuration names one, or one program to another, says nothing about what is in it
   * @param made by programs of the application: that they ran each other with it was no choice of anybody's
   */
  constructor(
    runs: readonly Pick<RunHeader, 'named' | 'configured' | 'command' | 'given'>[],
    homes: readonly string[],
    made: ReadonlySet<string> = new Set(),
  ) {
    this.#folders = [...new Set(runs.flatMap(({ named }) => named))];
    this.#paths = new Set(this.#folders);
    const configured = new Set(runs.flatMap((run) => run.configured ?? []));
    this.#configured = [...configured].filter((path) => isOpen(path, homes));
    for (const [program, paths] of runs.flatMap(({ given }) => Object.entries(given ?? {}))) {
      const known = this.#passed.get(program) ?? new Set();
      for (const path of paths) if (!made.has(path)) known.add(path);
      this.#passed.set(program, known);
    }
    for (const [program, paths] of this.#passed)
      this.#passedFolders.set(
        program,
        [...paths].filter((path) => isOpen(path, homes)),
      );
    const words = runs.flatMap(({ command }) => command.slice(1));
    this.#words = new Set(words.filter((word) => WORD.test(word)));
    const parts = words.flatMap((word) => word.split(/[=,:]/));
    this.#names = new Set(parts.map((part) => part.slice(part.lastIndexOf('/') + 1)));
  }

  /** Did the path itself stand on the command line or in the environment? */
  path(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Did the path, or a word that ends in its last name? */
  named(path: string): boolean {
    return this.#paths.has(path) || this.#names.has(path.slice(path.lastIndexOf('/') + 1));
  }

  /** Did the folder, or one above it? */
  folder(path: string): boolean {
    return isBelow(this.#folders, path);
  }

  /** Did the folder, or one above it, stand in a configuration file? */
  configured(path: string): boolean {
    return isBelow(this.#configured, path);
  }

  /** Was the program run with the path by another of the application? */
  passed(program: string, path: string): boolean {
    return this.#passed.get(program)?.has(path) === true;
  }

  /** Was any program? */
  passedToAny(path: string): boolean {
    return [...this.#passed.values()].some((paths) => paths.has(path));
  }

  /** Was the program run so with the folder, or one above it? */
  passedFolder(program: string, path: string): boolean {
    return isBelow(this.#passedFolders.get(program) ?? [], path);
  }

  /** Is it a path of the command line, or the name itself one of its words, `server-1` and `server-1.lock`? */
  chose(path: string): boolean {
    if (this.#paths.has(path)) return true;
    const name = path.slice(path.lastIndexOf('/') + 1);
    for (let end = name.length; end > 0; end = name.lastIndexOf('.', end - 1))
      if (this.#words.has(name.slice(0, end))) return true;
    return false;
  }
}

/** Nobody chose anything. */
export const NOTHING_GIVEN = new Given([], []);

function isBelow(folders: readonly string[], path: string): boolean {
  return folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
}
