// SPDX-License-Identifier: GPL-2.0-only
/** Who waits for an answer while something happens to it, to its parent, or to its number. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { permit, Script } from './attaching.js';
import { Background, callgate, eventsOf, holdGate, prepare } from './callgate.js';
import { eventually } from './client.js';
import { needsLsm } from './machine.js';
import { Place, sessionOf, started } from './place.js';

t.setTimeout(1_200_000);

const BASH = '/usr/bin/bash';

/** All, or those that are named. */
const PARTS = [jobs, stopped, killed, reused].filter(
  ({ name }) => process.env.CALLGATE_PART === undefined || process.env.CALLGATE_PART.split(',').includes(name),
);

t.test('waiting', { skip: needsLsm(), timeout: 1_200_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  for (const part of PARTS) await t.test(part.name, { timeout: 400_000 }, (t) => part(t));
  await release();
});

/** A field of /proc/PID/stat behind the name: 0 is the state, 19 the start. */
function statOf(pid: number, field: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[field] ?? null;
  } catch {
    return null;
  }
}

/** The first question that is told, and everything that comes behind it. */
class Attending extends Script {
  constructor(session: string) {
    super(session, () => undefined);
  }

  async question(id: number): Promise<{ pid: number }> {
    const told = () =>
      this.notices.flatMap((one) => (one.tell === 'question' && one.question.id === id ? [one.question.asker] : []));
    await this.until(() => told().length > 0);
    return { pid: told()[0]?.pid ?? 0 };
  }
}

async function attending(session: string): Promise<Attending> {
  const script = new Attending(session);
  await script.until(() => script.notices.some(({ tell }) => tell === 'ready'));
  return script;
}

/** A shell with job control takes who asks for a job that was stopped: it goes on with what comes next, and the job with its answer. */
async function jobs(t: Test): Promise<void> {
  for (const [answer, said] of [
    // What is in the file; its name is in what the shell says of the job.
    [{}, /^one$/m],
    [{ verdict: 'deny', errno: 'ENOENT' }, /^cat: .*: No such file or directory$/m],
  ] as const) {
    const place = new Place();
    const one = place.file('one');
    writeFileSync(place.policy, readFileSync(place.policy, 'utf8').replace('/usr/bin/dash', BASH));
    const script = `set -m; echo begun $$; while [ ! -e ${place.files}/go ]; do sleep 0.1; done; cat ${one}; echo next $?; while [ ! -e ${place.files}/on ]; do sleep 0.1; done; echo over`;
    const run = new Background('run', '--quiet', '--policies', place.policies, '--', BASH, '-c', script);
    const { session } = await started(place, run);
    const attend = await attending(session);
    place.go();
    const over = run.ended().then((code) => {
      throw new Error(`it ended (${code}): ${run.output}${JSON.stringify(eventsOf(session))}`);
    });
    over.catch(() => undefined);
    await Promise.race([attend.question(1), over]);
    // 128 and SIGSTOP.
    await run.until(() => run.output.includes('next 147\n'));
    t.notMatch(run.output, said, 'nothing has happened');
    attend.request({ ...permit(1), ...answer } as never);
    await run.until(() => said.test(run.output));
    // Who ends takes along what stands still: the shell waits.
    writeFileSync(`${place.files}/on`, '');
    t.equal(await run.ended(), 0, run.output);
    const order = [/^next 147$/m, said, /^over$/m].map((one) => run.output.search(one));
    t.same(
      order,
      order.filter((at) => at >= 0).sort((first, second) => first - second),
      run.output,
    );
    await attend.ended;
  }
}

