// SPDX-License-Identifier: GPL-2.0-only
/** A command in the Vagrant machine, with a vagrant and an ssh that answer as the real ones do. */
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inVagrant, type VagrantJob } from '../../src/machines/vagrant.js';
import { type FakeVagrant, fakeVagrant } from './vagrant.js';

const quiet = (): void => {};

function jobOf({ base }: FakeVagrant, command: VagrantJob['command'], more: Partial<VagrantJob> = {}): VagrantJob {
  mkdirSync(join(base, 'from'), { recursive: true });
  const job = { seconds: 60, megabytes: 512, from: join(base, 'from'), ending: '.run', cwd: base, copies: [] };
  return { ...job, command, ...more };
}

/** When a file is there. */
async function there(folder: string, name: string): Promise<void> {
  const watcher = watch(folder);
  try {
    if (existsSync(join(folder, name))) return;
    await new Promise<void>((resolve) => {
      watcher.on('change', () => void (existsSync(join(folder, name)) && resolve()));
    });
  } finally {
    watcher.close();
  }
}

t.test('what it wrote comes back, with its status', async (t) => {
  const fake = fakeVagrant(t);
  const command = fake.program(
    'work',
    `echo "$PWD|$1|$2" >${fake.base}/from/new.run; echo no >${fake.base}/from/new.txt; [ -z "$(cat)" ] || exit 9; exit 3`,
  );
  const said: string[] = [];
  const job = jobOf(fake, [command, "it's", 'two words\n$HOME']);
  writeFileSync(join(job.from, 'old.run'), 'old');
  t.same(await inVagrant(job, (line) => void said.push(line), fake.tools), {
    handed: { status: 3, files: [{ name: 'new.run', bytes: Buffer.from(`${fake.base}|it's|two words\n$HOME\n`) }] },
    ...{ status: 3, signal: null },
  });
  t.same(fake.calls(), [`${fake.base} 512 --no-tty up`, `${fake.base} 512 --no-tty ssh-config`]);
  t.same(said, [`vagrant: bringing up the machine of ${fake.base}/Vagrantfile (minutes, where it is new or emulated)`]);
});

t.test('a folder that the machine has not is / there; what is copied is there before', async (t) => {
  const fake = fakeVagrant(t);
  const [file, folder] = [join(fake.base, 'a file'), join(fake.base, 'folder')];
  mkdirSync(folder);
  writeFileSync(file, 'one');
  writeFileSync(join(folder, '-n'), 'two');
  const command = fake.program(
    'work',
    `{ pwd; cat "${fake.base}/machine${file}" ${fake.base}/machine${folder}/-n; } >${fake.base}/from/x.run`,
  );
  const end = await inVagrant(jobOf(fake, [command], { cwd: '/nowhere', copies: [file, folder] }), quiet, fake.tools);
  t.same(end.handed?.files, [{ name: 'x.run', bytes: Buffer.from('/\nonetwo') }]);
  await t.rejects(inVagrant(jobOf(fake, [command], { copies: ['/nowhere/at/all'] }), quiet, fake.tools), {
    message: '/nowhere/at/all: could not be copied into the machine',
  });
});

t.test('a person ends it: the command in the machine is ended too', async (t) => {
  const fake = fakeVagrant(t);
  const command = fake.program(
    'work',
    `trap 'echo >${fake.base}/ended; exit 0' TERM
echo >${fake.base}/begun
while :; do sleep 1 & wait $!; done`,
  );
  const ending = inVagrant(jobOf(fake, [command]), quiet, fake.tools);
  await there(fake.base, 'begun');
  process.emit('SIGTERM', 'SIGTERM');
  const { handed, signal } = await ending;
  t.same({ handed, signal }, { handed: null, signal: 'SIGTERM' });
  await there(fake.base, 'ended');
  await t.rejects(inVagrant(jobOf(fake, [command], { seconds: 1 }), quiet, fake.tools), {
    message: 'it was ended after 1 s',
    remedy: 'give it more time: --vm-timeout',
  });
});

t.test('a person ends it while the machine comes up: nothing is run', async (t) => {
  const fake = fakeVagrant(t, { up: 'exec sleep 60' });
  const ending = inVagrant(jobOf(fake, ['/bin/true']), quiet, fake.tools);
  await there(fake.base, 'calls');
  process.emit('SIGINT', 'SIGINT');
  t.same(await ending, { handed: null, status: 143, signal: 'SIGINT' });
  t.same(fake.calls().length, 1);
});

t.test('what is missing is told', async (t) => {
  const fake = fakeVagrant(t);
  const job = jobOf(fake, ['/bin/true']);
  const env = { ...fake.tools.env, VAGRANT_CWD: '/nowhere' };
  await t.rejects(inVagrant(job, quiet, { ...fake.tools, env }), {
    message: '/nowhere/Vagrantfile: there is no Vagrantfile',
    remedy: 'VAGRANT_CWD names the folder of a Vagrantfile',
  });
  await t.rejects(inVagrant(job, quiet, { ...fake.tools, vagrant: '/nowhere/vagrant' }), {
    message: 'vagrant is not installed',
    remedy: './scripts/setup --vagrant',
  });
  await t.rejects(inVagrant(job, quiet, { ...fake.tools, ssh: '/nowhere/ssh' }), {
    message: 'ssh is not installed',
    remedy: 'apt-get install openssh-client',
  });
  await t.rejects(inVagrant(job, quiet, fakeVagrant(t, { up: 'exit 7' }).tools), {
    message: 'vagrant up ended with 7',
  });
  await t.rejects(inVagrant(job, quiet, fakeVagrant(t, { config: 'echo no' }).tools), {
    message: 'vagrant ssh-config ended with 0 and names no machine',
  });
  t.same(await inVagrant(jobOf(fake, ['callgate-nowhere']), quiet, fake.tools), {
    ...{ handed: null, status: 125, signal: null },
  });
  t.equal(readFileSync(join(fake.base, 'calls'), 'utf8').includes('destroy'), false);
});
