// SPDX-License-Identifier: GPL-2.0-only
/** Has V8 compile each light entry and keeps what it made, for this Node: run where callgate is built, and where it is installed. */
import fs = require('node:fs');
import path = require('node:path');

const { loadLight, cacheOf, FOLDER } = require('./light-load.cjs') as typeof import('./light-load.cjs');

async function write(name: string): Promise<void> {
  const loaded = loadLight(path.basename(name, '.cjs'), false);
  if (loaded === null) throw new Error(`${name}: it cannot be read`);
  await loaded.light.warm();
  const file = cacheOf(path.join(FOLDER, name));
  // One that is half written would be taken for another Node's; a process that starts meanwhile has the old one.
  fs.writeFileSync(`${file}.new`, Buffer.concat([loaded.source, loaded.script.createCachedData()]));
  fs.renameSync(`${file}.new`, file);
}

void (async () => {
  for (const name of fs.readdirSync(FOLDER).filter((file) => file.endsWith('.cjs'))) await write(name);
})();
