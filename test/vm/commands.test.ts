// SPDX-License-Identifier: GPL-2.0-only
/**
 * The commands that need a gate, run as a user runs them, on a program whose every attempt is known. All that they say stands
 * in test/commands/golden.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Transcript, type Words } from '../commands/transcript.js';
import { Background, callgate, folder, holdGate, prepare } from './callgate.js';
import { call, open } from './calls.js';
import { needsLsm } from './machine.js';

const ACT = fileURLToPath(new URL('../../../out/test/act', import.meta.url));
const PAUSE = call(34)();

const NUMBERS: Words = [
  [/"(pid|tid|ppid|supervisor|watcher|inode|device|started|boot)": ?"?\d+"?/g, '"$1": N'],
  // What differs between kernels.
  [/\d+ (programs|pins)\b/g, 'N $1'],
  [/"programs": \d+/g, '"programs": N'],
  [/lsm=[a-z,]+/g, 'lsm=LIST'],
  [/\bact\[\d+\]/g, 'act[N]'],
  [/\b(act|sleep) \(\d+\)/g, '$1 (N)'],
  [/supervisor \d+/g, 'supervisor N'],
  [/^( {4,6})\d+ +(act|sleep) /gm, '$1N  $2 '],
];

t.setTimeout(1_200_000);

t.test('commands', { skip: needsLsm(), timeout: 1_200_000 }, async (t) => {
  prepare();
  execFileSync(fileURLToPath(new URL('../../../scripts/build-test-programs', import.meta.url)));
  // So that sessions are numbered from 1, whatever this machine has seen.
  for (const kept of ['/var/log/callgate', '/var/lib/callgate']) rmSync(kept, { recursive: true, force: true });
  const work = folder('commands');
  const program = `${work}/act`;
  copyFileSync(ACT, program);
  for (const name of ['yes', 'no']) writeFileSync(`${work}/${name}`, `${name}\n`);
  const [yes, no] = [open(`${work}/yes`), open(`${work}/no`)];
  const transcriptOf = (): Transcript =>
    new Transcript(work, [
      [/\/var\/tmp\/callgate-holder-\w+/g, 'HOLDER'],
      [work.slice(1).replaceAll('/', '_'), 'WORK'],
      [work, 'WORK'],
      ...NUMBERS,
    ]);
  const both = (transcript: Transcript, ...words: string[]): void => {
    transcript.callgate(...words);
    const end = words.indexOf('--');
    transcript.callgate(...(end < 0 ? [...words, '--json'] : [...words.slice(0, end), '--json', ...words.slice(end)]));
  };

  const nothing = transcriptOf();
  both(nothing, 'status');
  for (const command of ['stop', 'mode']) both(nothing, command, 'nothing', ...(command === 'mode' ? ['enforce'] : []));
  both(nothing, 'unload', '--all');
  nothing.callgate('unload');
  both(nothing, 'audit', 'denials');
  both(nothing, 'audit', 'denials', 'nothing');
  both(nothing, 'audit', 'tail', 'nothing');
  nothing.callgate('audit', 'tail', '--no-follow');
  both(nothing, 'learn', '--recover');
  nothing.callgate('learn', '--from', 'nothing-1');
  nothing.callgate('run', '--policies', 'absent', '--', './act');
  nothing.callgate('run', '--', './absent');
  nothing.compare(t, 'no-gate');

  const doctor = transcriptOf();
  both(doctor, 'doctor');
  doctor.compare(t, 'doctor');

  const release = await holdGate();
  const learning = transcriptOf();
  learning.callgate('learn', '--policies', 'policies', '--', './act', yes);
  const files = (): void => {
    for (const file of readdirSync(`${work}/policies`).sort())
      learning.note(readFileSync(`${work}/policies/${file}`, 'utf8'));
  };
  files();
  learning.callgate('learn', '--policies', 'policies', '--json', '--', './act', yes);
  files();
  learning.callgate('learn', '--policies', 'policies', '--', '/usr/bin/absent');
  learning.compare(t, 'learn');

  const running = transcriptOf();
  running.callgate('run', '--policies', 'policies', '--', './act', yes);
  running.callgate('run', '--policies', 'policies', '--json', '--', './act', yes, no);
  running.callgate('run', '--policies', 'policies', '--quiet', '--', './act', no);
  running.callgate('run', '--policies', 'policies', '--complain', '--', './act', no);
  running.compare(t, 'run');

  const reading = transcriptOf();
  both(reading, 'audit', 'denials', 'act');
  both(reading, 'audit', 'tail', 'act-4', '--no-follow');
  reading.callgate('policy', 'explain', 'act-4:1');
  both(reading, 'policy', 'explain', 'act-4:999');
  both(reading, 'learn', '--from', 'act-6', '--policies', 'policies');
  for (const file of readdirSync(`${work}/policies`).sort())
    reading.note(readFileSync(`${work}/policies/${file}`, 'utf8'));
  reading.compare(t, 'audit');

  const living = transcriptOf();
  const start = async (): Promise<Background> => {
    const one = new Background('run', '--policies', `${work}/policies`, '--', program, yes, PAUSE);
    await one.until(() => one.output.includes('ok\n'));
    return one;
  };
  let one = await start();
  both(living, 'status');
  both(living, 'mode', 'act', 'complain');
  living.callgate('mode', 'act', 'loudly');
  both(living, 'mode', 'act', 'enforce');
  living.callgate('stop', 'act');
  living.note(`the supervisor ended with ${await one.ended()}: ${one.output}`);
  one = await start();
  living.callgate('stop', 'act', '--kill', '--json');
  living.note(`the supervisor ended with ${await one.ended()}: ${one.output}`);
  living.callgate('stop', 'act');
  living.compare(t, 'living');

  const last = transcriptOf();
  one = await start();
  const end = last.callgate('unload', '--all');
  t.match(end, /freed act/);
  last.callgate('status');
  last.compare(t, 'unload');
  // Nothing holds them any more.
  one.process.kill('SIGKILL');
  execFileSync('sh', ['-c', 'kill -9 $(pidof sleep) $(pidof -x act) 2>/dev/null; true']);
  void release;
  callgate('unload', '--all');
});
