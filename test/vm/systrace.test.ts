// SPDX-License-Identifier: GPL-2.0-only
/** systrace's flags on a kernel: each does what it did, or says why not; questions at the terminal, by a GUI, of a program that runs. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { classicFileName } from '../../src/classic/names.js';
import { Script } from './attaching.js';
import { callgate, folder, holdGate, inside, prepare } from './callgate.js';
import { creat, open } from './calls.js';
import { eventually } from './client.js';
import { needsLsm } from './machine.js';

const SYSTRACE = fileURLToPath(new URL('../../../bin/systrace', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../../out/test/act', import.meta.url));
const SYSTEM = '/etc/systrace';
const NOBODY = 65534;

t.setTimeout(1_500_000);

/** All, or those that are named. */
const PARTS = [flags, terminal, gui, background, running, attached].filter(
  ({ name }) => process.env.CALLGATE_PART === undefined || process.env.CALLGATE_PART.split(',').includes(name),
);

t.test('systrace', { skip: needsLsm(), timeout: 1_500_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  for (const part of PARTS) await t.test(part.name, { timeout: 600_000 }, (t) => part(t));
  await release();
});

/** A program of its own, files to open, and a home. */
class Scene {
  readonly work = folder('systrace');
  readonly home = inside(this.work, 'home');
  readonly program = `${this.work}/act`;
  readonly files: readonly [string, string, string];

  constructor() {
    chmodSync(this.work, 0o755);
    copyFileSync(PROGRAM, this.program);
    this.files = ['one', 'two', 'three'].map((name) => `${this.work}/${name}`) as [string, string, string];
    for (const file of this.files) writeFileSync(file, 'text');
  }

  /** Writes a policy of these lines. */
  policy(folder: string, lines: readonly string[], program = this.program): string {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = `${folder}/${classicFileName(program)}`;
    const rules = lines.map((line) => `\tnative-${line}\n`).join('');
    writeFileSync(file, `Policy: ${program}, Emulation: native\n${rules}`);
    return file;
  }

  reads(file: string, call = 'fsread'): string {
    return `${call}: filename eq "${file}" then permit`;
  }

  start(...words: string[]): Started {
    return new Started(SYSTRACE, words, this.home);
  }
}

/** A command, with what it says and what is said to it. */
class Started {
  readonly process: ChildProcess;
  stdout = '';
  stderr = '';
  readonly closed: Promise<number | null>;
  #woken: () => void = () => undefined;

  constructor(file: string, words: readonly string[], home: string) {
    this.process = spawn(file, words, { env: { ...process.env, HOME: home }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stdin?.on('error', () => undefined);
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk;
      this.#woken();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk;
    });
    this.closed = new Promise((resolve) =>
      this.process.once('close', (code) => {
        this.#woken();
        resolve(code);
      }),
    );
  }

