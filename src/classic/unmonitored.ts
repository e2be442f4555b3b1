// SPDX-License-Identifier: GPL-2.0-only
/** A program whose file says `detached`: it is run, and nobody looks. */
import { Refusal } from '../host/failure.js';
import { launchOf } from '../supervise/begin.js';
import type { Ended } from '../supervise/foreground.js';
import type { Called } from './setting.js';

export async function unmonitored({ request, flags, speech, starting }: Called): Promise<Ended> {
  if (flags.pid !== null)
    throw new Refusal(
      `${request.program.path} is detached, as its file says: there is nothing to hold ${flags.pid} to`,
    );
  speech.say(`${request.program.path} is detached, as its file says: it runs without any policy`);
  starting();
  const child = request.host.addon.hold(launchOf(request));
  const ended = child.wait();
  ended.catch(() => undefined);
  await child.release();
  if (!flags.text) speech.goToBackground();
  return ended;
}
