// SPDX-License-Identifier: GPL-2.0-only
/**
 * Callgate's own files through the command line, and ordinary programs under the floor: as root, under policies that permit
 * everything, they end as they end natively, and what the floor said is exactly this.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { EventRecord } from '../../src/events/record.js';
import { Background, callgate, eventsIn, folder, holdGate, prepare } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const DASH = '/usr/bin/dash';
const floorOf = (log: string): EventRecord[] => eventsIn(log).filter(({ type }) => type === 'floor');
const said = (events: readonly EventRecord[]): string[] =>
  events.map(({ comm, reason, object }) => `${comm}: ${reason} ${object}`);

/** Everything is permitted, and whatever is run is held to the same policy. */
function permitAll(policies: string, program: string): void {
  const all = 'rules:\n  - permit: exec\n    path: "/**"\n    policy: inherit\n';
  const name = `${program.slice(1).replaceAll('/', '_')}.yaml`;
  writeFileSync(`${policies}/${name}`, `version: 1\nprogram: ${program}\ndefault: permit\n${all}`);
}

/** Each must end as it does natively. What it says about the machine may differ by what the floor keeps from it. */
const PROGRAMS: readonly string[] = [
  'ps aux',
  'df -a',
  'mount',
  'findmnt --noheadings',
  'ls -lR /etc/apt',
  'cp -a /etc/hostname WORK/copied',
  'tar --xattrs -cf WORK/tar /etc/hostname',
  'dpkg -l bash',
  'apt-cache policy bash',
  'apt-config dump',
  'dmesg',
  'su nobody -s /bin/sh -c id',
  'runuser -u nobody -- id',
  'setpriv --reuid=65534 --regid=65534 --clear-groups id',
  'setpriv --no-new-privs id',
  'ionice -c 3 true',
  'nice -n 5 true',
  'chrt -b 0 true',
  'taskset 1 true',
  'hostname',
  'script -qec id /dev/null',
  'timeout 5 true',
  'sqlite3 WORK/db "create table t(x); insert into t values(1); select * from t"',
  'systemd-tmpfiles --version',
  'systemd-tmpfiles --create WORK/tmpfiles.conf',
  'nginx -c WORK/nginx.conf -t',
  `${process.execPath} -e 1`,
];

t.test('with a gate', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  t.teardown(release);

  await t.test('a policy folder inside what its program may write', async (t) => {
    const work = folder('own');
    const policies = `${work}/cat`;
    mkdirSync(policies);
    permitAll(policies, DASH);
    const file = `${policies}/usr_bin_dash.yaml`;
    const policy = readFileSync(file, 'utf8').replace(
      'rules:',
      'rules:\n  - permit: [read, write, create, delete]\n    path: "WORK/**"'.replace('WORK', work),
    );
    writeFileSync(file, policy);
    execFileSync('mkfifo', [`${work}/go`]);
    const script = `
      echo a > ${work}/elsewhere; echo "elsewhere $?"
      { echo '# mine' >> ${file}; } 2>/dev/null; echo "its policy $?"
      { echo x > ${policies}/other.yaml; } 2>/dev/null; echo "another policy $?"
      mv ${policies} ${work}/away 2>/dev/null; echo "the folder $?"
      { echo x > /run/callgate/lock; } 2>/dev/null; echo "the lock $?"
      flock -n /run/callgate/lock true 2>/dev/null && echo "the lock 0" || echo "the lock not held 1"
      { echo x > /etc/callgate/groups/libc.yaml; } 2>/dev/null; echo "a group $?"
      { echo x >> ${work}/log.jsonl; } 2>/dev/null; echo "its log $?"
      read line < ${work}/go; echo "after $?"
    `;
    const run = new Background('run', '--log', `${work}/log.jsonl`, '--policies', policies, '--', DASH, '-c', script);
    await run.until(() => run.output.includes('its log'));
    t.equal(readFileSync(file, 'utf8'), policy, 'what the policy says is what the operator wrote');
    t.same(readdirSync(policies), ['usr_bin_dash.yaml']);
    t.ok(existsSync(`${work}/elsewhere`));
    writeFileSync(file, `${policy}  - deny: read\n    path: /nonesuch\n`);
    await run.until(() => run.output.includes('generation 2'));
    writeFileSync(`${work}/go`, 'go\n');
    t.equal(await run.ended(), 0);
    t.same(
      run.output.split('\n').filter((line) => / \d+$/.test(line) && !line.includes('callgate')),
      [
        ...['elsewhere 0', 'its policy 2', 'another policy 2', 'the folder 1', 'the lock 2', 'the lock not held 1'],
        ...['a group 2', 'its log 2', 'after 0'],
      ],
    );
    t.same(said(floorOf(`${work}/log.jsonl`)), [
      `dash: files ${file}`,
      `dash: files ${policies}/other.yaml`,
      `mv: files ${policies}`,
      'dash: files /run/callgate/lock',
      'flock: files ?',
      'dash: files /etc/callgate/groups/libc.yaml',
      `dash: files ${work}/log.jsonl`,
    ]);
  });

  await t.test('ordinary programs', async (t) => {
    const work = folder('ordinary');
    chmodSync(work, 0o755);
    const policies = `${work}/policies`;
    mkdirSync(policies);
    permitAll(policies, DASH);
    writeFileSync(`${work}/tmpfiles.conf`, `d ${work}/made 0750 nobody nogroup -\n`);
    writeFileSync(
      `${work}/nginx.conf`,
      `pid ${work}/pid;\nerror_log ${work}/error;\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:8099; } }\n`,
    );
    const there = PROGRAMS.filter((line) => spawnSync('which', [line.split(' ')[0] ?? '']).status === 0);
    const script = there
      .map((line) => line.replaceAll('WORK', work))
      .map(
        (line) =>
          `(${line}) < /dev/null > ${work}/out 2>&1; echo "$? ${line.split(' ').slice(0, 3).join(' ').replaceAll('"', '')}"`,
      )
      .join('\n');
    const clean = `rm -rf ${work}/db ${work}/copied ${work}/made\n`;
    const native = spawnSync(DASH, ['-c', clean + script], { encoding: 'utf8' });
    spawnSync('rm', ['-rf', `${work}/db`, `${work}/copied`, `${work}/made`]);
    const confined = callgate(
      'run',
      '--quiet',
      '--log',
      `${work}/log.jsonl`,
      '--policies',
      policies,
      '--',
      DASH,
      '-c',
      script,
    );
    t.equal(confined.stdout, native.stdout, 'each ends as it does natively');
    t.comment(native.stdout);
    // Whoever lists processes looks into each, supervisors too, and those are refused.
    const rest = said(floorOf(`${work}/log.jsonl`)).filter((line) => line !== 'ps: ptrace ?');
    t.same(rest, [], 'the floor says nothing else');
  });
});
