// SPDX-License-Identifier: GPL-2.0-only
/** Subjects by launch: a program that is started under a policy. */
import { codeOf, ProgramNotFound, Refusal } from '../host/failure.js';
import type { Addon, LaunchOptions, NativeError } from '../kernel/addon.js';
import { encodeArmedSubject } from '../kernel/records.js';
import { bytesFrom, bytesOf, textOf } from '../policy/bytes.js';
import { nativeFailure } from '../session/acquire.js';
import type { Session } from '../session/session.js';
import type { Ended } from './foreground.js';
import type { Origin } from './supervisor.js';

/**
 * A program to be started; the session's end is told by how it ended.
 *
 * @param policy number in the gate of the policy that it starts under
 */
export function launching(policy: number, launch: LaunchOptions): Origin<Ended> {
  return {
    name: nameOf(launch).split('/').at(-1) ?? '',
    enter: (session) => start(session, policy, launch),
  };
}

/** Held, made a subject, let go: there is no instruction of the program that is not judged. Resolves when it runs. */
async function start(
  session: Session,
  policy: number,
  launch: LaunchOptions,
): Promise<{ readonly ended: Promise<Ended> }> {
  const { addon } = session.host;
  let child: ReturnType<Addon['hold']>;
  try {
    child = addon.hold(launch);
  } catch (error) {
    throw launchFailure(error, nameOf(launch));
  }
  try {
    const subject = encodeArmedSubject(policy, session.number, session.cookie, child.device, child.inode);
    addon.mark(session.gate.native, child.pidfd, subject);
  } catch (error) {
    child.abandon();
    throw nativeFailure(error, `${nameOf(launch)} could not be made a subject`);
  }
  const ended = child.wait();
  // A launch that fails is told by release(); how its child ended is then nobody's question.
  ended.catch(() => undefined);
  try {
    await child.release();
  } catch (error) {
    throw launchFailure(error, nameOf(launch));
  }
  return { ended };
}

/** The program's file as events print it. */
function nameOf({ file }: LaunchOptions): string {
  return textOf(typeof file === 'string' ? bytesOf(file) : bytesFrom(file));
}

function launchFailure(error: unknown, file: string): Error {
  if ((error as Partial<NativeError>).operation === 'seccomp')
    return nativeFailure(error, `${file} was not started: its filter of system calls could not be put on`);
  switch (codeOf(error)) {
    case 'ENOENT':
      return new ProgramNotFound(`${file}: no such program (or its interpreter is missing)`, undefined, error);
    case 'EACCES':
    case 'ENOEXEC':
    case 'EISDIR':
      return new Refusal(`${file}: cannot be run (${codeOf(error)})`, `ls -l ${file}`, error);
    default:
      return nativeFailure(error, `${file} could not be started`);
  }
}
