// SPDX-License-Identifier: GPL-2.0-only
/**
 * What bin/callgate has Node run. It is written so that any Node reads it, and says which one is needed: the first file of
 * the rest that an old one cannot read would be a syntax error.
 */
import fs = require('node:fs');
import path = require('node:path');

const NEEDED = 20;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `callgate: ${process.execPath} is ${process.version}; Node.js ${NEEDED} or later is needed: apt-get install nodejs\n`,
  );
  process.exit(125);
}
(require('./stdio.cjs') as typeof import('./stdio.cjs')).keepStdio();
// A folder that was removed has no path, and Node throws where a library asks for one; for this process it has this name.
try {
  process.cwd();
} catch {
  process.cwd = () => '/proc/self/cwd';
}
// The launcher says by this name which of the two commands it was called as.
const systrace = process.argv0 === 'systrace';
// Asked by scripts again and again, and all that the rest would load is for other words.
if (!systrace && process.argv.length === 3 && process.argv[2] === '--version') {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(__dirname, '../../../package.json'), 'utf8'));
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
} else if (systrace) void import('./systrace.js');
// Not called by a person: what the launcher left behind looks what there is to take off (launcher/watcher.c).
else if (process.argv0 === 'callgate-watch') void import('./watcher.js');
else {
  const words = process.argv.slice(2);
  const { lightOf } = require('./light-load.cjs') as typeof import('./light-load.cjs');
  if (!(lightOf(words)?.start(words) ?? false)) void import('./main.js');
}
