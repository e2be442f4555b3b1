/** A policy file that changes while its program runs: read, checked and swapped in whole, or refused whole. */

import { type Application, loadApplication } from '../application/application.js';
import type { Surroundings } from '../application/surroundings.js';
import { messageOf } from '../host/failure.js';
import { type Watch, watchFolders } from '../host/watch.js';
import { locked } from '../session/acquire.js';
import { changedImages, type ModeChoice, type Numbering, requireBuilt } from '../session/images.js';
import type { Image, Session } from '../session/session.js';
import { readState } from '../session/state.js';

/** Hooks that have begun with an old image end long before this. */
const GRACE_MS = 1000;

export interface Reloading {
  readonly session: Session;
  readonly around: Surroundings;
  readonly numbering: Numbering;
  readonly mode: ModeChoice;
  /** What was taken in, just before it begins to hold, and the application it stands in. */
  readonly taken: (images: readonly Image[], application: Application) => void;
  /** What was refused, in one text; what held before goes on. */
  readonly refused: (problem: string) => void;
}

/** Watches the session's folder, and the groups', until stopped. */
export function watchPolicies(reloading: Reloading): Watch {
  const { session } = reloading;
  return watchFolders([session.state.folder, ...session.host.groups], () => reload(reloading));
}

/** Takes in what changed. Never throws: a session lives on with the policies it has. */
export async function reload({ session, around, numbering, mode, taken, refused }: Reloading): Promise<void> {
  const { host, state } = session;
  try {
    const application = loadApplication(state.folder, around);
    // A folder that is gone, or a file: nothing has been said about what else to hold the program to.
    if (application === undefined) return;
    requireBuilt(application);
    const retired = await locked(host, () => {
      const now = readState(host, state.name);
      // Ended or taken off by another command meanwhile.
      if (now === undefined) return [];
      session.adoptMode(now.mode);
      const images = changedImages(application, numbering, session.state.policies, now.mode ?? mode);
      if (images.length === 0) return [];
      taken(images, application);
      return session.replace(images);
    });
    if (retired.length > 0) setTimeout(() => void retire(session, retired), GRACE_MS).unref();
  } catch (error) {
    refused(messageOf(error));
  }
}

async function retire(session: Session, places: Parameters<Session['release']>[0]): Promise<void> {
  await locked(session.host, () => {
    const now = readState(session.host, session.state.name);
    if (now === undefined) return;
    session.adoptMode(now.mode);
    session.release(places);
  });
}
