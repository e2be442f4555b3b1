#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// Judges recordings on this machine: derives policies from one, two and three training runs, and holds the held-out run against them.
// Prints the table of the README, and what it comes to; with --strength one for these, with the time that deriving from three runs took.
//   scripts/learning/judge.mjs [--strength S]... [--show PROGRAM] [--refused] [--after 1|2|3] [--json] [--write DIR] FOLDER [PROGRAM]...
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRecording } from './recording.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(join(ROOT, 'dist/src', name));
const { learnPolicies } = await load('learn/learn.js');
const { replay } = await load('learn/replay.js');
const { readSensitive } = await load('learn/sensitive.js');
const { packageOwners } = await load('training/packages.js');
const { isSystem } = await load('learn/places.js');
const { parseGroup, parsePolicy } = await load('policy/parse.js');
const { pathMatches } = await load('decide/match.js');
const { decide } = await load('decide/decide.js');
const { bytesOf, textOf } = await load('policy/bytes.js');
const { interpreterOf } = await load('supervise/program.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    strength: { type: 'string', multiple: true },
    show: { type: 'string' },
    json: { type: 'boolean' },
    write: { type: 'string' },
    refused: { type: 'boolean' },
    // Patterns and what they grant: of policies from so many runs.
    after: { type: 'string', default: '3' },
  },
});
const [folder, ...only] = positionals;
const measured = Number(values.after);
// What names alone come to stands beside it in the README.
const strengths = values.strength ?? ['balanced', 'exact'];
const sensitive = readSensitive(readFileSync(join(ROOT, 'policies/sensitive.txt'), 'utf8'));
const users = {
  root: 0,
  daemon: 1,
  'www-data': 33,
  nobody: 65534,
  mysql: 991,
  'Debian-exim': 992,
  _chrony: 993,
  unbound: 994,
  sshd: 995,
  _apt: 42,
};
const anywhere = {
  variable: () => null,
  user: (name) => users[name] ?? null,
  group: () => null,
  rules: (name) => {
    const file = join(ROOT, 'policies/groups', `${name}.yaml`);
    return existsSync(file) ? { file, text: readFileSync(file, 'utf8') } : null;
  },
};
const GROUPS = readdirSync(join(ROOT, 'policies/groups')).map((name) => basename(name, '.yaml'));
const owner = packageOwners();
const ORDER = ['libc', 'locale', 'names', 'tls', 'python', 'perl', 'ruby', 'node', 'java', 'terminals', 'x11'];
const groups = [...ORDER, ...GROUPS.filter((name) => !ORDER.includes(name))].map((name) => ({
  name,
  rules: parseGroup(name, anywhere.rules(name).text, name, anywhere),
}));

/** A recorded run, with what scripts/learning/listing.mjs found in the configuration files that it read. */
function runOf(place, run, name) {
  const read = readRecording(place, name, run);
  return read === null ? null : { ...read, header: { ...read.header, configured: configuredIn(place, run) } };
}

