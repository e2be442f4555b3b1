// SPDX-License-Identifier: GPL-2.0-only
/**
 * What an ELF file says it needs, read from the file itself (elf(5)): ldd(1) would run it. Every offset comes from the file, so
 * none is believed: what does not fit is a damaged file.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Failure } from '../host/failure.js';

export interface Elf {
  /** 32 or 64 bits, and the number of the machine: libraries must have the same. */
  readonly bits: 32 | 64;
  readonly machine: number;
  /** The loader (PT_INTERP); null: statically linked, or a library. */
  readonly loader: string | null;
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
  /** DT_RUNPATH, else DT_RPATH: folders to look through, as written. */
  readonly paths: readonly string[];
  /** Functions that it takes from libraries. */
  readonly imports: ReadonlySet<string>;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;
const SHT_DYNSYM = 11;
/** The most that is read of one table: the largest programs have some megabytes of names. */
const TABLE_MOST = 64 * 1024 * 1024;
const HEADERS_MOST = 4096;
const SECTIONS_MOST = 65_536;

/**
 * Null where the file is no ELF. Throws Failure where it is a damaged one; errors of the system as they are.
 *
 * @param path where the file's name, as it is told, is another
 */
export function readElf(file: string, path: string | Buffer = file): Elf | null {
  const fd = openSync(path, 'r');
  try {
    const reader = new Reader(fd, fstatSync(fd).size, file);
    return reader.isElf() ? reader.elf() : null;
  } finally {
    closeSync(fd);
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

class Reader {
  #wide = false;
  #little = true;

  constructor(
    private readonly fd: number,
    private readonly size: number,
    private readonly file: string,
  ) {}

  isElf(): boolean {
    return this.size >= 52 && this.#bytes(0, 4).toString('latin1') === '\x7fELF';
  }

  elf(): Elf {
    const ident = this.#bytes(0, 16);
    if ((ident[4] !== 1 && ident[4] !== 2) || (ident[5] !== 1 && ident[5] !== 2)) throw this.#damaged('its class');
    this.#wide = ident[4] === 2;
    this.#little = ident[5] === 1;
    const segments = this.#segments();
    const dynamic = this.#dynamic(segments);
    const interp = segments.find(({ type }) => type === PT_INTERP);
    const strings = dynamic.length === 0 ? null : this.#strings(dynamic, segments);
    const names = (tag: bigint): string[] =>
      dynamic.filter(([one]) => one === tag).map(([, value]) => this.#name(strings as Buffer, Number(value)));
    const paths = [...names(DT_RUNPATH), ...(names(DT_RUNPATH).length > 0 ? [] : names(DT_RPATH))];
    return {
      bits: this.#wide ? 64 : 32,
      machine: this.#number(18, 2),
      loader: interp === undefined ? null : this.#text(this.#bytes(interp.offset, interp.size), 0),
      needed: names(DT_NEEDED),
      paths: paths.flatMap((list) => list.split(':')).filter((path) => path !== ''),
      imports: strings === null ? new Set() : this.#imports(strings),
    };
  }

  #segments(): Segment[] {
    const [at, each, count] = this.#wide
      ? [this.#number(32, 8), this.#number(54, 2), this.#number(56, 2)]
      : [this.#number(28, 4), this.#number(42, 2), this.#number(44, 2)];
    if (count > HEADERS_MOST || (count > 0 && each < (this.#wide ? 56 : 32)))
      throw this.#damaged('its program headers');
    return Array.from({ length: count }, (_, index): Segment => {
      const head = at + index * each;
      return this.#wide
        ? {
            type: this.#number(head, 4),
            offset: this.#number(head + 8, 8),
            address: this.#big(head + 16),
            size: this.#number(head + 32, 8),
          }
        : {
            type: this.#number(head, 4),
            offset: this.#number(head + 4, 4),
            address: BigInt(this.#number(head + 8, 4)),
            size: this.#number(head + 16, 4),
          };
    });
  }

  /** Tags and values up to DT_NULL. */
  #dynamic(segments: readonly Segment[]): (readonly [bigint, bigint])[] {
    const segment = segments.find(({ type }) => type === PT_DYNAMIC);
    if (segment === undefined) return [];
    const entry = this.#wide ? 16 : 8;
    const bytes = this.#bytes(segment.offset, segment.size);
    const word = (at: number): bigint => {
      if (!this.#wide) return BigInt(this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
      return this.#little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);
    };
    const found: (readonly [bigint, bigint])[] = [];
    for (let at = 0; at + entry <= bytes.length; at += entry) {
      if (word(at) === 0n) break;
      found.push([word(at), word(at + entry / 2)]);
    }
    return found;
  }

  /** The names of the dynamic section: it tells where they are in memory, and a segment where that is in the file. */
  #strings(dynamic: readonly (readonly [bigint, bigint])[], segments: readonly Segment[]): Buffer {
    const address = dynamic.find(([tag]) => tag === DT_STRTAB)?.[1];
    const size = Number(dynamic.find(([tag]) => tag === DT_STRSZ)?.[1] ?? 0n);
    const load = segments.find(
      (one) =>
        one.type === PT_LOAD &&
        address !== undefined &&
        address >= one.address &&
        address < one.address + BigInt(one.size),
    );
    if (address === undefined || load === undefined) throw this.#damaged('its dynamic section');
    return this.#bytes(load.offset + Number(address - load.address), size);
  }

  /** Names of the dynamic symbols without a section: what others bring. None where the section headers were stripped. */
  #imports(strings: Buffer): Set<string> {
    const [at, each, count] = this.#wide
      ? [this.#number(40, 8), this.#number(58, 2), this.#number(60, 2)]
      : [this.#number(32, 4), this.#number(46, 2), this.#number(48, 2)];
    const found = new Set<string>();
    if (at === 0 || count > SECTIONS_MOST || each < (this.#wide ? 64 : 40)) return found;
    for (let index = 0; index < count; index++) {
      const head = at + index * each;
      if (this.#number(head + 4, 4) !== SHT_DYNSYM) continue;
      const [offset, size] = this.#wide
        ? [this.#number(head + 24, 8), this.#number(head + 32, 8)]
        : [this.#number(head + 16, 4), this.#number(head + 20, 4)];
      const symbols = this.#bytes(offset, size);
      const symbol = this.#wide ? 24 : 16;
      for (let place = 0; place + symbol <= symbols.length; place += symbol) {
        const section = this.#half(symbols, place + (this.#wide ? 6 : 14));
        const name = this.#little ? symbols.readUInt32LE(place) : symbols.readUInt32BE(place);
        if (section === 0 && name !== 0 && name < strings.length) found.add(this.#text(strings, name));
      }
    }
    return found;
  }

  #half(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }

  #number(at: number, bytes: 2 | 4 | 8): number {
    if (bytes === 8) return Number(this.#big(at));
    const read = this.#bytes(at, bytes);
    return this.#little ? read.readUIntLE(0, bytes) : read.readUIntBE(0, bytes);
  }

  #big(at: number): bigint {
    const read = this.#bytes(at, 8);
    return this.#little ? read.readBigUInt64LE(0) : read.readBigUInt64BE(0);
  }

  #name(strings: Buffer, at: number): string {
    if (at >= strings.length) throw this.#damaged('a name');
    return this.#text(strings, at);
  }

  #text(bytes: Buffer, at: number): string {
    const end = bytes.indexOf(0, at);
    return bytes.toString('latin1', at, end < 0 ? bytes.length : end);
  }

  #bytes(at: number, length: number): Buffer {
    if (length > TABLE_MOST || at < 0 || at + length > this.size) throw this.#damaged('a place in it');
    const bytes = Buffer.alloc(length);
    if (readSync(this.fd, bytes, 0, length, at) !== length) throw this.#damaged('its end');
    return bytes;
  }

  #damaged(what: string): Failure {
    return new Failure(`${this.file}: a damaged ELF file: ${what} is not as it must be`, `file ${this.file}`);
  }
}
