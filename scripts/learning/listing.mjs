#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What was in the folders that a recording names something in, at its end: FOLDER/listing.json, folders by name, a slash behind
// those that are folders themselves. What a pattern admits is counted by it where the machine is gone.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [folder] = process.argv.slice(2);
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
      (entry) => entry.name + (entry.isDirectory() ? '/' : ''),
    );
  } catch {
    // No folder, or gone.
  }
}
writeFileSync(join(folder, 'listing.json'), JSON.stringify(listing));
