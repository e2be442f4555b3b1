// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a guest hands out. All that leaves it is its standard output, so what the program in it writes goes first, as it is, and behind
 * it, behind a line that begins with a word nobody can guess, come the exit status and files:
 *
 *     \nTOKEN STATUS\n          of the command
 *     SIZE NAME\n               and SIZE bytes, as often as there are files
 *     TOKEN end\n
 */
import { Failure } from '../host/failure.js';

/**
 * The same as a shell writes it: of `$from`, a folder, the files of the ending `$ending` that are newer than the file `$since`, behind
 * `$token` and `$status`.
 */
export const HAND_OUT = `
printf '\\n%s %s\\n' "$token" "$status"
if [ -d "$from" ]; then
  find "$from" -maxdepth 1 -type f -name "*$ending" -newer "$since" -printf '%s %f\\n' | while read -r size name; do
    printf '%s %s\\n' "$size" "$name"
    cat "$from/$name"
  done
fi
printf '%s end\\n' "$token"`;

export interface HandedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What stood behind the output. */
export interface HandedOut {
  readonly status: number;
  readonly files: readonly HandedFile[];
}

/** Takes a guest's output apart while it comes. */
export class Handed {
  readonly #front: Buffer;
  readonly #last: Buffer;
  readonly #out: (bytes: Buffer) => void;
  /** Output that may be the beginning of the front; behind the front all of it. */
  #held: Buffer[] = [];
  #behind = false;

  /** @param out is given the output of the program, piece by piece */
  constructor(token: string, out: (bytes: Buffer) => void) {
    this.#front = Buffer.from(`\n${token} `);
    this.#last = Buffer.from(`${token} end\n`);
    this.#out = out;
  }

  push(bytes: Buffer): void {
    this.#held.push(bytes);
    if (this.#behind) return;
    const held = Buffer.concat(this.#held);
    const at = held.indexOf(this.#front);
    this.#behind = at >= 0;
    const keep = this.#behind ? at : Math.max(0, held.length - this.#front.length + 1);
    if (keep > 0) this.#out(held.subarray(0, keep));
    this.#held = [held.subarray(this.#behind ? at + this.#front.length : keep)];
  }

  /**
   * At the end of the output.
   *
   * @returns null where the guest ended before it could hand out anything
   * @throws Failure where it ended in between
   */
  end(): HandedOut | null {
    const rest = Buffer.concat(this.#held);
    if (!this.#behind) {
      if (rest.length > 0) this.#out(rest);
      return null;
    }
    const [status, files] = [lineAt(rest, 0), [] as HandedFile[]];
    if (status === null || !/^\d{1,3}$/.test(status.text)) throw cutShort();
    let { next } = status;
    while (!rest.subarray(next).equals(this.#last)) {
      const line = lineAt(rest, next);
      const [, size, name] = /^(\d{1,15}) ([^/]+)$/.exec(line?.text ?? '') ?? [];
      if (line === null || size === undefined || name === undefined || rest.length < line.next + Number(size))
        throw cutShort();
      next = line.next + Number(size);
      files.push({ name, bytes: rest.subarray(line.next, next) });
    }
    return { status: Number(status.text), files };
  }
}

function lineAt(bytes: Buffer, from: number): { readonly text: string; readonly next: number } | null {
  const end = bytes.indexOf(0x0a, from);
  return end < 0 ? null : { text: bytes.toString('utf8', from, end), next: end + 1 };
}

function cutShort(): Failure {
  return new Failure('the guest ended while it handed out what was learned', 'give it more time: --vm-timeout');
}