function configuredIn(place, run) {
  const file = join(place, run, 'configured.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** What was on the machine of the recording, else on this one. */
function machineOf(place) {
  const file = join(place, 'listing.json');
  const listing = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const entries = (path) => {
    const known = listing[textOf(path)];
    if (known !== undefined) return known.map((one) => bytesOf(one.replace(/\/@?$/, '')));
    try {
      return readdirSync(textOf(path)).map(bytesOf);
    } catch {
      return null;
    }
  };
  // The machine of the recording is a view of this one.
  return { homes: ['/root'], entries, owner, listing };
}

/** Existing objects that the patterns of a policy admit outside of data folders, and those of them that were seen. */
function granted(policy, observed, machine) {
  const patterns = policy.rules
    .filter(({ group, verdict }) => group === undefined && verdict === 'permit')
    .flatMap(({ objects }) => objects)
    .flatMap((object) =>
      object.type === 'path' && object.pattern.components.some(({ kind }) => kind !== 'literal')
        ? [object.pattern]
        : [],
    );
  // A symbolic link is no object more: what is opened by it has its own name, and rules go by that.
  const paths = new Set(
    Object.entries(machine.listing).flatMap(([at, names]) =>
      names.filter((name) => !name.endsWith('/@')).map((name) => `${at === '/' ? '' : at}/${name.replace(/\/$/, '')}`),
    ),
  );
  let [there, seen] = [0, 0];
  for (const path of paths) {
    if (!isSystem(path) || path.startsWith('/proc/')) continue;
    if (!patterns.some((pattern) => pathMatches(pattern, bytesOf(path)))) continue;
    there++;
    if (observed.has(path)) seen++;
  }
  return { patterns: patterns.length, there, seen };
}

/** Names like keys beside each name that was seen, which the policy permits to be read or written. */
function siblings(policy, observed) {
  const bad = [];
  for (const path of observed) {
    const at = dirname(path) === '/' ? '' : dirname(path);
    for (const name of [`${basename(path)}.key`, 'host1.key', 'my_secret', 'id_rsa', 'password.txt', '.env', 'shadow'])
      for (const operation of ['read', 'write']) {
        const object = { type: 'path', path: bytesOf(`${at}/${name}`) };
        if (observed.has(`${at}/${name}`)) continue;
        if (name === 'shadow' && at !== '/etc') continue;
        const { verdict, rule } = decide(policy, { operations: [operation], object, uid: 0, gid: 0 }).deciding;
        if (verdict === 'permit' && rule?.group === undefined) bad.push(`${operation} ${at}/${name}`);
      }
  }
  return [...new Set(bad)];
}

const names =
  only.length > 0
    ? only
    : readdirSync(folder)
        .filter((name) => existsSync(join(folder, name, 'listing.json')))
        .sort();
const rows = [];
for (const name of names) {
  const place = join(folder, name);
  const runs = ['1', '2', '3'].map((run) => runOf(place, run, name)).filter((run) => run !== null);
  const held = runOf(place, 'held', name);
  if (held === null || runs.length < 3) {
    console.error(`${name}: not recorded whole`);
    continue;
  }
  const machine = machineOf(place);
  // Names that hold the host's are those of the host that was recorded.
  const around = { ...anywhere, variable: (variable) => (variable === 'HOST' ? (held.header.host ?? null) : null) };
  for (const strength of strengths) {
    const row = {
      name,
      strength,
      held: [],
      own: 0,
      patterns: 0,
      there: 0,
      seen: 0,
      sensitive: 0,
      statements: 0,
      ms: 0,
    };
    for (const count of [1, 2, 3]) {
      const some = runs.slice(0, count);
      const began = performance.now();
      const learnt = learnPolicies({
        ...{ runs: some, existing: [], groups, sensitive, around, machine, strength },
        userName: (uid) => Object.entries(users).find(([, one]) => one === uid)?.[0] ?? null,
        interpreter: interpreterOf,
        certificate: some.at(-1).header.certificate,
      });
      if (count === 3) row.ms = Math.round(performance.now() - began);
      const policies = new Map(learnt.map((one) => [one.program, parsePolicy(one.text, one.program, around)]));
      const refused = [];
      for (const run of [held, ...some]) {
        for (const program of run.observations.programs()) {
          const mine = run.observations.all().filter((one) => one.program === program);
          const policy = policies.get(program);
          const result =
            policy === undefined
              ? { refused: mine.map((one) => ({ operation: one.operation, object: one.text })) }
              : replay(policy, mine);
          for (const { operation, object } of result.refused)
            refused.push({ held: run === held, text: `${basename(program)}: ${operation} ${object}` });
        }
      }
      row.held.push(refused.filter((one) => one.held).length);
      row.own = refused.filter((one) => !one.held).length;
      if (values.refused)
        for (const { held: which, text } of refused)
          console.error(`${name} ${strength} after ${count}: ${which ? 'held out' : 'own'}: ${text}`);
      if (count !== measured) continue;
      for (const [program, policy] of policies) {
        const observed = new Set(
          some
            .flatMap((run) => run.observations.all())
            .filter((one) => one.program === program && one.text.startsWith('/'))
            .map((one) => one.text),
        );
        const found = granted(policy, observed, machine);
        const bad = siblings(policy, observed);
        if (bad.length > 0) console.error(`${name}: SENSITIVE: ${bad.slice(0, 9).join(', ')}`);
        row.patterns += found.patterns;
        row.there += found.there;
        row.seen += found.seen;
        row.sensitive += bad.length;
        row.statements += policy.rules.filter(({ group }) => group === undefined).length;
      }
      if (values.show === name) for (const one of learnt) console.log(one.text);
      if (values.write !== undefined && strength === 'balanced') {
        mkdirSync(join(values.write, name), { recursive: true });
        for (const one of learnt)
          writeFileSync(join(values.write, name, `${one.program.slice(1).replaceAll('/', '_')}.yaml`), one.text);
      }
    }
    rows.push(row);
  }
}
if (values.json) console.log(JSON.stringify(rows));
else if (values.strength === undefined) printReadme();
else {
  console.log(
    '| program | strength | held out: after 1 run | 2 | 3 | patterns | granted / seen | sensitive | statements | ms |',
  );
  console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const row of rows)
    console.log(
      `| ${row.name} | ${row.strength} | ${row.held.join(' | ')} | ${row.patterns} | ${row.there} / ${row.seen} | ${row.sensitive} | ${row.statements} | ${row.ms} |${row.own > 0 ? ` own training: ${row.own}` : ''}`,
    );
}

/** As it stands in the README. */
function printReadme() {
  const balanced = rows.filter(({ strength }) => strength === 'balanced');
  const exact = new Map(rows.filter(({ strength }) => strength === 'exact').map((row) => [row.name, row]));
  console.log(
    '| program | held out, refused after 1 run | 2 | 3 | by names alone, after 3 | patterns | there / seen | key-like names | statements |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const row of balanced)
    console.log(
      `| ${row.name} | ${row.held.join(' | ')} | ${exact.get(row.name).held[2]} | ${row.patterns} | ${row.there} / ${row.seen} | ${row.sensitive} | ${row.statements} |`,
    );
  const whole = (after) => balanced.filter(({ held }) => held[after - 1] === 0).length;
  const sum = (key) => balanced.reduce((total, row) => total + row[key], 0);
  console.log(
    `\nNothing is refused in the held-out run of ${whole(3)} of ${balanced.length} programs after three runs, of ${whole(2)} after two, of ${whole(1)} after one; of their own training ${sum('own')}. What is granted is ${(sum('there') / Math.max(1, sum('seen'))).toFixed(2)} times what was seen.`,
  );
}
