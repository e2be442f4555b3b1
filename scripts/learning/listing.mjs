#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What is known of the machine at the end of a recording: FOLDER/listing.json, what was in the folders that it names something in,
// folders by name, a slash behind those that are folders themselves and `/@` behind symbolic links (what a pattern admits is counted by it where the machine is
// gone); and for each run RUN/configured.json, the folders that stood in configuration files it read.
//   scripts/learning/listing.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecording } from './recording.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { configuredFolders } = await import(join(ROOT, 'dist/src/training/configured.js'));
const { readSensitive, Sensitive } = await import(join(ROOT, 'dist/src/learn/sensitive.js'));
const sensitive = new Sensitive(readSensitive(readFileSync(join(ROOT, 'policies/sensitive.txt'), 'utf8')));
const [folder] = process.argv.slice(2);
for (const run of readdirSync(folder)) {
  const read = readRecording(folder, basename(folder), run);
  if (read === null) continue;
  const configured = configuredFolders(read.observations.all(), read.header.named, sensitive);
  writeFileSync(join(folder, run, 'configured.json'), JSON.stringify(configured));
}
const wanted = new Set();
for (const run of readdirSync(folder))
  for (const name of readdirSync(join(folder, run)).filter((one) => one.endsWith('.journal')))
    for (const [, path] of readFileSync(join(folder, run, name), 'utf8').matchAll(/"object":"(\/[^"\\]*)"/g))
      for (let at = path; at !== '/'; at = dirname(at)) {
        if (wanted.has(at)) break;
        wanted.add(at);
      }
const listing = {};
for (const path of ['/', ...wanted].sort()) {
  if (/^\/proc\/[0-9]/.test(path)) continue;
  try {
    listing[path] = readdirSync(path, { withFileTypes: true }).map(
      (entry) => entry.name + (entry.isSymbolicLink() ? '/@' : entry.isDirectory() ? '/' : ''),
    );
  } catch {
    // No folder, or gone.
  }
}
writeFileSync(join(folder, 'listing.json'), JSON.stringify(listing));
