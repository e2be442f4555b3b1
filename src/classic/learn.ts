// SPDX-License-Identifier: GPL-2.0-only
/** `systrace -A`: what no rule matches is permitted and becomes a rule of the classic file, one file for each program. */
import {
  Journal,
  type JournalFacts,
  type JournalHeader,
  JournalSink,
  journalFile,
  scanJournal,
} from '../audit/journal.js';
import { LOG_BYTES, Log } from '../audit/log.js';
import { Failure, messageOf } from '../host/failure.js';
import { emptyImage, imagesOf, Numbering } from '../session/images.js';
import { closeSession, openSession, prepareKernel } from '../supervise/begin.js';
import type { Ended } from '../supervise/foreground.js';
import { finishJournal } from '../supervise/salvage.js';
import { Supervisor } from '../supervise/supervisor.js';
import { namedPaths } from '../training/machine.js';
import { concludeClassic, recoverClassic } from './conclude.js';
import { factsOf, linePolicy, originOf, requireRunning, sourceOf } from './enforce.js';
import { calledAs } from './names.js';
import type { Called } from './setting.js';
import { ClassicSink } from './sink.js';
import { unmonitored } from './unmonitored.js';

/** How often what was learned is written while the program runs: as systrace did. */
const WRITE_MS = 30_000;

/**
 * Runs the program until its last process has ended, and writes what it did.
 *
 * @returns how it ended, as far as that is known here
 * @throws Refusal before anything is started
 */
export async function learn(called: Called): Promise<Ended> {
  const { request, flags, speech, places } = called;
  const { host, program } = request;
  const source = sourceOf(called, 'learn');
  const application = await source.load();
  if (source.isDetached(program.path)) return unmonitored(called);
  requireRunning(called);
  if (places.user === null) speech.say('-U: what is learned is written nowhere');
  await prepareKernel(host, speech.say);
  const numbering = new Numbering();
  const images = [...imagesOf(application, numbering, 'learn'), emptyImage(program.path, numbering, 1)];
  const facts = factsOf(called, 'learn');
  const session = await openSession(request, (name) => ({ ...facts(name), journal: journalFile(host, name) }), images);
  let journalled: JournalFacts;
  let ended: Ended;
  try {
    recoverClassic(host, speech.say);
    const { name, started, log } = session.state;
    const journal = Journal.create(host, headerOf(called, name, started));
    const written = new Written(journal.file, (text) => {
      for (const line of concludeClassic(text, false)) speech.say(line);
    });
    try {
      const logging = new Set(
        application.policies.flatMap(({ policy }) =>
          policy.rules.flatMap((rule) => (rule.log === true ? [`${policy.program} ${rule.number}`] : [])),
        ),
      );
      const sink = new ClassicSink(called.outlet, {
        policyOf: (name) => linePolicy(session, source, name),
        aliased: !flags.unaliased,
        isLogged: ({ policy, rule }) => logging.has(`${policy} ${rule}`),
      });
      const sinks = [new Log(log, LOG_BYTES, (fd) => session.gate.protection.seal(fd)), new JournalSink(journal), sink];
      const supervisor = new Supervisor({ session, application, sinks, policies: null, talk: speech.say });
      const policy = session.policyOf(program.path)?.number ?? 0;
      written.begin(speech.say);
      ended = await supervisor.attend(originOf(called, policy));
      journalled = finishJournal(session, journal);
    } finally {
      written.end();
      journal.close();
    }
  } finally {
    await closeSession(session, request);
  }
  for (const line of concludeClassic(journalled, true)) speech.say(line);
  return ended;
}

function headerOf({ request, flags, places }: Called, session: string, started: string): JournalHeader {
  const { command, user, cwd, program, argv, env } = request;
  const { inherit, unaliased } = flags;
  const called = calledAs(program);
  return {
    v: 1,
    type: 'learner',
    session,
    started,
    command,
    folder: places.user ?? places.system,
    user,
    cwd: cwd ?? '',
    program: program.path,
    named: namedPaths(argv, env, cwd),
    classic: {
      ...{ writes: places.user !== null, system: places.system, file: places.file, inherit, unaliased },
      ...(called === null ? {} : { called: called.called }),
    },
  };
}

/** Writes now and then what came meanwhile, so that a program that never ends is learned too. */
class Written {
  readonly #file: string;
  readonly #write: (journal: JournalFacts) => void;
  #events = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, write: (journal: JournalFacts) => void) {
    this.#file = file;
    this.#write = write;
  }

  begin(say: (line: string) => void): void {
    this.#timer = setInterval(() => {
      try {
        const text = scanJournal(this.#file);
        if (text.events === this.#events) return;
        this.#events = text.events;
        this.#write(text);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        say(`what was learned so far is not written: ${messageOf(error)}`);
      }
    }, WRITE_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
