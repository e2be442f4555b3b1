// SPDX-License-Identifier: GPL-2.0-only
import { Args } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';
import { bashCompletion } from '../cli/completion/bash.js';
import { fishCompletion } from '../cli/completion/fish.js';
import { type Completion, completionOf, SHELLS, type Shell } from '../cli/completion/model.js';
import { zshCompletion } from '../cli/completion/zsh.js';

const WRITERS: Readonly<Record<Shell, (completion: Completion) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export default class CompletionCommand extends CallgateCommand {
  static override summary = 'print what a shell needs to complete commands, flags, sessions and policies';
  static override description =
    'The Debian package has it in place for all three. Sessions and logs are completed for those who may read their folders.\n\nExit status: 0; 2 a usage error.';
  static override enableJsonFlag = false;
  static override args = {
    shell: Args.string({ ignoreStdin: true, required: true, options: [...SHELLS], description: 'bash, zsh or fish' }),
  };
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion zsh > "${fpath[1]}/_callgate"',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/callgate.fish',
  ];

  async run(): Promise<void> {
    const { args } = await this.parse(CompletionCommand);
    const topics = Object.fromEntries(this.config.topics.map(({ name, description }) => [name, description ?? '']));
    const completion = completionOf(this.config.commands, topics);
    process.stdout.write(WRITERS[args.shell as Shell](completion));
  }
}
