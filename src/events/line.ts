/** A record on one line, for a person. */
import { reasonText } from './names.js';
import type { EventRecord } from './record.js';

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
  return `${outcome(record)} ${(decided ?? operation).join(', ')} ${object}: ${who}, ${decider(record)}${times}`;
}

function outcome({ verdict, enforced, learnt, errno }: EventRecord): string {
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
