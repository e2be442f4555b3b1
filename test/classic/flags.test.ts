// SPDX-License-Identifier: GPL-2.0-only
/** The classic command line. */
import t from 'tap';
import { parseFlags, UsageError } from '../../src/classic/flags.js';
import { classicFileName } from '../../src/classic/names.js';

/** The flags that are set, and the program's words. */
function read(line: string): { set: Record<string, unknown>; command: string } {
  const words = line.split(' ');
  const { flags, own } = parseFlags(words);
  const set = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== false && value !== null));
  return { set, command: words.slice(own).join(' ') };
}

t.test('flags, and where they end', (t) => {
  const cases: [line: string, set: Record<string, unknown>, command: string][] = [
    ['-A /usr/sbin/inetd -i', { learn: true }, '/usr/sbin/inetd -i'],
    ['-A -i /usr/sbin/inetd', { learn: true, inherit: true }, '/usr/sbin/inetd'],
    ['-ai ls -l', { automatic: true, inherit: true }, 'ls -l'],
    ['-t ls -a', { text: true }, 'ls -a'],
    ['-- ls -a', {}, 'ls -a'],
    ['- ls', {}, '- ls'],
    ['-uUCe ls', { unaliased: true, systemOnly: true, cradle: true, toStderr: true }, 'ls'],
    [
      '-d /p -f /f -E /log -g /gui -c nobody:nogroup ls',
      { folder: '/p', file: '/f', logFile: '/log', gui: '/gui', runAs: 'nobody:nogroup' },
      'ls',
    ],
    ['-ad/p ls', { automatic: true, folder: '/p' }, 'ls'],
    ['-d -a ls', { folder: '-a' }, 'ls'],
    ['-p 812 -t /usr/sbin/inetd', { pid: 812, text: true }, '/usr/sbin/inetd'],
    ['-V', { version: true }, ''],
  ];
  for (const [line, set, command] of cases) t.same(read(line), { set, command }, line);
  t.end();
});

t.test('what is no command line says why', (t) => {
  const cases: Record<string, string> = {
    '-h ls': 'unknown option -- h',
    '--help': 'unknown option -- -',
    '-ax ls': 'unknown option -- x',
    '-d': 'option requires an argument -- d',
    '-aA ls': '-a and -A exclude each other: enforce, or learn',
    '-a': 'no command is named',
    '-p twelve /bin/ls': 'bad pid: twelve',
    '-p 0 /bin/ls': 'bad pid: 0',
    '-p 12 ls': 'ls: with -p the command is the absolute path of the program that runs',
    '-p 12 -c nobody /bin/ls': '-c and -p exclude each other: a program that runs has its user',
  };
  for (const [line, message] of Object.entries(cases)) {
    try {
      parseFlags(line.split(' '));
      t.fail(line);
    } catch (error) {
      t.ok(error instanceof UsageError, line);
      t.equal((error as Error).message, message, line);
    }
  }
  t.end();
});

t.test('names of files', (t) => {
  const cases: Record<string, string> = {
    '/usr/sbin/inetd': 'usr_sbin_inetd',
    '/opt/sbcl-1.0.5/bin/sbcl': 'opt_sbcl_1_0_5_bin_sbcl',
    '/bin/[': 'bin__',
    '/__x': 'x',
  };
  for (const [program, name] of Object.entries(cases)) t.equal(classicFileName(program), name, program);
  t.end();
});
