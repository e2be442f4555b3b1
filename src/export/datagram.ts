// SPDX-License-Identifier: GPL-2.0-only
/** Datagrams to a socket of this machine: a syslog daemon's, journald's. A daemon that is started anew has another socket. */
import { closeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { codeOf, Failure } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Message } from './message.js';
import { type Answer, type Patience, type Receiver, Waiting } from './receiver.js';

/** After so many in a row others have their turn: signals, that is. */
const ROW = 256;
/** What no waiting mends. */
const HOPELESS: readonly string[] = ['EPROTOTYPE', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

export class DatagramReceiver implements Receiver {
  readonly #addon: Addon;
  readonly #path: string;
  readonly #form: (message: Message) => Buffer;
  readonly #memory: boolean;
  readonly #waiting: Waiting;
  #fd: number | null = null;
  #settled = 0;

  /** @param memory it takes memfds for what is too long for a datagram, as journald does */
  constructor(addon: Addon, path: string, form: (message: Message) => Buffer, memory: boolean, patience: Patience) {
    this.#addon = addon;
    this.#path = path;
    this.#form = form;
    this.#memory = memory;
    this.#waiting = new Waiting(path, patience);
  }

  get settled(): number {
    return this.#settled;
  }

  async send(message: Message): Promise<Answer> {
    const bytes = this.#form(message);
    if (this.#settled % ROW === ROW - 1) await turn();
    for (;;) {
      try {
        this.#hand(bytes);
        this.#settled++;
        this.#waiting.progress();
        return 'taken';
      } catch (error) {
        const code = codeOf(error) ?? 'error';
        if (code === 'EMSGSIZE') return 'refused';
        if (HOPELESS.includes(code))
          throw new Failure(
            `${this.#path}: no socket that takes datagrams from us (${code})`,
            `ls -l ${this.#path}`,
            error,
          );
        // EAGAIN: it reads nothing now. With everything else it is gone.
        if (code !== 'EAGAIN') this.close();
        await this.#waiting.wait(code);
      }
    }
  }

  #hand(bytes: Buffer): void {
    this.#fd ??= this.#addon.connectDatagram(this.#path);
    try {
      this.#addon.writeUnstopped(this.#fd, bytes);
    } catch (error) {
      const code = codeOf(error);
      // ENOBUFS too: the kernel has no such piece of memory in one.
      if (!this.#memory || (code !== 'EMSGSIZE' && code !== 'ENOBUFS')) throw error;
      this.#addon.sendMemory(this.#fd, bytes);
    }
  }

  confirm(): void {}

  async finish(): Promise<void> {}

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
