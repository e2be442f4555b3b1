// SPDX-License-Identifier: GPL-2.0-only
/** ELF files: made byte by byte, this machine's against readelf and ldd, and damaged ones. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { type Elf, readElf } from '../../src/draft/elf.js';
import { librariesOf } from '../../src/draft/libraries.js';
import { Failure } from '../../src/host/failure.js';
import '../seed.js';

t.setTimeout(240_000);
const folder = mkdtempSync(join(tmpdir(), 'callgate-elf-'));
t.teardown(() => rmSync(folder, { recursive: true }));

function read(bytes: Uint8Array): Elf | null {
  const file = join(folder, 'x');
  writeFileSync(file, bytes);
  return readElf(file);
}

/** A file with a loader, two libraries, a run path and two symbols, one of them its own. */
function made(wide: boolean, little: boolean): Buffer {
  const bytes = Buffer.alloc(2048);
  const put = (value: number, at: number, size: number): void => {
    if (little) bytes.writeUIntLE(value, at, size);
    else bytes.writeUIntBE(value, at, size);
  };
  const word = (value: number, at: number): void => {
    if (!wide) put(value, at, 4);
    else if (little) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeBigUInt64BE(BigInt(value), at);
  };
  bytes.write('\x7fELF', 0, 'latin1');
  bytes[4] = wide ? 2 : 1;
  bytes[5] = little ? 1 : 2;
  put(62, 18, 2);
  const [head, sections] = [256, 1024];
  word(head, wide ? 32 : 28);
  word(sections, wide ? 40 : 32);
  for (const [at, value] of wide
    ? [
        [54, 56],
        [56, 3],
        [58, 64],
        [60, 1],
      ]
    : [
        [42, 32],
        [44, 3],
        [46, 40],
        [48, 1],
      ])
    put(value as number, at as number, 2);
  const strings = '\0libone.so.1\0libtwo.so\0/opt/x:$ORIGIN/lib\0getpwnam\0own\0';
  const place = (name: string): number => strings.indexOf(`\0${name}\0`) + 1;
  const [dynamic, text, symbols, loader] = [1152, 1408, 1600, 1800];
  const segment = (index: number, type: number, offset: number, address: number, size: number): void => {
    const at = head + index * (wide ? 56 : 32);
    put(type, at, 4);
    if (wide)
      for (const [where, value] of [
        [8, offset],
        [16, address],
        [32, size],
      ])
        word(value as number, at + (where as number));
    else
      for (const [where, value] of [
        [4, offset],
        [8, address],
        [16, size],
      ])
        put(value as number, at + (where as number), 4);
  };
  segment(0, 1, 1100, 0x41100, 800);
  segment(1, 2, dynamic, 0, 8 * (wide ? 16 : 8));
  segment(2, 3, loader, 0, 10);
  bytes.write('/lib/ld.so\0', loader, 'latin1');
  bytes.write(strings, text, 'latin1');
  const tags = [
    [1, place('libone.so.1')],
    [1, place('libtwo.so')],
    [15, place('/opt/x:$ORIGIN/lib')],
    [5, 0x41100 + text - 1100],
    [10, strings.length],
    [0, 0],
    [1, 9999],
  ];
  tags.forEach(([tag, value], index) => {
    const at = dynamic + index * (wide ? 16 : 8);
    word(tag as number, at);
    word(value as number, at + (wide ? 8 : 4));
  });
  put(11, sections + 4, 4);
  const each = wide ? 24 : 16;
  word(symbols, sections + (wide ? 24 : 16));
  word(each * 3, sections + (wide ? 32 : 20));
  put(place('getpwnam'), symbols + each, 4);
  put(place('own'), symbols + 2 * each, 4);
  put(7, symbols + 2 * each + (wide ? 6 : 14), 2);
  return bytes;
}

t.test('what a file says, of either size and order of bytes', async (t) => {
  for (const wide of [true, false])
    for (const little of [true, false]) {
      t.same(
        read(made(wide, little)),
        {
          ...{ bits: wide ? 64 : 32, machine: 62, loader: '/lib/ld.so', needed: ['libone.so.1', 'libtwo.so'] },
          ...{ paths: ['/opt/x', '$ORIGIN/lib'], imports: new Set(['getpwnam']) },
        },
        `${wide} ${little}`,
      );
    }
});

t.test('what is none, and what is damaged', async (t) => {
  t.equal(read(Buffer.from('#!/bin/sh\n')), null);
  t.equal(read(Buffer.alloc(0)), null);
  t.equal(read(Buffer.concat([Buffer.from('\x7fELX'), Buffer.alloc(100)])), null);
  const whole = made(true, true);
  t.throws(() => read(whole.subarray(0, 1500)), /a damaged ELF file/);
  for (let length = 0; length < whole.length; length += 3) tolerated(whole.subarray(0, length));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        tolerated(bytes);
      },
    ),
    { numRuns: 2000 },
  );
  t.pass('each is read, or told');
});

function tolerated(bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

t.test("this machine's programs, as readelf and ldd have them", async (t) => {
  for (const program of ['/usr/bin/bash', '/usr/bin/perl', process.execPath].map((file) => realpathSync(file))) {
    const elf = readElf(program) as Elf;
    const told = spawnSync('readelf', ['-dW', program], { encoding: 'utf8' });
    if (told.error === undefined)
      t.same(
        elf.needed,
        [...told.stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((found) => found[1]),
        program,
      );
    const ldd = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
    const wanted = [...ldd.matchAll(/=> (\/\S+)/g)].map((found) => realpathSync(found[1] as string));
    const found = librariesOf(program, elf).map(({ path }) => path);
    // The loader is a library of the C library, which ldd tells in its own way.
    t.same(found.filter((path) => !/\/ld-linux/.test(path ?? '')).sort(), [...new Set(wanted)].sort(), program);
  }
  t.ok(readElf('/usr/bin/bash')?.imports.has('setlocale'));
  t.notOk(readElf('/usr/bin/bash')?.imports.has('rl_initialize_funmap_none'));
  t.equal(readFileSync('/usr/bin/bash').subarray(1, 4).toString(), 'ELF');
});

t.test('a library that is not there is told', async (t) => {
  const file = join(folder, 'program');
  writeFileSync(file, made(true, true));
  t.same(librariesOf(file, readElf(file) as Elf, { configuration: '/nowhere', trusted: [folder] }), [
    { name: 'libone.so.1', path: null, by: file },
    { name: 'libtwo.so', path: null, by: file },
  ]);
  writeFileSync(join(folder, 'libtwo.so'), made(true, true));
  writeFileSync(join(folder, 'libone.so.1'), made(false, true));
  t.same(
    librariesOf(file, readElf(file) as Elf, { configuration: '/nowhere', trusted: [folder] }).map(({ path }) => path),
    [null, join(folder, 'libtwo.so')],
    'one of another size is none',
  );
});
