// SPDX-License-Identifier: GPL-2.0-only
/**
 * Workloads of real programs, learned here under version 2 of the language, held to what was learned with data that the training did not
 * have; and acts that nobody did in training, which each program does where it is under no policy, and is refused under its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BIN, eventsIn, folder, holdGate, inside, prepare } from './callgate.js';
import { needsLsm } from './machine.js';

const FOLDER = fileURLToPath(new URL('../../../policies/', import.meta.url));

interface Program {
  /** As its folder below policies/. */
  readonly name: string;
  /** Programs that it takes; without one of them it is skipped. */
  readonly needs: readonly string[];
  /**
   * By name, shell commands in the program's folder, with the functions of policies/workload.bash: each succeeds where the act was done.
   * `$other` is a process of nobody's.
   */
  readonly acts: Readonly<Record<string, string>>;
  /** What of it is refused, all of it, each once (threads try again): operations and object, numbers of processes as N. */
  readonly denied: readonly string[];
}

const node = (code: string): string => `under node -e '${code}'`;
const perl = (code: string): string => `under perl -e '${code}'`;

/** As in its workload. */
const GIT = 'export GIT_CONFIG_GLOBAL=$work/config GIT_CONFIG_NOSYSTEM=1;';

const PROGRAMS: readonly Program[] = [
  {
    name: 'node',
    needs: ['/usr/bin/node'],
    acts: {
      'a signal': node('process.kill(Number(process.argv[1]), "SIGCONT")').concat(' $other'),
      'times of a file': node('require("fs").utimesSync("data/walnut.json", 1, 1)'),
      'another user': node('process.setuid(65534)'),
      'a file that is not its own': node('require("fs").readFileSync("/etc/shadow")'),
      'a shell': node(
        'const { spawnSync } = require("child_process"); process.exit(spawnSync("/bin/sh", ["-c", ":"], { stdio: "ignore" }).status ?? 1)',
      ),
    },
    denied: [
      'signal signal:CONT:/usr/bin/sleep',
      'attribute attribute:times:/srv/node/data/walnut.json',
      'capable capability:setuid',
      'read /etc/shadow',
      'exec /usr/bin/dash',
    ],
  },
  {
    name: 'perl',
    needs: ['/usr/bin/perl'],
    acts: {
      'a signal': perl('exit !kill "CONT", $ARGV[0]').concat(' $other'),
      'times of a file': perl('exit !utime 1, 1, "data/walnut.log"'),
      'a root of its own': perl('exit !chroot "/srv/perl"'),
      'a queue of messages': perl('my $id = msgget(4711, 0600 | 512); exit !(defined $id && msgctl($id, 0, 0))'),
      'a network of its own': perl('exit syscall(272, 0x40000000) != 0'),
    },
    denied: [
      'signal signal:CONT:/usr/bin/sleep',
      'attribute attribute:times:/srv/perl/data/walnut.log',
      'capable capability:sys_chroot',
      'ipc ipc:msg',
      'namespace namespace:net',
    ],
  },
  {
    name: 'git',
    needs: ['/usr/bin/git'],
    acts: {
      'a program of the configuration': `${GIT} under git -C repo -c alias.stray='!/usr/bin/cat /etc/shadow' stray`,
      'another repository': `${GIT} rm -rf stray && under git init -q stray`,
    },
    denied: ['exec /usr/bin/dash', 'create /srv/git/stray'],
  },
  {
    name: 'gcc',
    needs: ['/usr/bin/gcc'],
    acts: {
      'a program elsewhere':
        'rm -f elsewhere && under gcc -o elsewhere src/walnut.c -shared -fPIC && test -s elsewhere',
      'another program': 'under gcc -wrapper /usr/bin/env -c -o out/walnut.o src/walnut.c',
    },
    denied: ['create /srv/gcc/elsewhere', 'exec /usr/bin/env'],
  },
  {
    name: 'make',
    needs: ['/usr/bin/make'],
    acts: {
      'another command': `printf 'all:\\n\\t/usr/bin/cat /etc/shadow\\n' >stray.mk && under make -s -f stray.mk`,
    },
    denied: ['read /srv/make/stray.mk'],
  },
  {
    name: 'ssh-keygen',
    needs: ['/usr/bin/ssh-keygen'],
    acts: {
      'a key elsewhere': 'rm -f /srv/elsewhere && under ssh-keygen -q -t ed25519 -N "" -C x -f /srv/elsewhere',
    },
    denied: ['create /srv/elsewhere'],
  },
  {
    name: 'redis',
    needs: ['/usr/bin/redis-server', '/usr/bin/redis-benchmark'],
    acts: {
      // Without points at which it saves by itself it ends although it may not save.
      'its data elsewhere':
        'rm -f /etc/dump.rdb; under redis-server redis.conf --dir /etc --appendonly no --save "" & await open 6379; ' +
        `ask 6379 'SAVE\\r\\nQUIT\\r\\n'; leave redis-server; test -e /etc/dump.rdb`,
    },
    denied: ['create /etc/temp-N.rdb'],
  },
];

