// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy new`: a draft into a folder that has none for the program, or onto standard output. */
import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { isPolicyFile, loadApplication } from '../application/application.js';
import { policyFileName } from '../application/policy-name.js';
import type { Surroundings } from '../application/surroundings.js';
import { codeOf, Failure } from '../host/failure.js';
import { makeFolder } from '../host/make-folder.js';
import { newFile } from '../host/replace-file.js';
import { secureFolder } from '../host/secure.js';
import type { Version } from '../policy/operations.js';
import { findProgram } from '../supervise/program.js';
import { draftOf } from './draft.js';
import { scriptOf } from './script.js';

export interface Drafted {
  readonly program: string;
  /** Null: it was not to be written. */
  readonly file: string | null;
  readonly text: string;
}

/** Folders of programs that an administrator starts, which a user's PATH may lack. */
const SBIN = ':/usr/local/sbin:/usr/sbin:/sbin';

/**
 * Makes a draft.
 *
 * @param folder of the application; null: NAME in the folder of applications
 * @param write false: nothing is written
 * @param version of the language; null: the newest of the policies that are there, or 1
 * @throws Failure where there is no such program, or a policy for it already
 */
export function newPolicy(
  word: string,
  folder: string | null,
  write: boolean,
  applications: string,
  around: Surroundings,
  version: Version | null,
): Drafted {
  const path = Buffer.from(`${process.env.PATH ?? '/usr/bin:/bin'}${SBIN}`);
  const { path: program, before } = findProgram(Buffer.from(word), path);
  if (before.length > 0)
    throw new Failure(
      `${word}: a text that does not say what reads it; its program is ${program}`,
      'begin it with #!/bin/sh',
    );
  const target = resolve(folder ?? join(applications, basename(program)));
  const draft = (of: Version): string => draftOf({ program, script: scriptOf(program, path), version: of }, around);
  if (!write) return { program, file: null, text: draft(version ?? 1) };
  const existing = loadApplication(target, around)?.policies ?? [];
  const known = existing.find(({ policy }) => policy.program === program);
  if (known !== undefined)
    throw new Failure(
      `${program} has a policy already, ${known.file}: it is left as it is`,
      `callgate policy new ${program} --stdout`,
    );
  const text = draft(version ?? (existing.some(({ policy }) => policy.version === 2) ? 2 : 1));
  return { program, file: place(target, program, text), text };
}

function place(folder: string, program: string, text: string): string {
  try {
    makeFolder(folder, 0o755);
  } catch (error) {
    throw new Failure(
      `${folder}: the folder cannot be made (${codeOf(error) ?? 'error'})`,
      '--policies DIR, or --stdout',
      error,
    );
  }
  const secure = secureFolder(folder);
  const file = join(secure, policyFileName(program, readdirSync(secure).filter(isPolicyFile)));
  newFile(file, text);
  return file;
}
