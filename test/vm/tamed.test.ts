// SPDX-License-Identifier: GPL-2.0-only
/** Servers from a policy without a rule to one that works, by answering what they ask; then held to it with nobody there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Script } from './attaching.js';
import { Background, callgate, eventsIn, folder, holdGate, inside, prepare } from './callgate.js';
import { ask, eventually, fetchOf, listens } from './client.js';
import { needsLsm } from './machine.js';

const INETD = '/usr/sbin/inetd';
const CHILD = '/usr/sbin/nullidentd';
const NGINX = '/usr/sbin/nginx';
const PORT = 8082;

t.setTimeout(1_800_000);

/** A folder of policies that ask about everything. */
class Untamed {
  readonly work: string;
  readonly policies: string;
  /** Runs so far, each with a log. */
  runs = 0;

  constructor(
    readonly session: string,
    private readonly programs: readonly string[],
  ) {
    this.work = folder(session);
    chmodSync(this.work, 0o755);
    this.policies = inside(this.work, 'policies');
    for (const program of programs)
      writeFileSync(this.fileOf(program), `version: 1\nprogram: ${program}\ndefault: ask\nrules: []\n`);
  }

  fileOf(program: string): string {
    return `${this.policies}/${program.slice(1).replaceAll('/', '_')}.yaml`;
  }

  /** Takes asking out: what no rule permits is denied. */
  close(): void {
    for (const program of this.programs) {
      const text = readFileSync(this.fileOf(program), 'utf8');
      writeFileSync(this.fileOf(program), text.replace('default: ask\n', 'default: deny\n'));
    }
  }
}

interface Tamed {
  /** What was asked, in order. */
  readonly asked: readonly { readonly program: string; readonly object: string; readonly statement: string }[];
  /** What cannot be asked was refused, and is permitted from now on. */
  readonly permitted: readonly string[];
  readonly result: unknown;
}

/**
 * Runs the server, has each question answered by its narrowest suggestion, for always, and `work` done; then it is ended. What is refused
 * for it cannot be asked is permitted from now on.
 */
async function tame(
  t: Test,
  untamed: Untamed,
  words: readonly string[],
  work: (permitted: () => readonly string[]) => Promise<unknown>,
  end: () => void,
): Promise<Tamed> {
  const log = `${untamed.work}/asked-${untamed.runs++}.jsonl`;
  const run = new Background('run', '--wait', '--policies', untamed.policies, '--log', log, '--', ...words);
  await run.until(() => run.output.includes('begins once somebody attends'));
  const asked = new Map<number, Tamed['asked'][number]>();
  const permitted = new Map<number, string>();
  const script = new Script(untamed.session, (notice, self) => {
    if (notice.tell === 'denial' && notice.denial.reason === 'unaskable' && !permitted.has(notice.denial.id)) {
      const { id, operations, object } = notice.denial;
      permitted.set(id, `${operations} ${object}`);
      self.request({ do: 'permit', denial: id, statement: 1 } as never);
    }
    if (notice.tell !== 'question' || asked.has(notice.question.id)) return;
    const { id, policy, object, suggestions } = notice.question;
    asked.set(id, { program: policy.program, object, statement: suggestions[0]?.statement ?? '' });
    self.request({ do: 'answer', question: id, verdict: 'permit', scope: 'always', statement: 1 } as never);
  });
  const told = (): string[] =>
    script.answers.flatMap(({ answer }) => {
      const { denial } = (answer ?? {}) as { denial?: number };
      return denial === undefined ? [] : [permitted.get(denial) ?? '?'];
    });
  let result: unknown;
  try {
    const over = run.ended().then((code) => {
      throw new Error(`it ended (${code})`);
    });
    over.catch(() => undefined);
    result = await Promise.race([work(told), over]);
  } catch (error) {
    t.comment(
      `${[...asked.values()].map(({ object }) => object).join('\n')}\n${script.output.slice(-3000)}\n${run.output.slice(-3000)}`,
    );
    // Or this would not end.
    callgate('stop', untamed.session, '--kill');
    throw error;
  }
  end();
  await run.ended();
  await script.ended;
  t.same(
    script.answers.filter(({ ok }) => !ok),
    [],
    'each answer was taken',
  );
  t.same(
    eventsIn(log)
      .filter(({ verdict, reason }) => verdict === 'deny' && reason !== 'unaskable')
      .map(({ operation, object }) => `${operation} ${object}`),
    [],
    'and nothing was denied but what cannot be asked',
  );
  t.comment(
    `${words[0]}: ${asked.size} questions, ${script.notices.filter(({ tell }) => tell === 'answered').length} answers; permitted: ${told()}`,
  );
  return { asked: [...asked.values()], permitted: told(), result };
}

