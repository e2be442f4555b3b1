/**
 * What this kernel can do, and what follows from it. The addon answers yes, no or unknown; this table says what each
 * answer costs and what mends it.
 */
import type { Addon } from './addon.js';

export type Answer = 'yes' | 'no' | 'unknown';

export interface Finding {
  readonly name: string;
  /** What was asked. */
  readonly question: string;
  readonly answer: Answer;
  /** The reason of a no, or what was seen. */
  readonly detail: string;
  /** What does not work without it; only where the answer is not yes. */
  readonly lost?: string;
  /** What mends it; only where the answer is not yes. */
  readonly remedy?: string;
}

export interface Examination {
  readonly findings: readonly Finding[];
  /** Will `run` start? `lsm`: with its promise; `fmod_ret`: only with --best-effort; `none`: not at all. */
  readonly run: 'lsm' | 'fmod_ret' | 'none';
  /** Will `learn` start? */
  readonly learn: boolean;
}

interface Question {
  readonly question: string;
  readonly lost: string;
  readonly remedy: string;
  /** Nothing works without it. */
  readonly needed: boolean;
}

const BOOT_PARAMETER =
  'boot with lsm=lockdown,capability,landlock,yama,apparmor,tomoyo,bpf (what /sys/kernel/security/lsm lists, and bpf): ' +
  'GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot';

/** In the order they are shown. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  capabilities: {
    question: 'the capabilities that a gate takes',
    lost: 'everything but the commands on policies; and the answers below may say more about you than about the kernel',
    remedy: 'sudo callgate doctor',
    needed: true,
  },
  btf: {
    question: 'kernel types (BTF)',
    lost: 'the gate cannot be loaded: it finds its way in the kernel by them',
    remedy: 'a kernel built with CONFIG_DEBUG_INFO_BTF (Debian builds all of its kernels so)',
    needed: true,
  },
  bpffs: {
    question: 'bpffs on /sys/fs/bpf',
    lost: 'the gate cannot be pinned, so it would not outlive its supervisor',
    remedy: 'mount -t bpf bpf /sys/fs/bpf',
    needed: true,
  },
  ring_buffer: {
    question: 'BPF ring buffer',
    lost: 'nothing can be reported',
    remedy: 'a kernel of 5.8 or later',
    needed: true,
  },
  task_storage: {
    question: 'BPF task storage',
    lost: 'no task can be made a subject',
    remedy: 'a kernel of 5.11 or later, built with CONFIG_BPF_LSM',
    needed: true,
  },
  bpf_lsm: {
    question: 'bpf in the list of security modules (lsm=)',
    lost: 'hooks that are never skipped: `run` refuses without --best-effort; learn and complain work',
    remedy: BOOT_PARAMETER,
    needed: false,
  },
  lsm_fires: {
    question: 'a hook that really fires',
    lost: 'a promise: a hook that does not fire refuses nothing',
    remedy: BOOT_PARAMETER,
    needed: false,
  },
  fmod_ret: {
    question: 'hooks by fmod_ret instead',
    lost: 'the way round where bpf is not in lsm=',
    remedy: 'none is needed where the hook above fires',
    needed: false,
  },
  security_path: {
    question: 'hooks on paths (CONFIG_SECURITY_PATH)',
    lost: 'create, delete, link and rename cannot be judged by path',
    remedy: 'a kernel built with CONFIG_SECURITY_PATH (any with AppArmor or TOMOYO)',
    needed: true,
  },
  seccomp: {
    question: 'seccomp filters',
    lost: '`syscalls:` in policies',
    remedy: 'a kernel built with CONFIG_SECCOMP_FILTER',
    needed: false,
  },
};

/** Asks the addon everything and draws the conclusions. */
export function examine(addon: Pick<Addon, 'probe'>): Examination {
  return conclude(addon.probe());
}

/** The conclusions from the addon's answers. */
export function conclude(answers: Readonly<Record<string, { answer: Answer; detail: string }>>): Examination {
  const names = [...new Set([...Object.keys(QUESTIONS).filter((name) => name in answers), ...Object.keys(answers)])];
  const findings = names.map((name): Finding => {
    const { answer, detail } = answers[name] as { answer: Answer; detail: string };
    const known = QUESTIONS[name];
    const question = known?.question ?? name.replaceAll('_', ' ');
    const base = { name, question, answer, detail };
    return answer === 'yes' || known === undefined ? base : { ...base, lost: known.lost, remedy: known.remedy };
  });
  const no = (name: string): boolean => answers[name]?.answer === 'no';
  const yes = (name: string): boolean => answers[name]?.answer === 'yes';
  const missing = Object.entries(QUESTIONS).some(([name, { needed }]) => needed && no(name));
  const lsm = !missing && !no('bpf_lsm') && yes('lsm_fires');
  const fallback = !missing && yes('fmod_ret');
  return { findings, run: lsm ? 'lsm' : fallback ? 'fmod_ret' : 'none', learn: lsm || fallback };
}
