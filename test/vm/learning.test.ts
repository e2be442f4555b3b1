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

t.test(
  'a folder of data that only the command line of a child names',
  { skip: needsLsm(), timeout: 900_000 },
  async (t) => {
    prepare();
    const release = await holdGate();
    const work = folder('passed');
    const policies = inside(work, 'policies');
    const [week, kept, quiet] = [inside(work, 'week'), inside(work, 'kept'), inside(work, 'quiet')];
    const script = `${work}/weekly.sh`;
    /** Absolute names and names from a folder, none of which stands on the command line of the script; and files that no argument names. */
    const weekly = (one: string, other: string, ...read: string[]): string[] => {
      for (const name of [one, other]) writeFileSync(`${week}/${name}`, `${name}\n`);
      for (const name of read) writeFileSync(`${quiet}/${name}`, `${name}\n`);
      const lines = [
        `/usr/bin/cp -S hunter2 ${week}/${one} ${kept}/`,
        `cd ${week}`,
        `/usr/bin/cp -S hunter2 ${other} ../kept/`,
        ...read.map((name) => `read line <${quiet}/${name}`),
        // More than is looked at.
        `/usr/bin/true ${'x'.repeat(5000)}`,
      ];
      writeFileSync(script, lines.map((line) => `${line}\n`).join(''));
      return ['--policies', policies, '--', '/usr/bin/dash', script];
    };

    // Of more than one piece, as the kernel half reads it.
    const long = `${'harbour-'.repeat(30)}.txt`;
    const learned = callgate('learn', '--json', ...weekly(long, 'lantern.txt', 'one.txt', 'two.txt'));
    t.equal(learned.status, 0, learned.stderr);
    const cp = readFileSync(`${policies}/usr_bin_cp.yaml`, 'utf8');
    const dash = readFileSync(`${policies}/usr_bin_dash.yaml`, 'utf8');
    t.match(cp, /week\/\*\.txt"\n/, 'one run in which cp was given two files of it');
    t.match(
      cp,
      /"data folder": .*2 names in 1 run, they stood among the arguments that another program ran it with, and were used alike\n/,
    );
    t.match(dash, /quiet\/one\.txt\n/, 'what no argument named is known by its name');
    t.notMatch(dash, /\*/, 'and by nothing else');

    const session = sessionIn(learned.stdout);
    const [log, journal] = [`/var/log/callgate/${session}.jsonl`, `/var/lib/callgate/${session}.journal`].map((file) =>
      readFileSync(file, 'utf8'),
    ) as [string, string];
    const given = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => line.includes('"type":"given"'))
        .map((line) => JSON.parse(line) as { program: string; path: string })
        .map(({ program, path }) => `${program} ${path}`)
        .sort();
    const paths = [kept, `${week}/${long}`, `${week}/lantern.txt`].map((path) => `/usr/bin/cp ${path}`);
    t.same(given(log), paths, 'the log has what was an argument and was used');
    t.same(given(journal), paths);
    t.notMatch(log + journal, /hunter2|xxxx/, 'and no word besides');
    t.match(learned.stdout, /^ {2}"unread": 1[,\n]/m, 'what was too long is told');

    const other = callgate('run', ...weekly('pebble.txt', 'quarry.txt', 'one.txt', 'two.txt'));
    t.equal(other.stderr, '', 'nothing is refused of next week');
    t.equal(other.status, 0);
    t.equal(readFileSync(`${kept}/quarry.txt`, 'utf8'), 'quarry.txt\n');

    const attack = callgate('run', '--json', '--quiet', ...weekly('host1.key', 'my_secret.txt', 'three.txt'));
    const denied = eventsOf(sessionIn(attack.stdout)).filter(({ verdict }) => verdict === 'deny');
    t.same(
      denied.map(({ operation, object }) => [operation.join(), object]),
      [
        ['stat', `${week}/host1.key`],
        ['read', `${week}/my_secret.txt`],
        ['read', `${quiet}/three.txt`],
      ],
      'what looks like a key, and what no argument named in training',
    );
    await release();
  },
);
