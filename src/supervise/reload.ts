// SPDX-License-Identifier: GPL-2.0-only
/** Policies that change while their program runs: read, checked and swapped in whole, or refused whole. */
import { basename } from 'node:path';
import type { Application } from '../application/application.js';
import { remembering } from '../application/compiled.js';
import type { PolicySource } from '../application/source.js';
import { messageOf } from '../host/failure.js';
import type { Watch } from '../host/watch.js';
import { heldAlike, type Posture, UNATTENDED } from '../policy/posture.js';
import { locked } from '../session/acquire.js';
import { type CallHold, callChange } from '../session/calls.js';
import { applicationAs, changedImages, type ModeChoice, type Numbering } from '../session/images.js';
import type { Image, Session } from '../session/session.js';
import { type ImagePlace, type PolicyState, readState } from '../session/state.js';

/** Hooks that have begun with an old image end long before this. */
const GRACE_MS = 1000;

export interface Keeping {
  readonly session: Session;
  readonly source: PolicySource;
  /** The policies that hold, as they are written; absent: they are read when they are wanted. */
  readonly application?: Application;
  /** Resolved folder that its policies were read from. */
  readonly folder: string;
  readonly numbering: Numbering;
  readonly mode: ModeChoice;
  /** The program that was started, and how it is held to its system calls, which no change of a policy changes; absent: they are not looked at. */
  readonly calls?: { readonly program: string; readonly hold: CallHold | null };
  /** What is about to be compiled, which takes its time. */
  readonly begun?: () => void;
  /** What was taken in, just before it begins to hold, and the application it stands in. */
  readonly taken: (images: readonly Image[], application: Application) => void;
  /** The same, once it holds. */
  readonly held?: (images: readonly Image[], application: Application) => void;
  /** What was refused, in one text; what held before goes on. */
  readonly refused: (problem: string) => void;
  /** What else happened to them that a person must know of, each once. */
  readonly noticed: (words: string) => void;
}

const HOLDS = 'what held before holds on';

/** What of the policies that hold is not there any more, a sentence each. */
function missing(
  held: readonly PolicyState[],
  application: Application | undefined,
  name: string,
  folder: string,
): string[] {
  if (application === undefined) return [`${name} is gone: ${HOLDS}`];
  const { policies } = application;
  const moved =
    application.folder === folder ? [] : [`${name} leads to ${application.folder} now, and no more to ${folder}`];
  const gone = held.filter(
    ({ index, program }) => index > 0 && !policies.some(({ policy }) => policy.program === program),
  );
  return [
    ...moved,
    ...gone.map(({ program, file }) => {
      const other = policies.find((loaded) => basename(loaded.file) === basename(file ?? ''));
      const where =
        other === undefined
          ? `${name} has no policy of ${program} any more`
          : `${other.file} is for ${other.policy.program} now, and no more for ${program}`;
      return `${where}: ${HOLDS} for ${program}`;
    }),
  ];
}

/** Keeps a session's policies as their source has them. */
export class PolicyKeeper {
  readonly #keeping: Keeping;
  #watch: Watch | null = null;
  #stopped = false;
  /** Everything so far, one after the other. Never rejects. */
  #turn: Promise<void> = Promise.resolve();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Where the policies were the last time. */
  #folder: string;
  #noticed: ReadonlySet<string> = new Set();
  #posture = UNATTENDED;
  readonly #compiler = remembering();
  #callChange: string | null = null;
  /** As it was taken in the last time. */
  #application: Application | null = null;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
    this.#folder = keeping.folder;
    this.#application = keeping.application ?? null;
  }

  /** Takes in what changes from now on, until stopped. A session lives on with the policies it has: nothing throws. */
  watch(): void {
    const { source, refused } = this.#keeping;
    const failed = (error: unknown): void => refused(messageOf(error));
    this.#watch = source.watch(async () => void (await this.reload()), failed);
  }

  /**
   * Takes in what has changed.
   *
   * @returns the images that hold from now on
   * @throws Failure or BadPolicy; what held before holds on
   */
  reload(): Promise<readonly Image[]> {
    return this.#inTurn(() => this.#reload());
  }

  /**
   * Holds the policies as is right for who is there; as they were read the last time, for what stands in the files now may be no
   * policy.
   */
  pose(posture: Posture): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#posture;
      this.#posture = posture;
      const application = this.#application ?? (await this.#keeping.source.load());
      const same = application?.policies.every(({ policy }) => heldAlike(policy, before, posture));
      if (application !== undefined && same !== true) await this.#take(application);
    });
  }

  /** Resolves when nothing is under way any more. Old images that wait for their grace period go with the session. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#turn;
  }

  async #reload(): Promise<readonly Image[]> {
    const application = await this.#keeping.source.load();
    this.#notice(application);
    // Policies that are gone: nothing has been said about what else to hold the program to.
    if (application === undefined) return [];
    this.#noticeCalls(application);
    return this.#take(application);
  }

  #take(written: Application): Promise<readonly Image[]> {
    const { session, numbering, mode, begun, taken, held } = this.#keeping;
    return locked(session.host, () => {
      if (this.#over()) return [];
      begun?.();
      const application = applicationAs(written, this.#posture);
      const images = changedImages(
        application,
        numbering,
        session.state.policies,
        session.state.mode ?? mode,
        this.#compiler,
      );
      this.#application = written;
      if (images.length === 0) return [];
      taken(images, application);
      this.#retireLater(session.replace(images));
      held?.(images, application);
      return images;
    });
  }

  /** Says what is gone and what stands where else, once: a second look at the same finds nothing new. */
  #notice(application: Application | undefined): void {
    const { session, source, noticed } = this.#keeping;
    const sentences = missing(session.state.policies, application, source.name, this.#folder);
    if (application !== undefined) this.#folder = application.folder;
    for (const sentence of sentences) if (!this.#noticed.has(sentence)) noticed(sentence);
    this.#noticed = new Set(sentences);
  }

  /** A filter stays what it is: what policies say otherwise by now is told, once. */
  #noticeCalls(application: Application): void {
    const { calls, noticed } = this.#keeping;
    const change = calls === undefined ? null : callChange(calls.hold, application, calls.program);
    if (change !== null && change !== this.#callChange) noticed(change);
    this.#callChange = change;
  }

  #retireLater(places: readonly ImagePlace[]): void {
    if (places.length === 0) return;
    const { session, refused } = this.#keeping;
    const retire = (): Promise<void> =>
      locked(session.host, () => {
        if (!this.#over()) session.release(places);
      });
    const failed = (error: unknown): void =>
      refused(`old images keep their places until the session ends: ${messageOf(error)}`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#inTurn(retire).catch(failed);
    }, GRACE_MS);
    this.#timers.add(timer.unref());
  }

  /** Is it stopped, or was the session ended or taken off by another command meanwhile? */
  #over(): boolean {
    const { host, state } = this.#keeping.session;
    return this.#stopped || readState(host, state.name) === undefined;
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(action);
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
