// SPDX-License-Identifier: GPL-2.0-only
/** Real servers: learned, held to what was learned under load and while it changes, and judged by what they are refused. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { setPriority } from 'node:os';
import t from 'tap';
import type { EventRecord } from '../../src/events/record.js';
import { Background, callgate, eventsIn, folder, holdGate, inside, prepare } from './callgate.js';
import { ask, eventually, fetchOf, Load, listens, Wrk } from './client.js';
import { needsLsm } from './machine.js';
import { plant, refusedBy } from './planted.js';

const INETD = '/usr/sbin/inetd';
const NGINX = '/usr/sbin/nginx';
const PORT = 8081;
/** How often the policy of nginx is replaced under load. */
const REPLACED = Number(process.env.CALLGATE_REPLACED ?? 1000);
/** What nginx answers where a file is refused with EPERM; of EACCES it makes 403. */
const REFUSED = 500;

const denialsIn = (log: string): EventRecord[] => eventsIn(log).filter(({ verdict }) => verdict === 'deny');
const told = ({ operation, object, errno }: EventRecord): string => `${operation} ${object} ${errno}`;
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0);

/** How many attempts the events stand for, of each kind. */
function countsOf(events: readonly EventRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of events) counts[told(event)] = (counts[told(event)] ?? 0) + event.count;
  return counts;
}

// The gate's load with it, under emulation, and a thousand replacements.
t.setTimeout(5_400_000);

