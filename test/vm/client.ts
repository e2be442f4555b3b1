// SPDX-License-Identifier: GPL-2.0-only
/** Clients of the servers under test, on the loopback interface. */
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

/** Requests that do not end before they are told to: four at a time, over connections that are kept. */
export class Load {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #workers: Promise<void>[];
  #over = false;
  requests = 0;
  readonly failures: string[] = [];

  constructor(port: number, path: string, body: string) {
    this.#workers = [1, 2, 3, 4].map(async () => {
      while (!this.#over) {
        const answer = await fetchOf(port, path, this.#agent);
        this.requests++;
        if (answer.status !== 200 || answer.body !== body) this.failures.push(`${answer.status} ${answer.body}`);
      }
    });
  }

  /** Resolves once the last request is answered. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#workers);
    this.#agent.destroy();
  }
}
