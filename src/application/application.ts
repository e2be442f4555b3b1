// SPDX-License-Identifier: GPL-2.0-only
/**
 * An application: a folder of policies, of an entry program and its children as it uses them. Loaded whole or not at all,
 * from files that nobody else can write, with every path resolved as far as it is literal.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../host/failure.js';
import { readSecure, secureFolder } from '../host/secure.js';
import type { Place, Policy } from '../policy/model.js';
import { parsePolicy } from '../policy/parse.js';
import { type LinkedPath, linkedPaths, systemReadLink } from './links.js';
import { BadPolicy, type Problem, problemAt, problemsOf } from './problem.js';
import type { Surroundings } from './surroundings.js';

/** A policy of an application, and the text it was read from. */
export interface LoadedPolicy {
  /** Absolute path of the file. */
  readonly file: string;
  readonly text: string;
  readonly policy: Policy;
}

export interface Application {
  /** Resolved path of the folder. */
  readonly folder: string;
  /** In the order of their files' names. */
  readonly policies: readonly LoadedPolicy[];
}

/** The folder's policies; undefined where there is no such folder. */
export function loadApplication(
  folder: string,
  around: Surroundings,
  load: typeof loadPolicy = loadPolicy,
): Application | undefined {
  let resolved: string;
  let names: string[];
  try {
    resolved = secureFolder(folder);
    names = readdirSync(resolved).filter(isPolicyFile).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const problems: Problem[] = [];
  const policies = names.flatMap((name): LoadedPolicy[] => {
    try {
      return [load(join(resolved, name), around)];
    } catch (error) {
      problems.push(...problemsOf(error, ''));
      return [];
    }
  });
  problems.push(...twice(policies));
  if (problems.length > 0) throw new BadPolicy(problems, folder);
  return { folder: resolved, policies };
}

/** Does a file in a folder of policies hold one? Editors' leavings and learners' temporary files do not. */
export function isPolicyFile(name: string): boolean {
  return name.endsWith('.yaml') && !name.startsWith('.');
}

/**
 * One policy from its file.
 *
 * @throws Failure or BadPolicy; ENOENT is left to the caller
 */
export function loadPolicy(file: string, around: Surroundings): LoadedPolicy {
  const text = readSecure(file);
  const policy = readPolicy(file, text, around);
  const linked = linkedPaths(policy, systemReadLink);
  if (linked.length > 0)
    throw new BadPolicy(
      linked.map((path) => linkProblem(path, text)),
      file,
    );
  return { file, text, policy };
}

/** The policy of a text. Throws BadPolicy with all that is wrong with it. */
export function readPolicy(file: string, text: string, around: Surroundings): Policy {
  try {
    return parsePolicy(text, file, around);
  } catch (error) {
    throw new BadPolicy(problemsOf(error, text), file, error);
  }
}

function linkProblem({ place, written, link, instead }: LinkedPath, text: string): Problem {
  const message = `${written} goes through the symbolic link ${link}, so it never matches: the kernel tells resolved paths`;
  const remedy = instead === null ? 'the link leads nowhere' : `write ${instead} (callgate policy fmt --resolve does)`;
  return problemAt(placeOf(written, place, text), message, remedy, text);
}

/** Where a pattern is written, in the rule that begins at a place or in the policy's head; that place where it is written otherwise. */
function placeOf(written: string, from: Place, text: string): Place {
  const lines = text.split('\n').slice(from.line - 1);
  const next = lines.findIndex((line, index) => index > 0 && /^ *- *(permit|deny|ask):/.test(line));
  const own = next < 0 ? lines : lines.slice(0, next);
  const at = own.findIndex((line) => columnOf(written, line) > 0);
  return at < 0 ? from : { ...from, line: from.line + at, column: columnOf(written, own[at] ?? '') };
}

/** From 1; 0: it is not in the line, or only as a piece of another path. */
function columnOf(written: string, line: string): number {
  for (let at = line.indexOf(written); at >= 0; at = line.indexOf(written, at + 1)) {
    const [before, behind] = [line[at - 1] ?? ' ', line[at + written.length] ?? ' '];
    if (/[\s,:'"[]/.test(before) && /[\s,'"\]]/.test(behind)) return at + 1;
  }
  return 0;
}

/** One program, one policy: which of two would hold? */
function twice(policies: readonly LoadedPolicy[]): Problem[] {
  const first = new Map<string, string>();
  return policies.flatMap(({ policy, file, text }): Problem[] => {
    const other = first.get(policy.program);
    if (other === undefined) {
      first.set(policy.program, file);
      return [];
    }
    const message = `${policy.program} has a policy in this folder already, ${other}`;
    return [problemAt({ file, line: 1, column: 1 }, message, 'put the rules in one file', text)];
  });
}
