// SPDX-License-Identifier: GPL-2.0-only
/** Classic policies of systrace and policies of callgate, the one read and the other written. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf, Failure } from '../host/failure.js';
import { makeFolder } from '../host/make-folder.js';
import { readPlain } from '../host/plain-file.js';
import { replaceFile } from '../host/replace-file.js';
import { type Bytes, bufferOf, bytesFrom, bytesOf, textOf } from '../policy/bytes.js';
import { renderProblem } from '../policy/errors.js';
import { type ExportCode, exportPolicy } from '../systrace/export.js';
import { importPolicy, type LineOutcome } from '../systrace/import.js';
import { type ClassicFile, parseClassic } from '../systrace/parse.js';
import type { SystraceProblem } from '../systrace/problem.js';
import { isStrict, linesText, type Report } from '../systrace/remarks.js';
import { isPolicyFile, type LoadedPolicy, readPolicy } from './application.js';
import { policyFileName } from './policy-name.js';
import type { Problem } from './problem.js';
import type { Surroundings } from './surroundings.js';

export interface ImportRequest {
  readonly files: readonly string[];
  readonly cwd: string;
  /** The program of a fragment without a header. */
  readonly program: string | null;
  readonly defines: ReadonlyMap<string, string>;
  readonly chroot: string | null;
  readonly widen: boolean;
  readonly strict: boolean;
  /** Lines that cannot be read are reported, and their calls denied. */
  readonly skipBad: boolean;
}

/** One policy that was read, and what came of it. */
export interface ImportedPolicy {
  readonly source: string;
  readonly program: string;
  readonly emulation: string;
  /** The text of the policy; null: none comes of it. */
  readonly text: string | null;
  readonly reports: readonly Report[];
  readonly lines: readonly LineOutcome[];
}

export interface ImportResult {
  readonly policies: readonly ImportedPolicy[];
  readonly problems: readonly Problem[];
}

/**
 * Imports classic files. Where anything is wrong, there are problems, and nothing is to be written.
 *
 * @throws Failure for a file that cannot be read
 */
export function importClassic(request: ImportRequest, around: Surroundings): ImportResult {
  const { program, defines, chroot, widen, strict, skipBad } = request;
  const read = request.files
    .flatMap((word) => classicFiles(resolve(request.cwd, word)))
    .map((path) => {
      const file = { path, text: readClassic(path) };
      const options = { defines: bytesMap(defines), ...(program === null ? {} : { program: bytesOf(program) }) };
      return { ...file, classic: parseClassic(file.text, path, options) };
    });
  const [empty] = read.filter(({ classic }) => classic.policies.length === 0 && classic.problems.length === 0);
  if (empty !== undefined)
    throw new Failure(
      `${empty.path}: no policy in it`,
      'a classic policy begins with: Policy: /path/of/program, Emulation: native',
    );
  if (read.length === 0)
    throw new Failure(`${request.files.join(', ')}: no classic policy in it`, 'name a file, or a folder that has some');
  const problems = read.flatMap(({ classic }) =>
    (skipBad ? classic.problems.filter(isLost(classic)) : classic.problems).map(problemShown),
  );
  const detached = new Set(
    read.flatMap(({ classic }) => classic.policies.filter((one) => one.detached).map((one) => one.program)),
  );
  const accounts = { user: around.user, group: around.group };
  const policies = read.flatMap(({ path, text, classic }) => {
    const source = strict ? text.split('\n') : [];
    return classic.policies.map((policy): ImportedPolicy => {
      const made = importPolicy(policy, {
        accounts,
        widen,
        detached,
        unread: new Set(classic.unread),
        ...(chroot === null ? {} : { chroot: bytesOf(chroot) }),
      });
      if (strict) problems.push(...made.reports.filter(isStrict).flatMap((report) => strictly(report, source)));
      // What was made must be a policy: a fault of the importer is found here, and not when it is used.
      if (made.text !== null) readPolicy(path, made.text, around);
      const { reports, lines } = made;
      return {
        source: path,
        program: textOf(policy.program),
        emulation: policy.emulation,
        text: made.text,
        reports,
        lines,
      };
    });
  });
  return { policies, problems: [...problems, ...twice(policies)] };
}

/** A line whose call is not known leaves nothing to deny, so it stays a problem. */
function isLost({ unread }: ClassicFile): (problem: SystraceProblem) => boolean {
  const lines = new Set(unread.map(({ place }) => place.line));
  return ({ place }) => !lines.has(place.line);
}

function bytesMap(defines: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...defines].map(([name, value]) => [name, bytesOf(value)]));
}

function problemShown({ place, message, remedy, sourceLine }: SystraceProblem): Problem {
  const { file, line, column } = place;
  return { file, line, column, message, remedy, rendered: renderProblem({ place, message, remedy, sourceLine }) };
}

function strictly({ message, remedy, lines }: Report, source: readonly string[]): Problem[] {
  return lines.map((place) => {
    const { file, line, column } = place;
    const shown = remedy ?? 'import without --strict to take it over as it can be';
    const sourceLine = bufferOf((source[line - 1] ?? '') as Bytes).toString('utf8');
    return {
      file,
      line,
      column,
      message,
      remedy: shown,
      rendered: renderProblem({ place, message, remedy: shown, sourceLine }),
    };
  });
}

