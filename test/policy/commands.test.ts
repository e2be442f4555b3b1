// SPDX-License-Identifier: GPL-2.0-only
/** Names of ioctl's requests: each is the number that the kernel's headers of this machine make of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTarget } from '../../src/policy/acts.js';
import { COMMANDS, commandName, commandNumber, parseCommand, UNDECIDED } from '../../src/policy/commands.js';
import { Fault } from '../../src/policy/errors.js';

const HEADERS = [
  ...['asm/ioctls.h', 'asm/termbits.h', 'linux/serial.h', 'linux/fs.h', 'linux/fscrypt.h', 'linux/fsverity.h'],
  ...['linux/msdos_fs.h', 'linux/btrfs.h', 'linux/blktrace_api.h', 'linux/fiemap.h', 'linux/loop.h', 'asm/sockios.h'],
  ...['linux/sockios.h', 'linux/if_tun.h', 'linux/random.h', 'linux/kd.h', 'linux/vt.h', 'linux/rtc.h'],
  ...['linux/watchdog.h', 'linux/userfaultfd.h', 'linux/perf_event.h', 'linux/nsfs.h', 'linux/kvm.h'],
];
/** What those headers say of each name. */
function compiled(names: readonly string[]): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  try {
    const source = [
      ...['stdio.h', 'stddef.h', 'sys/types.h', 'sys/socket.h', 'linux/types.h', 'linux/if.h'].map(
        (header) => `#include <${header}>`,
      ),
      ...HEADERS.map((header) => `#if __has_include(<${header}>)\n#include <${header}>\n#endif`),
      'int main(void) {',
      ...names.map((name) => `#ifdef ${name}\nprintf("${name} %u\\n", (unsigned int)(${name}));\n#endif`),
      'return 0; }',
    ].join('\n');
    writeFileSync(`${folder}/names.c`, source);
    execFileSync('cc', ['-w', '-o', `${folder}/names`, `${folder}/names.c`]);
    const lines = execFileSync(`${folder}/names`, { encoding: 'utf8' }).trim().split('\n');
    return new Map(
      lines.map((line) => {
        const [name = '', number] = line.split(' ');
        return [name, Number(number)];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

t.test('names are the numbers of the headers', { skip: process.arch !== 'x64' && 'not x86_64' }, async (t) => {
  const aliases = ['TIOCINQ', 'SIOCOUTQ', 'SIOCGSTAMP', 'BTRFS_IOC_CLONE', 'BTRFS_IOC_SET_FSLABEL', 'SIOGIFINDEX'];
  const floor = ['TIOCSTI', 'TIOCLINUX', 'TIOCSETD', 'KDSKBENT', 'FS_IOC_SETFLAGS', 'FS_IOC_FSSETXATTR', 'FICLONE'];
  const names = [...COMMANDS, ...aliases, ...floor];
  const said = compiled(names);
  t.ok(said.size > 400, `${said.size} names are known here`);
  t.same(
    [...said].filter(([name, number]) => commandNumber(name) !== number),
    [],
  );
});

t.test('names and numbers', async (t) => {
  t.equal(new Set(COMMANDS.map(commandNumber)).size, COMMANDS.length, 'each has its own');
  t.equal(commandName(0x5402), 'TCSETS');
  t.equal(commandName(0x12345678), '0x12345678');
  t.equal(parseCommand('0x5402'), parseCommand('TCSETS'));
  t.equal(parseCommand('TIOCINQ'), 0x541b);
  t.equal(parseCommand('0xFFFFFFFF'), 0xffffffff);
  for (const wrong of ['0x', '0x123456789', '21506', 'TCSETZ', '']) t.throws(() => parseCommand(wrong), Fault, wrong);
  for (const number of UNDECIDED) t.throws(() => parseCommand(`0x${number.toString(16)}`), Fault, commandName(number));
  t.same(readTarget('ioctl:TCSETS:/dev/tty'), {
    ...{ type: 'target', act: 'ioctl', which: 0x5402 },
    who: { kind: 'path', path: '/dev/tty' },
  });
  t.same(readTarget('ioctl:0x8912:socket'), {
    ...{ type: 'target', act: 'ioctl', which: 0x8912 },
    who: { kind: 'kind', of: 'socket' },
  });
  t.equal(readTarget('ioctl:TIOCSTI:/dev/tty'), undefined, 'no rule decides it');
  t.equal(readTarget('attribute:times:child'), undefined, 'done to no process');
});
