// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where systrace's lines go: syslog (warning, ident `systrace`, and no facility of its own, so that of user), standard error (-e)
 * or a file (-E).
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { codeOf, Failure } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import { type Bytes, bufferOf } from '../policy/bytes.js';

export interface Outlet {
  /** As losses name it. */
  readonly name: string;
  /** Writes a line, or keeps it for later. Never waits, never throws. */
  say(line: Bytes): void;
  /** Tries once more what is kept. */
  flush(): void;
  /** Lines that were given up, ever. */
  readonly lost: number;
  /** Why nothing can be written now; null: it can. */
  readonly failure: string | null;
  close(): void;
}

/** Lines that wait at most. */
const LINES_MOST = 10_000;
/** What syslog daemons take in one message (RFC 3164 says 1024, rsyslog and journald take more; glibc sends whole lines). */
const MESSAGE_MOST = 8192;
/** LOG_USER | LOG_WARNING of syslog(3). */
const USER_WARNING = (1 << 3) | 4;

/** Keeps what cannot be written, in order. */
abstract class Keeping implements Outlet {
  abstract readonly name: string;
  #waiting: Bytes[] = [];
  #lost = 0;
  #failure: string | null = null;

  /** Writes a line whole; throws where it cannot be written now. */
  protected abstract write(line: Bytes): void;
  protected abstract letGo(): void;

  get lost(): number {
    return this.#lost;
  }

  get failure(): string | null {
    return this.#failure;
  }

  say(line: Bytes): void {
    if (this.#waiting.length >= LINES_MOST) this.#lost++;
    else this.#waiting.push(line);
    this.flush();
  }

  flush(): void {
    try {
      while (this.#waiting.length > 0) {
        this.write(this.#waiting[0] as Bytes);
        this.#waiting.shift();
      }
      this.#failure = null;
    } catch (error) {
      this.#failure = `${this.name}: ${codeOf(error) ?? 'error'}`;
    }
  }

  close(): void {
    this.flush();
    this.#lost += this.#waiting.length;
    this.#waiting = [];
    this.letGo();
  }
}

/** The system's log. Whoever reads it may be started anew at any time: then the socket is another. */
export class Syslog extends Keeping {
  readonly name = 'syslog';
  readonly #addon: Addon;
  readonly #socket: string;
  readonly #now: () => Date;
  #fd: number | null = null;

  /** @param socket its datagram socket */
  constructor(addon: Addon, socket = '/dev/log', now = () => new Date()) {
    super();
    this.#addon = addon;
    this.#socket = socket;
    this.#now = now;
  }

  protected write(line: Bytes): void {
    const message = bufferOf(`<${USER_WARNING}>${stamp(this.#now())} systrace: ${line}` as Bytes).subarray(
      0,
      MESSAGE_MOST,
    );
    try {
      this.#addon.writeUnstopped(this.#open(), message);
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') throw error;
      // The daemon was started anew.
      this.letGo();
      this.#addon.writeUnstopped(this.#open(), message);
    }
  }

  protected letGo(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): number {
    this.#fd ??= this.#addon.connectDatagram(this.#socket);
    return this.#fd;
  }
}

/** `Nov  9 08:07:06`, local time, as syslog(3) sends it. */
function stamp(now: Date): string {
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][now.getMonth()];
  const two = (number: number): string => String(number).padStart(2, '0');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  return `${month} ${String(now.getDate()).padStart(2)} ${time}`;
}

/** Standard error, or a file that is appended to: `systrace: ` and the line. */
export class Stream extends Keeping {
  readonly #addon: Addon | null;
  readonly #fd: number;
  readonly #owned: boolean;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(
    readonly name: string,
    fd: number,
    addon: Addon | null,
  ) {
    super();
    this.#fd = fd;
    this.#addon = addon;
    this.#owned = fd > 2;
  }

  static stderr(addon: Addon): Stream {
    return new Stream('standard error', 2, addon);
  }

  /** @throws Failure where it cannot be opened, or is no file */
  static file(path: string): Stream {
    const flags =
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    let fd: number;
    try {
      fd = openSync(path, flags, 0o600);
    } catch (error) {
      throw new Failure(`${path}: the log cannot be opened (${codeOf(error) ?? 'error'})`, `ls -l ${path}`, error);
    }
    if (fstatSync(fd).isFile()) return new Stream(path, fd, null);
    closeSync(fd);
    throw new Failure(`${path}: the log is no regular file`, '-E names a file, -e means standard error');
  }

  protected write(line: Bytes): void {
    if (this.#rest.length === 0) this.#rest = bufferOf(`systrace: ${line}\n` as Bytes);
    while (this.#rest.length > 0) {
      const took =
        this.#addon === null ? writeSync(this.#fd, this.#rest) : this.#addon.writeUnstopped(this.#fd, this.#rest);
      this.#rest = this.#rest.subarray(took);
    }
  }

  protected letGo(): void {
    if (this.#owned) closeSync(this.#fd);
  }
}
