// SPDX-License-Identifier: GPL-2.0-only
/** Programs that run already: taken in, every thread and all that they fork; let go again, with nothing left behind. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Background, callgate, eventsOf, folder, prepare } from './callgate.js';
import { kernelSeries, needsLsm } from './machine.js';

const ENTER = fileURLToPath(new URL('../../../out/test/enter', import.meta.url));

/** A program that runs under no policy, and what it is told by files. */
class Running {
  readonly place = folder('enter');
  readonly secret = `${this.place}/secret`;
  readonly policies = `${this.place}/policies`;
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(what: string) {
    writeFileSync(this.secret, 'secret\n');
    execFileSync('mkdir', [this.policies]);
    const rules = `  - deny: read\n    path: ${this.secret}\n`;
    writeFileSync(`${this.policies}/enter.yaml`, `version: 1\nprogram: ${ENTER}\ndefault: permit\nrules:\n${rules}`);
    this.process = spawn(ENTER, [what, this.place, this.secret], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    t.teardown(() => this.process.kill('SIGKILL'));
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
  }

  get pid(): number {
    return this.process.pid as number;
  }

  async says(text: RegExp): Promise<void> {
    while (!text.test(this.output)) {
      if (this.process.stdout?.readableEnded !== false) throw new Error(`it ended, and said ${this.output}`);
      await new Promise<void>((resolve) => {
        this.process.stdout?.once('data', () => resolve());
        this.process.stdout?.once('end', () => resolve());
      });
    }
  }

  tell(name: string): void {
    writeFileSync(`${this.place}/${name}`, '');
  }

  /** `run --pid`, once it says that the program is under its policy. */
  async taken(...flags: string[]): Promise<Background> {
    const run = new Background('run', '--pid', String(this.pid), '--policies', this.policies, ...flags);
    await run.until(() => run.output.includes('under a policy'));
    return run;
  }
}

/** A cgroup of the unified hierarchy, which is mounted where it is not. */
function cgroup(): string {
  if (!existsSync('/sys/fs/cgroup/cgroup.procs')) execFileSync('mount', ['-t', 'cgroup2', 'none', '/sys/fs/cgroup']);
  return mkdtempSync('/sys/fs/cgroup/callgate-');
}

/** What is hooked by callgate, anywhere, and what of it is pinned as a hook. */
function hooks(): string[] {
  const links = '/sys/fs/bpf/callgate/links';
  return existsSync(links) ? readdirSync(links) : [];
}

t.setTimeout(900_000);

t.test('programs that run already', { skip: needsLsm() }, async (t) => {
  prepare();

  await t.test('taken in, refused what the policy refuses, let go', async (t) => {
    const program = new Running('wait');
    await program.says(/ready/);
    const run = await program.taken();
    await run.until(() => run.output.includes('what was there before is not judged anew'));
    const status = JSON.parse(callgate('status', '--json').stdout);
    t.same(
      status.sessions.map(({ entered, subjects }: { entered: number[]; subjects: { pid: number }[] }) => ({
        entered,
        pids: subjects.map(({ pid }) => pid),
      })),
      [{ entered: [program.pid], pids: [program.pid] }],
    );
    const { name } = status.sessions[0];
    program.tell('armed');
    await program.says(/read EPERM\n/);
    const again = callgate('run', '--pid', String(program.pid), '--policies', program.policies);
    t.equal(again.status, 126);
    t.match(again.stderr, /under a policy of another session already/);
    const detached = callgate('stop', name, '--detach', '--json');
    t.same(JSON.parse(detached.stdout), { session: name, left: [{ pid: program.pid, comm: 'enter' }] });
    t.equal(await run.ended(), 0);
    t.same(hooks(), [], 'nothing is hooked any more');
    program.tell('stop');
    await program.says(/read ok\n/);
    t.equal(await program.ended, 0, 'it went on to its own end');
    t.same(
      eventsOf(name).map(({ operation, object, verdict, errno }) => ({ operation, object, verdict, errno })),
      [{ operation: ['read'], object: program.secret, verdict: 'deny', errno: 'EPERM' }],
    );
  });

  await t.test('hammered: threads and processes made as fast as it can', async (t) => {
    for (let round = 0; round < 3; round++) {
      const program = new Running('hammer');
      await program.says(/ready/);
      const run = await program.taken('--quiet');
      program.tell('armed');
      await program.says(/enough/);
      program.tell('stop');
      await program.says(/escaped \d+\n/);
      const [, tried, escaped] = /tried (\d+) escaped (\d+)/.exec(program.output) ?? [];
      t.comment(`${tried} tried`);
      t.ok(Number(tried) >= 300);
      t.equal(escaped, '0');
      t.equal(await program.ended, 0);
      t.equal(await run.ended(), 0, 'the session ends with its last process');
    }
  });

  await t.test('hammered, and let go: nobody is left in', async (t) => {
    const program = new Running('hammer');
    await program.says(/ready/);
    const run = await program.taken('--quiet');
    run.process.kill('SIGINT');
    t.equal(await run.ended(), 0);
    t.match(run.output, /let go, and under no policy any more: /);
    t.same(hooks(), []);
    program.tell('armed');
    await program.says(/enough/);
    program.tell('stop');
    await program.says(/escaped \d+\n/);
    const [, tried, escaped] = /tried (\d+) escaped (\d+)/.exec(program.output) ?? [];
    t.ok(Number(tried) >= 300);
    t.equal(escaped, tried, 'all of them read it');
  });

  await t.test('a fork that began before is waited for, and its child is in', async (t) => {
    const program = new Running('held');
    await program.says(/ready/);
    const run = new Background('run', '--pid', String(program.pid), '--policies', program.policies);
    await run.until(() => run.output.includes('waiting for 1 fork'));
    t.notMatch(run.output, /under a policy/);
    program.tell('release');
    await run.until(() => run.output.includes('under a policy'));
    program.tell('armed');
    await program.says(/child EPERM\n/);
    t.equal(await run.ended(), 0);
  });

  await t.test('who cannot be taken in is refused, and stays as he was', async (t) => {
    for (const [what, why] of [
      ['ring', /has an io_uring/],
      ['trace', /traces other processes/],
    ] as const) {
      const program = new Running(what);
      await program.says(/ready/);
      const refused = callgate('run', '--pid', String(program.pid), '--policies', program.policies);
      t.equal(refused.status, 126, what);
      t.match(refused.stderr, why);
      program.tell('armed');
      await program.says(/read ok\n/);
      program.tell('stop');
      t.equal(await program.ended, 0);
    }
    for (const [pid, why] of [
      ['1', /1 is init/],
      ['2', /the kernel's own/],
      ['4194304', /no such process/],
    ] as const)
      t.match(callgate('run', '--pid', pid).stderr, why);
    t.same(hooks(), []);
  });

  await t.test('learned, let go by a signal, and run under what was learned', async (t) => {
    const program = new Running('wait');
    await program.says(/ready/);
    const policies = `${program.place}/learned`;
    const learn = new Background('learn', '--pid', String(program.pid), '--policies', policies);
    await learn.until(() => learn.output.includes('under a policy'));
    program.tell('armed');
    await program.says(/read ok\n/);
    learn.process.kill('SIGTERM');
    t.equal(await learn.ended(), 0, learn.output);
    const [file = ''] = readdirSync(policies);
    const text = readFileSync(`${policies}/${file}`, 'utf8');
    t.ok(text.includes(`\nprogram: ${ENTER}\n`), text);
    t.ok(text.includes(program.secret), text);
    const run = new Background('run', '--pid', String(program.pid), '--policies', policies);
    await run.until(() => run.output.includes('under a policy'));
    program.tell('stop');
    await program.says(/read ok\n(.|\n)*read ok\n/);
    t.equal(await run.ended(), 0, run.output);
    t.equal(await program.ended, 0);
  });

  const [major = 0, minor = 0] = kernelSeries().split('.').map(Number);
  const gathers = major > 6 || minor >= 7;

  await t.test('a cgroup: who is in it, who comes into it, and nobody else', { skip: !gathers }, async (t) => {
    const group = cgroup();
    const [inside, outside, moved, hammer, born] = ['wait', 'wait', 'wait', 'hammer', 'into'].map(
      (what) => new Running(what),
    );
    if (!inside || !outside || !moved || !hammer || !born) throw new Error('none');
    const all = [inside, outside, moved, hammer, born];
    const move = (pid: number): void => writeFileSync(`${group}/cgroup.procs`, String(pid));
    await Promise.all(all.map((program) => program.says(/ready/)));
    move(inside.pid);
    const policies = folder('gathered');
    const denials = all.map(({ secret }) => `  - deny: read\n    path: ${secret}\n`).join('');
    writeFileSync(`${policies}/enter.yaml`, `version: 1\nprogram: ${ENTER}\ndefault: permit\nrules:\n${denials}`);
    const run = new Background('run', '--cgroup', group, '--policies', policies, '--quiet');
    await run.until(() => run.output.includes('under a policy'));
    t.ok(run.output.includes(`enter (${inside.pid})`), run.output);
    move(moved.pid);
    move(hammer.pid);
    writeFileSync(`${born.place}/group`, group);
    for (const program of all) program.tell('armed');
    await inside.says(/read EPERM\n/);
    await moved.says(/read EPERM\n/);
    await outside.says(/read ok\n/);
    await born.says(/child EPERM\n/);
    await born.says(/read ok\n/);
    await hammer.says(/enough/);
    hammer.tell('stop');
    await hammer.says(/escaped \d+\n/);
    t.equal(/escaped (\d+)/.exec(hammer.output)?.[1], '0');
    // A program that has no policy is permitted nothing: not even to load what it runs next.
    const stranger = spawn('/bin/sh', ['-c', `echo $$ > ${group}/cgroup.procs; cat ${outside.secret}`]);
    let read = '';
    stranger.stdout.on('data', (chunk: Buffer) => {
      read += chunk.toString();
    });
    t.not(await new Promise((resolve) => stranger.once('exit', resolve)), 0);
    t.equal(read, '');
    const { name } = JSON.parse(callgate('status', '--json').stdout).sessions[0];
    t.equal(callgate('stop', name, '--detach').status, 0);
    t.equal(await run.ended(), 0);
    t.same(hooks(), []);
    t.notOk(existsSync('/sys/fs/bpf/callgate/groups'));
    for (const program of [inside, outside, moved]) {
      program.tell('stop');
      await program.says(/read (ok|EPERM)\nread ok\n/);
    }
  });

  await t.test('a cgroup, learned', { skip: !gathers }, async (t) => {
    const group = cgroup();
    const program = new Running('wait');
    await program.says(/ready/);
    const policies = `${program.place}/learned`;
    const programIn = (file: string): string | undefined =>
      /^program: "?([^"\n]+)/m.exec(readFileSync(`${policies}/${file}`, 'utf8'))?.[1];
    writeFileSync(`${group}/cgroup.procs`, String(program.pid));
    const learn = new Background('learn', '--cgroup', group, '--policies', policies);
    await learn.until(() => learn.output.includes('under a policy'));
    program.tell('armed');
    await program.says(/read ok\n/);
    execFileSync('/bin/sh', ['-c', `echo $$ > ${group}/cgroup.procs; exec cat ${program.secret}`]);
    learn.process.kill('SIGTERM');
    t.equal(await learn.ended(), 0, learn.output);
    t.same(readdirSync(policies).map(programIn).sort(), [ENTER, '/usr/bin/cat'].sort());
    t.ok(readdirSync(policies).every((file) => readFileSync(`${policies}/${file}`, 'utf8').includes(program.secret)));
    program.tell('stop');
    t.equal(await program.ended, 0);
  });

  await t.test('a kernel that cannot mark all threads at once takes in no cgroup', { skip: gathers }, async (t) => {
    const refused = callgate('learn', '--cgroup', cgroup());
    t.equal(refused.status, 126);
    t.match(refused.stderr, /cannot mark all threads at once/);
    t.same(hooks(), []);
  });

  await t.test('a supervisor that is killed leaves it confined, until it is let go', async (t) => {
    const program = new Running('wait');
    await program.says(/ready/);
    const run = await program.taken();
    const { name } = JSON.parse(callgate('status', '--json').stdout).sessions[0];
    run.process.kill('SIGKILL');
    await run.ended();
    program.tell('armed');
    await program.says(/read EPERM\n/);
    t.equal(callgate('stop', name, '--detach').status, 0);
    t.same(hooks(), []);
    program.tell('stop');
    await program.says(/read ok\n/);
    t.equal(await program.ended, 0);
  });
});
