// SPDX-License-Identifier: GPL-2.0-only
/** Where an export goes, as a person writes it. */
import { resolve } from 'node:path';
import { Failure } from '../host/failure.js';

export type Target =
  /** Null: standard output. */
  | { readonly kind: 'jsonl' | 'csv'; readonly file: string | null }
  | { readonly kind: 'syslog-socket' | 'journald'; readonly path: string }
  | { readonly kind: 'syslog-tcp'; readonly host: string; readonly port: number };

export const TARGETS =
  'jsonl:- jsonl:FILE csv:- csv:FILE syslog (/dev/log) syslog:/SOCKET syslog:tcp:HOST:PORT journald (/run/systemd/journal/socket) journald:/SOCKET';

const SYSLOG = '/dev/log';
const JOURNALD = '/run/systemd/journal/socket';

/**
 * Reads the word behind `--to`.
 *
 * @param cwd files are relative to it
 * @throws Failure with the forms there are
 */
export function parseTarget(word: string, cwd: string): Target {
  const [, kind = '', rest] = /^([a-z]+)(?::(.*))?$/s.exec(word) ?? [];
  switch (kind) {
    case 'jsonl':
    case 'csv':
      if (rest === undefined || rest === '') break;
      return { kind, file: rest === '-' ? null : resolve(cwd, rest) };
    case 'journald':
      if (rest === undefined) return { kind, path: JOURNALD };
      if (rest.startsWith('/')) return { kind, path: rest };
      break;
    case 'syslog': {
      if (rest === undefined) return { kind: 'syslog-socket', path: SYSLOG };
      if (rest.startsWith('/')) return { kind: 'syslog-socket', path: rest };
      const [, six, host, port] = /^tcp:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(rest) ?? [];
      const name = six ?? host;
      if (name !== undefined && Number(port) >= 1 && Number(port) <= 65535)
        return { kind: 'syslog-tcp', host: name, port: Number(port) };
      break;
    }
  }
  throw new Failure(`${word}: no place to export to`, `write one of ${TARGETS}`);
}

/** The word by which a cursor knows the target. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case 'jsonl':
    case 'csv':
      return `${target.kind}:${target.file ?? '-'}`;
    case 'syslog-socket':
      return `syslog:${target.path}`;
    case 'journald':
      return `journald:${target.path}`;
    case 'syslog-tcp':
      return `syslog:tcp:${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  }
}
