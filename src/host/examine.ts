// SPDX-License-Identifier: GPL-2.0-only
/**
 * What this machine can do, and what follows from it. What can be tried the addon tries; what can be read is read here. This
 * table says what each answer costs and what mends it. `doctor` shows it, `learn` and `run` refuse by it: one truth.
 */
import { existsSync } from 'node:fs';
import { codeOf, messageOf, Refusal } from './failure.js';
import type { Host } from './host.js';
import { LOCKDOWN, LSM_LIST, lockdown, securityModules } from './lsm.js';
import { BPFFS, mountCommand, SECURITYFS, stateOf } from './mounts.js';
import {
  containerMark,
  inUserNamespace,
  missingCapabilities,
  ownCapabilities,
  underSeccompFilter,
} from './privileges.js';
import { asRoot } from './shell.js';

export type Answer = 'yes' | 'no' | 'unknown';

export const ANSWERS: Readonly<Record<Answer, string>> = { yes: 'yes', no: 'no', unknown: 'could not tell' };

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
  /** Will `learn` and `run` start? */
  readonly works: boolean;
  /** The first finding that keeps them from it; null: none does. */
  readonly obstacle: Finding | null;
}

/** An answer before it is judged. */
export interface Told {
  readonly answer: Answer;
  readonly detail: string;
  /** Errno name of what was refused. */
  readonly code?: string;
  /** A no that `learn` and `run` mend by themselves. */
  readonly mendable?: boolean;
}

/** What may be the reason where the kernel says EPERM and no more. */
export interface Circumstances {
  readonly modules: readonly string[] | null;
  readonly lacking: readonly string[];
  readonly userNamespace: boolean;
  readonly seccomp: boolean;
  readonly container: string | null;
}

interface Question {
  readonly question: string;
  readonly lost: string;
  readonly remedy: (told: Told, around: Circumstances) => string;
  /**
   * Do `learn` and `run` refuse without it? `proven`: with anything but a yes; `unless-no`: with a no; `never`.
   */
  readonly needed: 'proven' | 'unless-no' | 'never';
}

/** In the order they are shown. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  capabilities: {
    question: 'the capabilities that a gate takes',
    lost: 'everything but the commands on policies; and the answers below may say more about you than about the kernel',
    remedy: () => asRoot(['doctor']),
    needed: 'unless-no',
  },
  btf: {
    question: 'kernel types (BTF)',
    lost: 'the gate cannot be loaded: it finds its way in the kernel by them',
    remedy: () => 'a kernel built with CONFIG_DEBUG_INFO_BTF (Debian builds all of its kernels so)',
    needed: 'unless-no',
  },
  bpffs: {
    question: 'bpffs on /sys/fs/bpf',
    lost: 'the gate cannot be pinned, so it would not outlive its supervisor',
    remedy: ({ mendable }) =>
      mendable === true
        ? `nothing: \`callgate run\` mounts it (${mountCommand(BPFFS)})`
        : 'a kernel built with CONFIG_BPF_SYSCALL',
    needed: 'unless-no',
  },
  ring_buffer: {
    question: 'BPF ring buffer',
    lost: 'nothing can be reported',
    remedy: () => 'a kernel of 5.8 or later',
    needed: 'unless-no',
  },
  task_storage: {
    question: 'BPF task storage',
    lost: 'no task can be made a subject',
    remedy: () => 'a kernel of 5.11 or later, built with CONFIG_BPF_LSM',
    needed: 'unless-no',
  },
  bpf_lsm: {
    question: 'bpf in the list of security modules (lsm=)',
    lost: 'everything but the commands on policies: without hooks nothing is learned and nothing is refused',
    remedy: ({ mendable }, around) =>
      mendable === true
        ? `nothing: \`callgate run\` mounts securityfs (${mountCommand(SECURITYFS)}), and the next line tells as well`
        : bootParameter(around),
    needed: 'unless-no',
  },
  lsm_fires: {
    question: 'a hook that really fires',
    lost: 'everything but the commands on policies: a hook that does not fire refuses nothing',
    remedy: firing,
    needed: 'proven',
  },
  lockdown: {
    question: 'hooks that may read kernel memory (lockdown)',
    lost: 'the gate cannot be loaded: it follows paths in kernel memory',
    remedy: ({ answer, mendable }) =>
      answer === 'no'
        ? 'boot without lockdown=confidentiality'
        : mendable === true
          ? 'nothing: `callgate run` mounts securityfs, and looks'
          : 'look as root: cat /sys/kernel/security/lockdown',
    needed: 'unless-no',
  },
  security_path: {
    question: 'hooks on paths (CONFIG_SECURITY_PATH)',
    lost: 'create, delete, link and rename cannot be judged by path',
    remedy: () => 'a kernel built with CONFIG_SECURITY_PATH (any with AppArmor or TOMOYO)',
    needed: 'unless-no',
  },
  seccomp: {
    question: 'seccomp filters',
    lost: '`syscalls:` in policies',
    remedy: () => 'a kernel built with CONFIG_SECCOMP_FILTER',
    needed: 'never',
  },
  gate: {
    question: 'no gate of another callgate in the way',
    lost: 'nothing can be started while it is there',
    remedy: () => 'end its sessions with the callgate that made it, or take it off: callgate unload --all',
    needed: 'unless-no',
  },
};

function bootParameter({ modules }: Circumstances): string {
  const list = modules === null ? `... (what ${LSM_LIST} lists)` : modules.join(',');
  return `boot with lsm=${list},bpf: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot`;
}

/** What keeps a hook from firing, as far as it can be told. */
function firing({ code }: Told, around: Circumstances): string {
  const { modules, lacking, userNamespace, seccomp, container } = around;
  if (lacking.length > 0) return asRoot(['doctor']);
  if (modules?.includes('bpf') === false) return bootParameter(around);
  if (code !== 'EPERM' && code !== 'EACCES')
    return modules === null
      ? bootParameter(around)
      : 'could not tell why: bpf is in the list, and the line above says what the kernel did';
  if (userNamespace)
    return 'run callgate outside of the user namespace that this process is in: its capabilities count only there';
  if (seccomp)
    return 'a seccomp filter holds this process, and may refuse bpf(2): lift it, or run callgate on the host';
  const where =
    container === null ? '' : `; this is a container (${container}), whose host may hold it back: run callgate there`;
  return `could not tell who refuses: every capability is there, no seccomp filter and no user namespace${where}`;
}

