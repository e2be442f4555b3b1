// SPDX-License-Identifier: GPL-2.0-only
/** A vagrant and an ssh that answer as the real ones do: the machine is this one, as whoever runs the test. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Tools } from '../../src/machines/vagrant.js';

export interface FakeVagrant {
  /** Of the test's own; `machine` in it takes what is copied. */
  readonly base: string;
  readonly tools: Tools;
  /** What vagrant was called with, by call. */
  readonly calls: () => string[];
  /** A program with this text. */
  readonly program: (name: string, text: string) => string;
}

/** @param answers shell for `vagrant up`, and for `vagrant ssh-config` */
export function fakeVagrant(test: Test, answers: { readonly up?: string; readonly config?: string } = {}): FakeVagrant {
  const base = mkdtempSync(join(tmpdir(), 'callgate-test-'));
  test.teardown(() => rmSync(base, { recursive: true, force: true }));
  for (const name of ['bin', 'machine']) mkdirSync(join(base, name));
  const program = (name: string, text: string): string => {
    const file = join(base, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  writeFileSync(join(base, 'Vagrantfile'), '');
  const vagrant = program(
    'vagrant',
    `echo "$VAGRANT_CWD $CALLGATE_VAGRANT_MEMORY $*" >>${base}/calls
case $2 in
  up) ${answers.up ?? ':'} ;;
  ssh-config) ${answers.config ?? "printf 'Host default\\n  HostName 127.0.0.1\\n'"} ;;
esac`,
  );
  // The words behind `--` go to a shell, as sshd does it; where this is killed the shell's input is at its end.
  const ssh = program(
    'ssh',
    `[ "$(head -1 "$2")" = 'Host default' ] || exit 255
while [ "$1" != -- ]; do shift; done
PATH=${base}/bin:$PATH exec sh -c "$2"`,
  );
  program('sudo', `shift; if [ "$1" = tar ]; then exec tar -C ${base}/machine -xpf -; fi; exec "$@"`);
  program('mount', 'exit 0');
  const env = { ...process.env, VAGRANT_CWD: base };
  const calls = (): string[] => readFileSync(join(base, 'calls'), 'utf8').trimEnd().split('\n');
  return { base, tools: { vagrant, ssh, env }, calls, program };
}
