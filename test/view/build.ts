// SPDX-License-Identifier: GPL-2.0-only
/** Questions and denials for tests of the view. */
import type { Answered } from '../../src/ask/answer.js';
import type { Asker, Question, RecentDenial, Suggestion } from '../../src/ask/question.js';
import type { Answers, Notice } from '../../src/control/protocol.js';

/** What every test takes for now. */
export const NOW = Date.parse('2026-11-24T10:00:00.000Z');

/** ISO 8601, so many seconds before now. */
export const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

export const POLICY = { program: '/usr/sbin/inetd', file: '/etc/callgate/policies/inetd/usr_sbin_inetd.yaml' } as const;

export const WATCHING: Answers['watch'] = {
  session: 'inetd-1',
  command: ['/usr/sbin/inetd', '-i'],
  folder: '/etc/callgate/policies/inetd',
  attending: 1,
  ask: false,
};

export const ASKER: Asker = {
  ...{ pid: 812, tid: 812, uid: 0, gid: 0, user: 'root', comm: 'inetd', exe: '/usr/sbin/inetd' },
  command: ['/usr/sbin/inetd', '-i'],
  parents: [
    { pid: 800, comm: 'bash' },
    { pid: 1, comm: 'systemd' },
  ],
};

export const SUGGESTIONS: readonly Suggestion[] = [
  suggestion(1, 'this object', '- permit: read\n  path: /etc/shadow\n'),
  suggestion(2, 'its folder', '- permit: read\n  path: /etc/*\n'),
  suggestion(3, 'the whole operation', '- permit: read\n  path: /***\n', true),
];

/** The same, weighed. */
export const WEIGHED: readonly Suggestion[] = SUGGESTIONS.map((one, index) => ({
  ...one,
  grants:
    [
      { count: 0, more: false, names: [] },
      { count: 213, more: false, names: ['/etc/group', '/etc/hostname', '/etc/passwd'] },
      { count: 10_000, more: true, names: ['/bin', '/boot', '/dev'] },
    ][index] ?? null,
  alike: [['/usr/bin/su', '/usr/sbin/sshd'], [], []][index] ?? null,
}));

export function suggestion(number: number, label: string, statement: string, whole = false): Suggestion {
  return { number, label, statement, whole, grants: null, alike: null };
}

export function question(id: number, fields: Partial<Question> = {}): Question {
  return {
    ...{ id, session: 'inetd-1', policy: POLICY, asker: ASKER, operations: ['read'], attempted: ['read'] },
    ...{ object: '/etc/shadow', directory: false, since: ago(20 - id), asked: 1, threads: 1, pids: [812] },
    ...{ rule: { number: 3, file: POLICY.file, line: 12, group: null }, errno: 'EPERM', fallback: 'deny' },
    ...{ deadline: null, suggestions: SUGGESTIONS },
    ...fields,
  };
}

export function denial(id: number, fields: Partial<RecentDenial> = {}): RecentDenial {
  return {
    ...{ id, session: 'inetd-1', policy: POLICY, asker: ASKER, operations: ['read'], object: '/etc/shadow' },
    ...{ errno: 'EPERM', reason: null, rule: null, count: 1, first: ago(60 + id), last: ago(60 + id) },
    ...{ suggestions: SUGGESTIONS },
    ...fields,
  };
}

export function answered(id: number, fields: Partial<Answered> = {}): Answered {
  return {
    ...{
      question: id,
      verdict: 'permit',
      scope: 'once',
      threads: 1,
      decided: [],
      until: null,
      written: null,
      note: '',
    },
    ...fields,
  };
}

export const told = {
  question: (one: Question): Notice => ({ v: 1, tell: 'question', question: one }),
  denial: (one: RecentDenial): Notice => ({ v: 1, tell: 'denial', denial: one }),
  ready: { v: 1, tell: 'ready' } as Notice,
  ended: { v: 1, tell: 'ended' } as Notice,
  gone: (one: number, why: 'died' | 'killed' | 'decided' | 'retried'): Notice => ({
    ...{ v: 1, tell: 'gone', question: one, why },
  }),
  answered: (one: Answered, name = 'root (pid 99)'): Notice => ({
    ...{ v: 1, tell: 'answered', answered: { ...one, by: { what: 'person', name } } },
  }),
};
