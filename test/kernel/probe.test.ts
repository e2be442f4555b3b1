import t from 'tap';
import { render } from '../../src/commands/doctor.js';
import { type Answer, conclude } from '../../src/kernel/probe.js';
import { hasFields } from '../fields.js';

const NAMES = [
  'capabilities',
  'btf',
  'bpffs',
  'ring_buffer',
  'task_storage',
  'bpf_lsm',
  'lsm_fires',
  'fmod_ret',
  'security_path',
  'seccomp',
];

function answers(changed: Record<string, Answer> = {}): Parameters<typeof conclude>[0] {
  return Object.fromEntries(NAMES.map((name) => [name, { answer: changed[name] ?? 'yes', detail: `about ${name}` }]));
}

t.test('all is well: run works', async (t) => {
  const examination = conclude(answers());
  hasFields(t, examination, { run: 'lsm', learn: true });
  t.notMatch(render(examination), /lost:/);
});

t.test('a hook that was not seen to fire carries no promise', async (t) => {
  t.equal(conclude(answers({ lsm_fires: 'no' })).run, 'fmod_ret');
  t.equal(conclude(answers({ lsm_fires: 'unknown' })).run, 'fmod_ret');
  t.equal(conclude(answers({ bpf_lsm: 'no', lsm_fires: 'no' })).run, 'fmod_ret');
  t.equal(conclude(answers({ bpf_lsm: 'unknown' })).run, 'lsm', 'what fires is there, whoever cannot read the list');
});

t.test('without what all rests on nothing works', async (t) => {
  for (const name of ['btf', 'bpffs', 'ring_buffer', 'task_storage', 'security_path', 'capabilities'])
    hasFields(t, conclude(answers({ [name]: 'no' })), { run: 'none', learn: false }, name);
  t.equal(conclude(answers({ seccomp: 'no' })).run, 'lsm');
});

t.test('each answer that is not yes says what is lost and what mends it', async (t) => {
  const text = render(conclude(answers({ bpf_lsm: 'no', lsm_fires: 'no', seccomp: 'unknown' })));
  t.match(text, /bpf in the list of security modules .*\s+no\s+about bpf_lsm/);
  t.match(text, /could not tell/);
  t.match(text, /boot with lsm=/);
  t.match(text, /--best-effort/);
});

t.test('an answer this version does not know is shown all the same', async (t) => {
  const { findings } = conclude({ ...answers(), new_thing: { answer: 'no', detail: 'why' } });
  hasFields(t, findings.at(-1), { name: 'new_thing', question: 'new thing', answer: 'no', detail: 'why' });
});
