// SPDX-License-Identifier: GPL-2.0-only
/** A supervisor in a process of its own, for tests that kill it: a session in which everything is learned. */

import type { EventSink } from '../../src/audit/sink.js';
import { systemHost } from '../../src/host/host.js';
import { emptyImage, Numbering } from '../../src/session/images.js';
import { closeSession, launchOf, openSession, type Request } from '../../src/supervise/begin.js';
import { exitStatus } from '../../src/supervise/foreground.js';
import { launching } from '../../src/supervise/launch.js';
import { findProgram, identityOf } from '../../src/supervise/program.js';
import { Supervisor } from '../../src/supervise/supervisor.js';

const [word = '', ...rest] = process.argv.slice(2);
const request: Request = {
  host: systemHost(),
  program: findProgram(Buffer.from(word), Buffer.from(process.env.PATH ?? '')),
  argv: [Buffer.from(word), ...rest.map((each) => Buffer.from(each))],
  command: [word, ...rest],
  env: Object.entries(process.env).map(([name, value]) => Buffer.from(`${name}=${value}`)),
  held: null,
  folder: '/nowhere',
  user: null,
  identity: identityOf(null),
  cwd: '/',
  unload: false,
  watcher: null,
};
const facts = (name: string) => ({
  ...{ name, kind: 'learn' as const, command: request.command, folder: '/nowhere', user: null },
  ...{ log: '/dev/null', journal: null, mode: null },
});
const image = emptyImage(request.program.path, new Numbering(), 1);
const session = await openSession(request, facts, [image]);
let records = 0;
const counting: EventSink = {
  ...{ name: 'counting', lost: 0, failure: null, note: () => undefined, flush: async () => undefined },
  records: (lines) => {
    records += lines.length;
  },
  close: () => undefined,
};
try {
  const supervisor = new Supervisor({
    ...{ session, application: { folder: '/nowhere', policies: [] }, sinks: [counting], policies: null },
    talk: (line) => console.error(`talk: ${line}`),
  });
  const policy = session.policyOf(request.program.path)?.number ?? 0;
  const ended = await supervisor.attend(launching(policy, launchOf(request)));
  console.error(`records: ${records > 0 ? 'some' : 'none'}`);
  process.exitCode = exitStatus(ended);
} finally {
  await closeSession(session, request);
}
