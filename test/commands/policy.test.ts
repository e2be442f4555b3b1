// SPDX-License-Identifier: GPL-2.0-only
/** The commands that need no kernel, run as a user runs them. What they say stands in golden/. */
import { type StdioOptions, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BIN, Transcript } from './transcript.js';

const GOOD = `version: 1
program: /usr/bin/cat
rules:
  - permit: read
    path: /etc/hostname
  # Nobody needs to know that it is there.
  - deny: read
    path: /etc/shadow
    errno: ENOENT
  - permit: connect
    address: "tcp:192.0.2.0/24:443"
    if: {uid: "<1000"}
`;
const UNFORMATTED = `version: 1
program: /usr/bin/cat
rules:
  - permit: [ read ]
    path: [/etc/hostname,   "/etc/hosts"]   # kept
`;
const MISTAKES = `version: 1
program: /usr/bin/cat
rules:
  - permit: raed
    path: /etc/hostname
`;
const UNREACHED = `version: 1
program: /usr/bin/tac
rules:
  - permit: read
    path: "/etc/**"
  - deny: read
    path: /etc/shadow
`;

t.setTimeout(240_000);

/** A folder with policies in it, and a transcript that calls it WORK. */
function prepare(t: Test): { readonly work: string; readonly transcript: Transcript } {
  const work = mkdtempSync(join(tmpdir(), 'callgate-commands-'));
  t.teardown(() => rmSync(work, { recursive: true }));
  mkdirSync(`${work}/cat`);
  writeFileSync(`${work}/cat/usr_bin_cat.yaml`, GOOD);
  writeFileSync(`${work}/unformatted.yaml`, UNFORMATTED);
  writeFileSync(`${work}/mistakes.yaml`, MISTAKES);
  writeFileSync(`${work}/unreached.yaml`, UNREACHED);
  return { work, transcript: new Transcript(work, [[work, 'WORK']]) };
}

t.test('policy check', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  for (const what of ['cat', 'mistakes.yaml', 'unreached.yaml', 'absent.yaml']) {
    transcript.callgate('policy', 'check', what);
    transcript.callgate('policy', 'check', what, '--json');
  }
  mkdirSync(`${work}/both`);
  writeFileSync(`${work}/both/usr_bin_cat.yaml`, GOOD);
  writeFileSync(`${work}/both/usr_bin_tac.yaml`, MISTAKES);
  transcript.callgate('policy', 'check', 'both/usr_bin_cat.yaml');
  transcript.callgate('policy', 'check');
  transcript.compare(t, 'policy-check');
});

t.test('policy fmt', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  copyFileSync(`${work}/unformatted.yaml`, `${work}/again.yaml`);
  transcript.callgate('policy', 'fmt', '--check', 'unformatted.yaml');
  transcript.callgate('policy', 'fmt', '--check', 'unformatted.yaml', '--json');
  transcript.callgate('policy', 'fmt', 'unformatted.yaml');
  transcript.note(readFileSync(`${work}/unformatted.yaml`, 'utf8'));
  transcript.callgate('policy', 'fmt', '--check', 'unformatted.yaml');
  transcript.callgate('policy', 'fmt', 'again.yaml', '--json');
  transcript.callgate('policy', 'fmt', 'mistakes.yaml');
  transcript.note(readFileSync(`${work}/mistakes.yaml`, 'utf8'));
  transcript.callgate('policy', 'fmt', 'mistakes.yaml', '--json');
  transcript.callgate('policy', 'fmt', 'absent.yaml');
  transcript.compare(t, 'policy-fmt');
});

t.test('policy show', async (t) => {
  t.setTimeout(120_000);
  const { transcript } = prepare(t);
  transcript.callgate('policy', 'show', 'cat');
  transcript.callgate('policy', 'show', 'cat', '--json');
  for (const stage of ['grants', 'tree', 'states', 'least', 'tables'])
    transcript.callgate('policy', 'show', 'cat', '--stage', stage);
  transcript.callgate('policy', 'show', 'mistakes.yaml');
  transcript.callgate('policy', 'show', 'absent.yaml', '--json');
  transcript.compare(t, 'policy-show');
});

t.test('policy show --syscalls, and what check says of them', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  mkdirSync(`${work}/calls`);
  const write = (program: string, head: string, rules: string): void =>
    writeFileSync(`${work}/calls/${program}.yaml`, `version: 1\nprogram: /usr/bin/${program}\n${head}rules:\n${rules}`);
  const execs = (path: string, policy = 'own'): string =>
    `  - permit: exec\n    path: ${path}\n    policy: ${policy}\n`;
  write('first', 'syscalls: ["@time", openat, mount]\n', execs('/usr/bin/second'));
  write('second', 'syscalls: {refused: kill, permit: [bind, openat]}\n', '');
  transcript.callgate('policy', 'show', '--syscalls', 'calls/first.yaml');
  transcript.callgate('policy', 'show', '--syscalls', 'calls/first.yaml', '--json');
  transcript.callgate('policy', 'show', '--syscalls', 'calls/second.yaml');
  transcript.callgate('policy', 'show', '--syscalls', 'cat');
  transcript.callgate('policy', 'check', 'calls');
  write('second', 'mode: complain\nsyscalls: bind\n', '');
  transcript.callgate('policy', 'check', 'calls/first.yaml');
  write('second', '', '');
  transcript.callgate('policy', 'check', 'calls');
  write('second', 'syscalls: bind\n', execs('"/usr/lib/**"', 'unconfined'));
  transcript.callgate('policy', 'check', 'calls', '--json');
  transcript.callgate('policy', 'show', '--syscalls', 'calls/first.yaml');
  transcript.compare(t, 'policy-syscalls');
});

