// SPDX-License-Identifier: GPL-2.0-only
/** systrace without -a and -A: what no rule matches waits for an answer, at the terminal (-t) or from a GUI. */
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attend, type Client } from '../control/client.js';
import { codeOf, Refusal } from '../host/failure.js';
import { ownStdin } from '../host/own-stdin.js';
import { readSecure } from '../host/secure.js';
import { addon } from '../kernel/addon.js';
import { type Bytes, bytesOf } from '../policy/bytes.js';
import type { Session } from '../session/session.js';
import { sessionFolder } from '../session/state.js';
import type { Ended } from '../supervise/foreground.js';
import type { Origin } from '../supervise/supervisor.js';
import { parseClassic } from '../systrace/parse.js';
import { Asking, type Keeping, type Template } from './asking.js';
import { hold, linePolicy, sourceOf } from './enforce.js';
import { keepRules, writeDetached } from './keep.js';
import { classicLine } from './line.js';
import type { Called } from './setting.js';
import type { ClassicSource } from './source.js';
import { GuiUi, TextUi, type Ui } from './ui.js';
import { unmonitored } from './unmonitored.js';

/** Where systrace looked for its GUI. */
const GUI = '/usr/X11R6/bin/xsystrace';

export async function interactive(called: Called): Promise<Ended> {
  const { flags, request } = called;
  if (flags.cradle && !flags.text)
    throw new Refusal(
      '-C: one GUI for the questions of several systraces is not built, and `callgate attach` shows those of any session',
      'leave -C out: each systrace asks by itself',
    );
  const gui = flags.text ? null : requireGui(flags.gui ?? GUI);
  const source = sourceOf(called, 'ask');
  source.admit(request.program.path);
  const application = await source.load();
  if (source.isDetached(request.program.path)) return unmonitored(called);
  const show = (): Ui => (gui === null ? new TextUi(ownStdin(addon())) : new GuiUi(gui));
  const ends: (() => void)[] = [];
  try {
    return await hold(called, source, application, (origin, session) =>
      asked(origin, session, called, source, show, (end) => void ends.push(end)),
    );
  } finally {
    // Not before the session is over: what a server leaves in the background asks, too.
    for (const end of ends) end();
  }
}

function requireGui(file: string): string {
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch (error) {
    throw new Refusal(
      `${file}: the GUI is no program that can be run (${codeOf(error) ?? 'error'})`,
      '-t asks at the terminal, -g names another GUI',
      error,
    );
  }
}

/** Somebody attends before the first instruction of the program, and until the session is over. */
function asked(
  origin: Origin<Ended>,
  session: Session,
  called: Called,
  source: ClassicSource,
  show: () => Ui,
  atEnd: (end: () => void) => void,
): Origin<Ended> {
  return {
    name: origin.name,
    enter: async () => {
      const ui = show();
      const { flags, speech, around } = called;
      const keeping = keepingOf(called, session, source);
      const asking = new Asking({ ui, keeping, around, aliased: !flags.unaliased, say: speech.say });
      atEnd(() => {
        asking.end();
        ui.close();
      });
      let client: Client | undefined;
      try {
        client = await attend(sessionFolder(session.host, session.state.name), { ask: false }, asking.hear);
        asking.begin(client);
        return await origin.enter(session);
      } catch (error) {
        client?.close();
        throw error;
      }
    },
  };
}

function keepingOf({ places, flags, outlet }: Called, session: Session, source: ClassicSource): Keeping {
  const { user } = places;
  return {
    policyOf: (program) => linePolicy(session, source, program),
    rulesOf: (program) => source.rules(program),
    write: user === null ? null : (program, rules) => keepRules({ ...places, user }, program, rules),
    detach: (program) => {
      if (user !== null) writeDetached(user, program);
    },
    admit: (program) => {
      if (!flags.inherit) source.admit(program);
    },
    templates: () => (flags.systemOnly ? [] : templatesIn([...(user === null ? [] : [user]), places.system])),
    denied: ({ asker, policy, operations, attempted, object, errno, since, session: name }) => {
      const [parent] = asker.parents;
      outlet.say(
        classicLine(
          {
            ...{ v: 1, seq: 0, time: since, session: name, policy: policy.program, digest: '', rule: null, line: null },
            ...{ operation: attempted, decided: operations, object, verdict: 'deny', enforced: true, errno, count: 1 },
            ...{ pid: asker.pid, tid: asker.tid, ppid: parent?.pid ?? 0, uid: asker.uid, gid: asker.gid },
            ...{ exe: asker.exe, comm: asker.comm },
          },
          {
            user: asker.user ?? String(asker.uid),
            policy: linePolicy(session, source, policy.program),
            aliased: !flags.unaliased,
          },
        ),
      );
    },
  };
}

/** `Template: NAME, Emulation: E, Description: TEXT`, then rules; of the first folder that has any. */
function templatesIn(folders: readonly string[]): Template[] {
  for (const folder of folders) {
    const found = filesIn(join(folder, 'templates')).flatMap((file): Template[] => {
      const text = readSecure(file);
      const [head, name, emulation, description] =
        /^Template: ([^,\n]*), Emulation: ([^,\n]*), Description: ([^\n]*)\n/.exec(text) ?? [];
      if (head === undefined || name === undefined || emulation === undefined || description === undefined) return [];
      const rules = `Policy: /x, Emulation: ${emulation}\n${text.slice(head.length)}`;
      return [
        { name, description, rules: parseClassic(bytesOf(rules) as Bytes, file).policies.flatMap((one) => one.rules) },
      ];
    });
    if (found.length > 0) return found;
  }
  return [];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