const ONLY = process.env.ONLY === 'all' ? undefined : process.env.ONLY?.split(',');

function skipped({ name, needs }: Program): string | false {
  if (ONLY !== undefined && !ONLY.includes(name)) return 'not asked for: --long runs it on this kernel';
  return !needs.every((program) => existsSync(program)) && 'not on this machine: scripts/learning/enforce has it';
}

t.setTimeout(5_400_000);

t.test('workloads under version 2', { skip: needsLsm(), timeout: 5_400_000 }, async (t) => {
  t.same(
    ONLY?.filter((name) => !PROGRAMS.some((program) => program.name === name)) ?? [],
    [],
    'what was named has acts here',
  );
  prepare();
  const release = await holdGate();
  const other = spawn('/usr/bin/sleep', ['1000000'], { stdio: 'ignore' });
  const root = folder('later');
  const shell = (words: readonly string[], under: string): { status: number | null; out: string; said: string } => {
    const { status, stdout, stderr } = spawnSync('bash', words, {
      env: { PATH: process.env.PATH, HOME: '/root', LANG: 'C.UTF-8', UNDER: under, other: `${other.pid ?? 0}` },
      encoding: 'utf8',
    });
    return { status, out: stdout, said: `${stdout}${stderr}` };
  };
  for (const program of PROGRAMS)
    await t.test(program.name, { skip: skipped(program), timeout: 1_500_000 }, async (t) => {
      const { name, acts, denied } = program;
      const work = inside(root, name);
      const workload = `${FOLDER}${name}/workload`;
      const policies = inside(work, 'policies');
      const enforced = (log: string): string => `${BIN} run --quiet --policies ${policies} --log ${log} --`;
      const refused = (log: string): string[] =>
        eventsIn(log)
          .filter(({ verdict }) => verdict === 'deny')
          .map(({ operation, object }) => `${operation.join()} ${object?.replace(/\d{3,}(?=\.)/g, 'N')}`);
      for (const run of ['1', '2', '3']) {
        const learnt = shell([workload, run], `${BIN} learn --version 2 --policies ${policies} --`);
        t.equal(learnt.status, 0, `run ${run}, learned\n${learnt.said}`);
      }
      const held = shell([workload, 'held'], enforced(`${work}/held.jsonl`));
      t.equal(held.status, 0, held.said);
      t.same(refused(`${work}/held.jsonl`), [], 'with other data nothing is refused');

      const script = Object.entries(acts).map(([act, command]) => {
        const done = `echo "${act}: done"`;
        return `if ( ${command} ) >/dev/null 2>"${work}/said"; then ${done}; else echo "${act}: refused"; sed 's/^/# /' "${work}/said" >&2; fi`;
      });
      const stray = ['-c', [`. ${FOLDER}workload.bash`, ...script].join('\n'), workload, 'stray'];
      const each = (how: string): string =>
        Object.keys(acts)
          .map((act) => `${act}: ${how}\n`)
          .join('');
      const free = shell(stray, '');
      t.equal(free.out, each('done'), `under no policy it does all that\n${free.said}`);
      const tried = shell(stray, enforced(`${work}/stray.jsonl`));
      t.equal(tried.out, each('refused'), `under its own nothing of it\n${tried.said}`);
      t.same([...new Set(refused(`${work}/stray.jsonl`))], denied, tried.said);
    });
  other.kill('SIGKILL');
  await release();
});
