// SPDX-License-Identifier: GPL-2.0-only
/**
 * The supervisor of one session: a value with the session, the sinks of its events and a control door. How its subjects
 * came is their origin's matter; it stays until the last of them is gone. Driven by events; only who moves while all are
 * listed is looked for again.
 */
import { readFileSync } from 'node:fs';
import type { Application } from '../application/application.js';
import type { PolicySource } from '../application/source.js';
import type { Surroundings } from '../application/surroundings.js';
import { type AskingHandlers, askingHandlers } from '../asking/handlers.js';
import { Questions } from '../asking/questions.js';
import { type Automat, answerBy } from '../attach/answerer.js';
import { Reporter } from '../audit/reporter.js';
import type { EventSink } from '../audit/sink.js';
import type { Answers, Handlers } from '../control/protocol.js';
import { type Door, openDoor } from '../control/server.js';
import { Failure, messageOf } from '../host/failure.js';
import { ROOT } from '../host/host.js';
import { readSensitive } from '../learn/sensitive.js';
import type { PathPattern } from '../policy/model.js';
import { UNATTENDED } from '../policy/posture.js';
import { locked } from '../session/acquire.js';
import type { CallHold } from '../session/calls.js';
import { applicationAs, type ModeChoice, type Numbering } from '../session/images.js';
import { type ModeChange, switchSession } from '../session/mode.js';
import type { Session } from '../session/session.js';
import { readState, sessionFolder } from '../session/state.js';
import { subjectProcesses, subjectsGone } from '../session/subjects.js';
import { admitting } from './admit.js';
import { type Detached, detachAll, detachedText, requireEntered } from './detach.js';
import { entryFiles } from './enter.js';
import { forwardSignals, takeSignals } from './foreground.js';
import { Deaf, whileWaiting } from './lingering.js';
import { attendHere } from './local.js';
import { PolicyKeeper } from './reload.js';
import { type Stopped, stopSession } from './stop.js';
import { watchWatcher } from './watched.js';

/** How a session's first subjects come: by launch; by a pid, a cgroup, a unit. */
export interface Origin<E> {
  /** Who is taken in ran before, and can be let go. Absent: the program was started under its policy, and ends under it. */
  readonly ran?: {
    /** A hangup lets go, too. */
    readonly hangup: boolean;
    /** They were let go: `ended` resolves. */
    readonly left: () => void;
  };
  /** For a person: what runs on, where something does. */
  readonly name: string;
  /**
   * Brings them in; resolves once they are subjects. `ended` is about the one whose end is the session's result.
   *
   * @throws Failure where they could not be; no subject is left then
   */
  enter(session: Session): Promise<{ readonly ended: Promise<E> }>;
}

export interface Supervision {
  readonly session: Session;
  /** What the session was opened with: events name its policies. */
  readonly application: Application;
  readonly sinks: readonly EventSink[];
  /** Where changed policies come from; null: they are never changed (a learner's). */
  readonly policies: {
    readonly source: PolicySource;
    readonly numbering: Numbering;
    readonly mode: ModeChoice;
    readonly around: Surroundings;
    /** How its system calls are held; see Keeping. */
    readonly calls?: { readonly program: string; readonly hold: CallHold | null };
    /** That they changed is not said: whoever is asked has just changed them. */
    readonly silent?: boolean;
  } | null;
  /** Says a line to the person, never on the program's standard output. */
  readonly talk: (line: string) => void;
  /** The same, though the program may be drawing on the terminal: an answer to what the person has just typed. Absent: `talk`. */
  readonly interject?: (line: string) => void;
  /** What answers questions from the first instruction on; absent: nobody, until somebody attends. */
  readonly automats?: readonly Automat[];
}

/** Processes that end within this time of the program itself are no background. */
const BACKGROUND_MS = 200;
/** How often a learner writes down which system calls were made. */
const CALLED_MS = 1000;

export class Supervisor {
  readonly #session: Session;
  readonly #reporter: Reporter;
  readonly #keeper: PolicyKeeper | null;
  readonly #questions: Questions | null;
  readonly #asking: AskingHandlers | null;
  readonly #talk: (line: string) => void;
  readonly #automats: readonly Automat[];
  readonly #deaf: Deaf;
  readonly #calls: CallHold | null;
  /** How often what is left behind the program was to be ended; null: the program is there. */
  #endings: number | null = null;
  /** Aborted once everybody was let go. */
  readonly #gone = new AbortController();
  #left: () => void = () => undefined;

