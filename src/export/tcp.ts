// SPDX-License-Identifier: GPL-2.0-only
/**
 * Syslog over TCP (RFC 6587, octet counting). The receiver says nothing of what it read, so what was sent is kept for a while: after a
 * connection that broke it is sent again under its own numbers, by which a receiver knows it. What the other side closes in
 * order it has read as far as its kernel took it: close(2) resets a connection with bytes that nobody read (tcp(7), RFC 2525 2.17).
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { codeOf } from '../host/failure.js';
import type { Message } from './message.js';
import { type Answer, type Patience, type Receiver, Waiting } from './receiver.js';

/** Sent and not known to be read: more than both kernels keep of a connection (tcp_wmem and tcp_rmem are up to 6 MiB each). */
export const KEPT_BYTES = 16 * 1024 * 1024;
/** Bytes that wait in this process before it is waited for the receiver. */
const AHEAD_BYTES = 256 * 1024;
/** Written in one call. */
const BATCH_BYTES = 64 * 1024;
const KEEP_ALIVE_MS = 30_000;

interface Kept {
  readonly bytes: Buffer;
  /** Bytes of this connection up to its end; null: not yet written to it. */
  end: number | null;
  /** It was handed to the kernel, on this connection or on one before. */
  flushed: boolean;
}

export class TcpReceiver implements Receiver {
  readonly #host: string;
  readonly #port: number;
  readonly #form: (message: Message) => Buffer;
  readonly #waiting: Waiting;
  readonly #keep: number;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #socket: Socket | null = null;
  /** Bytes written to this connection. */
  #written = 0;
  #flushed = 0;
  /** Bytes of messages that are not yet written to this connection. */
  #unwritten = 0;
  #soon: NodeJS.Immediate | null = null;
  #failure = 'no connection';
  #settled = 0;
  #wake: () => void = () => undefined;

  /** @param keep how many bytes are kept; a test takes fewer */
  constructor(
    host: string,
    port: number,
    form: (message: Message) => Buffer,
    patience: Patience,
    keep: number = KEPT_BYTES,
  ) {
    this.#host = host;
    this.#port = port;
    this.#form = form;
    this.#keep = keep;
    this.#waiting = new Waiting(`${host} port ${port}`, patience);
  }

  get settled(): number {
    return this.#settled;
  }

  async send(message: Message): Promise<Answer> {
    const bytes = this.#form(message);
    this.#kept.push({ bytes, end: null, flushed: false });
    this.#keptBytes += bytes.length;
    this.#unwritten += bytes.length;
    // Several go in one call, at the latest when nothing else is to be done.
    if (this.#unwritten < BATCH_BYTES && this.#socket?.readyState === 'open') {
      this.#soon ??= setImmediate(() => this.#write());
      return 'taken';
    }
    await this.#until(() => this.#kept.length === 0 || this.#kept.at(-1)?.end !== null);
    this.#settleOld();
    return 'taken';
  }

  confirm(): void {}

  async finish(): Promise<void> {
    while (this.#kept.length > 0) {
      await this.#until(() => this.#kept.length === 0 || this.#kept.at(-1)?.end === this.#flushed);
      const socket = this.#socket;
      if (this.#kept.length === 0) return;
      // The other side closes once it has read all of it; what it did not read it resets.
      socket?.end();
      await this.#until(() => this.#socket !== socket, 'it does not close the connection');
    }
  }

  close(): void {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#socket?.destroy();
    this.#socket = null;
  }

  /** Waits for what a connection brings about, and makes one where there is none. */
  async #until(reached: () => boolean, trouble?: string): Promise<void> {
    for (;;) {
      if (this.#socket === null && this.#kept.length > 0) this.#connect();
      this.#write();
      if (reached()) return;
      const sooner = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const connected = this.#socket !== null && !this.#socket.connecting;
      await this.#waiting.wait(
        connected ? (trouble ?? 'it reads nothing') : this.#failure,
        connected ? sooner : undefined,
      );
    }
  }

  #connect(): void {
    const socket = connect({ host: this.#host, port: this.#port, allowHalfOpen: true });
    this.#socket = socket;
    this.#written = 0;
    this.#flushed = 0;
    for (const kept of this.#kept) kept.end = null;
    this.#unwritten = this.#keptBytes;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // Whatever it answers: there is nothing to be answered.
    socket.resume();
    socket.on('connect', () => this.#wake());
    socket.on('end', () => this.#over(socket, this.#acknowledged(socket)));
    socket.on('error', (error) => {
      this.#failure = codeOf(error) ?? 'error';
      this.#over(socket, 0);
    });
    socket.on('close', () => this.#over(socket, 0));
  }

  #write(): void {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    const socket = this.#socket;
    if (socket === null || socket.readyState !== 'open') return;
    socket.cork();
    this.#writeTo(socket);
    socket.uncork();
  }

  #writeTo(socket: Socket): void {
    for (let at = this.#kept.findLastIndex(({ end }) => end !== null) + 1; at < this.#kept.length; at++) {
      const kept = this.#kept[at] as Kept;
      if (this.#written - this.#flushed > AHEAD_BYTES) return;
      this.#written += kept.bytes.length;
      this.#unwritten -= kept.bytes.length;
      kept.end = this.#written;
      const { end } = kept;
      socket.write(kept.bytes, (error) => {
        if (error || this.#socket !== socket) return;
        // What is sent again is no progress: a receiver that closes at once would be waited for without end.
        if (!kept.flushed) this.#waiting.progress();
        kept.flushed = true;
        this.#flushed = end;
        this.#wake();
      });
    }
  }

  /** The connection is over; `read`: bytes of it that the other side has read for sure. */
  #over(socket: Socket, read: number): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#settle(({ end }) => end !== null && end <= read);
    socket.destroy();
    this.#wake();
  }

  /** What was followed by more than both kernels can hold has been read. */
  #settleOld(): void {
    // Many at a time: each time moves all that are kept.
    if (this.#keptBytes <= this.#keep + 4 * AHEAD_BYTES) return;
    this.#settle(({ end }) => end !== null && end <= this.#flushed - this.#keep);
  }

  #settle(isRead: (kept: Kept) => boolean): void {
    const first = this.#kept.findIndex((kept) => !isRead(kept));
    const read = this.#kept.splice(0, first < 0 ? this.#kept.length : first);
    this.#settled += read.length;
    if (read.length > 0) this.#waiting.progress();
    this.#keptBytes -= read.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Bytes that the kernel of the other side took, at the moment at which it closed in order. */
  #acknowledged({ localPort }: Socket): number {
    const open = localPort === undefined ? null : unacknowledged(localPort, this.#port);
    return open === null ? 0 : Math.max(0, this.#flushed - open);
  }
}

/** What the kernel still has of a connection (proc(5), /proc/net/tcp: tx_queue); null: it has no such connection. */
function unacknowledged(local: number, remote: number): number | null {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const row = new RegExp(`^\\s*\\d+: [0-9A-F]+:${hex(local)} [0-9A-F]+:${hex(remote)} [0-9A-F]{2} ([0-9A-F]+):`, 'm');
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      const found = row.exec(readFileSync(file, 'utf8'));
      if (found !== null) return Number.parseInt(found[1] as string, 16);
    } catch {
      // Without the table nothing is known, and all of it is sent again.
    }
  }
  return null;
}
