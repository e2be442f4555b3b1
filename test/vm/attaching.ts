// SPDX-License-Identifier: GPL-2.0-only
/** `callgate attach` in the background, as a person or a script has it. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ControlRequest, Notice } from '../../src/control/protocol.js';
import { BIN } from './callgate.js';

/** callgate attach, with what is typed. */
export class Attach {
  readonly process: ChildProcess;
  output = '';
  #woken: () => void = () => undefined;
  readonly ended: Promise<number | null>;

  constructor(...words: string[]) {
    this.process = spawn(BIN, ['attach', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer | string) => {
        this.output += chunk.toString();
        this.#woken();
      });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
  }

  type(text: string): void {
    this.process.stdin?.write(text);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.process.exitCode !== null) throw new Error(`attach ended: ${this.output}`);
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
        this.process.once('exit', () => resolve());
      });
    }
  }

  async leave(): Promise<number | null> {
    this.process.stdin?.end();
    return this.ended;
  }
}

/** callgate attach --json, as a script uses it. */
export class Script extends Attach {
  readonly notices: Notice[] = [];
  readonly answers: { ok: boolean; answer?: unknown; error?: { code?: string } }[] = [];
  /** Of a line that has no end yet. */
  #pieces: string[] = [];

  constructor(
    word: string,
    private readonly react: (notice: Notice, script: Script) => void,
    ...flags: string[]
  ) {
    super('--json', ...flags, word);
    this.process.stdout?.setEncoding('utf8');
    this.process.stdout?.on('data', (piece: string) => this.#take(piece));
  }

  request(request: Omit<ControlRequest, 'v'> & object): void {
    this.type(`${JSON.stringify({ v: 1, ...request })}\n`);
  }

  /** Looks at each piece once: of ten thousand questions there are many. */
  #take(piece: string): void {
    this.#pieces.push(piece);
    if (!piece.includes('\n')) return;
    const lines = this.#pieces.join('').split('\n');
    this.#pieces = [lines.pop() ?? ''];
    for (const line of lines) {
      if (!line.startsWith('{')) continue;
      const said = JSON.parse(line) as Notice | Script['answers'][number];
      if ('tell' in said) {
        this.notices.push(said);
        this.react(said, this);
      } else this.answers.push(said);
    }
  }
}

/** The request that permits what is asked. */
export const permit = (question: number, more: object = {}) =>
  ({ do: 'answer', question, verdict: 'permit', ...more }) as unknown as Omit<ControlRequest, 'v'>;
