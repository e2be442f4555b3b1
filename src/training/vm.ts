// SPDX-License-Identifier: GPL-2.0-only
/**
 * `callgate learn --vm`: a program is learned in machines of other kernels, one after the other: throw-away VMs on this machine's files, or
 * the Vagrant machine, which has its own. Each run comes back and is kept as any other, the policies are derived here from all of them,
 * and what one kernel's run asked and the others' policies do not permit is told.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileStem } from '../application/policy-name.js';
import type { Surroundings } from '../application/surroundings.js';
import { codeOf, Failure } from '../host/failure.js';
import { type Host, ROOT } from '../host/host.js';
import { type Certificate, certificateLine } from '../learn/certificate.js';
import { learnPolicies } from '../learn/learn.js';
import { replay } from '../learn/replay.js';
import { type Run, readRun } from '../learn/run.js';
import type { Strength } from '../learn/strength.js';
import { type GuestEnd, inGuest, type Machine } from '../machines/guest.js';
import { inVagrant, type Tools } from '../machines/vagrant.js';
import { parsePolicy } from '../policy/parse.js';
import type { Request } from '../supervise/begin.js';
import { type Derived, derive, inputOf } from './conclude.js';
import { keepRun, requireWholeRuns, runsOf } from './runs.js';

export { KERNELS, MACHINES, type Machine } from '../machines/guest.js';

/** What is to be learned. */
export type Asking = Pick<Request, 'host' | 'folder' | 'user' | 'argv' | 'env' | 'program' | 'cwd'>;

/** How the VMs are made, and what the learner in them is told. */
export interface Vms {
  readonly kernels: readonly Machine[];
  readonly seconds: number;
  readonly megabytes: number;
  readonly strength: Strength | null;
  readonly version: string | null;
  readonly syscalls: boolean;
  /** Absolute paths that the Vagrant machine is to have too. */
  readonly copies: readonly string[];
  /** Instead of the project's: for tests. */
  readonly runner?: string;
  readonly tools?: Tools;
}

/** What was asked under one kernel and is not permitted by what the others taught. */
export interface Asked {
  readonly program: string;
  readonly operation: string;
  readonly object: string;
}

export interface VmRun {
  readonly kernel: Machine;
  /** By which the run is kept (`learn forget`). */
  readonly session: string;
  /** The learner's exit status. */
  readonly status: number;
  readonly certificate: Certificate;
  /** Empty where no other kernel was learned under. */
  readonly only: readonly Asked[];
}

export interface VmResult extends Derived {
  readonly kernels: readonly VmRun[];
  /** Of which no run came back. */
  readonly failed: readonly { readonly kernel: Machine; readonly why: string }[];
  /** By which the person ended it; null: nobody did. */
  readonly signal: NodeJS.Signals | null;
}

type Kept = Omit<VmRun, 'only'> & { readonly run: Run };

/**
 * Learns under each kernel, and derives the policies.
 *
 * @param talk takes a line of progress
 * @throws Failure where no run came back, and no person ended it: nothing was learned then; or where a run that is kept is damaged
 */
