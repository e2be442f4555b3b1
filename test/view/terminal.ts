// SPDX-License-Identifier: GPL-2.0-only
/** Terminals that a test looks at: tmux's, each test its own server. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);

/** Why there are no terminals here; false: there are. */
export function noTerminals(): string | false {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'there is no tmux';
  }
}

/** How often a screen is looked at: tmux tells nobody that it has changed. */
const LOOK_MS = 50;
const PATIENCE_MS = 180_000;

export class FakeTerminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** A terminal that runs a line of the shell, and then stays to be looked at. */
  static async open(test: Test, line: string, env: Readonly<Record<string, string>> = {}): Promise<FakeTerminal> {
    const folder = mkdtempSync(join(tmpdir(), 'callgate-tmux-'));
    const terminal = new FakeTerminal(join(folder, 'socket'));
    test.teardown(async () => {
      if (existsSync(terminal.#socket)) await terminal.#tmux('kill-server').catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    });
    const surroundings = Object.entries({ TZ: 'UTC', ...env }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    await terminal.#tmux('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', ...surroundings, '/bin/sh');
    await terminal.#tmux('set-option', '-g', 'status', 'off');
    await terminal.#tmux('resize-window', '-x', '80', '-y', '24');
    // What runs as root has another prompt.
    await terminal.keys(`PS1='$ '; ${line}`, 'Enter');
    return terminal;
  }

  async #tmux(...words: readonly string[]): Promise<string> {
    const { TMUX: _, ...env } = process.env;
    return (await run('tmux', ['-S', this.#socket, ...words], { env })).stdout;
  }

  /** Types: names of keys as tmux has them, everything else as it is. */
  async keys(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Sends bytes as they are. */
  async send(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What is on the screen, without spaces at ends of lines; `escapes`: with what makes it bold and the like. */
  async screen(escapes = false): Promise<string[]> {
    const text = await this.#tmux('capture-pane', '-p', ...(escapes ? ['-e'] : []));
    return text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.trimEnd());
  }

  /** The screen as soon as it is what is looked for. Rejects with the screen as it is at last, where it never is. */
  async until(found: (lines: readonly string[]) => boolean): Promise<string[]> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const lines = await this.screen();
      if (found(lines)) return lines;
      if (Date.now() > end) throw new Error(`it never comes; at last:\n${lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The screen as soon as a line of it begins so. */
  line(beginning: string): Promise<string[]> {
    return this.until((lines) => lines.some((line) => line.startsWith(beginning)));
  }

  /** `alternate_on` and the like. */
  async flag(name: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', `#{${name}}`)).trim();
  }

  /** Process ids of what runs in it. */
  async command(): Promise<string> {
    return await this.flag('pane_current_command');
  }
}
