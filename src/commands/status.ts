// SPDX-License-Identifier: GPL-2.0-only

import { CallgateCommand } from '../cli/command.js';
import { table } from '../cli/table.js';
import { countersLine } from '../events/line.js';
import { systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { localTime } from '../host/time.js';
import { counted } from '../policy/counted.js';
import { findGate } from '../session/acquire.js';
import { type SessionStatus, type Status, status, strayLine } from '../session/status.js';
import { tidy } from '../supervise/sweep.js';

export default class StatusCommand extends CallgateCommand {
  static override summary = 'show the gate, its sessions, their processes and counters';
  static override description =
    'What stands still until it is answered comes first, then sessions whose supervisor was killed.\n\nExit status: 0, whatever there is; 2 a usage error; 125 it could not be read.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];

  async run(): Promise<Status> {
    await this.parse(StatusCommand);
    requireRoot();
    const host = systemHost();
    await tidy(host);
    const gate = findGate(host);
    const result = status(host, gate);
    gate?.close();
    this.log(render(result));
    return result;
  }
}

/** The status as a person reads it. */
export function render({ gate, sessions }: Status): string {
  if (gate === null) return 'no gate is loaded: nothing is confined by callgate';
  const skipped =
    gate.skipped === 0 ? '' : `, ${counted(gate.skipped, 'run')} SKIPPED by the kernel (accesses nobody judged)`;
  const state = gate.attached ? '' : ', loaded and not attached: they cost nothing until a session begins';
  const head = `gate under ${gate.pins}, ${gate.programs} programs${state}${skipped}`;
  const strays = strayLine(gate);
  return [
    ...sessions.flatMap(waitingLines),
    head,
    ...(strays === null ? [] : [strays]),
    ...(sessions.length === 0 ? ['no sessions'] : sessions.map(renderSession)),
  ].join('\n\n');
}

/** What stands still, and what to do about it: before anything else. */
function waitingLines({ name, supervisor, subjects }: SessionStatus): string[] {
  const waiting = subjects.flatMap(({ comm, pid, waits }) =>
    waits === null ? [] : [`${comm} (${pid}) STANDS STILL since ${localTime(waits, false)}: it waits for an answer`],
  );
  if (waiting.length === 0) return [];
  const remedy =
    supervisor === null
      ? `nobody can answer it any more; deny it: callgate attach ${name}, or end it: callgate stop ${name}`
      : `answer it: callgate attach ${name}`;
  return [[`${name}:`, ...waiting.map((line) => `  ${line}`), `  ${remedy}`].join('\n')];
}

function renderSession(session: SessionStatus): string {
  const who =
    session.supervisor === null
      ? `NO SUPERVISOR (it is gone; the policies hold on; end it: callgate stop ${session.name})`
      : `supervisor ${session.supervisor}${session.watcher === null ? `, ${UNWATCHED}` : ''}`;
  const policies = session.policies.map(({ program, mode, generation }) => [
    `    ${program}`,
    mode,
    `generation ${generation}`,
  ]);
  const subjects = session.subjects.map(({ pid, uid, comm, threads, stopped, waits, policies: held }) => [
    `    ${pid}`,
    comm,
    `uid ${uid}`,
    `${threads} thread${threads === 1 ? '' : 's'}${waits !== null ? ', WAITS' : stopped ? ', stopped' : ''}`,
    held.join(', '),
  ]);
  return [
    `${session.name}: ${session.kind} ${session.command.join(' ')}`,
    `  ${who}; since ${localTime(session.started, false)}; policies in ${session.folder}; log ${session.log}`,
    ...(session.entered === null
      ? []
      : [`  taken in as it ran: ${session.entered.join(', ')} (let it go: callgate stop ${session.name} --detach)`]),
    ...(session.cgroup === null
      ? []
      : [`  whoever is in ${session.cgroup} (let them go: callgate stop ${session.name} --detach)`]),
    '  policies',
    table(policies),
    session.subjects.length === 0 ? '  no processes' : `  processes\n${table(subjects)}`,
    ...(session.unlisted === 0
      ? []
      : [`  and ${session.unlisted} more that are counted, but moved while they were listed`]),
    `  ${countersLine(session.counters)}`,
  ].join('\n');
}

/** Of a supervisor beside which no `callgate-watch` is. */
const UNWATCHED = 'NO WATCHER (killed, it would leave its hooks on until callgate is called again)';
