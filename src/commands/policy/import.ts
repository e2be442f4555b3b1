// SPDX-License-Identifier: GPL-2.0-only
import { resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import {
  type ImportedPolicy,
  importClassic,
  reportLines,
  type Written,
  writeImported,
} from '../../application/classic.js';
import type { Problem } from '../../application/problem.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import { Failure } from '../../host/failure.js';

export default class PolicyImport extends CallgateCommand {
  static override summary = 'make policies of the classic policies of systrace';
  static override description =
    'Reads files as systrace had them (or a folder of them, such as ~/.systrace) and prints a policy for each program, or writes ' +
    'them with --output. Every line is taken over or told: what has no exact equivalent becomes the narrower rule. ' +
    'docs/systrace.md says what maps to what. A file that has a mistake is told with line and column, and nothing is written.\n\n' +
    'Exit status: 0; 1 where a line has a mistake, or with --strict where a policy is not taken over exactly; 2 a usage error; 125 a file cannot be read, or is none.';
  static override strict = false;
  static override args = {
    files: Args.string({ ignoreStdin: true, required: true, description: 'classic policies, or folders of them' }),
  };
  static override flags = {
    output: Flags.string({
      char: 'o',
      helpValue: 'DIR',
      description: 'write the policies into this folder, named after their programs',
    }),
    force: Flags.boolean({ dependsOn: ['output'], description: 'replace policies that are there' }),
    strict: Flags.boolean({ exclusive: ['widen'], description: 'take what would become another rule for a mistake' }),
    widen: Flags.boolean({ description: 'take a line that tests what callgate does not see for all that it may mean' }),
    'skip-bad': Flags.boolean({
      default: false,
      description: 'leave out lines that cannot be read; from there on their calls are denied',
    }),
    program: Flags.string({ helpValue: 'PATH', description: 'the program of a fragment that has no header' }),
    define: Flags.string({
      helpValue: 'NAME=VALUE',
      multiple: true,
      multipleNonGreedy: true,
      description: 'the value of ${NAME} or @@NAME@@ in a template',
    }),
    chroot: Flags.string({
      helpValue: 'DIR',
      description: 'the root that the program changes to: grant names below it too',
    }),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy import /etc/systrace/usr_sbin_named',
    '<%= config.bin %> policy import ~/.systrace --output ./policies',
    '<%= config.bin %> policy import --chroot /var/named --strict usr_sbin_named',
    '<%= config.bin %> policy import --program /usr/bin/make --define WRKDIR=/usr/obj/ports port.template',
  ];

  async run(): Promise<{
    readonly policies: readonly ImportedPolicy[];
    readonly problems: readonly Problem[];
    readonly written: readonly Written[];
  }> {
    const { argv, flags } = await this.parse(PolicyImport);
    const { around, cwd } = here(flags.user ?? null);
    const { policies, problems } = importClassic(
      {
        files: argv as string[],
        cwd,
        program: absolute(flags.program, '--program'),
        defines: definesOf(flags.define ?? []),
        chroot: absolute(flags.chroot, '--chroot'),
        widen: flags.widen === true,
        strict: flags.strict === true,
        skipBad: flags['skip-bad'],
      },
      around,
    );
    if (problems.length > 0) {
      for (const { rendered } of problems) this.logToStderr(rendered);
      process.exitCode = 1;
      return { policies, problems, written: [] };
    }
    for (const policy of policies) for (const line of reportLines(policy)) this.logToStderr(line);
    if (flags.output === undefined) {
      this.log(
        policies
          .flatMap(({ text }) => text ?? [])
          .join('---\n')
          .trimEnd(),
      );
      return { policies, problems, written: [] };
    }
    const written = writeImported(policies, resolve(cwd, flags.output), flags.force === true);
    for (const { file, program } of written) this.log(`${file}: written, for ${program}`);
    return { policies, problems, written };
  }
}

function absolute(path: string | undefined, flag: string): string | null {
  if (path === undefined) return null;
  const plain = path.replace(/(?<=.)\/+$/, '');
  if (plain.startsWith('/') && !/\/\/|\/\.{1,2}(?:\/|$)/.test(plain)) return plain;
  throw new Failure(
    `${flag} ${path}: no absolute path without "." and ".."`,
    `write it in full, as in ${flag} /usr/sbin/named`,
  );
}

function definesOf(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const [, name, value] = /^([A-Za-z_]\w*)=([^\n]*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new Failure(`--define ${text}: no name with a value`, 'write --define NAME=VALUE, on one line');
      return [name, value];
    }),
  );
}
