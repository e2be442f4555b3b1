// SPDX-License-Identifier: GPL-2.0-only
/** A real program that asks, and a person who answers in the view: one file permitted always, one denied, and it is left. */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readStates } from '../../src/session/state.js';
import { FakeTerminal, noTerminals } from '../view/terminal.js';
import { Background, BIN, callgate, folder, holdGate, inside, prepare } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(1_200_000);

t.test('the view', { skip: needsLsm() || noTerminals(), timeout: 1_200_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const files = folder('view');
  const asked = inside(files, 'asked');
  const policies = inside(files, 'policies');
  const policy = `${policies}/usr_bin_dash.yaml`;
  const before = '  - permit: exec\n    path: /**\n    policy: inherit\n';
  const asks = `  # All of these.\n  - ask: read\n    path: ${asked}/**\n`;
  writeFileSync(policy, `version: 1\nprogram: /usr/bin/dash\ndefault: permit\nrules:\n${before}${asks}`);
  for (const name of ['one', 'two']) writeFileSync(`${asked}/${name}`, `${name}\n`);
  const script = `echo begun $$; while [ ! -e ${files}/go ]; do sleep 0.1; done; cat ${asked}/one ${asked}/two; echo done; sleep 1000`;
  const run = new Background('run', '--policies', policies, '--', '/usr/bin/dash', '-c', script);
  await run.until(() => run.output.includes('begun '));
  const session = readStates({ run: '/run/callgate' }).find(({ folder }) => folder === policies)?.name ?? '';

  const terminal = await FakeTerminal.open(t, `clear; ${BIN} attach ${session}; echo "status $?"`);
  const waiting = await terminal.line('Nothing waits.');
  t.match(waiting[0], new RegExp(`^ callgate  ${session}: /usr/bin/dash -c `));
  writeFileSync(`${files}/go`, '');
  const first = await terminal.until(
    (lines) =>
      lines.some((line) => /^>1 permit: read, path: .*one +[0-9]+ +[0-9]+$/.test(line)) &&
      /^ p permit/.test(lines[23] ?? ''),
  );
  t.match(first[2], /^> +[0-9]+ s {4}1 {4}1st {2}cat\[[0-9]+\] +read +\//);
  t.same(first.slice(3, 6), ['-- question 1 '.padEnd(80, '-'), `object    ${asked}/one`, 'wants     read']);
  t.match(first[6], /^program {3}cat\[[0-9]+\], user root \(0:0\), runs \/usr\/bin\/cat$/);
  t.equal(
    first
      .slice(7, 9)
      .map((line) => line.trim())
      .join(' '),
    `command   cat ${asked}/one ${asked}/two`,
    'cut at a space',
  );

  await terminal.keys('a');
  const second = await terminal.until(
    (lines) => lines.includes('-- question 2 '.padEnd(80, '-')) && /^ p permit/.test(lines[23] ?? ''),
  );
  t.match(
    second.slice(-5).join(' '),
    /permit always: 1 call goes on; written to .*:9, before rule 3 \(line 12\), which asked; in force/,
  );
  const rule = `  - permit: read\n    path: ${asked}/one\n`;
  const written = readFileSync(policy, 'utf8');
  t.ok(written.includes(`${rule}${asks}`), written);

  await terminal.keys('n', 'E', 'N', 'O', 'E', 'N', 'Enter');
  await run.until(() => run.output.includes('done'));
  t.match(run.output, /^one\ncat: [^\n]*two: No such file or directory\n(?:callgate: [^\n]*\n)*done$/m);
  await terminal.line('Nothing waits.');
  await terminal.keys('q');
  const left = await terminal.line('status 0');
  t.ok(left.includes(`detached from ${session}: its program goes on under its policy`), left.join('\n'));
  t.equal(callgate('stop', session).status, 0);
  await run.ended();
  await release();
});
