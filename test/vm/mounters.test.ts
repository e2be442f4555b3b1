// SPDX-License-Identifier: GPL-2.0-only
/** mount(8) and umount(8): learned, held to what was learned, and then made to mount other things, elsewhere and otherwise. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { callgate, eventsIn, folder, holdGate, inside, prepare } from './callgate.js';
import { loadModule, needsLsm } from './machine.js';

t.setTimeout(900_000);

const DASH = '/usr/bin/dash';

t.test('real programs that mount', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  prepare();
  const release = await holdGate();
  t.teardown(release);
  const work = folder('mounters');
  const policies = inside(work, 'policies');
  for (const name of ['m', 'other', 'theirs']) mkdirSync(`${work}/${name}`);
  const [script, image] = [`${work}/script.sh`, `${work}/image`];
  loadModule('loop');
  writeFileSync(image, Buffer.alloc(4 << 20));
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  const disk = execFileSync('losetup', ['--show', '-f', image], { encoding: 'utf8' }).trim();

  const workload = `set -e
mount -t tmpfs -o nosuid,nodev,size=1m none ${work}/m
echo text >${work}/m/file
cat ${work}/m/file
umount ${work}/m
mount -t ext4 -o nodev ${disk} ${work}/m
mount -o remount,nodev,ro ${work}/m
test -d ${work}/m/lost+found
umount ${work}/m
`;
  writeFileSync(script, workload);
  const learnt = callgate('learn', '--version', '2', '--policies', policies, '--', DASH, script);
  t.equal(learnt.status, 0, `learned\n${learnt.stderr}`);
  t.match(learnt.stderr, /nothing lost/);
  const policy = readFileSync(`${policies}/usr_bin_mount.yaml`, 'utf8');
  t.same(
    policy.match(/^ {2}- permit: mount\n(?: {4}.*\n)*/gm)?.map((rule) => rule.replace(/^ {4}#.*\n/gm, '')),
    [`  - permit: mount\n    type: [tmpfs, ext4]\n    path: ${work}/m\n`],
    'both there, and nothing else anywhere',
  );
  t.notMatch(policy, /sys_admin/, 'which takes no capability besides');

  const enforced = callgate('run', '--policies', policies, '--', DASH, script);
  t.equal(enforced.status, 0, `the workload succeeds under the policy\n${enforced.stderr}`);
  t.equal(enforced.stdout, learnt.stdout, 'with the same output');
  t.equal(enforced.stderr, '', 'and no denial');

  const attacks: readonly (readonly [command: string, event: string])[] = [
    [`mount --bind /etc ${work}/m`, 'floor mount bind'],
    [`mount --move ${work}/theirs ${work}/m`, 'floor mount move'],
    [`mount --make-private ${work}/theirs`, 'floor mount propagation'],
    [`mount -t proc none ${work}/m`, 'floor mount proc'],
    [`mount -t ext4 ${disk} ${work}/m`, 'floor mount nodev'],
    [`mount -t ramfs none ${work}/m`, `mount mount:ramfs:${work}/m`],
    [`mount -t tmpfs none ${work}/other`, `mount mount:tmpfs:${work}/other`],
    [`mount -o remount,rw ${work}/theirs`, `mount mount:tmpfs:${work}/theirs`],
    [`umount ${work}/theirs`, `unmount unmount:tmpfs:${work}/theirs`],
    ['umount -l /proc', 'floor umount /proc'],
  ];
  execFileSync('mount', ['-t', 'tmpfs', 'none', `${work}/theirs`]);
  // umount(8) looks at what it was never shown, before it tries.
  appendFileSync(`${policies}/usr_bin_umount.yaml`, '  - permit: [read, list, stat]\n    path: "/***"\n');
  writeFileSync(script, attacks.map(([command]) => `${command} 2>/dev/null; echo "$?"\n`).join(''));
  const log = `${work}/log.jsonl`;
  const attacked = callgate('run', '--quiet', '--log', log, '--policies', policies, '--', DASH, script);
  t.equal(attacked.stdout, '32\n'.repeat(attacks.length), 'each fails as mount(8) and umount(8) do');
  const about = eventsIn(log).filter(({ type, operation }) => type === 'floor' || /mount/.test(operation.join()));
  t.same(
    about.map(
      ({ type, reason, operation, object }) => `${type === 'floor' ? `floor ${reason}` : operation.join()} ${object}`,
    ),
    attacks.map(([, event]) => event),
    'each is told',
  );
  t.notMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(`${work}/(m|other) `), 'and nothing was mounted');
  execFileSync('umount', [`${work}/theirs`]);
  execFileSync('losetup', ['-d', disk]);
});
