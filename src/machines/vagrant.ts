// SPDX-License-Identifier: GPL-2.0-only
/**
 * A command in a Vagrant machine that has callgate, and the files of it that are wanted. Unlike a guest of scripts/vm/run it has files of
 * its own, and it stays: what is to be there too is copied, and what the command changed is there the next time.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, Failure } from '../host/failure.js';
import { ROOT } from '../host/host.js';
import { type ChildEnd, type ChildOptions, runChild } from './child.js';
import type { GuestEnd, Job } from './guest.js';
import { HAND_OUT, Handed } from './handed.js';

export interface VagrantJob extends Job {
  /** The folder it runs in, where the machine has it; otherwise `/`. */
  readonly cwd: string | null;
  /** Absolute paths of this machine's, that are copied to the same places before. */
  readonly copies: readonly string[];
}

/** The programs that are called: for tests. */
export interface Tools {
  readonly vagrant: string;
  readonly ssh: string;
  readonly env: NodeJS.ProcessEnv;
}

const TOOLS: Tools = { vagrant: 'vagrant', ssh: 'ssh', env: process.env };

/**
 * In the machine, as root: the command, and what is handed out. Whoever called is gone when the standard input is at its end: the command
 * is ended then. Files have the time of the kernel's last tick, so the command begins when one has gone by. It runs in the foreground, for a shell has its background ignore signals, which a program would inherit.
 */
const INSIDE = `
token=$1 from=$2 ending=$3 folder=$4
shift 4
command -v "$1" >/dev/null || { echo "$1 is not installed in the machine" >&2; exit 125; }
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || exit 125
cd "$folder" 2>/dev/null || cd / || exit 125
unset OLDPWD
since=$(mktemp) && number=$(mktemp) || exit 125
until [ "$number" -nt "$since" ]; do touch "$number"; done
exec 3<&0
{
  cat <&3 >/dev/null
  kill -TERM "$(cat "$number")"
  sleep 20
  kill -KILL "$(cat "$number")"
} >/dev/null 2>&1 &
watch=$!
/bin/sh -c 'echo $$ >"$0"; exec "$@"' "$number" "$@" </dev/null 3<&-
status=$?
kill "$watch"
${HAND_OUT}
rm -f "$since" "$number"
exit "$status"
`;

/**
 * Brings the machine up where it is not, and runs the command in it until it has ended. Its output is this process's; its standard input
 * is empty. A SIGINT or SIGTERM ends it, and this returns; the machine stays.
 *
 * @param talk takes a line of progress
 * @throws Failure where there is no Vagrantfile, no vagrant, no way in, or the time was over
 */
export async function inVagrant(
  job: VagrantJob,
  talk: (line: string) => void,
  tools: Tools = TOOLS,
): Promise<GuestEnd> {
  const vagrantfile = vagrantfileOf(tools.env);
  const env = { CALLGATE_VAGRANT_MEMORY: String(job.megabytes), ...tools.env, VAGRANT_CWD: vagrantfile.folder };
  const vagrant = (word: string, options: ChildOptions = {}): Promise<ChildEnd> =>
    ran([tools.vagrant, '--no-tty', word], { ...options, env }, 'vagrant', './scripts/setup --vagrant');
  talk(`vagrant: bringing up the machine of ${vagrantfile.file} (minutes, where it is new or emulated)`);
  const up = await vagrant('up');
  if (up.signal !== null) return { handed: null, status: up.status, signal: up.signal };
  if (up.status !== 0)
    throw new Failure(`vagrant up ended with ${up.status}`, `what it lacks stands above; cd ${vagrantfile.folder}`);
  const config: Buffer[] = [];
  const told = await vagrant('ssh-config', { output: (bytes) => void config.push(bytes) });
  if (told.signal !== null) return { handed: null, status: told.status, signal: told.signal };
  const text = Buffer.concat(config).toString('utf8');
  const host = /^Host (\S+)$/m.exec(text)?.[1];
  if (told.status !== 0 || host === undefined)
    throw new Failure(`vagrant ssh-config ended with ${told.status} and names no machine`, 'vagrant status');
  const folder = mkdtempSync(join(tmpdir(), 'callgate-vagrant-'));
  try {
    writeFileSync(join(folder, 'config'), text, { mode: 0o600 });
    const ssh: [string, ...string[]] = [tools.ssh, '-F', join(folder, 'config'), '-o', 'BatchMode=yes', host];
    return (await copied(ssh, job.copies, talk)) ?? (await done(ssh, job));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where vagrant will look, and the file that it wants there; its own variables name others. */
function vagrantfileOf({ VAGRANT_CWD, VAGRANT_VAGRANTFILE }: NodeJS.ProcessEnv): { folder: string; file: string } {
  const folder = VAGRANT_CWD ?? ROOT;
  const file = join(folder, VAGRANT_VAGRANTFILE ?? 'Vagrantfile');
  if (existsSync(file)) return { folder, file };
  throw new Failure(
    `${file}: there is no Vagrantfile`,
    VAGRANT_CWD === undefined
      ? 'learn from a checkout of callgate, or name the folder of a Vagrantfile of yours in VAGRANT_CWD'
      : 'VAGRANT_CWD names the folder of a Vagrantfile',
  );
}

/** runChild, with a program that is not there told. */
async function ran(
  words: readonly [string, ...string[]],
  options: ChildOptions,
  what: string,
  remedy: string,
): Promise<ChildEnd> {
  try {
    return await runChild(words, options);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Failure(`${what} is not installed`, remedy, error);
    throw error;
  }
}

const NO_SSH = ['ssh', 'apt-get install openssh-client'] as const;

/** The words of a command, for the shell at the other end. */
function remote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/**
 * Null: it was done.
 *
 * @throws Failure where something is missing here or there
 */
async function copied(
  ssh: readonly [string, ...string[]],
  paths: readonly string[],
  talk: (line: string) => void,
): Promise<GuestEnd | null> {
  if (paths.length === 0) return null;
  talk(`vagrant: copying ${paths.join(', ')}`);
  const tar = spawn('tar', ['-C', '/', '-cf', '-', '--', ...paths.map((path) => path.replace(/^\/+/, './'))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const packed = new Promise<number | null>((resolve) => {
    tar.on('error', () => resolve(null)).on('close', resolve);
  });
  const unpack = remote(['sudo', '-n', 'tar', '-C', '/', '-xpf', '-']);
  const { status, signal } = await ran([...ssh, '--', unpack], { input: tar }, ...NO_SSH);
  tar.kill();
  if (signal !== null) return { handed: null, status, signal };
  if (status !== 0 || (await packed) !== 0)
    throw new Failure(
      `${paths.join(', ')}: could not be copied into the machine`,
      'what tar and ssh said stands above',
    );
  return null;
}

async function done(ssh: readonly [string, ...string[]], job: VagrantJob): Promise<GuestEnd> {
  const token = randomBytes(16).toString('hex');
  const handed = new Handed(token, (bytes) => process.stdout.write(bytes));
  const words = [
    'sudo',
    '-n',
    '/bin/sh',
    '-c',
    INSIDE,
    'learn-vm',
    token,
    job.from,
    job.ending,
    job.cwd ?? '/',
    ...job.command,
  ];
  const { status, signal, late } = await ran(
    [...ssh, '--', remote(words)],
    { input: 'open', output: (bytes) => handed.push(bytes), seconds: job.seconds },
    ...NO_SSH,
  );
  if (signal !== null) return { handed: null, status, signal };
  if (late) throw new Failure(`it was ended after ${job.seconds} s`, 'give it more time: --vm-timeout');
  return { handed: handed.end(), status, signal };
}