  constructor({ session, application, sinks, policies, talk, interject = talk, automats = [] }: Supervision) {
    this.#session = session;
    this.#deaf = new Deaf(session.state.name, interject);
    this.#automats = automats;
    this.#calls = policies?.calls?.hold ?? null;
    this.#talk = talk;
    this.#reporter = new Reporter(session, sinks, talk, (events, records) => this.#questions?.heard(events, records));
    const held = applicationAs(application, UNATTENDED);
    this.#reporter.hold(held);
    this.#keeper =
      policies === null
        ? null
        : new PolicyKeeper({
            ...{ session, ...policies, application, folder: application.folder },
            begun: () => this.#questions?.attendance.brace(),
            taken: (images, changed) => {
              this.#reporter.hold(changed);
              this.#questions?.judging.taking(images);
              for (const { program, generation } of policies.silent === true ? [] : images)
                talk(`the policy of ${program} was changed: generation ${generation} holds from now on`);
            },
            held: (images, changed) => {
              this.#questions?.judging.took(images, changed);
              const { state, gate, cookie } = session;
              if (state.cgroup !== undefined) gate.entering.setEntries(cookie, entryFiles(gate, state));
            },
            noticed: (words) => {
              this.#reporter.problem(words);
              talk(words);
            },
            refused: (problem) => {
              this.#reporter.problem(problem);
              talk(`the changed policy is refused, what held before holds on:\n${problem}`);
              this.#questions?.attendance.tell({ v: 1, tell: 'problem', problem });
            },
          });
    const keeper = this.#keeper;
    this.#questions =
      policies === null || keeper === null
        ? null
        : new Questions({
            ...{ session, application: held, around: policies.around, sensitive: sensitive() },
            named: session.state.command.slice(1).filter((word) => word.startsWith('/')),
            language: policies.source.language,
            pose: (posture) => keeper.pose(posture),
            reload: () => keeper.reload(),
            problem: (words) => {
              this.#reporter.problem(words);
              talk(words);
            },
          });
    this.#asking = this.#questions === null ? null : askingHandlers(this.#questions);
  }