export async function learnInVms(
  request: Asking,
  around: Surroundings,
  vms: Vms,
  talk: (line: string) => void,
): Promise<VmResult> {
  const { host, folder } = request;
  requireWholeRuns(host, folder);
  const words = wordsOf(request, vms);
  const env = vms.kernels.every((kernel) => kernel === 'vagrant') ? [] : variablesOf(request.env, talk);
  const kept: Kept[] = [];
  const failed: { readonly kernel: Machine; readonly why: string }[] = [];
  let signal: NodeJS.Signals | null = null;
  for (const kernel of vms.kernels) {
    const job = { seconds: vms.seconds, megabytes: vms.megabytes, from: host.journals, ending: '.run' };
    try {
      let end: GuestEnd;
      if (kernel === 'vagrant') {
        // What a person wrote into the policies holds there too.
        const copies = [...vms.copies, ...(isFolder(folder) ? [folder] : [])];
        const command: [string, ...string[]] = ['callgate', ...words];
        end = await inVagrant({ ...job, command, cwd: request.cwd, copies }, talk, vms.tools);
      } else {
        talk(`${kernel}: learning in a VM (at most ${vms.seconds} s; a kernel that is not here is fetched first)`);
        end = await inGuest({ ...job, kernel, env, command: [`${ROOT}bin/callgate`, ...words] }, vms.runner);
      }
      ({ signal } = end);
      if (signal !== null) break;
      const one = keep(request, kernel, runIn(end, host, folder), end.status);
      kept.push(one);
      talk(`${kernel}: ended with ${one.status}; ${certificateLine(one.certificate)}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.push({ kernel, why: error.message });
      talk(`${kernel}: NOT LEARNED: ${error.message}${error.remedy === undefined ? '' : ` (${error.remedy})`}`);
    }
  }
  const nothing: Derived = { folder, policies: [], unwritten: [], unmoved: [] };
  if (kept.length === 0 && signal === null)
    throw new Failure(
      'no VM gave a run: nothing was learned',
      'look at what the guests said above; --vm-timeout and --vm-memory give them more',
    );
  const derived = kept.length === 0 ? nothing : derive(host, folder, around, vms.strength);
  const kernels = kept.map(({ run, ...one }) => {
    const others = kept.map((other) => other.run).filter((other) => other !== run);
    return { ...one, only: onlyIn(host, folder, around, vms.strength, run, others) };
  });
  return { ...derived, kernels, failed, signal };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** What the learner in the guest is told. */
function wordsOf({ argv, folder, user }: Asking, { strength, version, syscalls }: Vms): string[] {
  return [
    ...['learn', '--policies', folder],
    ...(user === null ? [] : ['--user', user]),
    ...(strength === null ? [] : ['--strength', strength]),
    ...(version === null ? [] : ['--version', version]),
    ...(syscalls ? ['--syscalls'] : []),
    '--',
    ...argv.map((word) => {
      const text = word.toString('utf8');
      if (!Buffer.from(text).equals(word))
        throw new Failure(
          `a word of the command line is no UTF-8: ${JSON.stringify(text)}`,
          'put the command into a script, and learn that',
        );
      return text;
    }),
  ];
}

/** The caller's environment, as far as the runner can hand it on. */
function variablesOf(env: readonly Buffer[], talk: (line: string) => void): string[] {
  const texts = env.map((entry) => ({ entry, text: entry.toString('utf8') }));
  const good = texts.filter(({ entry, text }) => /^[A-Za-z_]\w*=/.test(text) && Buffer.from(text).equals(entry));
  if (good.length < env.length)
    talk(
      `${env.length - good.length} of ${env.length} variables are left out: their names or values cannot be handed on`,
    );
  return good.map(({ text }) => text);
}

/**
 * The run that the guest's learner kept. Its view of this machine's files is a live one: what others learn here meanwhile is in it, as it
 * is here; and where many runs are kept its learner has put the oldest together.
 *
 * @throws Failure where there is none
 */
function runIn({ handed, status }: GuestEnd, { journals }: Pick<Host, 'journals'>, folder: string): Run {
  if (handed === null) throw new Failure(`the guest ended (${status}) before the program did`);
  const own = handed.files.filter(({ name, bytes }) => !isHere(join(journals, name), bytes));
  const runs = own.flatMap(({ name, bytes }) => {
    const read = readRun(bytes.toString('utf8').split('\n'));
    if (read === undefined || read.bad > 0) throw new Failure(`${name}: what the guest handed out is no whole run`);
    return read.run.header.folder === folder && read.run.header.of.length === 0 ? [read.run] : [];
  });
  const [run, ...more] = runs;
  if (run === undefined || more.length > 0)
    throw new Failure(`the learner in the guest ended with ${handed.status} and ${runs.length} runs instead of one`);
  return run;
}

function isHere(file: string, bytes: Buffer): boolean {
  try {
    return readFileSync(file).equals(bytes);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Keeps it under a name that no other run of the application has: guests do not know of each other. */
function keep({ host, folder, program }: Asking, kernel: Machine, run: Run, status: number): Kept {
  const taken = new Set(runsOf(host, folder).map(({ header }) => header.session));
  const stem = fileStem(program.name).replace(/[^A-Za-z0-9._+]/g, '_');
  let number = 1;
  while (taken.has(`${stem}-${kernel}-${number}`)) number++;
  const session = `${stem}-${kernel}-${number}`;
  const certificate = { ...run.header.certificate, session };
  const named: Run = { ...run, header: { ...run.header, folder, session, certificate } };
  keepRun(host, named);
  return { kernel, session, status, certificate, run: named };
}

/** What of a run the policies of the others would refuse. */
export function onlyIn(
  host: Host,
  folder: string,
  around: Surroundings,
  strength: Strength | null,
  { observations }: Run,
  others: readonly Run[],
): Asked[] {
  if (others.length === 0) return [];
  const learnt = learnPolicies({ ...inputOf(host, folder, around, strength, others), existing: [] });
  const policies = new Map(learnt.map(({ program, text }) => [program, parsePolicy(text, program, around)]));
  return observations.programs().flatMap((program): Asked[] => {
    const mine = observations.all().filter((one) => one.program === program);
    const policy = policies.get(program);
    const refused =
      policy === undefined
        ? mine.map(({ operation, text }) => ({ operation, object: text }))
        : replay(policy, mine).refused;
    return refused.map(({ operation, object }) => ({ program, operation, object }));
  });
}

/** Lines of what differed that are shown; --json has all. */
const SHOWN = 20;

/** A result as a person reads it. */
export function renderVms({ kernels, failed }: Pick<VmResult, 'kernels' | 'failed'>): string[] {
  const lines = kernels.flatMap(({ kernel, only }) =>
    only.length === 0
      ? []
      : [
          `asked under ${kernel} alone:`,
          ...only.slice(0, SHOWN).map(({ program, operation, object }) => `  ${program}: ${operation} ${object}`),
          ...(only.length > SHOWN ? [`  and ${only.length - SHOWN} more (--json)`] : []),
        ],
  );
  const same = kernels.length > 1 && lines.length === 0 ? ['what the kernels were asked does not differ'] : [];
  return [...lines, ...same, ...failed.map(({ kernel, why }) => `${kernel}: NOT LEARNED: ${why}`)];
}
