// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { answerBy, command, webhook } from '../attach/answerer.js';
import { jsonLines } from '../attach/lines.js';
import { plain } from '../attach/plain.js';
import { sayLine, type TypedLines, typedLines } from '../attach/view.js';
import { CallgateCommand } from '../cli/command.js';
import { table } from '../cli/table.js';
import { Failure } from '../host/failure.js';
import { type Host, systemHost } from '../host/host.js';
import { requireRoot } from '../host/privileges.js';
import { type Attachable, attachable, attachTo } from '../supervise/attach.js';
import { unviewable } from '../view/viewable.js';

/** A line that was typed could not be done. */
const NOT_DONE = 1;
/** The supervisor has gone, and not by its session's end. */
const NOBODY_THERE = 125;

export default class Attach extends CallgateCommand {
  static override summary = 'answer what a running program asks, as it asks';
  static override description =
    'A program whose policy says `ask` stands still until it is answered, and nothing of what it asked has happened. Answers ' +
    'hold once, for minutes, while the process runs, or always: then the statement is written into the policy, before the rule that asked, and ' +
    'is in force at once. Whoever leaves leaves the program running under its policy; with nobody left, what waits gets the ' +
    "policy's fallback, which is to deny unless it says otherwise. Several may attend: the first answer holds.\n\n" +
    'Without PID: lists what can be attached to.\n\n' +
    'Exit status: 0; 1 an answer could not be given (--plain); 2 a mistake on the command line; 125 there is nothing to attach to.';
  static override enableJsonFlag = false;
  static override usage = ['attach', 'attach PID [PROGRAM] [--ask] [--plain | --json | --webhook URL | --exec CMD]'];
  static override args = {
    pid: Args.string({
      ignoreStdin: true,
      description: 'a process under a policy, its supervisor, a session or a program',
    }),
    program: Args.string({ ignoreStdin: true, description: 'only what this program asks, where there are several' }),
  };
  static override flags = {
    ask: Flags.boolean({
      default: false,
      description: 'ask also what is denied by default, as long as this runs',
    }),
    plain: Flags.boolean({
      default: false,
      description: 'questions and answers as lines (as where standard output is no terminal)',
      exclusive: ['json', 'webhook', 'exec'],
    }),
    json: Flags.boolean({
      default: false,
      description: 'the protocol as lines of JSON, both ways (docs/control.md)',
      exclusive: ['webhook', 'exec'],
    }),
    webhook: Flags.string({
      helpValue: 'URL',
      description: 'post each question there; the reply is the answer, as JSON',
      exclusive: ['exec'],
    }),
    exec: Flags.string({
      helpValue: 'CMD',
      description: 'run this for each question, which it reads as JSON; its first line is the answer, as JSON',
    }),
  };
  static override examples = [
    '<%= config.bin %> attach',
    '<%= config.bin %> attach 812',
    '<%= config.bin %> attach inetd-1 nullidentd --ask',
    'yes permit | <%= config.bin %> attach --plain 812',
    `<%= config.bin %> attach 812 --exec 'jq -c "{verdict: (if .question.object | startswith(\\"/srv/\\") then \\"permit\\" else \\"deny\\" end)}"'`,
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attach);
    requireRoot();
    const host = systemHost();
    if (args.pid === undefined) {
      if (flags.ask || flags.plain || flags.webhook !== undefined || flags.exec !== undefined)
        throw new Failure('attach to what?', 'callgate attach');
      const list = attachable(host);
      if (flags.json) this.log(JSON.stringify(list, null, 2));
      else this.log(renderList(list));
      return;
    }
    const automat =
      flags.webhook !== undefined ? webhook(flags.webhook) : flags.exec !== undefined ? command(flags.exec) : null;
    const client = await attachTo(host, {
      ...{ word: args.pid, program: args.program ?? null, ask: flags.ask },
      ...(automat === null ? {} : { as: automat.by }),
    });
    if (automat !== null) await answerBy(client, automat, (line) => this.talk(line));
    else if (flags.json)
      await this.#typed(host, (lines) =>
        jsonLines(client, { lines, write: (line) => void process.stdout.write(line) }),
      );
    else if (flags.plain || unviewable() !== null) {
      const interactive = process.stdin.isTTY === true;
      const done = await this.#typed(host, (lines) => plain(client, { lines, say: sayLine, interactive }));
      if (!done) process.exitCode = NOT_DONE;
    } else {
      // Loaded here, so that nothing else pays for what it draws with.
      const { view } = await import('../view/view.js');
      const { how, text } = await view(client);
      this.log(text);
      if (how === 'lost') process.exitCode = NOBODY_THERE;
    }
  }

  async #typed<T>(host: Host, attending: (lines: TypedLines) => Promise<T>): Promise<T> {
    const lines = typedLines(host.addon);
    try {
      return await attending(lines);
    } finally {
      lines.close();
    }
  }
}

function renderList(list: readonly Attachable[]): string {
  if (list.length === 0) return 'nothing runs under a policy: callgate run -- CMD';
  const rows = list.flatMap(({ session, command, supervisor, processes }) => [
    [session, supervisor === null ? 'NO SUPERVISOR' : String(supervisor), 'supervisor', command.join(' ')],
    ...processes.map(({ pid, comm, waits }) => ['', String(pid), comm, waits ? 'WAITS FOR AN ANSWER' : '']),
  ]);
  return table([['session', 'pid', 'process', ''], ...rows]);
}
