// SPDX-License-Identifier: GPL-2.0-only
/** `systrace -a`: a program under its classic policies. What no rule permits is denied, and logged in the classic line. */
import { join } from 'node:path';
import type { Application } from '../application/application.js';
import { LOG_BYTES, Log } from '../audit/log.js';
import { Refusal } from '../host/failure.js';
import { lookAt } from '../host/running.js';
import { shellWord } from '../host/shell.js';
import { UNATTENDED } from '../policy/posture.js';
import { applicationAs, imagesOf, type ModeChoice, Numbering } from '../session/images.js';
import type { Session, SessionFacts } from '../session/session.js';
import { readStates } from '../session/state.js';
import { closeSession, launchOf, openSession, prepareKernel } from '../supervise/begin.js';
import type { Ended } from '../supervise/foreground.js';
import { launching } from '../supervise/launch.js';
import { type Origin, Supervisor } from '../supervise/supervisor.js';
import type { LinePolicy } from './line.js';
import { requireNoSupervisor, requireTakable, taking } from './running.js';
import type { Called } from './setting.js';
import { ClassicSink } from './sink.js';
import { ClassicSource } from './source.js';
import { unmonitored } from './unmonitored.js';

/**
 * Runs the program until its last process has ended.
 *
 * @returns how it ended, as far as that is known here
 * @throws Refusal before anything is started
 */
export async function enforce(called: Called): Promise<Ended> {
  const source = sourceOf(called, 'deny');
  const application = await source.load();
  if (source.isDetached(called.request.program.path)) return unmonitored(called);
  requirePolicy(application, called);
  return hold(called, source, application, (origin) => origin);
}

/**
 * Runs the program under the policies of its source until its last process has ended.
 *
 * @param wrap what else is done around its start
 */
export async function hold(
  called: Called,
  source: ClassicSource,
  application: Application,
  wrap: (origin: Origin<Ended>, session: Session) => Origin<Ended>,
): Promise<Ended> {
  const { request, flags, speech, around, outlet } = called;
  requireRunning(called);
  await prepareKernel(request.host, speech.say);
  const numbering = new Numbering();
  const mode: ModeChoice = 'as-written';
  const images = imagesOf(applicationAs(application, UNATTENDED), numbering, mode);
  const session = await openSession(request, factsOf(called, 'run'), images);
  try {
    const { log } = session.state;
    const sink = new ClassicSink(outlet, {
      policyOf: (name) => linePolicy(session, source, name),
      aliased: !flags.unaliased,
      isLogged: () => true,
    });
    const sinks = [new Log(log, LOG_BYTES, (fd) => session.gate.protection.seal(fd)), sink];
    const policies = { source, numbering, mode, around, silent: !flags.automatic };
    const supervisor = new Supervisor({ session, application, sinks, policies, talk: speech.say });
    const entry = session.policyOf(request.program.path)?.number ?? 0;
    return await supervisor.attend(wrap(originOf(called, entry), session));
  } finally {
    await closeSession(session, request);
  }
}

/**
 * How the program comes under its policy: it is started, or (-p) it runs already.
 *
 * @param policy its number in the gate
 */
export function originOf(called: Called, policy: number): Origin<Ended> {
  const { flags, request } = called;
  if (flags.pid === null) return inBackground(launching(policy, launchOf(request)), called);
  return taking(policy, flags.pid, request.program.path);
}

/** What can be told of a running program before anything is loaded is told then. */
export function requireRunning({ flags, request }: Called): void {
  if (flags.pid === null) return;
  requireNoSupervisor(flags.pid, readStates(request.host));
  const start = `systrace ${flags.learn ? '-A' : '-a'} ${request.argv.map(shellWord).join(' ')}`;
  requireTakable(lookAt(flags.pid), process.pid, start);
}

/** The classic files as a session's source. */
export function sourceOf(called: Called, asks: 'deny' | 'learn' | 'ask'): ClassicSource {
  const { flags, request, places, path, around, speech } = called;
  const { inherit, unaliased } = flags;
  const manner = { asks, inherit, unaliased };
  return new ClassicSource({ places, manner, entry: request.program.path, path, around, tell: speech.say });
}

/** What the session's state says. */
export function factsOf({ request, places }: Called, kind: 'run' | 'learn'): (name: string) => SessionFacts {
  const { host, command, user } = request;
  return (name) => ({
    ...{ name, kind, command, user, mode: null, journal: null },
    folder: places.user ?? places.system,
    log: join(host.logs, `${name}.jsonl`),
  });
}

/** What a line says of a policy. */
export function linePolicy(session: Session, source: ClassicSource, program: string): LinePolicy {
  const number = session.policyOf(program)?.number ?? 0;
  return { number, ...(source.facts(program) ?? { filters: 0, emulation: 'native' }) };
}

/** Once the program runs, systrace is gone from the terminal (unless it asks there). */
function inBackground<E>(origin: Origin<E>, { flags, speech, starting }: Called): Origin<E> {
  return {
    name: origin.name,
    enter: async (session) => {
      starting();
      const entered = await origin.enter(session);
      if (!flags.text) speech.goToBackground();
      return entered;
    },
  };
}

/** Without a policy all would be denied, the program's own loader first. */
function requirePolicy({ policies }: Application, { request, places, flags }: Called): void {
  const { program, argv } = request;
  if (policies.some(({ policy }) => policy.program === program.path)) return;
  const looked = [places.file, places.user, places.system].filter((one) => one !== null).join(', ');
  const learn = `systrace -A${flags.inherit ? 'i' : ''} ${argv.map(shellWord).join(' ')}`;
  throw new Refusal(`no policy for ${program.path} (looked in ${looked}): under -a all of it would be denied`, learn);
}
