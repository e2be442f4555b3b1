// SPDX-License-Identifier: GPL-2.0-only
/** What a light entry does where V8 is to compile it beforehand (light-cache.cts): it loads its commands, and reads a policy. */
import { join } from 'node:path';
import { ROOT } from '../host/host.js';
import type { LightCommand } from './light.js';
import { lightWords } from './light-words.js';

/** A policy that comes with callgate. */
const POLICY = join(ROOT, 'policies/nginx/usr_sbin_nginx.yaml');

/** @param policies whether the command reads any */
export async function warmUp({ shape, load }: LightCommand, policies: boolean): Promise<void> {
  lightWords(shape, [POLICY, '--json']);
  await load();
  if (!policies) return;
  const { checkPolicy } = await import('../application/policies.js');
  const { here } = await import('./policies.js');
  checkPolicy(POLICY, here(null).around);
}
