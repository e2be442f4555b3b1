// SPDX-License-Identifier: GPL-2.0-only
/** Real programs whose policy asks, answered by `callgate attach` as a person, a script and a command would. */
import { cpSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { Question } from '../../src/ask/question.js';
import { Attach, permit, Script } from './attaching.js';
import { Background, callgate, eventsOf, holdGate, prepare } from './callgate.js';
import { needsLsm } from './machine.js';
import { Place, SHELL, sessionOf, started } from './place.js';

t.setTimeout(1_800_000);

/** All, or those that are named. */
const PARTS = [typed, nobody, workers, killed, byCommand, opened, python, eight].filter(
  ({ name }) => process.env.CALLGATE_PART === undefined || process.env.CALLGATE_PART.split(',').includes(name),
);

t.test('attend', { skip: needsLsm(), timeout: 1_800_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  for (const part of PARTS) await t.test(part.name, { timeout: 900_000 }, (t) => part(t));
  await release();
});

/** By lines, by key and by name; `always` is in force at once. */
async function typed(t: Test): Promise<void> {
  const place = new Place();
  const [one, two, three, four] = ['one', 'two', 'three', 'four'].map((name) => place.file(name)) as string[];
  const run = place.shell(`for f in ${one} ${two} ${three} ${four}; do cat $f; done; sleep 1000`);
  const { session, pid } = await started(place, run);
  t.match(callgate('attach').stdout, new RegExp(`^${session} +[0-9]+ +supervisor`, 'm'), 'it is listed');
  const other = callgate('attach', '--plain', '1');
  t.equal(other.status, 125);
  t.match(other.stderr, /process 1 is under no policy.*\n +do: callgate run -- \/\S+ .*begins it anew/);
  // By the pid of the program.
  const attach = new Attach('--plain', pid);
  await attach.until(() => attach.output.includes(`attending to ${session}`));
  attach.type('p\n1 p\nd ENOENT\np always 2\n');
  place.go();
  await run.until(() => run.output.includes('four'));
  t.match(run.output, /^one\ncat: [^\n]*two: No such file or directory\n(?:callgate: [^\n]*\n)+three\nfour$/m);
  await attach.until(() => attach.output.includes('in force'));
  t.match(attach.output, new RegExp(`question 1: cat \\([0-9]+\\) asks to read ${one}`));
  t.match(attach.output, /program \/usr\/bin\/cat, under the policy of \/usr\/bin\/dash, user root \(0\)/);
  t.match(attach.output, /started by dash \([0-9]+\), by /);
  t.match(attach.output, /not done: question 1: it was answered by root/);
  t.match(attach.output, /its folder: grants 3 more that are there, such as/);
  t.match(
    attach.output,
    new RegExp(`written to ${place.policy}:9, before rule 3 \\(line 12\\), which asked; in force`),
  );
  t.notOk(attach.output.includes('question 4'), 'what the statement permits is not asked');
  t.match(
    readFileSync(place.policy, 'utf8'),
    /inherit\n {2}# answered by root [^\n]*\n {2}- permit: read\n {4}path: "[^"]*\/asked\/\*"\n {2}# Everything of these\.\n {2}- ask: read\n/,
  );
  t.equal(await attach.leave(), 0, 'what another has answered is no failure');
  t.equal(run.process.exitCode, null, `and the program runs on: ${run.output.slice(-500)}`);
  callgate('stop', session, '--kill');
  await run.ended();
  const events = eventsOf(session);
  t.same(
    events.filter(({ type }) => type === 'question').map(({ object }) => object),
    [one, two, three],
  );
}

async function nobody(t: Test): Promise<void> {
  const place = new Place();
  const one = place.file('one');
  const run = place.shell(`cat ${one}`);
  const { session } = await started(place, run);
  place.go();
  t.equal(await run.ended(), 1);
  t.match(run.output, /one: Operation not permitted/);
  t.same(
    eventsOf(session)
      .filter(({ type }) => type !== 'exec')
      .map(({ object, verdict, reason }) => [object, verdict, reason]),
    [[one, 'deny', 'unattended']],
  );
}

/** The same of eight processes is one question; another that attends is told. */
async function workers(t: Test): Promise<void> {
  const place = new Place();
  const one = place.file('one');
  const run = place.shell(`for i in 1 2 3 4 5 6 7 8; do cat ${one} & done; wait; echo done`);
  const { session } = await started(place, run);
  const script = new Script(session, (notice, self) => {
    if (notice.tell === 'question' && notice.question.threads === 8) self.request(permit(notice.question.id));
  });
  const watcher = new Script(session, () => undefined);
  await Promise.all([script, watcher].map((one) => one.until(() => one.notices.some(({ tell }) => tell === 'ready'))));
  place.go();
  t.equal(await run.ended(), 0, run.output);
  t.equal(run.output.split('\n').filter((line) => line === 'one').length, 8);
  await Promise.all([script.ended, watcher.ended]);
  for (const { notices } of [script, watcher]) {
    t.same([...new Set(notices.flatMap((one) => (one.tell === 'question' ? [one.question.id] : [])))], [1]);
    t.same(
      notices.flatMap((one) => (one.tell === 'answered' ? [[one.answered.question, one.answered.threads]] : [])),
      [[1, 8]],
    );
    t.equal(notices.at(-1)?.tell, 'ended');
  }
}

/** A supervisor that is killed with a question open: what stands still is named first, and attach has it denied. */
async function killed(t: Test): Promise<void> {
  const place = new Place();
  const one = place.file('one');
  const run = place.shell(`cat ${one} 2> ${place.files}/said; echo over > ${place.files}/over; sleep 1000`);
  const { session } = await started(place, run);
  const attach = new Attach('--plain', session);
  await attach.until(() => attach.output.includes('attending'));
  place.go();
  await attach.until(() => attach.output.includes('question 1'));
  process.kill(sessionOf(place).supervisor.pid, 'SIGKILL');
  await run.ended();
  await attach.leave();
  const status = callgate('status').stdout;
  t.match(
    status,
    new RegExp(`^${session}:\n  cat \\([0-9]+\\) STANDS STILL since [^\n]*\n  nobody can answer it any more`),
  );
  const again = callgate('attach', '--plain', session);
  t.equal(again.status, 125);
  t.match(
    again.stderr,
    /its supervisor was gone and cat \([0-9]+\) stood still: what was asked is denied, and they go on/,
  );
  while (!readable(`${place.files}/over`)) await new Promise((resolve) => setTimeout(resolve, 50));
  t.match(readFileSync(`${place.files}/said`, 'utf8'), /Operation not permitted/);
  t.notMatch(callgate('status').stdout, /STANDS STILL/);
  t.equal(callgate('stop', session, '--kill').status, 0);
}

function readable(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}

/** A command answers, from the first instruction on; what is no answer is told and lets nobody through. */
async function byCommand(t: Test): Promise<void> {
  const place = new Place('default: permit\nasking: {deadline: 20s}\n');
  const [yes, no, odd] = ['yes', 'no', 'odd'].map((name) => place.file(name)) as string[];
  const answer = `read q; case "$q" in *'"object":"${yes}"'*) echo '{"verdict":"permit"}';; *'"object":"${no}"'*) echo '{"verdict":"deny","errno":"ENOENT"}';; *) echo '{"verdict":"perhaps"}';; esac`;
  const run = place.shell(`cat ${yes}; cat ${no}; cat ${odd}`, '--exec', answer);
  place.go();
  t.equal(await run.ended(), 1);
  t.match(run.output, /^yes$/m);
  t.match(run.output, /no: No such file or directory/);
  t.match(run.output, /no answer to question 3: verdict/);
  // cat writes its line in pieces, and callgate's may stand between them.
  t.match(run.output, /denied \(EPERM\) read \S*\/odd: cat/);
  t.match(run.output, /Operation not permitted/);
}

/** What is denied by default is asked while somebody attends, and denied again when they have left. */
async function opened(t: Test): Promise<void> {
  const place = new Place();
  const secret = `${place.files}/secret`;
  writeFileSync(secret, 'secret\n');
  const rules = [
    '  - permit: exec\n    path: /**\n    policy: inherit\n',
    `  - permit: [read, list, load, write, create, stat]\n    path: ["/usr/**", "/etc/**", "/dev/**", "/proc/**", "${place.files}/go*"]\n`,
  ];
  writeFileSync(place.policy, `version: 1\nprogram: ${SHELL}\ndefault: deny\nrules:\n${rules.join('')}`);
  const run = place.shell(`cat ${secret}; while [ ! -e ${place.files}/gone ]; do sleep 0.1; done; cat ${secret}`);
  const { session } = await started(place, run);
  const script = new Script(
    session,
    (notice, self) => {
      if (notice.tell === 'question') self.request(permit(notice.question.id));
    },
    '--ask',
  );
  await script.until(() => script.answers.length > 0);
  place.go();
  await run.until(() => run.output.includes('secret\n'));
  await script.leave();
  t.ok(script.notices.some((one) => one.tell === 'question' && one.question.object === secret));
  writeFileSync(`${place.files}/gone`, '');
  t.equal(await run.ended(), 1);
  t.match(run.output, /secret: Operation not permitted/);
}

/** Runs a program once somebody attends; each question is answered once, as `answer` says. Resolves at its end. */
async function attended(
  t: Test,
  place: Place,
  program: string,
  words: readonly string[],
  answer: (question: Question) => object,
): Promise<{ output: string; code: number | null; script: Script }> {
  const rules = [
    `  - ask: read\n    path: ${place.asked}/**\n`,
    '  - ask: connect\n    address: "udp:*"\n',
    `  - ask: exec\n    path: [/usr/bin/cat, "${place.files}/threads"]\n`,
  ];
  writeFileSync(place.policy, `version: 1\nprogram: ${program}\ndefault: permit\nrules:\n${rules.join('')}`);
  const run = new Background('run', '--wait', '--policies', place.policies, '--', program, ...words);
  await run.until(() => run.output.includes('begins once somebody attends'));
  const answered = new Set<number>();
  const script = new Script(sessionOf(place).name, (notice, self) => {
    if (notice.tell !== 'question' || answered.has(notice.question.id)) return;
    answered.add(notice.question.id);
    self.request(permit(notice.question.id, answer(notice.question)));
  });
  const code = await run.ended();
  await script.ended;
  t.same(
    script.answers.filter(({ ok }) => !ok),
    [],
    'each answer was taken',
  );
  return { output: run.output, code, script };
}

/** python3 -c: files, a socket, a program that it runs. */
async function python(t: Test): Promise<void> {
  const place = new Place();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => place.file(name)) as [string, string, string];
  const text = `
import socket, subprocess, sys
print(open(sys.argv[1]).read().strip())
try:
  open(sys.argv[2])
except OSError as error:
  print(error.strerror)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
print("connected", flush=True)
print(subprocess.run(["/usr/bin/cat", sys.argv[3]]).returncode)
`;
  const asked: string[] = [];
  const { output, code } = await attended(
    t,
    place,
    realpathSync('/usr/bin/python3'),
    ['-c', text, one, two, three],
    ({ operations, object }) => {
      asked.push(`${operations} ${object}`);
      return object === two ? { verdict: 'deny', errno: 'ENOENT' } : {};
    },
  );
  t.equal(code, 0, output);
  t.same(asked, [`read ${one}`, `read ${two}`, 'connect udp:127.0.0.1:9', 'exec /usr/bin/cat', `read ${three}`]);
  t.same(
    output.split('\n').filter((line) => /^(?:one|two|three|No such .*|connected|\d+)$/.test(line)),
    ['one', 'No such file or directory', 'connected', 'three', '0'],
  );
}

