// SPDX-License-Identifier: GPL-2.0-only
import { loadHelpClass } from '@oclif/core';
import { CallgateCommand } from '../cli/command.js';

export default class HelpCommand extends CallgateCommand {
  static override summary = 'say how callgate, or one of its commands, is used';
  static override description = 'The same as --help behind the command.';
  static override strict = false;
  static override enableJsonFlag = false;
  static override usage = 'help [COMMAND…]';
  static override examples = ['<%= config.bin %> help', '<%= config.bin %> help policy explain'];

  async run(): Promise<void> {
    const { argv } = await this.parse(HelpCommand);
    const Help = await loadHelpClass(this.config);
    await new Help(this.config, this.config.pjson.oclif.helpOptions).showHelp(argv as string[]);
  }
}
