// SPDX-License-Identifier: GPL-2.0-only
/** `callgate learn`: a program that may do everything while it is watched, and the policies that come of it. */
import { basename } from 'node:path';
import type { Application, LoadedPolicy } from '../application/application.js';
import { FolderSource } from '../application/source.js';
import { hostName, type Surroundings } from '../application/surroundings.js';
import { Journal, type JournalFacts, type JournalHeader, JournalSink, journalFile } from '../audit/journal.js';
import { LOG_BYTES, Log } from '../audit/log.js';
import { TerminalSink } from '../audit/terminal.js';
import { membersOf } from '../host/cgroup2.js';
import { Refusal } from '../host/failure.js';
import { exeOf } from '../host/running.js';
import type { Voice } from '../host/voice.js';
import { ownedOf } from '../learn/existing.js';
import { withoutOwn } from '../learn/own.js';
import type { Strength } from '../learn/strength.js';
import type { Version } from '../policy/operations.js';
import { learnedCalls } from '../session/calls.js';
import { emptyImage, imagesOf, Numbering } from '../session/images.js';
import type { Image, Session, SessionFacts } from '../session/session.js';
import { closeSession, enteredOf, openSession, originOf, prepareKernel, type Request } from '../supervise/begin.js';
import type { Ended } from '../supervise/foreground.js';
import { finishJournal } from '../supervise/salvage.js';
import { Supervisor } from '../supervise/supervisor.js';
import { concludeJournal, type LearnResult } from './conclude.js';
import { namedPaths } from './machine.js';
import { memoryOf, requireWholeRuns } from './runs.js';

export { type LearnResult, renderLearnt } from './conclude.js';

/** How to learn. */
export interface Learning {
  /** Null: as the application was learned before, else as usual. */
  readonly strength?: Strength | null;
  /** Null: the version of the policies that are there, else 1. */
  readonly version?: Version | null;
  /** System calls too; where a policy that is there has a list they are learned all the same. */
  readonly syscalls?: boolean;
}

/**
 * Runs the program until its last process has ended, permits what no rule denies, and writes the policies.
 *
 * @param voice speaks to the person; closed by the caller
 * @throws Refusal (126) before anything is started; Failure where a run that is kept is damaged, then too
 */
export async function learn(
  request: Request,
  around: Surroundings,
  voice: Voice,
  { strength = null, version = null, syscalls = false }: Learning = {},
): Promise<LearnResult> {
  const { host, program, folder, command, user } = request;
  requireWholeRuns(host, folder);
  const loaded = (await new FolderSource(folder, host.groups, around).load()) ?? { folder, policies: [] };
  const application = { ...loaded, policies: personsOf(request, loaded.policies, around) };
  const looked = lookedAt(application, version);
  const numbering = new Numbering();
  const images = [
    ...startsOf(request, application, numbering, looked),
    ...imagesOf(application, numbering, 'learn'),
    emptyImage(program.path, numbering, looked),
  ];
  const facts = (name: string): SessionFacts => ({
    ...{ name, kind: 'learn', command, folder, user, mode: null },
    log: `${host.logs}/${name}.jsonl`,
    journal: journalFile(host, name),
    ...enteredOf(request),
  });
  await prepareKernel(host, (line) => voice.say(line));
  const looks = syscalls || loaded.policies.some(({ policy }) => policy.syscalls !== undefined);
  const session = await openSession(request, facts, images, looks ? learnedCalls : null);
  let ended: Ended;
  let journalled: JournalFacts;
  try {
    const journal = Journal.create(host, headerOf(session, request, strength, looked));
    try {
      ended = await watch(session, application, request, journal, voice);
      journalled = finishJournal(session, journal);
    } finally {
      journal.close();
    }
  } finally {
    await closeSession(session, request);
  }
  return concludeJournal(host, journalled, around, ended);
}

/**
 * Who is in a cgroup already, and has no policy, gets an empty one of his program's: what he does is learned under its name.
 */
function startsOf({ cgroup }: Request, { policies }: Application, numbering: Numbering, version: Version): Image[] {
  if (cgroup === undefined) return [];
  const running = new Set(membersOf(cgroup.path).flatMap((pid) => exeOf(pid) ?? []));
  const fresh = [...running].filter((path) => !policies.some(({ policy }) => policy.program === path)).sort();
  // All names first: an image holds the numbers of those that there were.
  numbering.addPrograms([...policies.map(({ policy }) => policy.program), ...fresh]);
  return fresh.map((path) => ({ ...emptyImage(path, numbering, version), index: numbering.of(path) }));
}

/**
 * The version of the language that is looked at: the one that is wanted, else that of the policies that are there.
 *
 * @throws Refusal where a policy that is there is of an older one: its program would be looked at less than the others
 */
function lookedAt({ policies }: Application, wanted: Version | null): Version {
  const newest = policies.some(({ policy }) => policy.version === 2) ? 2 : 1;
  const older = policies.find(({ policy }) => policy.version < (wanted ?? 1));
  if (older !== undefined)
    throw new Refusal(
      `${older.file} is of version ${older.policy.version}: what only version ${wanted} governs cannot be learned into it`,
      `write \`version: ${wanted}\` at its head, or learn into another folder (--policies)`,
    );
  return wanted ?? newest;
}

/** What a person said in the policies: what the learner wrote before is learned anew, so that each run is whole. */
function personsOf({ host, folder }: Request, policies: readonly LoadedPolicy[], around: Surroundings): LoadedPolicy[] {
  const { written } = memoryOf(host, folder);
  return policies.map((loaded) => {
    const own = written.get(basename(loaded.file));
    if (own === undefined) return loaded;
    return { ...loaded, policy: withoutOwn(loaded.policy, ownedOf({ ...loaded, written: own }, around)) };
  });
}

function headerOf(
  { state: { name, started } }: Session,
  request: Request,
  strength: Strength | null,
  version: Version,
): JournalHeader {
  const { command, folder, user, cwd, program, argv, env } = request;
  return {
    v: 1,
    type: 'learner',
    session: name,
    started,
    command,
    folder,
    user,
    cwd: cwd ?? '',
    host: hostName(),
    program: program.path,
    named: namedPaths(argv, env, cwd),
    ...(version === 1 ? {} : { version }),
    ...(strength === null ? {} : { strength }),
    ...(request.running === undefined && request.cgroup === undefined ? {} : { entered: true }),
  };
}

async function watch(
  session: Session,
  application: Application,
  request: Request,
  journal: Journal,
  voice: Voice,
): Promise<Ended> {
  const { name, log } = session.state;
  const talk = (line: string): void => voice.say(line);
  const terminal = new TerminalSink(talk, name, log);
  const sinks = [new Log(log, LOG_BYTES, (fd) => session.gate.protection.seal(fd)), new JournalSink(journal), terminal];
  const supervisor = new Supervisor({ session, application, sinks, policies: null, talk });
  const policy = session.policyOf(request.program.path)?.number ?? 0;
  const drawn = voice.shared ? [terminal, voice] : [];
  return supervisor.attend(originOf(request, policy, { kind: 'learn', talk, drawn }));
}
