// SPDX-License-Identifier: GPL-2.0-only
/** What stands at the paths of a subject's own root folder, as attempts need it. Paths are relative to it, in bytes. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';

/** A copy of the program that is run. */
export const PROGRAM = '.program';

export class Tree {
  /** How this process reaches the root folder. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** How this process names it. */
  at(path: Buffer | string): Buffer {
    return Buffer.concat([Buffer.from(`${this.root}/`), Buffer.from(path)]);
  }

  /** Takes away what is there, but for the root folder, which holds the way back to the old one, and what is the kernel's. */
  nothing(path: Buffer | string): void {
    const name = Buffer.from(path);
    if (name.length === 0 || /^proc\//.test(name.toString('latin1'))) return;
    this.#above(name);
    const kind = this.#kindAt(name);
    if (kind === 'file') unlinkSync(this.at(name));
    if (kind !== 'folder') return;
    for (const entry of readdirSync(this.at(name), { encoding: 'buffer' }))
      this.nothing(Buffer.concat([name, Buffer.from('/'), entry]));
    rmdirSync(this.at(name));
  }

  /** Makes it a folder that everybody may write to; what is in it stays. */
  folder(path: Buffer | string, owner = 0): void {
    const name = Buffer.from(path);
    if (name.length === 0 || /^proc(\/|$)/.test(name.toString('latin1'))) return;
    const kind = this.#kindAt(name);
    if (kind === 'file') unlinkSync(this.at(name));
    if (kind !== 'folder') {
      this.#above(name);
      mkdirSync(this.at(name));
    }
    chmodSync(this.at(name), 0o777);
    chownSync(this.at(name), owner, 0);
  }

  /** Makes it a new file that everybody may write to and run. `program`: a copy of the program that is run. */
  file(path: Buffer | string, owner = 0, program = false): void {
    const name = Buffer.from(path);
    if (name.length === 0 || /^proc\//.test(name.toString('latin1'))) return;
    this.nothing(name);
    if (program) copyFileSync(`${this.root}/${PROGRAM}`, this.at(name));
    else writeFileSync(this.at(name), 'text of a file\n');
    chmodSync(this.at(name), 0o777);
    chownSync(this.at(name), owner, 0);
  }

  /** Makes it a folder where there is one, else a file. */
  something(path: Buffer | string, owner = 0): void {
    if (this.#kindAt(Buffer.from(path)) === 'folder') this.folder(path, owner);
    else this.file(path, owner);
  }

  #above(path: Buffer): void {
    const end = path.lastIndexOf('/');
    if (end > 0) this.folder(path.subarray(0, end));
  }

  /** What stands at the path, if anything. */
  #kindAt(path: Buffer): 'file' | 'folder' | null {
    try {
      return lstatSync(this.at(path)).isDirectory() ? 'folder' : 'file';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw error;
    }
  }
}