  say(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  /** What the program printed, a line for each act, without what systrace said there. */
  /** Of the program, which speaks on the same output: behind the prompt that its answer left there, too. */
  get results(): string[] {
    return [...this.stdout.matchAll(/^(?:Answer: )*(ok|E[A-Z]+)$/gm)].map(([, result]) => result as string);
  }

  /** Answers what is asked until it ends. `answer` is given the question, and how often it was asked in a row. */
  async answer(answer: (question: string, times: number) => string): Promise<void> {
    let read = 0;
    let question = '';
    let times = 0;
    for (;;) {
      const at = this.stdout.indexOf('Answer: ', read);
      if (at < 0) {
        const over = await Promise.race([
          this.closed.then(() => true),
          new Promise<false>((done) => {
            this.#woken = () => done(false);
          }),
        ]);
        if (over) return;
        continue;
      }
      const asked = this.stdout
        .slice(read, at)
        .split('\n')
        .filter((line) => line.includes(', syscall: '))
        .at(-1);
      times = asked === undefined ? times + 1 : 1;
      question = asked ?? question;
      read = at + 'Answer: '.length;
      this.say(answer(question, times));
    }
  }
}

/** What it was denied, as its lines say. */
const denied = (text: string): string[] => text.split('\n').filter((line) => /deny user: /.test(line));

async function flags(t: Test): Promise<void> {
  const scene = new Scene();
  const { program, home, work } = scene;
  const [one, two] = scene.files;
  const user = `${home}/.systrace`;
  const acts = [program, open(one), open(two)];
  const run = async (...words: string[]): Promise<Started> => {
    const started = scene.start(...words);
    started.process.stdin?.end();
    await started.closed;
    return started;
  };
  const gone = (): Promise<void> =>
    eventually('systrace is gone', () => !callgate('status').stdout.includes(`${work}/`));

  const version = await run('-V');
  t.match(version.stdout, /^systrace of callgate \S+, back end linux\/bpf-lsm\n$/, '-V');

  scene.policy(user, [scene.reads(one)]);
  const enforced = await run('-a', '-e', ...acts);
  t.same(enforced.results, ['ok', 'EPERM'], '-a');
  const line = (call: string, code: number, file: string, more = ''): RegExp =>
    new RegExp(
      `^systrace: deny user: root, prog: ${program}, pid: \\d+\\(\\d+\\)\\[\\d+\\], policy: ${program}, filters: \\d+, ` +
        `syscall: native-${call}\\(${code}\\), filename: ${file}${more}$`,
    );
  t.match(denied(enforced.stderr).at(-1), line('fsread', 2, two), '-e');
  await gone();

  const log = `${work}/log`;
  const logged = await run('-a', '-E', log, ...acts);
  t.same([logged.results, denied(logged.stderr)], [['ok', 'EPERM'], []]);
  // Its start is denied its own name first: lines come one by one.
  await eventually('both lines are in the file', () => existsSync(log) && denied(readFileSync(log, 'utf8')).length > 1);
  t.match(denied(readFileSync(log, 'utf8')).at(-1), line('fsread', 2, two), '-E');
  await gone();

  scene.policy(user, [scene.reads(one, 'open'), scene.reads(two)]);
  const plain = await run('-a', '-u', '-e', ...acts);
  t.same(plain.results, ['ok', 'EPERM'], '-u: a rule of an alias says nothing');
  t.match(denied(plain.stderr).at(-1), line('open', 2, two, ', oflags: ro'), 'and lines have the names of calls');
  await gone();

  const there = existsSync(SYSTEM);
  const system = scene.policy(SYSTEM, [scene.reads(two)]);
  chmodSync(SYSTEM, 0o755);
  t.same((await run('-a', ...acts)).results, ['ok', 'ok'], 'the policy of the user');
  await gone();
  t.same((await run('-a', '-U', ...acts)).results, ['EPERM', 'ok'], '-U: the policy of the system');
  await gone();
  rmSync(there ? system : SYSTEM, { recursive: true });

  const other = `${work}/other`;
  scene.policy(other, [scene.reads(two)]);
  t.same((await run('-a', '-d', other, ...acts)).results, ['EPERM', 'ok'], '-d');
  await gone();

  const file = `${work}/file`;
  writeFileSync(file, `Policy: */act, Emulation: native\n\tnative-${scene.reads(two)}\n`);
  t.same((await run('-a', '-f', file, ...acts)).results, ['EPERM', 'ok'], '-f, with a wildcard: before all others');
  await gone();

  const writable = inside(work, 'open');
  chmodSync(writable, 0o777);
  scene.policy(user, [`fswrite: filename match "${writable}/*" then permit`]);
  t.same((await run('-a', '-c', 'nobody:nogroup', program, creat(`${writable}/made`))).results, ['ok'], '-c');
  const made = statSync(`${writable}/made`);
  t.same([made.uid, made.gid], [NOBODY, NOBODY], 'by that user and group');
  await gone();

  const child = `${work}/child`;
  copyFileSync(PROGRAM, child);
  scene.policy(user, [`execve: filename eq "${child}" then permit`, scene.reads(one)]);
  const runs = [program, `exec,${child}`, open(one), open(two)];
  t.same((await run('-a', '-i', ...runs)).results, ['ok', 'ok', 'EPERM'], '-i: the child keeps the policy');
  await gone();
  t.same((await run('-a', ...runs)).results, ['EACCES', 'ok', 'EPERM'], 'without it needs one of its own');
  await gone();
  scene.policy(user, [scene.reads(two)], child);
  t.same((await run('-a', ...runs)).results, ['ok', 'EPERM', 'ok'], 'and has it');
  await gone();

  const learned = `${work}/learned`;
  t.same((await run('-A', '-d', learned, ...acts)).results, ['ok', 'ok'], '-A');
  await gone();
  const text = readFileSync(`${learned}/${classicFileName(program)}`, 'utf8');
  for (const name of [one, two]) t.ok(text.includes(`\tnative-fsread: filename eq "${name}" then permit\n`), text);

  const cradle = await run('-C', ...acts);
  t.same(cradle.results, [], '-C: nothing is run');
  t.match(
    cradle.stderr,
    /-C: one GUI for the questions of several systraces is not built, and `callgate attach` shows those of any session\n.*each systrace asks by itself/,
  );
  t.not(await cradle.closed, 0);
}

/** -t: what is typed is what it was. */
async function terminal(t: Test): Promise<void> {
  const scene = new Scene();
  const { program, home } = scene;
  const [one, two, three] = scene.files;
  const started = scene.start('-t', program, open(one), open(two), open(three));
  const answered: string[] = [];
  await started.answer((question, times) => {
    if (question.endsWith(`filename: ${one}`)) {
      answered.push(`one ${times}`);
      return ['nonsense', `filename eq "${two}" then permit`, `filename eq "${one}" then permit`][times - 1] ?? 'kill';
    }
    if (question.endsWith(`filename: ${two}`)) return times === 1 ? 'review' : 'deny-now[enoent]';
    return 'permit-now';
  });
  t.equal(await started.closed, 0, 'the exit status of the program');
  t.same(started.results, ['ok', 'ENOENT', 'ok'], `${started.stdout}${started.stderr}`);
  t.same(answered, ['one 1', 'one 2', 'one 3']);
  t.match(
    started.stdout,
    new RegExp(
      `^(?:Answer: )?${program}, pid: \\d+\\(\\d+\\)\\[\\d+\\], policy: ${program}, filters: 0, syscall: native-fsread\\(2\\), filename: ${one}$`,
      'm',
    ),
  );
  t.match(started.stdout, /Answer: Syntax error\.\nAnswer: Filter unmatched\. Freeing it\nAnswer: /);
  t.match(
    started.stdout,
    new RegExp(
      `filters: 1, .*filename: ${two}\\nAnswer: Filter review:\\n1\\. native-fsread: filename eq "${one}" then permit\\n`,
    ),
  );
  t.equal(
    readFileSync(`${home}/.systrace/${classicFileName(program)}`, 'utf8'),
    `Policy: ${program}, Emulation: native\n\t# written by systrace\n\tnative-fsread: filename eq "${one}" then permit\n`,
    'what was answered for good is in the file, and nothing else',
  );
  const killed = scene.start('-t', program, open(one), open(two), open(three));
  await killed.answer((question) => (question.endsWith(`filename: ${two}`) ? 'kill' : 'permit-now'));
  t.same([killed.results, await killed.closed], [['ok'], 137], 'kill');
}

/** -g: a program that reads questions and says answers, a line each. */
async function gui(t: Test): Promise<void> {
  const scene = new Scene();
  const { program, work } = scene;
  const [one, two] = scene.files;
  const [script, said] = [`${work}/gui`, `${work}/said`];
  writeFileSync(
    script,
    `#!/bin/sh
while read -r line; do
  printf '%s\\n' "$line" >> ${said}
  case $line in
    *"filename: ${one}") echo nonsense;;
    WRONG) echo permit-now;;
    *"filename: ${two}") echo 'deny-now[enoent]';;
    *", syscall: "*) echo permit-now;;
  esac
done
`,
    { mode: 0o755 },
  );
  const started = scene.start('-g', script, program, open(one), open(two));
  started.process.stdin?.end();
  t.equal(await started.closed, 0);
  t.same(started.results, ['ok', 'ENOENT']);
  t.notMatch(started.stdout, /Answer: /);
  const lines = readFileSync(said, 'utf8').split('\n').filter(Boolean);
  const at = lines.findIndex((line) => line.endsWith(`filename: ${one}`));
  t.same(lines.slice(at + 1, at + 4), ['Syntax error.', 'WRONG', 'OKAY'], 'what it was told');
  t.match(lines[at + 4], new RegExp(`^${program}, pid: .*, syscall: native-fsread\\(2\\), filename: ${two}$`));
  const missing = scene.start('-g', `${work}/none`, program, open(one));
  t.not(await missing.closed, 0);
  t.match(missing.stderr, /none: the GUI is no program that can be run \(ENOENT\)/);
}

/** A server leaves a child in the background and ends: the child is asked about still, and systrace ends with it. */
async function background(t: Test): Promise<void> {
  const scene = new Scene();
  const { home, work } = scene;
  const [one] = scene.files;
  const shell = '/usr/bin/dash';
  const all = 'filename match "/*" then permit';
  scene.policy(
    `${home}/.systrace`,
    [`fsread: filename eq "${one}" then ask`, `fsread: ${all}`, `fswrite: ${all}`, 'mmap: permit'],
    shell,
  );
  const go = `${work}/go`;
  execFileSync('mkfifo', [go]);
  const started = scene.start('-t', shell, '-c', `(read x < ${go}; read x < ${one}; echo "read $x") & echo begun`);
  await eventually('it runs on', () => started.stderr.includes('dash runs on, pid '));
  // Opens once the child reads it.
  const going = new Started('/bin/sh', ['-c', `echo > ${go}`], home);
  await started.answer(() => 'permit-now');
  t.equal(await going.closed, 0);
  t.equal(await started.closed, 0);
  t.match(started.stdout, new RegExp(`filename: ${one}\nAnswer: read text\n`), 'it was asked, and answered');
  t.notMatch(started.stderr, /nobody answers/);
}

/** -p: a program that runs is asked about from then on. */
async function running(t: Test): Promise<void> {
  const scene = new Scene();
  const { program, home } = scene;
  const [one, two, three] = scene.files;
  const free = new Started(program, [open(one), 'wait', open(two), open(three)], home);
  await eventually('it waits', () => free.results.length === 1);
  const { pid = 0 } = free.process;
  const systrace = scene.start('-t', '-p', String(pid), program);
  await eventually(
    'it is under a policy',
    () =>
      callgate('status').stdout.includes(`act (${pid})`) ||
      callgate('status', '--json').stdout.includes(`"pid": ${pid},`),
  );
  free.say('');
  await systrace.answer((question) => (question.endsWith(`filename: ${three}`) ? 'deny-now[enoent]' : 'permit-now'));
  await free.closed;
  t.same(free.results, ['ok', 'ok', 'ok', 'ENOENT'], 'what it did before is its own affair');
  t.match(
    systrace.stdout,
    new RegExp(
      `${program}, pid: ${pid}\\(\\d+\\)\\[\\d+\\], policy: ${program}, filters: 0, syscall: native-fsread\\(2\\), filename: ${two}`,
    ),
  );
  t.equal(await systrace.closed, 0);
  const none = scene.start('-t', '-p', '999999', program);
  t.not(await none.closed, 0);
  t.match(none.stderr, /999999: there is no such process/);
}

/** `callgate attach` answers there too; what it would write for always is no line of a classic file, and is refused. */
async function attached(t: Test): Promise<void> {
  const scene = new Scene();
  const { program, home } = scene;
  const [one] = scene.files;
  scene.policy(`${home}/.systrace`, ['fsread: filename eq "/proc" then permit']);
  const file = `${home}/.systrace/${classicFileName(program)}`;
  const before = readFileSync(file, 'utf8');
  const started = scene.start('-t', program, open(one));
  await eventually('it asks', () => started.stdout.includes('Answer: '));
  const asked: number[] = [];
  const prompts = (): number => started.stdout.split('Answer: ').length - 1;
  const answer = async (question: number, self: Script): Promise<void> => {
    // Whoever is at the terminal has it before them, too.
    await eventually('it is asked at the terminal', () => prompts() === asked.length);
    self.request({ do: 'answer', question, verdict: 'permit', scope: 'always', statement: 1 } as never);
    self.request({ do: 'answer', question, verdict: 'permit' } as never);
  };
  const script = new Script('act', (notice, self) => {
    if (notice.tell === 'question' && !asked.includes(notice.question.id)) {
      asked.push(notice.question.id);
      void answer(notice.question.id, self);
    }
    // What is typed now comes too late, and is no answer to the next.
    if (notice.tell === 'answered') started.say('deny-now');
  });
  t.equal(await started.closed, 0);
  await script.ended;
  t.same(started.results, ['ok']);
  const refused = script.answers
    .filter(({ ok }) => !ok)
    .map(({ error }) => error as { code?: string; message?: string });
  t.equal(refused.length, asked.length, 'each for always, which left the question open');
  for (const { code, message } of refused) {
    t.equal(code, 'bad-policy');
    t.match(message, /is in the classic language of systrace: no statement can be written into it/);
  }
  const told = started.stdout.match(/^The question is answered by root \(pid \d+\)\. Enter goes on\.$/gm)?.length ?? 0;
  t.ok(
    told >= asked.length - 1,
    `the terminal was told of each (${told}), but of the last where the program was faster`,
  );
  t.equal(readFileSync(file, 'utf8'), before, 'the file is what it was');
}