/** Two policies for one program are one file too many. */
function twice(policies: readonly ImportedPolicy[]): Problem[] {
  return policies.flatMap(({ program, source }, index) => {
    const first = policies.findIndex((other) => other.program === program);
    if (first === index) return [];
    const message = `${source}: a second policy for ${program}; the first is in ${policies[first]?.source}`;
    const remedy = 'import them apart: systrace had one policy for each emulation, callgate has one for each program';
    return [{ file: source, line: null, column: null, message, remedy, rendered: `${message}\n  ${remedy}` }];
  });
}

/** A file, or the files of a folder as ~/.systrace has them. */
function classicFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => !name.startsWith('.') && !statSync(join(path, name)).isDirectory())
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw unreadable(error, path);
  }
}

function readClassic(path: string): Bytes {
  try {
    return bytesFrom(readPlain(path));
  } catch (error) {
    throw unreadable(error, path);
  }
}

function unreadable(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  if (code === 'ENOENT')
    return new Failure(`${path}: no such file`, 'name a classic policy, or a folder of them', error);
  return new Failure(`${path}: cannot be read (${code ?? 'error'})`, `ls -ld ${path}`, error);
}

/** Reports as lines for a person. */
export function reportLines({ source, reports }: ImportedPolicy): string[] {
  return reports.flatMap(({ kind, message, remedy, lines, calls }) => {
    const where =
      lines.length === 0
        ? source
        : `${source}: ${lines.length === 1 ? 'line' : 'lines'} ${shortened(linesText(lines.map(({ line }) => line)))}`;
    const named = calls.length === 0 || calls.length > CALLS_SHOWN ? '' : ` (${calls.join(', ')})`;
    return [`${where}${named}: ${kind}: ${message}`, ...(remedy === null ? [] : [`  ${remedy}`])];
  });
}

const CALLS_SHOWN = 12;
const LINES_SHOWN = 24;

/** Many numbers are told by --json. */
function shortened(lines: string): string {
  const parts = lines.split(', ');
  return parts.length <= LINES_SHOWN ? lines : `${parts.slice(0, LINES_SHOWN).join(', ')} and more`;
}

/** A file that was written. */
export interface Written {
  readonly file: string;
  readonly program: string;
}

/**
 * Writes imported policies into a folder, all or none.
 *
 * @throws Failure where a file is there and may not be replaced
 */
export function writeImported(policies: readonly ImportedPolicy[], folder: string, force: boolean): Written[] {
  try {
    makeFolder(folder, 0o755);
  } catch (error) {
    throw new Failure(
      `${folder}: the folder cannot be made (${codeOf(error) ?? 'error'})`,
      'name another folder',
      error,
    );
  }
  const taken: string[] = [];
  const plan = policies.flatMap(({ program, text }) => {
    if (text === null) return [];
    const name = policyFileName(program, taken);
    taken.push(name);
    return [{ file: join(folder, name), program, text }];
  });
  const there = new Set(readdirSync(folder).filter(isPolicyFile));
  const clash = plan.filter(({ file }) => there.has(file.slice(folder.length + 1)));
  if (clash.length > 0 && !force)
    throw new Failure(
      `${clash.map(({ file }) => file).join(', ')}: there already; nothing was written`,
      'import with --force to replace, or into another folder',
    );
  for (const { file, text } of plan) replaceFile(file, text);
  return plan.map(({ file, program }) => ({ file, program }));
}

/** One policy as systrace would have it. */
export interface ExportedClassic {
  readonly program: string;
  readonly file: string;
  readonly text: string;
  readonly reports: readonly {
    readonly code: ExportCode;
    readonly kind: 'narrower' | 'wider';
    readonly message: string;
    /** Lines of the policy, or of the groups it uses. */
    readonly lines: readonly number[];
  }[];
}

/**
 * Exports a policy.
 *
 * @throws Failure where a name in it is no UTF-8, which would be another name where it is read again
 */
export function exportClassic({ policy }: LoadedPolicy): ExportedClassic {
  const { program, file, text, reports } = exportPolicy(policy);
  const shown = bufferOf(text).toString('utf8');
  if (!Buffer.from(shown).equals(bufferOf(text)))
    throw new Failure(
      `${file}: a name in it is no UTF-8, and a classic policy has no other way to write it`,
      'take the rule out',
    );
  const told = reports.map(({ code, kind, message, places }) => ({
    code,
    kind,
    message,
    lines: [...new Set(places.map(({ line }) => line))].sort((one, other) => one - other),
  }));
  return { program, file, text: shown, reports: told };
}

/** Reports of an export as lines for a person. */
export function exportLines({ file, reports }: ExportedClassic): string[] {
  return reports.map(
    ({ kind, message, lines }) =>
      `${file}: ${lines.length === 1 ? 'line' : 'lines'} ${linesText(lines)}: ${kind}: ${message}`,
  );
}
