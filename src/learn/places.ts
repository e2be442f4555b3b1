// SPDX-License-Identifier: GPL-2.0-only
/** What is known of this machine's folders: which are never named as a whole, and what is in them. */
import type { Bytes } from '../policy/bytes.js';

export interface Machine {
  /** Names in a folder; null: it is none, or cannot be read. */
  readonly entries: (folder: Bytes) => readonly Bytes[] | null;
  /** The one package that puts files into a folder; null: none does, or several. */
  readonly owner: (folder: Bytes) => string | null;
  /** Homes of this machine's users. */
  readonly homes: readonly string[];
}

/** A machine of which nothing is known. */
export const NOWHERE: Machine = { entries: () => null, owner: () => null, homes: [] };

/** Folders that hold what belongs to everybody: no pattern names all that is directly in one of them. */
const CLOSED: ReadonlySet<string> = new Set([
  ...[
    '/',
    '/bin',
    '/boot',
    '/dev',
    '/etc',
    '/home',
    '/lib',
    '/lib64',
    '/media',
    '/mnt',
    '/opt',
    '/proc',
    '/root',
    '/run',
  ],
  ...['/sbin', '/srv', '/sys', '/tmp', '/usr', '/var', '/dev/shm', '/run/lock', '/run/user', '/var/tmp', '/var/lib'],
  ...[
    '/var/log',
    '/var/cache',
    '/var/spool',
    '/var/mail',
    '/var/opt',
    '/var/backups',
    '/usr/bin',
    '/usr/sbin',
    '/usr/lib',
  ],
  ...['/usr/share', '/usr/local', '/usr/libexec', '/usr/include', '/usr/src', '/usr/games', '/usr/local/bin'],
  ...['/usr/local/sbin', '/usr/local/lib', '/usr/local/share', '/usr/local/etc', '/usr/lib/x86_64-linux-gnu'],
  ...['/usr/lib/aarch64-linux-gnu', '/etc/ssl', '/proc/sys', '/proc/self'],
]);

/** What comes with the system: new names there come with an update, and what is there now is a measure. */
const SYSTEM = /^\/(?:bin|boot|dev|etc|lib|lib64|proc|sbin|sys|usr|var\/lib\/dpkg|var\/lib\/apt)(?:\/|$)/;

/** May a pattern name all that is directly in the folder? A home may not, wherever it is. */
export function isOpen(folder: string, homes: readonly string[]): boolean {
  return !CLOSED.has(folder) && !/^\/home\/[^/]+$/.test(folder) && !homes.includes(folder);
}

/** Is what was seen there held against what is there? */
export function isSystem(path: string): boolean {
  return SYSTEM.test(path);
}