t.test('servers', { skip: needsLsm(), timeout: 5_400_000 }, async (t) => {
  prepare();
  const release = await holdGate();

  await t.test('inetd', async (t) => {
    t.setTimeout(600_000);
    const work = folder('inetd');
    chmodSync(work, 0o755);
    const policies = inside(work, 'policies');
    const conf = `${work}/inetd.conf`;
    const services = (ident: string): string => `127.0.0.1:daytime stream tcp nowait root internal
127.0.0.1:time stream tcp nowait root internal
127.0.0.1:ident stream tcp nowait nobody ${ident} nullidentd
`;
    writeFileSync(conf, services('/usr/sbin/nullidentd'));
    const server = (...words: string[]): Background => new Background(...words, '--', INETD, '-i', conf);
    const pid = (): number => Number(spawnSync('pidof', [INETD], { encoding: 'utf8' }).stdout.trim());
    const workload = async (): Promise<string[]> => {
      await eventually('inetd listens', () => listens(13));
      const answers: string[] = [];
      for (let round = 0; round < 2; round++) {
        answers.push((await ask(13)).toString().replace(/\d+/g, 'N'));
        answers.push(`${(await ask(37)).length} bytes`);
        answers.push((await ask(113, '1000, 25\r\n')).toString());
        process.kill(pid(), 'SIGHUP');
      }
      return answers;
    };

    const learner = server('learn', '--policies', policies);
    const learnt = await workload();
    t.equal(learnt[1], '4 bytes');
    t.match(learnt[2], /1000 ?, ?25 ?: ?USERID/);
    callgate('stop', 'inetd');
    t.ok([0, 143].includes((await learner.ended()) ?? -1), learner.output);
    t.match(learner.output, /nothing lost/);
    for (const name of ['inetd', 'nullidentd']) t.ok(existsSync(`${policies}/usr_sbin_${name}.yaml`), name);

    const log = `${work}/enforced.jsonl`;
    const held = server('run', '--policies', policies, '--log', log);
    t.same(await workload(), learnt, 'the same answers under the policies');
    t.same(denialsIn(log).map(told), [], 'and no denial');

    const program = `${work}/planted-program`;
    copyFileSync('/usr/sbin/nullidentd', program);
    chmodSync(program, 0o755);
    writeFileSync(conf, `${services(program)}127.0.0.1:echo stream tcp nowait root internal\n`);
    process.kill(pid(), 'SIGHUP');
    const seen = (part: string): boolean => denialsIn(log).some((one) => told(one).includes(part));
    await eventually('a bind is refused', () => seen('bind'));
    t.equal((await ask(113, '1000, 25\r\n')).toString(), '', 'a planted program does not answer');
    await eventually('an exec is refused', () => seen(program));
    t.equal(await listens(7), false, 'nothing listens on the neighbour port');
    t.same(
      denialsIn(log).map(told).sort(),
      ['bind tcp:127.0.0.1:7 EPERM', `exec ${program} EPERM`].sort(),
      'both are refused, and logged once',
    );
    callgate('stop', 'inetd');
    await held.ended();

    const planted = plant(policies);
    const refused = refusedBy(`${policies}/usr_sbin_inetd.yaml`, work, planted, 'read');
    t.ok(refused.length > 0, 'there are folders to plant in');
    for (const [index, file] of refused.entries()) {
      const attack = `${work}/attack-${index}.jsonl`;
      callgate('run', '--quiet', '--policies', policies, '--log', attack, '--', INETD, '-i', file);
      const events = denialsIn(attack).filter(({ object }) => object === file);
      t.same(events.map(told), [`read ${file} EPERM`], `${file} is refused, and logged once`);
    }
  });

  await t.test('nginx', async (t) => {
    t.setTimeout(4_800_000);
    const work = folder('nginx');
    chmodSync(work, 0o755);
    const policies = inside(work, 'policies');
    const [root, logs] = [inside(work, 'site'), inside(work, 'logs')];
    const page = 'a page\n'.repeat(100);
    writeFileSync(`${root}/page.html`, page);
    const conf = `${work}/nginx.conf`;
    const configure = (more = ''): void =>
      writeFileSync(
        conf,
        `daemon off; pid ${work}/nginx.pid; user www-data; worker_processes 2; error_log ${logs}/error.log;
events { worker_connections 64; }
http {
  access_log ${logs}/access.log; keepalive_requests 100000;
  server { listen 127.0.0.1:${PORT}; root ${root}; location /far { proxy_pass http://127.0.0.1:9; } }
  ${more}
}
`,
      );
    configure();
    const master = (): number => Number(readFileSync(`${work}/nginx.pid`, 'utf8'));
    const workers = (): string =>
      spawnSync('pgrep', ['-P', String(master())], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(Boolean)
        .join(' ');
    const reload = async (): Promise<void> => {
      const before = workers().split(' ');
      process.kill(master(), 'SIGHUP');
      await eventually('the workers are new', () => {
        const now = workers().split(' ');
        return now.length === 2 && now.every((pid) => !before.includes(pid));
      });
    };
    const workload = async (): Promise<number[]> => {
      await eventually('nginx listens', () => listens(PORT));
      const answers: number[] = [];
      for (let round = 0; round < 2; round++) {
        for (const path of ['/page.html', '/missing', '/']) answers.push((await fetchOf(PORT, path)).status);
        await reload();
      }
      return answers;
    };

    const learner = new Background('learn', '--policies', policies, '--', NGINX, '-c', conf);
    const learnt = await workload();
    t.same(learnt, [200, 404, 403, 200, 404, 403]);
    process.kill(master(), 'SIGQUIT');
    t.equal(await learner.ended(), 0, learner.output);
    t.match(learner.output, /nothing lost/);

    const log = `${work}/enforced.jsonl`;
    const held = new Background('run', '--policies', policies, '--log', log, '--', NGINX, '-c', conf);
    t.same(await workload(), learnt, 'the same answers under the policy');
    t.same(denialsIn(log).map(told), [], 'and no denial');

    const policy = `${policies}/usr_sbin_nginx.yaml`;
    const text = readFileSync(policy, 'utf8');
    const planted = plant(policies);
    const open = planted.filter((file) => {
      // By www-data, which nginx serves as: what file permissions refuse is never asked of a policy.
      const reachable = spawnSync('setpriv', [
        '--reuid=www-data',
        '--regid=www-data',
        '--clear-groups',
        'test',
        '-r',
        file,
      ]);
      if (reachable.status !== 0) t.comment(`file permissions refuse ${file}`);
      return reachable.status === 0;
    });
    const refused = refusedBy(policy, work, open, 'read');
    for (const [index, file] of refused.entries()) symlinkSync(file, `${root}/link-${index}`);
    const [turned, never] = refused;
    if (turned === undefined || never === undefined) throw new Error(`two are needed that are refused: ${planted}`);

    // The load has what the supervisor leaves: under emulation a policy takes seconds to compile, and clients that never pause would share them.
    setPriority(19);
    const wrk = new Wrk(PORT, '/page.html');
    const load = new Load(PORT, [
      { path: '/page.html', status: 200, body: page },
      { path: '/link-1', status: REFUSED },
    ]);
    const begun = Date.now();
    const wrong: string[] = [];
    for (let generation = 2; generation <= REPLACED + 1; generation++) {
      // Every second one permits what the others refuse, and is new.
      const permits = generation % 2 === 0;
      const more = `  - permit: read\n    path:\n      - ${turned}\n      - ${work}/generation-${generation}\n`;
      writeFileSync(`${policy}.new`, permits ? `${text}${more}` : text);
      renameSync(`${policy}.new`, policy);
      await held.until(() => held.output.includes(`generation ${generation} holds`));
      const { status } = await fetchOf(PORT, '/link-0');
      if (status !== (permits ? 200 : REFUSED)) wrong.push(`generation ${generation}: ${status}`);
      // As it comes: tap keeps a comment until the test is over.
      if (generation % 100 === 1) process.stderr.write(`# generation ${generation}, ${load.told}\n`);
    }
    await load.stop();
    const measured = await wrk.stop();
    setPriority(0);
    const seconds = Math.round((Date.now() - begun) / 1000);
    t.comment(
      `${measured.requests} by wrk, ${load.told} while the policy was replaced ${REPLACED} times, in ${seconds} s`,
    );
    t.ok(measured.requests >= REPLACED, 'there was load');
    t.same(measured.wrong, [], 'no request failed');
    t.same(load.failures.slice(0, 3), [], 'what all permit is served, and what none permits never is');
    t.same(wrong.slice(0, 3), [], 'what every second one permits is served while it holds');
    const refusals = {
      [`read ${turned} EPERM`]: Math.floor(REPLACED / 2),
      [`read ${never} EPERM`]: load.answered('/link-1'),
    };
    await eventually('they are logged', () => sum(countsOf(denialsIn(log))) >= sum(refusals));
    t.same(countsOf(denialsIn(log)), refusals, 'each refusal is counted, and nothing else is refused');

    for (const [index, file] of refused.entries())
      t.equal((await fetchOf(PORT, `/link-${index}`)).status, REFUSED, `${file} is not served`);
    t.equal((await fetchOf(PORT, '/far')).status, 502, 'no connection is made to a neighbour port');
    configure(`server { listen 127.0.0.1:${PORT + 1}; }`);
    process.kill(master(), 'SIGHUP');
    const seen = (part: string): boolean => denialsIn(log).some((one) => told(one).includes(part));
    await eventually('a bind is refused', () => seen('bind'));
    t.equal(await listens(PORT + 1), false, 'nothing listens on the neighbour port');
    t.equal((await fetchOf(PORT, '/page.html')).status, 200, 'what was served is served');
    const others = [
      ...refused.slice(2).map((file) => `read ${file} EPERM`),
      'connect tcp:127.0.0.1:9 EPERM',
      `bind tcp:127.0.0.1:${PORT + 1} EPERM`,
    ];
    t.same(
      countsOf(denialsIn(log)),
      Object.fromEntries([
        ...Object.entries(refusals).map(([what, count]) => [what, count + 1]),
        ...others.map((what) => [what, 1]),
      ]),
      'each is refused, and counted once',
    );

    appendFileSync(policy, 'nonsense\n');
    await held.until(() => held.output.includes('refused'));
    t.equal((await fetchOf(PORT, '/page.html')).status, 200, 'a bad policy changes nothing');
    process.kill(master(), 'SIGQUIT');
    t.equal(await held.ended(), 0, 'the exit status of nginx');
  });
  await release();
});
