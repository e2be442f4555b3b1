// SPDX-License-Identifier: GPL-2.0-only
/** A record on one line, for a person. */
import { counted } from '../policy/counted.js';
import { KILLED, reasonText } from './names.js';
import type { Counters, EventRecord, NoteRecord } from './record.js';

/**
 * `denied (EPERM) read /etc/shadow: cat[812] uid 0, no rule matches`. Holds no byte that a terminal would obey: objects are escaped
 * already, and names of processes are here.
 */
export function lineOf(record: EventRecord): string {
  const { operation, decided, object, exe, pid, uid, count } = record;
  const who = `${plain(exe.split('/').at(-1) ?? exe)}[${pid}] uid ${uid}`;
  const times = count > 1 ? `, ${count} times` : '';
  if (record.type === 'exec') return `runs ${object}: pid ${pid} uid ${uid}`;
  if (record.type === 'floor') {
    const about = object === '?' ? '' : ` on ${object}`;
    return `refused ${record.reason ?? '?'}${about} (${record.errno ?? 'EPERM'}): ${who}, no policy permits it${times}`;
  }
  if (record.type === 'syscall') {
    const { architecture = 'x86_64' } = record;
    const of = architecture === 'x86_64' ? '' : ` (${architecture})`;
    return `${outcome(record)} system call ${object}${of}: ${who}, not in syscalls:${times}`;
  }
  return `${outcome(record)} ${(decided ?? operation).join(', ')} ${object}: ${who}, ${decider(record)}${times}`;
}

/** What a session says about itself: `end denied 3, events 3, lost 0`. */
export function noteLine(note: NoteRecord): string {
  switch (note.type) {
    case 'session':
      return `${note.kind} ${plain(note.command.join(' '))}, policies in ${plain(note.folder)}`;
    case 'lost': {
      const { dropped, malformed, unwritten, sink } = note;
      const parts = [
        ...(dropped > 0 ? [`${counted(dropped, 'event')} the ring had no room for`] : []),
        ...(malformed > 0 ? [`${counted(malformed, 'event')} that could not be read`] : []),
        ...(unwritten > 0 ? [`${counted(unwritten, 'record')} that the ${sink ?? 'log'} could not take`] : []),
      ];
      return `lost ${parts.join(', ')}`;
    }
    case 'problem':
      // Of several lines: a policy's mistake is told with its place.
      return `problem ${note.problem.split('\n').map(plain).join('\n    ')}`;
    case 'given':
      return `given ${note.path} to ${note.program}`;
    case 'unread': {
      const parts = [
        ...(note.unread > 0 ? [`of ${note.unread} programs that could not be read`] : []),
        ...(note.cut > 0 ? [`of ${note.cut} programs that were too long`] : []),
      ];
      return `unread arguments ${parts.join(', ')}`;
    }
    case 'called':
      return `called ${note.calls.join(' ')} (${note.architecture}) by ${note.program}`;
    case 'end':
      return `end${note.unattended === true ? ' (its supervisor had died)' : ''} ${countersLine(note)}`;
  }
}

/** Counters on one line; what is 0 is left out where nobody would miss it. */
export function countersLine(counters: Counters): string {
  const { denied, complained, learnt, silent, events, dropped, repeats } = counters;
  const list = (name: string, counts: Readonly<Record<string, number>>): string[] => {
    const entries = Object.entries(counts);
    return entries.length === 0 ? [] : [`${name} ${entries.map(([reason, count]) => `${reason} ${count}`).join(' ')}`];
  };
  return [
    `denied ${denied}${silent === 0 ? '' : ` (${silent} silently, as their rules say)`}`,
    ...(complained === 0 ? [] : [`would have been denied ${complained}`]),
    ...(learnt === 0 ? [] : [`learnt ${learnt}`]),
    `events ${events}`,
    ...(repeats === 0 ? [] : [`repeats ${repeats}`]),
    `lost ${dropped}`,
    ...list('unresolved', counters.unresolved),
    ...list('floor', counters.floor),
  ].join(', ');
}

function outcome({
  verdict,
  enforced,
  learnt,
  reason,
  errno = reason === KILLED ? 'SIGSYS' : undefined,
}: EventRecord): string {
  if (learnt) return 'learnt';
  if (verdict === 'permit') return 'permitted';
  return enforced ? `denied (${errno})` : `would deny (${errno})`;
}

function decider({ rule, line, group, reason }: EventRecord): string {
  if (reason !== undefined) return reasonText(reason);
  if (rule === null) return 'no rule matches';
  return group === undefined ? `rule ${rule} (line ${line})` : `rule ${rule} of group ${group}`;
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
