// SPDX-License-Identifier: GPL-2.0-only
/** Clients of the servers under test, on the loopback interface. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';

/** Connects, sends the words and resolves with all that comes back; with '' where nothing listens. */
export function ask(port: number, words = ''): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('connect', () => socket.write(words));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** Whether something listens there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => socket.destroy(resolve(true) as undefined));
    socket.once('error', () => resolve(false));
  });
}

/** Resolves once the condition holds; rejects when it does not within that time. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  seconds = 120,
): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The status of one GET, and its body; over a connection of its own where no agent is given. 0 where the request failed. */
export function fetchOf(port: number, path: string, agent?: Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path, agent: agent ?? false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => resolve({ status: 0, body: String(error) }));
    });
    request.on('error', (error) => resolve({ status: 0, body: String(error) }));
  });
}

/** What is asked for again and again, and the one answer that is right. */
export interface Wanted {
  readonly path: string;
  readonly status: number;
  /** Absent: not looked at. */
  readonly body?: string;
}

/** Requests that do not end before they are told to: one client for each answer, over a connection that is kept. */
export class Load {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #workers: Promise<void>[];
  #over = false;
  readonly #answered = new Map<string, number>();
  readonly failures: string[] = [];

  constructor(port: number, wanted: readonly Wanted[]) {
    this.#workers = wanted.map(async ({ path, status, body }) => {
      while (!this.#over) {
        const answer = await fetchOf(port, path, this.#agent);
        this.#answered.set(path, this.answered(path) + 1);
        if (answer.status !== status || (body !== undefined && answer.body !== body))
          this.failures.push(`${path} ${answer.status} ${answer.body}`);
      }
    });
  }

  /** How many answers that path had. */
  answered(path: string): number {
    return this.#answered.get(path) ?? 0;
  }

  /** What was answered up to now, for people. */
  get told(): string {
    return Array.from(this.#answered, ([path, count]) => `${count} of ${path}`).join(', ');
  }

  /** Resolves once the last request is answered. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#workers);
    this.#agent.destroy();
  }
}

/** wrk(1) on one address, until it is stopped: how many answers it had, and what was wrong with any. */
export class Wrk {
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #output = '';

  constructor(port: number, path: string) {
    // Of one processor under emulation it gets what the rest leave: an answer may take its time. It has memory for each microsecond of it.
    const words = ['-t', '1', '-c', '4', '-d', '86400', '--timeout', '60', `http://127.0.0.1:${port}${path}`];
    this.#process = spawn('wrk', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', resolve);
    });
  }

  /** Ends it. `wrong` has the lines in which it tells of answers that are no success, and of connections that failed. */
  async stop(): Promise<{ readonly requests: number; readonly wrong: readonly string[] }> {
    this.#process.kill('SIGINT');
    const code = await this.#ended;
    const [, requests] = /^ *(\d+) requests in /m.exec(this.#output) ?? [];
    if (code !== 0 || requests === undefined) throw new Error(`wrk ended with ${code}: ${this.#output}`);
    const wrong = this.#output.split('\n').filter((line) => /Non-2xx|Socket errors/.test(line));
    return { requests: Number(requests), wrong };
  }
}
