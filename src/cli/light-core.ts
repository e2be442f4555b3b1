// SPDX-License-Identifier: GPL-2.0-only
/**
 * What commands import from @oclif/core, for the light entry: scripts/bundle.mjs puts this file in its place. What a command takes
 * was read already (light-words.ts), so its declarations come to nothing here, and parse() gives what was read.
 */
import { format } from 'node:util';
import type { LightWords } from './light-words.js';
import stdio from './stdio.cjs';

const nothing = (): object => ({});

export const Flags = { string: nothing, boolean: nothing, integer: nothing, option: () => nothing };
export const Args = { string: nothing };

export abstract class Command {
  static readonly enableJsonFlag: boolean = false;
  protected parsed = true;

  constructor(
    readonly id: string,
    readonly argv: readonly string[],
    private readonly given: LightWords,
  ) {}

  abstract run(): Promise<unknown>;
  protected abstract catch(error: Error): Promise<void>;

  /** Runs it, and tells its failure or its result as JSON. */
  async start(): Promise<void> {
    let result: unknown;
    try {
      result = await this.run();
    } catch (error) {
      await this.catch(error as Error);
    }
    if (result && this.jsonEnabled()) this.logJson(result);
  }

  protected async parse(): Promise<LightWords> {
    return this.given;
  }

  jsonEnabled(): boolean {
    return (this.constructor as typeof Command).enableJsonFlag && this.argv.includes('--json');
  }

  log(message = '', ...args: unknown[]): void {
    if (!this.jsonEnabled()) stdio.writeNow(1, `${format(message, ...args)}\n`);
  }

  logToStderr(message = '', ...args: unknown[]): void {
    if (!this.jsonEnabled()) stdio.writeNow(2, `${format(message, ...args)}\n`);
  }

  logJson(json: unknown): void {
    stdio.writeNow(1, `${JSON.stringify(json, null, 2)}\n`);
  }
}