t.test('policy diff', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  mkdirSync(`${work}/newer`);
  writeFileSync(
    `${work}/newer/cat.yaml`,
    GOOD.replace('/etc/hostname', '[/etc/hostname, /etc/hosts]').replace('    errno: ENOENT\n', ''),
  );
  writeFileSync(`${work}/newer/tac.yaml`, UNREACHED);
  transcript.callgate('policy', 'diff', 'cat', 'newer/cat.yaml');
  transcript.callgate('policy', 'diff', 'cat', 'newer', '--json');
  transcript.callgate('policy', 'diff', 'newer', 'cat');
  transcript.callgate('policy', 'diff', 'cat', 'cat/usr_bin_cat.yaml');
  transcript.callgate('policy', 'diff', 'cat', 'mistakes.yaml');
  transcript.callgate('policy', 'diff', 'cat', 'absent.yaml', '--json');
  transcript.callgate('policy', 'diff', 'cat');
  transcript.compare(t, 'policy-diff');
});

t.test('policy test', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  writeFileSync(
    `${work}/cat/cases`,
    '# What is promised.\npermit read /etc/hostname\ndeny read /etc/shadow errno ENOENT\n',
  );
  transcript.callgate('policy', 'test', 'cat');
  writeFileSync(
    `${work}/cat/cases`,
    'permit read,write /etc/hostname\ndeny connect tcp:192.0.2.1:443 uid 999\ndeny read /etc/hosts\n',
  );
  transcript.callgate('policy', 'test', 'cat/usr_bin_cat.yaml');
  transcript.callgate('policy', 'test', 'cat', '--json');
  writeFileSync(`${work}/cat/cases`, 'permit raed /etc/hostname\n');
  transcript.callgate('policy', 'test', 'cat');
  transcript.callgate('policy', 'test', 'unreached.yaml');
  transcript.compare(t, 'policy-test');
});

t.test('policy explain', async (t) => {
  t.setTimeout(120_000);
  const { transcript } = prepare(t);
  const ask = (...words: string[]): void => {
    transcript.callgate('policy', 'explain', 'cat/usr_bin_cat.yaml', ...words);
    transcript.callgate('policy', 'explain', 'cat/usr_bin_cat.yaml', ...words, '--json');
  };
  ask('read', '/etc/hostname');
  ask('read', '/etc/shadow');
  ask('write', '/etc/hostname');
  ask('connect', 'tcp:192.0.2.7:443');
  ask('read', 'tcp:192.0.2.7:443');
  ask('connect', '/etc/hostname');
  ask('raed', '/etc/hostname');
  ask('read');
  transcript.callgate('policy', 'explain', 'cat/usr_bin_cat.yaml', 'signal', 'child');
  transcript.callgate('policy', 'explain', 'cat/usr_bin_cat.yaml', 'connect', 'example.org');
  transcript.callgate('policy', 'explain', 'mistakes.yaml', 'read', '/etc/hostname');
  transcript.callgate('policy', 'explain', 'nothing-1:7');
  transcript.compare(t, 'policy-explain');
});

t.test('policy replay, of logs that lack something too', async (t) => {
  const { work, transcript } = prepare(t);
  const event = (object: string): string =>
    JSON.stringify({
      ...{ v: 1, seq: 1, time: '2026-11-24T10:00:00.000000Z', session: 'cat-1', policy: '/usr/bin/cat', digest: '' },
      ...{ rule: null, line: null, operation: ['read'], object, verdict: 'permit', enforced: true },
      ...{ pid: 812, tid: 812, ppid: 1, uid: 0, gid: 0, exe: '/usr/bin/cat', comm: 'cat', count: 1 },
    });
  const lost = { ...{ v: 1, type: 'lost', session: 'cat-1' }, ...{ dropped: 4, malformed: 1, unwritten: 0 } };
  const permitted = event('/etc/hostname');
  writeFileSync(`${work}/whole.jsonl`, `${permitted}\n`);
  writeFileSync(`${work}/cut.jsonl`, `${permitted}\nnonsense\n${JSON.stringify(lost)}\n${permitted.slice(0, 60)}`);
  writeFileSync(`${work}/refused.jsonl`, `nonsense\n${event('/etc/shadow')}\n`);
  writeFileSync(`${work}/none.jsonl`, 'nonsense\n');
  writeFileSync(`${work}/h.run`, '{"v":1,"type":"run","session":"h-1"}\n["p","/usr/bin/cat"]\n["o",0,"re');
  for (const log of ['whole.jsonl', 'cut.jsonl', 'refused.jsonl', 'none.jsonl', 'h.run', './cat', '/dev/null'])
    transcript.callgate('policy', 'replay', 'cat', log);
  transcript.callgate('policy', 'replay', 'cat', 'cut.jsonl', '--json');
  transcript.compare(t, 'policy-replay');
});

t.test('what is no command, and a result that cannot be written', async (t) => {
  t.setTimeout(120_000);
  const { work, transcript } = prepare(t);
  for (const words of [['polic'], ['policy', 'chek'], ['--nope'], ['policy', 'show', '--nope', 'cat']])
    transcript.callgate(...words);
  transcript.compare(t, 'no-command');
  const to = (file: string): [string, number | null] => {
    const out = openSync(file, 'w');
    const stdio: StdioOptions = ['ignore', out, 'pipe'];
    const { stderr, status } = spawnSync(BIN, ['policy', 'show', 'cat'], { cwd: work, encoding: 'utf8', stdio });
    closeSync(out);
    return [stderr, status];
  };
  t.same(to('/dev/null'), ['', 0]);
  t.same(to('/dev/full'), ['callgate: the result cannot be written: ENOSPC: no space left on device, write\n', 125]);
});
