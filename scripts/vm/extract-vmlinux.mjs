// SPDX-License-Identifier: GPL-2.0-only
// extract-vmlinux.mjs BZIMAGE VMLINUX: takes the ELF kernel out of a bzImage, so that QEMU can start it by PVH.
// Offsets are those of the x86 boot protocol (Documentation/arch/x86/boot.rst).
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const fail = (why) => {
  console.error(`extract-vmlinux: ${from}: ${why}`);
  process.exit(1);
};

const image = readFileSync(from);
if (image.toString('latin1', 0x202, 0x206) !== 'HdrS') fail('not a bzImage');
const setupSectors = image[0x1f1] || 4; // 0 means 4, for images older than the field
const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
const payload = image.subarray(start, start + image.readUInt32LE(0x24c));

// The build appends the unpacked size to the payload. It is no part of the compressed stream (zstd and xz would
// call it garbage), and it tells whether we unpacked all of it.
const packed = payload.subarray(0, -4);
const size = payload.readUInt32LE(payload.length - 4);

const formats = [
  { magic: '28b52ffd', command: ['zstd', '-dc'] },
  { magic: 'fd377a58', command: ['xz', '-dc'] },
  { magic: '1f8b', command: ['gzip', '-dc'], whole: true }, // gzip's own trailer is that size
  { magic: '02214c18', command: ['lz4', '-dc'] },
];
const format = formats.find(({ magic }) => packed.toString('hex', 0, magic.length / 2) === magic);
if (!format) fail(`unknown compression (starts with ${packed.toString('hex', 0, 6)}): add it to extract-vmlinux.mjs`);

const [tool, ...args] = format.command;
const { stdout, stderr, status, error } = spawnSync(tool, args, {
  input: format.whole ? payload : packed,
  maxBuffer: 1 << 30,
});
if (error) fail(`${tool}: ${error.message}`);
if (status !== 0) fail(`${tool}: ${stderr}`);
if (stdout.length !== size || stdout.toString('latin1', 1, 4) !== 'ELF') {
  fail(`unpacked to ${stdout.length} bytes, not to an ELF file of ${size}`);
}
writeFileSync(to, stdout);
