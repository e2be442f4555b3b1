// SPDX-License-Identifier: GPL-2.0-only
/**
 * Node's own streams for a pipe or socket set O_NONBLOCK, which is everybody's who shares it: the program that is run would
 * find its descriptors changed, and so would the shell behind it. These leave it as it is.
 */
import fs = require('node:fs');
import type stream = require('node:stream');

const STDIN = 0;
const STDOUT = 1;
const CHUNK = 65_536;
/** Before a pipe that somebody else made non-blocking is tried again. */
const AGAIN_MS = 5;

function isShared(fd: number): boolean {
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/** Done when the last byte is taken, so that nothing is lost where this process ends behind it. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    }
  }
}

/** Loaded where a stream is: it takes longer than a small command. */
function streams(): typeof stream {
  return require('node:stream') as typeof stream;
}

function writing(fd: number): stream.Writable {
  const made = new (streams().Writable)({
    write(chunk: Buffer, _encoding, done): void {
      try {
        writeAll(fd, chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return Object.assign(made, { fd });
}

function reading(fd: number): stream.Readable {
  const made = new (streams().Readable)({
    read(): void {
      const look = (): void =>
        fs.read(fd, Buffer.alloc(CHUNK), 0, CHUNK, null, (error, length, bytes) => {
          // A signal ends a read that waits (a child that stands still sends one), and libuv begins it anew for nobody.
          if (error?.code === 'EINTR') look();
          else if (error?.code === 'EAGAIN') setTimeout(look, AGAIN_MS);
          else if (error === null) made.push(length === 0 ? null : bytes.subarray(0, length));
          else made.destroy(error);
        });
      look();
    },
  });
  return Object.assign(made, { fd });
}

/**
 * A result that cannot be written is a failure, said where that can still be heard; a reader that left (`| head`) is none. What
 * is told on standard error stands in the log too, and a program is not left alone because its terminal is full.
 */
function unwritten(fd: number, { code, message }: NodeJS.ErrnoException): void {
  if (fd !== STDOUT || code === 'EPIPE') return;
  writeNow(fd + 1, `callgate: the result cannot be written: ${message}\n`);
  process.exit(125);
}

/** Writes to standard output (1) or error (2) without a stream of Node's. Where it cannot be written: see unwritten(). */
function writeNow(fd: number, text: string): void {
  try {
    writeAll(fd, Buffer.from(text));
  } catch (error) {
    unwritten(fd, error as NodeJS.ErrnoException);
  }
}

/** To be called before anything looks at a stream of `process`: a look makes it. */
function keepStdio(): void {
  (['stdin', 'stdout', 'stderr'] as const).forEach((name, fd) => {
    const { get: own } = Object.getOwnPropertyDescriptor(process, name) ?? {};
    let kept: stream.Readable | stream.Writable | undefined;
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        if (kept !== undefined) return kept;
        kept = (!isShared(fd) ? own?.call(process) : fd === STDIN ? reading(fd) : writing(fd)) as stream.Writable;
        if (fd !== STDIN) kept.on('error', (error) => unwritten(fd, error));
        return kept;
      },
    });
  });
}

export = { keepStdio, writeNow };