/** Every statement that was answered stands in the file of the policy that asked, and `policy check` has nothing to say of it. */
function written(t: Test, untamed: Untamed, { asked }: Tamed): void {
  for (const program of new Set(asked.map((one) => one.program))) {
    const text = readFileSync(untamed.fileOf(program), 'utf8');
    const own = asked.filter((one) => one.program === program);
    t.same(
      own.map(({ statement }) => statement.replace(/^/gm, '  ')).filter((statement) => !text.includes(statement)),
      [],
      `${program}: ${own.length} statements`,
    );
    t.match(text, /\n {2}# answered by root \(pid \d+\), /);
  }
  t.equal(callgate('policy', 'check', untamed.policies).status, 0, 'policy check');
}

t.test('tamed by answering', { skip: needsLsm(), timeout: 1_800_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  for (const part of [inetd, nginx].filter(
    ({ name }) => process.env.CALLGATE_PART === undefined || process.env.CALLGATE_PART === name,
  ))
    await t.test(part.name, { timeout: 900_000 }, (t) => part(t));
  await release();
});

async function inetd(t: Test): Promise<void> {
  const untamed = new Untamed('inetd', [INETD, CHILD]);
  const conf = `${untamed.work}/inetd.conf`;
  writeFileSync(
    conf,
    `127.0.0.1:daytime stream tcp nowait root internal
127.0.0.1:time stream tcp nowait root internal
127.0.0.1:ident stream tcp nowait nobody ${CHILD} nullidentd
`,
  );
  const pid = (): number => Number(spawnSync('pidof', [INETD], { encoding: 'utf8' }).stdout.trim());
  const work = async (): Promise<string[]> => {
    await eventually('inetd listens', () => listens(13), 400);
    const answers: string[] = [];
    for (let round = 0; round < 2; round++) {
      answers.push((await ask(13)).toString().replace(/\d+/g, 'N'));
      answers.push(`${(await ask(37)).length} bytes`);
      answers.push((await ask(113, '1000, 25\r\n')).toString());
      process.kill(pid(), 'SIGHUP');
    }
    return answers;
  };
  // By itself, and not by `callgate stop`, after which nothing is asked any more.
  const stop = (): void => void process.kill(pid(), 'SIGTERM');
  const tamed = await tame(t, untamed, [INETD, '-i', conf], work, stop);
  const [daytime, time, ident] = tamed.result as string[];
  t.ok(tamed.asked.length > 5, `asked ${tamed.asked.length} times`);
  t.same(tamed.permitted, []);
  t.match(daytime, /:N:N/);
  t.equal(time, '4 bytes');
  t.match(ident, /1000 ?, ?25 ?: ?USERID/);
  t.same(
    [INETD, CHILD].map((program) => tamed.asked.some((one) => one.program === program)),
    [true, true],
    'inetd asked, and so did its child, under its own policy',
  );
  t.ok(
    tamed.asked.some(
      ({ program, object, statement }) => program === INETD && object === CHILD && /policy: own/.test(statement),
    ),
    'inetd asked to run its child',
  );
  written(t, untamed, tamed);
  untamed.close();
  const log = `${untamed.work}/held.jsonl`;
  const held = new Background('run', '--policies', untamed.policies, '--log', log, '--', INETD, '-i', conf);
  t.same(await work(), tamed.result, 'the same answers under what was written');
  t.same(denials(log), [], 'and no denial');
  stop();
  await held.ended();
}

async function nginx(t: Test): Promise<void> {
  const untamed = new Untamed('nginx', [NGINX]);
  const { work } = untamed;
  const [root, logs] = [inside(work, 'site'), inside(work, 'logs')];
  writeFileSync(`${root}/page.html`, 'a page\n');
  const conf = `${work}/nginx.conf`;
  writeFileSync(
    conf,
    `daemon off; pid ${work}/nginx.pid; user www-data; worker_processes 1; error_log ${logs}/error.log;
events { worker_connections 64; }
http { access_log ${logs}/access.log; server { listen 127.0.0.1:${PORT}; root ${root}; } }
`,
  );
  const master = (): number => Number(readFileSync(`${work}/nginx.pid`, 'utf8'));
  const workers = (): string => spawnSync('pgrep', ['-P', String(master())], { encoding: 'utf8' }).stdout;
  const working = async (): Promise<unknown> => {
    await eventually('nginx listens', () => listens(PORT), 600);
    const answers: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      for (const path of ['/page.html', '/missing', '/']) answers.push((await fetchOf(PORT, path)).status);
      const before = workers();
      execFileSync(NGINX, ['-c', conf, '-s', 'reload']);
      await eventually(
        'the worker is new',
        () => {
          const now = workers();
          return now.split('\n').length === 2 && now !== before;
        },
        400,
      );
    }
    answers.push(await fetchOf(PORT, '/page.html'));
    return answers;
  };
  // A worker is sent a socket at a reload, and what comes cannot be asked about: this once it is lost, and the worker hears no more.
  const beginning = async (permitted: () => readonly string[]): Promise<unknown> => {
    await eventually('nginx listens', () => listens(PORT), 600);
    const { status } = await fetchOf(PORT, '/page.html');
    execFileSync(NGINX, ['-c', conf, '-s', 'reload']);
    await eventually('what cannot be asked is permitted', () => permitted().length > 0, 400);
    return status;
  };
  const first = await tame(t, untamed, [NGINX, '-c', conf], beginning, () => void process.kill(master(), 'SIGTERM'));
  t.same([first.result, first.permitted], [200, ['receive socket']]);
  t.ok(first.asked.length > 5, `asked ${first.asked.length} times`);
  const quit = (): void => void process.kill(master(), 'SIGQUIT');
  const tamed = await tame(t, untamed, [NGINX, '-c', conf], working, quit);
  t.same(tamed.result, [200, 404, 403, 200, 404, 403, { status: 200, body: 'a page\n' }]);
  t.same(tamed.permitted, []);
  written(t, untamed, { ...tamed, asked: [...first.asked, ...tamed.asked] });
  t.match(readFileSync(untamed.fileOf(NGINX), 'utf8'), /\n {2}- permit: receive\n {4}kind: socket\n/);
  untamed.close();
  const log = `${work}/held.jsonl`;
  const held = new Background('run', '--policies', untamed.policies, '--log', log, '--', NGINX, '-c', conf);
  t.same(await working(), tamed.result, 'the same under what was written, reloaded as well');
  t.same(denials(log), [], 'and no denial');
  quit();
  t.equal(await held.ended(), 0, 'the exit status of nginx');
}

function denials(log: string): string[] {
  return eventsIn(log)
    .filter(({ verdict }) => verdict === 'deny')
    .map(({ operation, object, errno }) => `${operation} ${object} ${errno}`);
}
