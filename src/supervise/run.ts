// SPDX-License-Identifier: GPL-2.0-only
/** `callgate run`: a program under the policies of its application, from its first instruction to the end of its last child. */
import type { Application } from '../application/application.js';
import { FolderSource } from '../application/source.js';
import type { Surroundings } from '../application/surroundings.js';
import type { Automat } from '../attach/answerer.js';
import { LOG_BYTES, Log } from '../audit/log.js';
import { logPath, nameLog } from '../audit/logs.js';
import { TerminalSink } from '../audit/terminal.js';
import type { Counters } from '../events/record.js';
import { Refusal } from '../host/failure.js';
import { shellWord } from '../host/shell.js';
import type { Voice } from '../host/voice.js';
import type { Calls } from '../kernel/calls.js';
import { counted } from '../policy/counted.js';
import { UNATTENDED } from '../policy/posture.js';
import { callsToTell, planCalls } from '../session/calls.js';
import { applicationAs, emptyImage, imagesOf, type ModeChoice, Numbering } from '../session/images.js';
import type { Image, SessionFacts } from '../session/session.js';
import { countersOf } from '../session/status.js';
import { closeSession, enteredOf, openSession, originOf, prepareKernel, type Request, UNNAMED } from './begin.js';
import { awaiting, type Ended } from './foreground.js';
import { Supervisor } from './supervisor.js';

export interface RunOptions {
  /** Nothing is refused; what would be is reported. */
  readonly complain: boolean;
  /** Null: /var/log/callgate/SESSION.jsonl. */
  readonly log: string | null;
  /** Denials are not told on standard error. */
  readonly quiet: boolean;
  /** The program does not begin before somebody attends. */
  readonly wait: boolean;
  /** What answers questions. */
  readonly automats: readonly Automat[];
  /** Speaks to the person; closed by the caller. */
  readonly voice: Voice;
}

export interface RunResult {
  readonly session: string;
  readonly ended: Ended;
  readonly log: string;
  readonly counters: Counters;
}

/**
 * Runs the program under its policies until its last process has ended.
 *
 * @throws Refusal (126) before anything is started: no policy, a rule that is not built, a kernel that promises nothing
 */
export async function run(request: Request, around: Surroundings, options: RunOptions): Promise<RunResult> {
  const { host, program, folder } = request;
  const { voice } = options;
  const talk = (line: string): void => voice.say(line);
  const source = new FolderSource(folder, host.groups, around);
  const application = requireApplication(await source.load(), request);
  const arrival = request.cgroup !== undefined ? 'cgroup' : request.running !== undefined ? 'running' : 'started';
  const { hold, note } = planCalls(application, program.path, options.complain ? 'complain' : 'as-written', arrival);
  await prepareKernel(host, talk);
  if (note !== null) talk(note);
  const numbering = new Numbering();
  const mode: ModeChoice = options.complain ? 'complain' : 'as-written';
  const images = [
    ...imagesOf(applicationAs(application, UNATTENDED), numbering, mode),
    ...(request.cgroup === undefined ? [] : [nothing(application, numbering, options.complain)]),
  ];
  const facts = (name: string): SessionFacts => ({
    name,
    kind: 'run',
    command: request.command,
    // As it was named: what that means may change while the program runs.
    folder,
    user: request.user,
    log: options.log ?? logPath(host, name),
    journal: null,
    mode: options.complain ? 'complain' : null,
    ...enteredOf(request),
  });
  const calls = hold === null ? null : (cookie: bigint): Calls => callsToTell(hold, cookie);
  const session = await openSession(request, facts, images, calls);
  try {
    const { name, log } = session.state;
    const terminal = new TerminalSink(talk, name, log);
    const sinks = [
      new Log(log, LOG_BYTES, (fd) => session.gate.protection.seal(fd)),
      ...(options.quiet ? [] : [terminal]),
    ];
    nameLog(host, name, log);
    const policies = { source, numbering, mode, around, calls: { program: program.path, hold } };
    const interject = (line: string): void => voice.interject(line);
    const { automats } = options;
    const supervisor = new Supervisor({ session, application, sinks, policies, talk, interject, automats });
    const entry = session.policyOf(program.path)?.number ?? 0;
    const drawn = voice.shared ? [terminal, voice] : [];
    const origin = originOf(request, entry, { kind: 'run', talk, drawn, filter: hold?.filter ?? null });
    if (options.wait) talk(`${name} begins once somebody attends: callgate attach ${name}`);
    const ended = await supervisor.attend(options.wait ? awaiting(origin, supervisor.somebody) : origin);
    const counters = countersOf(session.gate.session(session.number));
    if (counters.dropped > 0)
      talk(
        `lost ${counted(counters.dropped, 'event')} (reported nowhere else; what was refused was refused all the same)`,
      );
    return { session: name, ended, log, counters };
  } finally {
    await closeSession(session, request);
  }
}

/** The policy of who comes into a cgroup and has none: nothing is permitted. */
function nothing({ policies }: Application, numbering: Numbering, complain: boolean): Image {
  const version = policies.some(({ policy }) => policy.version === 2) ? 2 : 1;
  return { ...emptyImage(UNNAMED, numbering, version), mode: complain ? 'complain' : 'enforce' };
}

/** The application, if it has a policy for the program; else the Refusal says what to type to get one. */
function requireApplication(application: Application | undefined, request: Request): Application {
  const { program, folder, argv, running, cgroup } = request;
  const what =
    cgroup !== undefined
      ? `--cgroup ${shellWord(cgroup.path)}`
      : running === undefined
        ? `-- ${argv.map(shellWord).join(' ')}`
        : `--pid ${running.map(({ pid }) => pid)}`;
  const remedy = `callgate learn --policies ${folder} ${what}`;
  if (application === undefined || application.policies.length === 0)
    throw new Refusal(`${folder}: there is no policy in it`, remedy);
  if (cgroup === undefined && !application.policies.some(({ policy }) => policy.program === program.path))
    throw new Refusal(`${application.folder}: no policy in it is for ${program.path}`, remedy);
  return application;
}
