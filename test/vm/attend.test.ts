// SPDX-License-Identifier: GPL-2.0-only
/** Real programs whose policy asks, answered by `callgate attach` as a person, a script and a command would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { ControlRequest, Notice } from '../../src/control/protocol.js';
import { readStates, type SessionState } from '../../src/session/state.js';
import { Background, BIN, callgate, eventsOf, folder, holdGate, inside, prepare } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(1_800_000);

const SHELL = '/usr/bin/dash';
const QUESTIONS = process.env.CALLGATE_LONG === undefined ? 1000 : 10_000;

/** A folder of files to be asked about, and one with the policy that asks. */
class Place {
  readonly files = folder('attend');
  readonly asked = inside(this.files, 'asked');
  readonly policies = inside(this.files, 'policies');
  readonly policy = `${this.policies}/usr_bin_dash.yaml`;

  constructor(head = 'default: permit\n') {
    const rules = [
      '  - permit: exec\n    path: /**\n    policy: inherit\n',
      `  # Everything of these.\n  - ask: read\n    path: ${this.asked}/**\n`,
    ];
    writeFileSync(this.policy, `version: 1\nprogram: ${SHELL}\n${head}rules:\n${rules.join('')}`);
  }

  file(name: string): string {
    const path = `${this.asked}/${name}`;
    writeFileSync(path, `${name}\n`);
    return path;
  }

  /** A shell that runs the text once `go` is called. */
  shell(text: string, ...flags: string[]): Background {
    const script = `echo begun $$; while [ ! -e ${this.files}/go ]; do sleep 0.1; done; ${text}`;
    return new Background('run', ...flags, '--policies', this.policies, '--', SHELL, '-c', script);
  }

  go(): void {
    writeFileSync(`${this.files}/go`, '');
  }
}

/** callgate attach, with what is typed. */
class Attach {
  readonly process: ChildProcess;
  output = '';
  #woken: () => void = () => undefined;
  readonly ended: Promise<number | null>;

  constructor(...words: string[]) {
    this.process = spawn(BIN, ['attach', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        this.#woken();
      });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
  }

  type(text: string): void {
    this.process.stdin?.write(text);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.process.exitCode !== null) throw new Error(`attach ended: ${this.output}`);
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
        this.process.once('exit', () => resolve());
      });
    }
  }

  async leave(): Promise<number | null> {
    this.process.stdin?.end();
    return this.ended;
  }
}

/** callgate attach --json, as a script uses it. */
class Script extends Attach {
  readonly notices: Notice[] = [];
  readonly answers: { ok: boolean; answer?: unknown; error?: { code?: string } }[] = [];
  #read = 0;

  constructor(
    word: string,
    private readonly react: (notice: Notice, script: Script) => void,
    ...flags: string[]
  ) {
    super('--json', ...flags, word);
    this.process.stdout?.on('data', () => this.#take());
  }

  request(request: Omit<ControlRequest, 'v'> & object): void {
    this.type(`${JSON.stringify({ v: 1, ...request })}\n`);
  }

  #take(): void {
    for (let end = this.output.indexOf('\n', this.#read); end >= 0; end = this.output.indexOf('\n', this.#read)) {
      const line = this.output.slice(this.#read, end);
      this.#read = end + 1;
      if (!line.startsWith('{')) continue;
      const said = JSON.parse(line) as Notice | Script['answers'][number];
      if ('tell' in said) {
        this.notices.push(said);
        this.react(said, this);
      } else this.answers.push(said);
    }
  }
}

const permit = (question: number, more: object = {}) =>
  ({ do: 'answer', question, verdict: 'permit', ...more }) as unknown as Omit<ControlRequest, 'v'>;

/** The session of these policies; commands take their time here, so that its state is read. */
function sessionOf(place: Place): SessionState {
  const state = readStates({ run: '/run/callgate' }).find(({ folder }) => folder === place.policies);
  if (state === undefined) throw new Error('there is no such session');
  return state;
}

/** Resolves with the session's name and the shell's pid, once it waits to go. */
async function started(place: Place, run: Background): Promise<{ session: string; pid: string }> {
  await run.until(() => run.output.includes('begun '));
  return { session: sessionOf(place).name, pid: /begun (\d+)/.exec(run.output)?.[1] ?? '' };
}

/** All, or those that are named. */
const PARTS = [typed, nobody, workers, killed, byCommand, opened, many].filter(
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
  t.match(other.stderr, /process 1 is under no policy.*\n +do: callgate run -- CMD/);
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
  t.match(run.output, /odd: Operation not permitted/);
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

/** Questions by the thousand, of four programs at once, answered by a script: none is lost, and none is answered twice. */
async function many(t: Test): Promise<void> {
  const place = new Place();
  const each = QUESTIONS / 4;
  for (let at = 0; at < QUESTIONS; at++) place.file(String(at));
  const loop = (from: number): string =>
    `(i=${from}; n=0; while [ $i -lt ${from + each} ]; do read x < ${place.asked}/$i && [ "$x" = $i ] && n=$((n + 1)); i=$((i + 1)); done; echo read $n)`;
  const run = place.shell(`${[0, 1, 2, 3].map((part) => `${loop(part * each)} &`).join(' ')} wait`);
  const { session } = await started(place, run);
  const script = new Script(session, (notice, self) => {
    if (notice.tell === 'question' && notice.question.threads > 0) asked(notice.question.id, self);
  });
  const put = new Set<number>();
  const asked = (id: number, self: Script): void => {
    if (put.has(id)) return;
    put.add(id);
    self.request(permit(id));
  };
  await script.until(() => script.notices.some(({ tell }) => tell === 'ready'));
  place.go();
  t.equal(await run.ended(), 0, run.output.slice(-2000));
  await script.ended;
  t.same(run.output.match(/^read \d+$/gm), Array(4).fill(`read ${each}`), 'every one was read');
  t.same(
    {
      asked: put.size,
      answered: new Set(script.notices.flatMap((one) => (one.tell === 'answered' ? [one.answered.question] : []))).size,
      refused: script.answers.filter(({ ok }) => !ok).length,
    },
    { asked: QUESTIONS, answered: QUESTIONS, refused: 0 },
  );
  t.same(
    eventsOf(session).filter(({ verdict }) => verdict === 'deny'),
    [],
    'and none was denied',
  );
}
