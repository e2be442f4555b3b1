// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { render } from '../../src/commands/doctor.js';
import {
  type Circumstances,
  conclude,
  type Examination,
  examine,
  requireKernel,
  type Told,
} from '../../src/host/examine.js';
import { missingCapabilities, ownCapabilities } from '../../src/host/privileges.js';
import { FakeAddon, failure } from '../session/fake-addon.js';

const NAMES = [
  ...['capabilities', 'btf', 'bpffs', 'ring_buffer', 'task_storage', 'bpf_lsm', 'lsm_fires', 'lockdown'],
  ...['security_path', 'seccomp', 'gate'],
];
const WITH_BPF = ['lockdown', 'capability', 'yama', 'bpf'];

const around = (changed: Partial<Circumstances> = {}): Circumstances => ({
  ...{ modules: WITH_BPF, lacking: [], userNamespace: false, seccomp: false, container: null },
  ...changed,
});

function concluded(
  changed: Record<string, Partial<Told>> = {},
  circumstances: Partial<Circumstances> = {},
): Examination {
  const answers = NAMES.map((name) => [name, { answer: 'yes', detail: `about ${name}`, ...changed[name] }] as const);
  return conclude(Object.fromEntries(answers) as Record<string, Told>, around(circumstances));
}

const firing = (told: Partial<Told>, circumstances: Partial<Circumstances> = {}): string | undefined =>
  concluded({ lsm_fires: { answer: 'no', ...told } }, circumstances).obstacle?.remedy;

t.test('all is well: learn and run work', async (t) => {
  const examination = concluded();
  t.same(examination.obstacle, null);
  t.equal(examination.works, true);
  t.same(
    examination.findings.map(({ name }) => name),
    NAMES,
    'in the order of the table',
  );
  t.equal(render(examination).split('\n\n').at(-1), '`callgate learn` and `callgate run` will work here.');
});

t.test('without what all rests on nothing works; what only may be missing holds nothing up', async (t) => {
  for (const name of NAMES.filter((name) => name !== 'seccomp')) {
    t.equal(concluded({ [name]: { answer: 'no' } }).obstacle?.name, name, name);
    t.equal(concluded({ [name]: { answer: 'unknown' } }).works, name !== 'lsm_fires', `${name} unknown`);
  }
  t.equal(concluded({ seccomp: { answer: 'no' } }).works, true);
});

t.test('what run mounts by itself is no obstacle, and said', async (t) => {
  const examination = concluded({
    bpffs: { answer: 'no', detail: 'no bpffs is mounted on /sys/fs/bpf', mendable: true },
    bpf_lsm: { answer: 'unknown', detail: 'securityfs is not mounted on /sys/kernel/security', mendable: true },
  });
  t.equal(examination.works, true);
  t.same(
    examination.findings.flatMap(({ remedy }) => remedy ?? []),
    [
      'nothing: `callgate run` mounts it (mount -t bpf bpf /sys/fs/bpf)',
      'nothing: `callgate run` mounts securityfs (mount -t securityfs securityfs /sys/kernel/security), and the next line tells as well',
    ],
  );
  t.equal(concluded({ bpffs: { answer: 'no', detail: '/sys/fs/bpf is not there' } }).works, false);
});

t.test('lockdown: only where it is said is anything to be booted without', async (t) => {
  const remedy = (told: Partial<Told>): string | undefined =>
    concluded({ lockdown: told }).findings.find(({ name }) => name === 'lockdown')?.remedy;
  t.equal(remedy({ answer: 'no' }), 'boot without lockdown=confidentiality');
  t.equal(remedy({ answer: 'unknown' }), 'look as root: cat /sys/kernel/security/lockdown');
  t.equal(remedy({ answer: 'unknown', mendable: true }), 'nothing: `callgate run` mounts securityfs, and looks');
  t.equal(remedy({}), undefined);
});

