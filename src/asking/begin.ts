// SPDX-License-Identifier: GPL-2.0-only
/** A policy for a program that is to run under one of its own and has none: empty, so that all it does is asked. */
import { closeSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedPolicy } from '../application/application.js';
import { policyFileName } from '../application/policy-name.js';
import { replaceFile } from '../host/replace-file.js';
import { readSecure } from '../host/secure.js';
import { bufferOf, readText, textOf } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Rule } from '../policy/model.js';
import { scalar } from '../policy/statement.js';

/** A file that was written for an answer. */
export interface Begun {
  readonly file: string;
  readonly text: string;
}

const ELF = Buffer.from('\x7fELF', 'latin1');

/** Can the program be judged by its own file alone? A script is read by another program, which its policy must name. */
export function canBegin(program: string): boolean {
  let fd: number;
  try {
    fd = openSync(bufferOf(readText(program)), 'r');
  } catch {
    return false;
  }
  try {
    const head = Buffer.alloc(ELF.length);
    return readSync(fd, head, 0, head.length, 0) === head.length && head.equals(ELF);
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}

/** The program that a rule has run under a policy of its own, if it names one and no more. */
export function ownProgram({ verdict, operations, objects, transition }: Rule): string | null {
  const [object, ...more] = objects;
  if (verdict !== 'permit' || !operations.includes('exec') || transition === 'inherit' || transition === 'unconfined')
    return null;
  if (more.length > 0 || object?.type !== 'path' || object.pattern.self) return null;
  const names = object.pattern.components.map((component) => (component.kind === 'literal' ? component.name : null));
  return names.includes(null) ? null : textOf(`/${names.join('/')}` as never);
}

/**
 * Writes it beside the policy of whoever runs the program, with the same groups: what every program needs is asked of none.
 *
 * @param comment a line above it
 */
export function begin(program: string, { file, policy }: LoadedPolicy, comment: string): Begun {
  const folder = dirname(file);
  const begun = join(folder, policyFileName(program, readdirSync(folder)));
  const use = policy.use.length === 0 ? [] : [`use: [${policy.use.join(', ')}]`];
  const head = [
    'version: 1',
    `program: ${scalar(literalText(readText(program)))}`,
    'default: ask',
    ...use,
    'rules: []',
  ];
  const text = `# ${comment}\n${head.join('\n')}\n`;
  replaceFile(begun, text);
  return { file: begun, text };
}

/** Takes it away again, if nobody has written into it since. */
export function takeAway({ file, text }: Begun): void {
  try {
    if (readSecure(file) === text) rmSync(file);
  } catch {
    // It is gone, or somebody else's by now.
  }
}
