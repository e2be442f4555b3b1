// SPDX-License-Identifier: GPL-2.0-only

import { fstatSync } from 'node:fs';
import { NUMBERS } from '../abi/abi.gen.js';
import type { NativeGate } from './addon.js';
import { encodeInode, type Inode, markOf, type ProtectedInode, u32 } from './records.js';

/** What the gate keeps from its subjects: files, and processes. */
export class Protection {
  constructor(private readonly native: NativeGate) {}

  /**
   * No subject may signal the process from now on. The start time stays 0, which means any: user space knows it in clock
   * ticks only, and a guard is removed with its session.
   */
  guard(pid: number): void {
    this.native.update('guards', u32(pid), Buffer.alloc(8));
  }

  unguard(pid: number): void {
    this.native.remove('guards', u32(pid));
  }

  /**
   * From now on no subject may change these files, in the ways that their CG_PROTECT_* flags say; those that are not named
   * any more it may. Never a moment in which one that stays is open.
   */
  protect(files: readonly (ProtectedInode & { readonly flags: number })[]): void {
    const wanted = new Map(files.map((file) => [encodeInode(file).toString('hex'), file.flags]));
    this.#mark(files);
    for (const [key, flags] of wanted) this.native.update('protections', Buffer.from(key, 'hex'), u32(flags));
    for (const key of this.native.keys('protections'))
      if (!wanted.has(key.toString('hex'))) this.native.remove('protections', key);
  }

  /** No subject may change the file of this descriptor of ours either, until `protect` is called without it. */
  seal(fd: number): void {
    const inode = this.native.identify(fd);
    const key = encodeInode({ ...inode, directory: fstatSync(fd).isDirectory() });
    this.#mark([inode]);
    const flags = this.native.lookup('protections', key)?.readUInt32LE(0) ?? 0;
    this.native.update('protections', key, u32(flags | NUMBERS.PROTECT_SEALED));
  }

  /** Sets the bits of their numbers, without which nothing is looked up. */
  #mark(inodes: readonly Inode[]): void {
    const words = new Map<number, bigint>();
    for (const { inode } of inodes) {
      const { word, bit } = markOf(inode);
      words.set(word, (words.get(word) ?? 0n) | bit);
    }
    for (const [word, bits] of words) {
      const held = this.native.lookup('protection_marks', u32(word))?.readBigUInt64LE(0) ?? 0n;
      const buffer = Buffer.alloc(8);
      buffer.writeBigUInt64LE(held | bits);
      if ((held | bits) !== held) this.native.update('protection_marks', u32(word), buffer);
    }
  }
}