t.test('the boot parameter where bpf is not in the list, and only there', async (t) => {
  const without = ['lockdown', 'capability', 'yama'];
  const remedy =
    'boot with lsm=lockdown,capability,yama,bpf: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot';
  const { obstacle } = concluded({ bpf_lsm: { answer: 'no' }, lsm_fires: { answer: 'no' } }, { modules: without });
  t.equal(obstacle?.name, 'bpf_lsm');
  t.equal(obstacle?.remedy, remedy);
  t.equal(firing({}, { modules: without }), remedy);
  t.equal(
    firing({}, { modules: null }),
    'boot with lsm=... (what /sys/kernel/security/lsm lists),bpf: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot',
  );
  t.equal(
    firing({ detail: 'the program is attached, but an open did not reach it' }),
    'could not tell why: bpf is in the list, and the line above says what the kernel did',
  );
});

t.test('a program that is refused with EPERM: who refuses it, as far as it can be told', async (t) => {
  const refused = { code: 'EPERM', detail: 'the program is refused: EPERM (Operation not permitted)' };
  t.equal(firing(refused, { lacking: ['CAP_BPF'] }), 'sudo callgate doctor');
  t.equal(
    firing(refused, { userNamespace: true, seccomp: true }),
    'run callgate outside of the user namespace that this process is in: its capabilities count only there',
  );
  t.equal(
    firing(refused, { seccomp: true }),
    'a seccomp filter holds this process, and may refuse bpf(2): lift it, or run callgate on the host',
  );
  const nobody = 'could not tell who refuses: every capability is there, no seccomp filter and no user namespace';
  t.equal(firing(refused), nobody);
  t.equal(
    firing(refused, { modules: null, container: '/.dockerenv' }),
    `${nobody}; this is a container (/.dockerenv), whose host may hold it back: run callgate there`,
  );
});

t.test('an answer this version does not know is shown all the same, and holds nothing up', async (t) => {
  const told = { answer: 'no', detail: 'why' } as const;
  const { findings, works } = conclude({ new_thing: told }, around());
  t.same(findings, [{ name: 'new_thing', question: 'new thing', ...told }]);
  t.equal(works, true);
});

t.test('run refuses where doctor says no, in its words', async (t) => {
  const host = { addon: new FakeAddon(), pins: '/nowhere' };
  const answers = { lsm_fires: { answer: 'no', detail: 'seen to fail', code: 'EPERM' } } as const;
  host.addon.probe = () => answers;
  const { obstacle, works } = examine(host);
  t.equal(works, false);
  if (obstacle === null) return;
  const { question, answer, detail, lost, remedy } = obstacle;
  t.throws(() => requireKernel(host), {
    name: 'Refusal',
    exit: 126,
    message: `${question}: ${answer}, ${detail}\n  lost: ${lost}`,
    remedy,
  });
});

t.test('a gate that is only kept is in nobody’s way', async (t) => {
  const addon = new FakeAddon();
  const told = (): string[] =>
    examine({ addon, pins: '/nowhere' })
      .findings.filter(({ name }) => name === 'gate')
      .map(({ answer, detail }) => `${answer}: ${detail}`);
  t.same(told(), ['yes: none is loaded']);
  addon.load({ directory: '/nowhere' });
  t.same(told(), ['yes: a gate of this version is loaded']);
  addon.detach();
  t.same(told(), ['yes: a gate of this version is loaded and not attached']);
  for (const [attached, said] of [
    [true, 'no: /nowhere holds a gate of another version'],
    [false, 'yes: one of another version is loaded and not attached'],
  ] as const) {
    addon.adoptError = Object.assign(failure('EPROTO', 'adopt'), { attached });
    t.same(told(), [said]);
  }
});

t.test('one list of capabilities', async (t) => {
  t.same(missingCapabilities(0n), ['CAP_SYS_ADMIN', 'CAP_BPF', 'CAP_PERFMON', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID']);
  t.same(missingCapabilities(1n << 39n), ['CAP_SYS_ADMIN', 'CAP_PERFMON', 'CAP_KILL', 'CAP_SETUID', 'CAP_SETGID']);
  const found = examine({ addon: new FakeAddon(), pins: '/nowhere' }).findings.find(
    ({ name }) => name === 'capabilities',
  );
  t.equal(found?.answer, missingCapabilities(ownCapabilities()).length === 0 ? 'yes' : 'no', 'doctor asks the same');
});
