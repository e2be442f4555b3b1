// SPDX-License-Identifier: GPL-2.0-only
/** What one run taught and two holds in the next, on names that no run had; and what looks like a key is still refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { callgate, eventsOf, folder, holdGate, inside, prepare, sessionIn } from './callgate.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

t.test('learned once and twice, enforced on other data', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  const work = folder('learning');
  const policies = inside(work, 'policies');
  const [from, to] = [inside(work, 'in'), inside(work, 'out')];
  const copies = (...names: string[]): string[] => {
    for (const name of names) writeFileSync(`${from}/${name}`, `${name}\n`);
    return ['--', '/usr/bin/cp', ...names.map((name) => `${from}/${name}`), to];
  };
  const policy = (): string => readFileSync(`${policies}/usr_bin_cp.yaml`, 'utf8');

  const first = callgate('learn', '--policies', policies, ...copies('harbour.txt', 'lantern.txt'));
  t.equal(first.status, 0, first.stderr);
  t.match(policy(), /in\/\*\.txt"\n/, 'one run that was given two files: any of the like');
  t.match(policy(), /"data folder": .*2 names in 1 run, they stood on the command line, and were used alike\n/);
  const after = callgate('run', '--policies', policies, ...copies('pebble.txt', 'quarry.txt'));
  t.equal(after.stderr, '', 'no denial of names that no run had');
  t.equal(after.status, 0);

  const second = callgate('learn', '--policies', policies, ...copies('meadow.txt', 'orchard.txt'));
  t.equal(second.status, 0, second.stderr);
  t.match(second.stderr, /2 runs: the last showed/);
  t.match(policy(), /in\/\*\.txt"\n/, 'two: a folder of data');
  t.match(policy(), /pattern by the rule "data folder": .*4 names in 2 runs, all new in each/);

  const third = callgate('run', '--policies', policies, ...copies('thistle.txt', 'maple.txt'));
  t.equal(third.stderr, '', 'nor after two');
  t.equal(third.status, 0);
  t.equal(readFileSync(`${to}/pebble.txt`, 'utf8'), 'pebble.txt\n');
  t.equal(
    callgate('run', '--policies', policies, ...copies('harbour.txt')).status,
    0,
    'and over what the first run left',
  );

  const attack = callgate('run', '--json', '--quiet', '--policies', policies, ...copies('host1.key', 'my_secret.txt'));
  const denied = eventsOf(sessionIn(attack.stdout)).filter(
    ({ verdict, object }) => verdict === 'deny' && object.startsWith(from),
  );
  t.same(
    denied.map(({ operation, object }) => [operation.join(), object]),
    [
      // Another ending is not even looked at.
      ['stat', `${from}/host1.key`],
      ['read', `${from}/my_secret.txt`],
    ],
    'what looks like a key is refused',
  );

  const status = callgate('learn', 'status', policies);
  t.match(status.stdout, /: 2 runs, learned balanced\n/);
  const run = /^ {2}(cp-\d+) /m.exec(status.stdout)?.[1] ?? '';
  const replayed = callgate('policy', 'replay', `${policies}/usr_bin_cp.yaml`);
  t.equal(replayed.status, 0, replayed.stdout + replayed.stderr);
  t.equal(callgate('learn', 'forget', run).status, 0);
  t.match(policy(), /; 1 run: what another would show is not known\n/);
  t.match(
    policy(),
    /2 names in 1 run, they stood on the command line/,
    'without the first run the second speaks alone',
  );
  await release();
});
