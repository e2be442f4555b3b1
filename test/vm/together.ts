// SPDX-License-Identifier: GPL-2.0-only
/**
 * Several tests of the VM in one process, so that the gate is loaded once for them, which takes a minute under emulation:
 * `node dist/test/vm/together.js hooks floor`. Each is a file NAME.test.js, named from this one's folder, and can be run by itself.
 */
import t from 'tap';

for (const name of process.argv.slice(2)) await import(`./${name}.test.js`);
// Each has set one that is enough for itself.
t.setTimeout(1_800_000);
