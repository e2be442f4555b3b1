// SPDX-License-Identifier: GPL-2.0-only
/** What a person asks `policy explain`, and what is not there to be explained. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { explainAttempt, explainEvent } from '../../src/audit/explain.js';
import { parseObject } from '../../src/cli/object.js';
import { render } from '../../src/commands/policy/explain.js';
import type { Operation } from '../../src/policy/operations.js';
import { writeStatement } from '../../src/policy/statement.js';

const user = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' };
const around = surroundingsOf(user, '/', []);

/** Below the checkout, for who may write /tmp may not be trusted with policies. */
function stage(test: Test): string {
  const root = realpathSync(mkdtempSync(join(process.cwd(), '.explain-')));
  test.teardown(() => rmSync(root, { recursive: true }));
  for (const folder of ['logs', 'run', 'real']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'real/file'), '');
  symlinkSync('real', join(root, 'link'));
  symlinkSync('real/file', join(root, 'end'));
  const rules = `rules:\n  - permit: read\n    path: ${root}/real/file\n  - permit: connect\n    address: "tcp:127.0.0.1:80"\n`;
  writeFileSync(join(root, 'p.yaml'), `version: 1\nprogram: ${root}/real/file\n${rules}`);
  return root;
}

t.test('an object is what the kernel makes of it', async (t) => {
  const root = stage(t);
  const explained = (operation: Operation, word: string): ReturnType<typeof explainAttempt> => {
    const access = { operations: [operation], object: parseObject(word), uid: 0, gid: 0 };
    return explainAttempt(`${root}/p.yaml`, access, root, root, around);
  };
  for (const word of [`${root}/link/file`, `${root}/end`]) {
    const answer = explained('read', word);
    t.equal(answer.explanation.verdict, 'permit');
    t.equal(render(answer).split('\n')[0], `${word} is ${root}/real/file: the kernel judges resolved paths`);
  }
  t.equal(explained('read', `${root}/real/file`).judged, null);
  const denied = explained('write', `${root}/link/file`).explanation.change;
  t.equal(denied && writeStatement(denied.statement), `  - permit: write\n    path: ${root}/real/file\n`);
  t.equal(explained('delete', `${root}/end`).explanation.object, `${root}/end`, 'a link that is deleted is itself');
  t.equal(explained('create', `${root}/link/new`).explanation.object, `${root}/real/new`);
  t.equal(explained('read', '/proc/self/status').judged, null, 'the subject’s own process');

  const loopback = explained('connect', 'tcp:0.0.0.0:80');
  t.equal(loopback.explanation.verdict, 'permit');
  t.equal(
    render(loopback).split('\n')[0],
    'as a destination the kernel takes tcp:0.0.0.0:80 for tcp:127.0.0.1:80, or for the address that the socket is bound to',
  );
  t.equal(explained('connect', 'tcp:[::]:80').explanation.object, 'tcp:[::1]:80');
  t.equal(explained('bind', 'tcp:0.0.0.0:80').explanation.object, 'tcp:0.0.0.0:80');
});

t.test('an event that is not there: what there is', async (t) => {
  const root = stage(t);
  const places = { run: join(root, 'run'), logs: join(root, 'logs') };
  const log = (session: string, ...numbers: number[]): void =>
    writeFileSync(join(places.logs, `${session}.jsonl`), numbers.map((seq) => `{"v":1,"seq":${seq}}\n`).join(''));
  const told = (word: string, message: string, remedy?: string): void =>
    void t.throws(() => explainEvent(word, places, around), {
      name: 'Failure',
      message,
      ...(remedy ? { remedy } : {}),
    });
  told('cat-5:1', 'cat-5: no session of this name has a log; no session has one');
  log('cat-1', 3, 4, 17);
  log('cat-2', 9);
  log('cat-3');
  told('cat-5:1', 'cat-5: no session of this name has a log; there are cat-1, cat-2, cat-3');
  const look = 'callgate audit tail cat-1 --no-follow';
  told('cat-1:5', 'cat-1:5: the log of cat-1 has no event 5; it has 3, from 3 to 17', look);
  told('cat-2:1', 'cat-2:1: the log of cat-2 has no event 1; it has 9 alone');
  told('cat-3:1', 'cat-3:1: the log of cat-3 has no event 1; it has none');
});

t.test('an event that no rule of a policy decided is answered as a denial is', async (t) => {
  const root = stage(t);
  const places = { run: join(root, 'run'), logs: join(root, 'logs') };
  const told = (version: number, fields: object): unknown => {
    writeFileSync(join(root, 'p.yaml'), `version: ${version}\nprogram: ${root}/real/file\nrules:\n`);
    const begun = {
      v: 1,

      time: '2026-11-24T10:00:00.000000Z',
      session: 'cat-1',
      type: 'session',
      folder: root,
    };
    const event = { v: 1, seq: 1, time: '2026-11-24T10:00:00.000000Z', session: 'cat-1', policy: `${root}/real/file` };
    const rest = {
      operation: [],
      verdict: 'deny',
      enforced: true,
      errno: 'EPERM',
      uid: 0,
      gid: 0,
      comm: 'x',
      count: 1,
    };
    const lines = [begun, { ...event, ...rest, ...fields }].map((line) => `${JSON.stringify(line)}\n`);
    writeFileSync(join(places.logs, 'cat-1.jsonl'), lines.join(''));
    const { explanation, refused } = explainEvent('cat-1:1', places, around);
    t.equal(explanation, null);
    return refused;
  };
  const program = `${root}/real/file`;
  const call = (object: string, architecture: string, remedy: string): void =>
    void t.same(told(1, { type: 'syscall', object, architecture }), {
      message: `the system call ${object} (${architecture}) is not in syscalls:, neither of ${program} nor of what it may come to run`,
      remedy,
    });
  call('uname', 'x86_64', 'add uname to syscalls: of the policy, and start the program anew');
  call('uname', 'i386', 'no policy permits calls of another architecture');
  call(
    '999',
    'x86_64',
    'no policy permits the call of number 999: this callgate has no name for it, for it is newer, or there is none',
  );
  t.same(told(1, { type: 'floor', reason: 'chroot', object: '?' }), {
    message: 'the hard-wired floor refused it (chroot), which no policy of version 1 can permit',
    remedy: 'write `version: 2` at the head of the policy, and a rule with `permit: chroot`',
  });
  t.same(told(2, { type: 'floor', reason: 'capability', object: 'CAP_SYS_ADMIN' }), {
    message:
      'the hard-wired floor refused it (capability: CAP_SYS_ADMIN), which only a rule for capable that names it permits',
    remedy: 'add a rule with `permit: capable`',
  });
  t.same(told(3, { type: 'floor', reason: 'ptrace', object: '?' }), {
    message: 'the hard-wired floor refused it (ptrace), which only a policy of version 2 can permit',
    remedy: 'write `version: 2` at the head of the policy, and a rule with `permit: ptrace`',
  });
  for (const version of [1, 2])
    t.same(told(version, { type: 'floor', reason: 'mount', object: 'bind' }), {
      message: 'the hard-wired floor refused it (mount: bind), which no policy permits',
      remedy: 'run the program without callgate, or do this outside of it',
    });
});