/** Asks everything and draws the conclusions. Changes nothing. */
export function examine(host: Pick<Host, 'addon' | 'pins'>): Examination {
  const modules = securityModules();
  const lacking = missingCapabilities(ownCapabilities());
  const answers = {
    ...host.addon.probe(),
    capabilities: lacking.length === 0 ? yes('') : no(`missing: ${lacking.join(', ')}`),
    bpf_lsm: listed(modules),
    bpffs: pinnable(),
    lockdown: readable(),
    gate: unblocked(host),
  };
  const circumstances = { userNamespace: inUserNamespace(), seccomp: underSeccompFilter(), container: containerMark() };
  return conclude(answers, { modules, lacking, ...circumstances });
}

function yes(detail: string): Told {
  return { answer: 'yes', detail };
}

function no(detail: string): Told {
  return { answer: 'no', detail };
}

function unknown(detail: string): Told {
  return { answer: 'unknown', detail };
}

function listed(modules: readonly string[] | null): Told {
  if (modules !== null) return (modules.includes('bpf') ? yes : no)(`lsm=${modules.join(',')}`);
  return stateOf(SECURITYFS) === 'unmounted'
    ? { ...unknown(`securityfs is not mounted on ${SECURITYFS.folder}`), mendable: true }
    : unknown(`${LSM_LIST} cannot be read`);
}

function pinnable(): Told {
  const { folder } = BPFFS;
  switch (stateOf(BPFFS)) {
    case 'mounted':
      return yes(folder);
    case 'unmounted':
      return { ...no(`no bpffs is mounted on ${folder}`), mendable: true };
    case 'absent':
      return no(`${folder} is not there`);
    case 'unknown':
      return unknown(`${folder} cannot be looked at`);
  }
}

function readable(): Told {
  const level = lockdown();
  if (level === null)
    switch (stateOf(SECURITYFS)) {
      case 'mounted':
        return existsSync(LOCKDOWN) ? unknown(`${LOCKDOWN} cannot be read`) : yes('no such module here');
      case 'unmounted':
        return { ...unknown(`securityfs is not mounted on ${SECURITYFS.folder}`), mendable: true };
      default:
        return unknown(`${LOCKDOWN} cannot be read`);
    }
  return (level === 'confidentiality' ? no : yes)(`lockdown is ${level}`);
}

function unblocked({ addon, pins }: Pick<Host, 'addon' | 'pins'>): Told {
  try {
    const gate = addon.adopt(pins);
    gate.close();
    return yes(`a gate of this version is loaded${gate.attached ? '' : ' and not attached'}`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ECANCELED') return yes('none is loaded');
    // It holds nobody, and whoever begins replaces it.
    if (code === 'EPROTO' && (error as { attached?: unknown }).attached === false)
      return yes('one of another version is loaded and not attached');
    return code === 'EPROTO' ? no(`${pins} holds a gate of another version`) : unknown(`${pins}: ${messageOf(error)}`);
  }
}

/** The conclusions from the answers. */
export function conclude(answers: Readonly<Record<string, Told>>, around: Circumstances): Examination {
  const names = [...new Set([...Object.keys(QUESTIONS).filter((name) => name in answers), ...Object.keys(answers)])];
  const findings = names.map((name): Finding => {
    const told = answers[name] as Told;
    const { answer, detail } = told;
    const known = QUESTIONS[name];
    const base = { name, question: known?.question ?? name.replaceAll('_', ' '), answer, detail };
    return answer === 'yes' || known === undefined
      ? base
      : { ...base, lost: known.lost, remedy: known.remedy(told, around) };
  });
  const blocks = ({ name, answer }: Finding): boolean => {
    if (answers[name]?.mendable === true) return false;
    const needed = QUESTIONS[name]?.needed ?? 'never';
    return needed === 'proven' ? answer !== 'yes' : needed === 'unless-no' && answer === 'no';
  };
  const obstacle = findings.find(blocks) ?? null;
  return { findings, works: obstacle === null, obstacle };
}

/** Throws what `doctor` says, as a Refusal, where `learn` and `run` cannot start. */
export function requireKernel(host: Pick<Host, 'addon' | 'pins'>): void {
  const { obstacle } = examine(host);
  if (obstacle === null) return;
  const { question, answer, detail, lost, remedy } = obstacle;
  throw new Refusal(`${question}: ${ANSWERS[answer]}${detail === '' ? '' : `, ${detail}`}\n  lost: ${lost}`, remedy);
}