  /**
   * Brings the subjects in and stays until the last is gone and the ring buffer is read to its end. The session itself is
   * left to the caller. Call once.
   *
   * @returns what the origin says of the end
   * @throws what the origin does; or a Failure where there can be no control door
   */
  async attend<E>(origin: Origin<E>): Promise<E> {
    const { addon } = this.#session.host;
    const { gate, number, state } = this.#session;
    let door: Door | null = null;
    addon.becomeSubreaper();
    const ring = gate.openRing(number, this.#reporter.deliver);
    if (origin.ran !== undefined) this.#left = origin.ran.left;
    const signals =
      origin.ran === undefined
        ? forwardSignals(this.#session, {
            wake: () => this.#questions?.wake(),
            passed: (processes, name) => void this.#deaf.got(processes, name),
            end: () => this.#endRest(),
          })
        : takeSignals((name) => this.#signalled(name, origin.ran?.hangup === true));
    const reap = (): void => void addon.reapOrphans();
    process.on('SIGCHLD', reap);
    const unwatch = watchWatcher(this.#session, (words) => {
      this.#reporter.problem(words);
      this.#talk(words);
    });
    // What was seen up to now is not lost with a learner that is killed.
    const noting = setInterval(() => this.#reporter.noteCalled(), CALLED_MS);
    noting.unref();
    try {
      door = await this.#open();
      this.#keeper?.watch();
      await this.#attendHere();
      const { ended } = await origin.enter(this.#session);
      // However that came to be known: only the count of its subjects says that the session is over.
      await ended.catch(() => undefined);
      // Whoever ended before the handler stood sends no signal any more.
      reap();
      const rest = subjectsGone(addon, gate, number, this.#gone.signal);
      this.#endings = 0;
      this.#deaf.end();
      if (!(await within(rest, BACKGROUND_MS))) {
        const running = subjectProcesses(gate, number);
        const pids = running.map(({ pid }) => pid).join(', ');
        if (running.length > 0) this.#talk(`${origin.name} runs on, pid ${pids}; callgate stop ${state.name} ends it`);
        await rest;
      }
      return await ended;
    } finally {
      clearInterval(noting);
      unwatch();
      this.#questions?.close();
      await this.#keeper?.stop();
      await door?.close();
      ring.drain();
      ring.stop();
      process.off('SIGCHLD', reap);
      addon.reapOrphans();
      signals.stop();
      await this.#reporter.flush();
      this.#reporter.end();
    }
  }

  /** True: somebody attends who is asked. False: the session was ended before. */
  get somebody(): Promise<boolean> {
    return this.#questions?.attendance.somebody ?? Promise.resolve(true);
  }

  /** Switches every policy of the session, at once and for all images to come. */
  async setMode(mode: 'enforce' | 'complain'): Promise<ModeChange> {
    const { host, state } = this.#session;
    const change = await locked(host, () => {
      if (readState(host, state.name) === undefined) throw new Failure(`${state.name}: the session is over`);
      return switchSession(this.#session, mode);
    });
    if (mode === 'complain') this.#questions?.judging.all();
    this.#tellFilter(mode);
    return change;
  }

  /** Takes in what changed of the policies. Throws a Failure with what is wrong with them; what held before holds on. */
  async reload(): Promise<Answers['reload']> {
    const { name } = this.#session.state;
    if (this.#keeper === null) throw new Failure(`${name} is learning: its policies are written at its end`);
    const taken = await this.#keeper.reload();
    return { session: name, taken: taken.map(({ program, generation }) => ({ program, generation })) };
  }

  /** Ends every process of the session; `attend` then resolves. Throws a Failure naming those that would not end. */
  async stop(kill: boolean): Promise<Stopped> {
    const { host, gate, state } = this.#session;
    // A process that stands still hears no SIGTERM, and one that asks again would stop again.
    this.#questions?.refuse();
    // Whoever comes into a cgroup from now on is not of it.
    gate.entering.forgetGroups(this.#session.cookie);
    const stopped = await stopSession(host, gate, state, kill);
    this.#left();
    return stopped;
  }

  /** Lets those go who ran before; `attend` then resolves. Throws a Failure where its program was started. */
  async detach(): Promise<Detached> {
    const { host, gate, state } = this.#session;
    requireEntered(state);
    this.#questions?.refuse();
    const detached = await locked(host, () => {
      if (readState(host, state.name) === undefined) throw new Failure(`${state.name}: the session is over`);
      return detachAll(host, gate, state);
    });
    this.#gone.abort();
    this.#left();
    return detached;
  }

  /** A filter is there from the start or never. */
  #tellFilter(mode: 'enforce' | 'complain'): void {
    if (this.#calls === null || (this.#calls.filter === null) === (mode === 'complain')) return;
    const words =
      mode === 'complain'
        ? 'system calls that are not in syscalls: are refused as before: the filter cannot be taken off'
        : 'system calls that are not in syscalls: are told, and not refused: a filter is put on at the start alone';
    this.#reporter.problem(words);
    this.#talk(words);
  }

  #signalled(name: NodeJS.Signals, hangup: boolean): void {
    if (name === 'SIGHUP' && !hangup) return;
    this.detach().then(
      ({ left }) => this.#talk(detachedText(left)),
      (error) => this.#talk(messageOf(error)),
    );
  }

  /** First in good order, then by force; see Signalled.end. */
  #endRest(): boolean {
    if (this.#endings === null) return false;
    this.#endings++;
    const kill = this.#endings > 1;
    const { gate, number, state } = this.#session;
    const stopping = whileWaiting(this.stop(kill), gate, number, (names) => {
      if (this.#endings === 1)
        this.#talk(
          `waiting for ${names} to end (SIGTERM); Ctrl-C again, or callgate stop ${state.name} --kill, does not wait`,
        );
    });
    // Who outlasts it has been named, and is waited for.
    stopping.catch((error) => this.#reporter.problem(messageOf(error)));
    return true;
  }

  /** Has questions answered by what the command line named. */
  async #attendHere(): Promise<void> {
    if (this.#asking === null) return;
    for (const automat of this.#automats) {
      const client = await attendHere(this.#asking, { as: automat.by });
      void answerBy(client, automat, (line) => {
        this.#reporter.problem(line);
        this.#talk(line);
      });
    }
  }

  #open(): Promise<Door> {
    const { host, gate, state } = this.#session;
    const handlers: Handlers = {
      mode: ({ mode }) => this.setMode(mode),
      stop: ({ kill }) => this.stop(kill),
      detach: () => this.detach(),
      reload: () => this.reload(),
      ...(this.#asking ?? nothingAsked(state.name)),
    };
    return openDoor(sessionFolder(host, state.name), handlers, admitting(host.addon, gate));
  }
}

/** A learner asks nothing: it permits. */
function nothingAsked(session: string): AskingHandlers {
  const unasked = async (): Promise<never> => {
    throw new Failure(`${session} is learning: it permits what no rule denies, and asks nothing`, 'callgate status');
  };
  return {
    ...{ watch: unasked, answer: unasked, retry: unasked, kill: unasked },
    ...{ undo: unasked, permit: unasked, weigh: unasked },
  };
}

/** What no pattern that was made up may reach. */
function sensitive(): PathPattern[] {
  return readSensitive(readFileSync(`${ROOT}policies/sensitive.txt`, 'utf8'));
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
