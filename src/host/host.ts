// SPDX-License-Identifier: GPL-2.0-only
/** Where a host keeps things, and its native half: one value, so that tests can bring their own. */
import { fileURLToPath } from 'node:url';
import { type Addon, addon } from '../kernel/addon.js';

export interface Host {
  readonly addon: Addon;
  /** In a bpffs: the pinned gate. */
  readonly pins: string;
  /** The lock and the state of living sessions; gone after a reboot, as the gate is. */
  readonly run: string;
  /** Journals of learners. */
  readonly journals: string;
  /** SESSION.jsonl of each session. */
  readonly logs: string;
  /** NAME/ of each application. */
  readonly policies: string;
  /** Folders that are looked through for NAME.yaml of a group, the administrator's first. */
  readonly groups: readonly string[];
  /** The top of the checkout or installation that runs. */
  readonly installation: string;
}

/** The top of the checkout or installation. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Group folders: the administrator's, then those that come with callgate. */
export const GROUP_FOLDERS: readonly string[] = ['/etc/callgate/groups', `${ROOT}policies/groups`];

/** Where applications have their policies when nobody says otherwise. */
export const APPLICATIONS = '/etc/callgate/policies';

/** Where a host keeps things that a command can look at without the addon. */
export const FOLDERS = {
  run: '/run/callgate',
  journals: '/var/lib/callgate',
  logs: '/var/log/callgate',
  policies: APPLICATIONS,
} as const;

/** This machine. Throws where the addon was not built. */
export function systemHost(): Host {
  return {
    addon: addon(),
    pins: '/sys/fs/bpf/callgate',
    ...FOLDERS,
    groups: GROUP_FOLDERS,
    // Without the slash.
    installation: ROOT.slice(0, -1),
  };
}