/** The shell that waits for who asks is stopped: the answer has the one go on, and not the other. */
async function stopped(t: Test): Promise<void> {
  const place = new Place();
  const one = place.file('one');
  const run = place.shell(`cat ${one}; echo over`);
  const { session, pid } = await started(place, run);
  const attend = await attending(session);
  place.go();
  await attend.question(1);
  process.kill(Number(pid), 'SIGSTOP');
  await eventually('the shell stands still', () => statOf(Number(pid), 0) === 'T');
  attend.request(permit(1));
  await run.until(() => run.output.includes('one\n'));
  t.equal(statOf(Number(pid), 0), 'T', 'the shell stands still');
  t.notOk(run.output.includes('over'));
  process.kill(Number(pid), 'SIGCONT');
  t.equal(await run.ended(), 0, run.output);
  t.match(run.output, /one\n(?:.*\n)*over\n/);
  await attend.ended;
}

/** Who asks is killed by somebody else: the question is gone, an answer to it comes too late, and the shell goes on. */
async function killed(t: Test): Promise<void> {
  const place = new Place();
  const [one, two] = ['one', 'two'].map((name) => place.file(name)) as [string, string];
  const run = place.shell(`cat ${one}; echo killed $?; cat ${two}`);
  const { session } = await started(place, run);
  const attend = await attending(session);
  place.go();
  const { pid } = await attend.question(1);
  process.kill(pid, 'SIGKILL');
  await attend.until(() => attend.notices.some(({ tell }) => tell === 'gone'));
  t.same(
    attend.notices.flatMap((one) => (one.tell === 'gone' ? [[one.question, one.why]] : [])),
    [[1, 'died']],
  );
  attend.request(permit(1));
  await attend.until(() => attend.answers.some(({ ok }) => !ok));
  t.equal(attend.answers.find(({ ok }) => !ok)?.error?.code, 'answered');
  await attend.question(2);
  attend.request(permit(2));
  t.equal(await run.ended(), 0, run.output);
  t.match(run.output, /killed 137\n(?:.*\n)*two\n/);
  await attend.ended;
}

/**
 * The number of who asked is another's by the time the answer comes, who asks the same: it is asked about anew, and goes on by its
 * own answer alone.
 */
async function reused(t: Test): Promise<void> {
  const place = new Place();
  const one = place.file('one');
  const edges = `${place.files}/edges`;
  cpSync(fileURLToPath(new URL('../../../out/test/edges', import.meta.url)), edges);
  const run = place.shell(`${edges} reuse ${one}`);
  const { session } = await started(place, run);
  const attend = await attending(session);
  const most = readFileSync('/proc/sys/kernel/pid_max', 'latin1');
  place.go();
  const { pid } = await attend.question(1);
  const start = statOf(pid, 19);
  // A ring that comes round soon.
  writeFileSync('/proc/sys/kernel/pid_max', String(Math.max(1000, pid + 200)));
  await run.until(() => run.output.includes('near\n'));
  const supervisor = sessionOf(place).supervisor.pid;
  process.kill(supervisor, 'SIGSTOP');
  try {
    await eventually('the supervisor stands still', () => statOf(supervisor, 0) === 'T');
    process.kill(pid, 'SIGKILL');
    // Its own question stops it.
    await run.until(() => run.output.includes(`again ${pid}\n`));
    await eventually('another has its number and asks', () => statOf(pid, 19) !== start && statOf(pid, 0) === 'T');
    attend.request({ ...permit(1), verdict: 'deny', errno: 'ENOENT' } as never);
  } finally {
    process.kill(supervisor, 'SIGCONT');
    writeFileSync('/proc/sys/kernel/pid_max', most);
  }
  const second = await attend.question(2);
  t.equal(second.pid, pid, 'the same number');
  t.notOk(/again \d+\n(?:.*\n)*(?:ok|E[A-Z]+)\n/.test(run.output), 'and it has not gone on');
  attend.request(permit(2));
  t.equal(await run.ended(), 0, run.output);
  t.match(run.output, /again \d+\n(?:.*\n)*ok\n/);
  t.notOk(existsSync(`/proc/${pid}`));
  await attend.ended;
  t.notMatch(callgate('status').stdout, /STANDS STILL/);
}
