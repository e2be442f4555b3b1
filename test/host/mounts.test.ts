// SPDX-License-Identifier: GPL-2.0-only
/** What a command mounts that goes no further is not left behind. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BPFFS, SECURITYFS, stateOf } from '../../src/host/mounts.js';

const PROCESS = fileURLToPath(new URL('./mounts-process.js', import.meta.url));

function unable(): string | false {
  if (process.getuid?.() !== 0) return 'only root mounts';
  if ([BPFFS, SECURITYFS].some((mount) => stateOf(mount) === 'absent')) return 'this kernel has not both file systems';
  return spawnSync('unshare', ['--mount', 'true']).status === 0 ? false : 'no mount namespace can be made here';
}

t.test('mounted, and taken off again', { skip: unable() }, async (t) => {
  const words = ['--mount', '--propagation', 'private', process.execPath, PROCESS];
  const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const [security, bpf] = [SECURITYFS.folder, BPFFS.folder];
  t.same(JSON.parse(stdout), {
    before: ['unmounted', 'unmounted'],
    after: ['mounted', 'mounted'],
    idle: ['mounted', 'mounted'],
    again: ['unmounted', 'unmounted'],
    said: [
      `mounted securityfs on ${security}, which was not mounted`,
      `mounted bpf on ${bpf}, which was not mounted`,
      `took bpf off ${bpf} again`,
      `took securityfs off ${security} again`,
    ],
  });
});
