/** `callgate learn`: a program that may do everything while it is watched, and the policies that come of it. */
import { type Application, loadApplication } from '../application/application.js';
import type { Surroundings } from '../application/surroundings.js';
import { Journal, journalFile } from '../audit/journal.js';
import { Reporter } from '../audit/reporter.js';
import { hasBpfLsm } from '../host/lsm.js';
import { emptyImage, imagesOf, Numbering, requireBuilt } from '../session/images.js';
import type { Session, SessionFacts } from '../session/session.js';
import { chooseAttach, closeSession, launchOf, openSession, type Request } from '../supervise/begin.js';
import { finishJournal } from '../supervise/salvage.js';
import { type Ended, supervise } from '../supervise/supervise.js';
import { concludeJournal, type LearnResult } from './conclude.js';

export { type LearnResult, renderLearnt } from './conclude.js';

/**
 * Runs the program until its last process has ended, permits what no rule denies, and writes the policies.
 *
 * @param talk says a line to the person
 * @throws Refusal (126) before anything is started
 */
export async function learn(
  request: Request,
  around: Surroundings,
  talk: (line: string) => void,
): Promise<LearnResult> {
  const { host, program, folder, command, user, cwd } = request;
  const application = loadApplication(folder, around) ?? { folder, policies: [] };
  requireBuilt(application);
  const numbering = new Numbering();
  const images = [...imagesOf(application, numbering, 'learn'), emptyImage(program.path, numbering)];
  const facts = (name: string): SessionFacts => ({
    ...{ name, kind: 'learn', command, folder, user, bestEffort: true, mode: null },
    log: `${host.logs}/${name}.jsonl`,
    journal: journalFile(host, name),
  });
  const session = await openSession(request, chooseAttach(hasBpfLsm(), false), false, facts, images);
  let ended: Ended;
  try {
    const { name, started } = session.state;
    const header = {
      v: 1,
      type: 'learner',
      session: name,
      started,
      command,
      folder,
      user,
      cwd: cwd ?? '',
      program: program.path,
    } as const;
    const journal = Journal.create(host, header);
    try {
      ended = await watch(session, application, request, journal, talk);
      finishJournal(session, journal);
    } finally {
      journal.close();
    }
  } finally {
    await closeSession(session);
  }
  return concludeJournal(session.state.journal as string, around, ended);
}

async function watch(
  session: Session,
  application: Application,
  request: Request,
  journal: Journal,
  talk: (line: string) => void,
): Promise<Ended> {
  const reporter = new Reporter(session, talk, (records) => journal.take(records));
  reporter.hold(application);
  try {
    const policy = session.policyOf(request.program.path)?.number ?? 0;
    return await supervise({ session, policy, launch: launchOf(request), deliver: reporter.deliver, talk });
  } finally {
    reporter.close();
  }
}
