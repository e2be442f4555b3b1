// SPDX-License-Identifier: GPL-2.0-only
/** Disks to mount: files that loop devices show. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadModule } from './machine.js';

const SECTOR = 512;
const SECTORS = 4096;
const FAT_SECTORS = 12;
const ROOT_ENTRIES = 512;

/** What mkfs.vfat(8) would write, which Debian has no need of: a boot sector and two tables of an empty FAT12 (fs/fat/inode.c: fat_read_bpb). */
function fatImage(): Buffer {
  const image = Buffer.alloc(SECTOR * SECTORS);
  image.set([0xeb, 0x3c, 0x90]);
  image.writeUInt16LE(SECTOR, 11);
  image.writeUInt8(1, 13); // sectors of a cluster
  image.writeUInt16LE(1, 14); // sectors before the tables
  image.writeUInt8(2, 16); // tables
  image.writeUInt16LE(ROOT_ENTRIES, 17);
  image.writeUInt16LE(SECTORS, 19);
  image.writeUInt8(0xf8, 21); // a fixed disk, as the tables' first entry has it
  image.writeUInt16LE(FAT_SECTORS, 22);
  image.writeUInt16LE(0xaa55, SECTOR - 2);
  for (const table of [1, 1 + FAT_SECTORS]) image.set([0xf8, 0xff, 0xff], SECTOR * table);
  return image;
}

/** Makes a disk out of a new file, with a file system on it whose modules are loaded. Its device. */
export function newDisk(file: string, type: 'ext4' | 'vfat'): string {
  loadModule('loop');
  if (type === 'vfat') {
    for (const name of ['vfat', 'nls_cp437', 'nls_ascii', 'nls_utf8']) loadModule(name);
    writeFileSync(file, fatImage());
  } else {
    writeFileSync(file, Buffer.alloc(4 << 20));
    execFileSync('mkfs.ext4', ['-q', '-F', file]);
  }
  return execFileSync('losetup', ['--show', '-f', file], { encoding: 'utf8' }).trim();
}

/** Lets go of its file. */
export function freeDisk(device: string): void {
  execFileSync('losetup', ['-d', device]);
}
