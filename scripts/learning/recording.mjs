// SPDX-License-Identifier: GPL-2.0-only
// What scripts/learning/record wrote of one run, as a run of the learner's: its observations, and what stood on the command lines.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const load = (name) => import(join(ROOT, 'dist/src', name));
const { readJournal } = await load('audit/journal.js');
const { certify } = await load('learn/certificate.js');
const { Observations } = await load('learn/observations.js');

/** Null: nothing was recorded whole. */
export function readRecording(place, name, run) {
  const observations = new Observations();
  const named = [];
  const given = {};
  const command = [name];
  let certificate;
  let version = 1;
  let host;
  let [events, repeats] = [0, 0];
  const files = readdirSync(join(place, run))
    .filter((file) => file.endsWith('.journal'))
    .sort();
  for (const file of files) {
    const journal = readJournal(join(place, run, file));
    // Where the recorder takes down what the program says is its own affair.
    const records = journal.records.filter(({ object }) => !object.startsWith('/var/tmp/recordings.'));
    for (const record of records) observations.add(record, 'learnt');
    for (const [program, paths] of Object.entries(journal.given))
      given[program] = [...(given[program] ?? []), ...paths];
    version = Math.max(version, journal.header.version ?? 1);
    host = journal.header.host ?? host;
    command.push(...journal.header.command.slice(1));
    for (const word of journal.header.command.slice(1).flatMap((one) => one.split(/[=,:]/)))
      if (word !== '') named.push(resolve(journal.header.cwd, word));
    if (journal.counted !== null) {
      certificate = certify(journal.counted);
      [events, repeats] = [events + certificate.events, repeats + certificate.repeats];
    }
  }
  if (certificate === undefined) return null;
  certificate = { ...certificate, events, repeats };
  const header = {
    v: 1,
    type: 'run',
    session: `${name}-${run}`,
    folder: name,
    command,
    program: '',
    user: null,
    cwd: '/',
    named,
    ...(Object.keys(given).length === 0 ? {} : { given }),
    partial: false,
    of: [],
    certificate,
    ...(version === 1 ? {} : { version }),
    ...(host === undefined ? {} : { host }),
  };
  return { header, observations };
}
