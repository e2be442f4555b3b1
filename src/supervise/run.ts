/** `callgate run`: a program under the policies of its application, from its first instruction to the end of its last child. */
import { join } from 'node:path';
import { type Application, loadApplication } from '../application/application.js';
import type { Surroundings } from '../application/surroundings.js';
import { Reporter } from '../audit/reporter.js';
import { Refusal } from '../host/failure.js';
import { hasBpfLsm } from '../host/lsm.js';
import { imagesOf, type ModeChoice, Numbering, requireBuilt } from '../session/images.js';
import type { SessionFacts } from '../session/session.js';
import { type Counters, countersOf } from '../session/status.js';
import { chooseAttach, closeSession, launchOf, openSession, type Request } from './begin.js';
import { shellWord } from './program.js';
import { watchPolicies } from './reload.js';
import { type Ended, supervise } from './supervise.js';

export interface RunOptions {
  /** Nothing is refused; what would be is reported. */
  readonly complain: boolean;
  /** Hooks that may be skipped are accepted. */
  readonly bestEffort: boolean;
  /** Null: /var/log/callgate/SESSION.jsonl. */
  readonly log: string | null;
  /** Denials are not told on standard error. */
  readonly quiet: boolean;
  /** Says a line to the person. */
  readonly talk: (line: string) => void;
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
  const application = requireApplication(loadApplication(folder, around), request);
  requireBuilt(application);
  const promise = !options.complain && !options.bestEffort;
  const attach = chooseAttach(hasBpfLsm(), promise);
  const numbering = new Numbering();
  const mode: ModeChoice = options.complain ? 'complain' : 'as-written';
  const images = imagesOf(application, numbering, mode);
  const facts = (name: string): SessionFacts => ({
    name,
    kind: 'run',
    command: request.command,
    folder: application.folder,
    user: request.user,
    log: options.log ?? join(host.logs, `${name}.jsonl`),
    journal: null,
    bestEffort: options.bestEffort,
    mode: options.complain ? 'complain' : null,
  });
  const session = await openSession(request, attach, promise, facts, images);
  try {
    const reporter = new Reporter(session, options.quiet ? null : options.talk);
    reporter.hold(application);
    const watch = watchPolicies({
      ...{ session, around, numbering, mode },
      taken: (taken, changed) => {
        reporter.hold(changed);
        for (const { program: name, generation } of taken)
          options.talk(`the policy of ${name} was changed: generation ${generation} holds from now on`);
      },
      refused: (problem) => {
        reporter.note(problem);
        options.talk(`the changed policy is refused, what held before holds on:\n${problem}`);
      },
    });
    let ended: Ended;
    try {
      const entry = session.policyOf(program.path)?.number ?? 0;
      const { talk } = options;
      ended = await supervise({ session, policy: entry, launch: launchOf(request), deliver: reporter.deliver, talk });
    } finally {
      watch.stop();
      reporter.close();
    }
    const counters = countersOf(session.gate.session(session.number));
    if (counters.dropped > 0)
      options.talk(
        `${counters.dropped} events were lost (reported nowhere else; what was refused was refused all the same)`,
      );
    return { session: session.state.name, ended, log: session.state.log, counters };
  } finally {
    await closeSession(session);
  }
}

/** The application, if it has a policy for the program; else the Refusal says what to type to get one. */
function requireApplication(application: Application | undefined, request: Request): Application {
  const { program, folder, argv } = request;
  const remedy = `callgate learn --policies ${folder} -- ${argv.map(shellWord).join(' ')}`;
  if (application === undefined || application.policies.length === 0)
    throw new Refusal(`${folder}: there is no policy in it`, remedy);
  if (!application.policies.some(({ policy }) => policy.program === program.path))
    throw new Refusal(`${application.folder}: no policy in it is for ${program.path}`, remedy);
  return application;
}
