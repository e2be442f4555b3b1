// SPDX-License-Identifier: GPL-2.0-only
/** The control door: who may come in is asked of `admit`, what is asked is answered by `handlers`, one request at a time. */
import { chmodSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { Failure, messageOf } from '../host/failure.js';
import {
  answerLine,
  type ControlRequest,
  DOOR,
  errorLine,
  type Handlers,
  LINE_MOST,
  type Notice,
  noticeLine,
  type Peer,
  readRequest,
  type Visitor,
} from './protocol.js';

/** Connections at a time. */
const GUESTS_MOST = 64;
/** Bytes that wait for one that does not read. */
const UNREAD_MOST = 16 << 20;

export interface Door {
  /** No new guests; resolves when those that were promised an answer have it. */
  close(): Promise<void>;
}

/**
 * Opens the door of a session.
 *
 * @param folder the session's: callgate's own, 0700
 * @param admit takes the descriptor of a connection, and says who it is; throws a Failure for who may not ask
 * @throws Failure where the socket cannot be made
 */
export async function openDoor(folder: string, handlers: Handlers, admit: (fd: number) => Peer): Promise<Door> {
  // A socket's address has 108 bytes and a session's name up to 255: by a descriptor of the folder it is always short.
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const path = `/proc/self/fd/${fd}/${DOOR}`;
  const guests = new Set<Guest>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const guest = new Guest(socket, handlers, admit);
    guests.add(guest);
    socket.once('close', () => guests.delete(guest));
  });
  server.maxConnections = GUESTS_MOST;
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  } catch (error) {
    server.close();
    closeSync(fd);
    throw new Failure(`${folder}/${DOOR}: the control socket cannot be made (${messageOf(error)})`, undefined, error);
  }
  // What accept(2) could not do is tried again by the next guest.
  server.on('error', () => undefined);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...guests].map((guest) => guest.leave()));
      await closed;
      // Not before: the server takes its socket away by this path.
      closeSync(fd);
    },
  };
}

/** One connection. */
class Guest {
  readonly #socket: Socket;
  readonly #handlers: Handlers;
  readonly #admit: (fd: number) => Peer;
  readonly #left: (() => void)[] = [];
  #text = '';
  #leaving = false;
  /** The requests so far, answered in their order. Never rejects. */
  #answered: Promise<void> = Promise.resolve();

  constructor(socket: Socket, handlers: Handlers, admit: (fd: number) => Peer) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#admit = admit;
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => this.#read(piece));
    // Asked for all, it may go; what it does not wait for is done all the same.
    socket.on('end', () => {
      this.#answered = this.#answered.then(() => void socket.end());
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      for (const left of this.#left.splice(0)) left();
    });
  }

  /** Resolves when what was asked is answered and the connection is at its end. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#answered;
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) resolve();
      else {
        this.#socket.once('close', () => resolve());
        // One that does not take its answer is not waited for.
        this.#socket.end(() => this.#socket.destroy());
        setTimeout(() => this.#socket.destroy(), 1000).unref();
      }
    });
  }

  #read(piece: string): void {
    if (this.#leaving) return;
    this.#text += piece;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#answered = this.#answered.then(() => this.#answer(line));
    if (this.#text.length > LINE_MOST) this.#refuse(new Failure(`a request has at most ${LINE_MOST} bytes`));
  }

  async #answer(line: string): Promise<void> {
    let request: ControlRequest;
    let peer: Peer;
    try {
      peer = this.#admit(descriptorOf(this.#socket));
      request = readRequest(line);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    try {
      this.#say(answerLine(await this.#dispatch(request, this.#visitor(peer))));
    } catch (error) {
      this.#say(errorLine(error));
    }
  }

  #dispatch(request: ControlRequest, visitor: Visitor): Promise<unknown> {
    switch (request.do) {
      case 'mode':
        return this.#handlers.mode(request, visitor);
      case 'stop':
        return this.#handlers.stop(request, visitor);
      case 'detach':
        return this.#handlers.detach(request, visitor);
      case 'reload':
        return this.#handlers.reload(request, visitor);
      case 'watch':
        return this.#handlers.watch(request, visitor);
      case 'answer':
        return this.#handlers.answer(request, visitor);
      case 'retry':
        return this.#handlers.retry(request, visitor);
      case 'kill':
        return this.#handlers.kill(request, visitor);
      case 'undo':
        return this.#handlers.undo(request, visitor);
      case 'permit':
        return this.#handlers.permit(request, visitor);
      case 'weigh':
        return this.#handlers.weigh(request, visitor);
    }
  }

  #visitor({ pid, uid }: Peer): Visitor {
    return {
      pid,
      uid,
      connection: this,
      tell: (notice: Notice): void => {
        this.#say(noticeLine(notice));
        if (this.#socket.writableLength > UNREAD_MOST) this.#socket.destroy();
      },
      onLeave: (left) => {
        if (this.#socket.destroyed) left();
        else this.#left.push(left);
      },
    };
  }

  #refuse(error: unknown): void {
    this.#leaving = true;
    this.#text = '';
    this.#say(errorLine(error));
    this.#socket.end();
  }

  #say(line: string): void {
    if (!this.#socket.writableEnded && !this.#socket.destroyed) this.#socket.write(line);
  }
}

/** Node tells the descriptor of a socket nowhere but in its handle. -1: it is closed. */
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { readonly _handle: { readonly fd?: number } | null };
  return _handle?.fd ?? -1;
}