/** Eight threads that open, connect and exec at once: each call comes to what its question was answered, and to nothing else. */
async function eight(t: Test): Promise<void> {
  const results = (output: string): string[] =>
    output
      .split('\n')
      .filter((line) => /^(?:open|connect|exec) |^ran$/.test(line))
      .sort();
  const times = (line: string): string[] => Array<string>(8).fill(line);
  for (const [verdict, ran] of [
    ['permit', [...times('exec 0'), ...times('open ok'), ...times('ran')]],
    ['deny', [...times('exec EACCES'), ...times('open ok')]],
  ] as const) {
    const place = new Place();
    const program = `${place.files}/threads`;
    cpSync(fileURLToPath(new URL('../../../out/test/threads', import.meta.url)), program);
    const { output, code, script } = await attended(
      t,
      place,
      program,
      ['all', place.file('one'), '9', program],
      ({ operations: [operation] }) => {
        if (operation === 'connect') return { verdict: 'deny', errno: 'ECONNREFUSED' };
        return operation === 'exec' && verdict === 'deny' ? { verdict, errno: 'EACCES' } : {};
      },
    );
    t.equal(code, 0, output);
    t.same(results(output), [...times('connect ECONNREFUSED'), ...ran]);
    const threads = script.notices.flatMap((one) => (one.tell === 'answered' ? [one.answered.threads] : []));
    t.equal(
      threads.reduce((sum, some) => sum + some, 0),
      24,
      `${threads.length} questions, each call answered once`,
    );
  }
  const place = new Place();
  const program = `${place.files}/threads`;
  cpSync(fileURLToPath(new URL('../../../out/test/threads', import.meta.url)), program);
  const { output, code } = await attended(t, place, program, ['exec', program], () => ({}));
  t.equal(code, 0, output);
  t.same(results(output), ['ran'], 'one becomes the program, and the others are gone');
  t.notMatch(callgate('status').stdout, /STANDS STILL/);
}
