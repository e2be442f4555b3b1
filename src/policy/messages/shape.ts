// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with the shape of a policy: its keys, their values, its head. */
import { hinted, type Table } from './table.js';

export interface ShapeFacts {
  'not-a-map': { what: string; got: string };
  'unknown-key': { key: string; where: string; hint: string };
  'key-after-rules': { key: string };
  'missing-key': { key: string; where: string; example: string };
  'wrong-type': { key: string; expected: string; got: string; instead?: string };
  'wrong-word': { key: string; got: string; words: string; hint: string };
  'empty-list': { key: string };
  'version-unknown': { got: string };
  'program-relative': { path: string };
  'program-glob': { sign: string };
  'program-path': { path: string; instead: string };
  'syscall-name': { name: string; hint: string };
  'syscall-group': { name: string; hint: string; names: string };
  'syscall-refused': { name: string; hint: string };
  duration: { text: string };
  'group-name': { name: string };
  'group-unknown': { name: string; hint: string };
  'group-version': { name: string; operation: string };
  'group-twice': { name: string };
}

export const SHAPE_MESSAGES: Table<ShapeFacts> = {
  'not-a-map': {
    message: ({ what, got }) => `${what} must be keys with values, not ${got}`,
    remedy: () => 'write `key: value`, one a line',
  },
  'unknown-key': {
    message: ({ key, where }) => `unknown key ${key} in ${where}`,
    remedy: ({ hint }) => hinted(hint, 'remove it'),
  },
  'key-after-rules': {
    message: ({ key }) => `the key ${key} stands after rules`,
    remedy: () => 'move it above `rules:`, which is the last key, so that a rule can be added at the end of the file',
  },
  'missing-key': {
    message: ({ key, where }) => `${where} has no ${key}`,
    remedy: ({ example }) => `add \`${example}\``,
  },
  'wrong-type': {
    message: ({ key, expected, got }) => `${key} must be ${expected}, not ${got}`,
    remedy: ({ expected, instead }) => `write ${instead ?? expected}`,
  },
  'wrong-word': {
    message: ({ key, got, words }) => `${key} must be ${words}, not ${got}`,
    remedy: ({ hint, words }) => hinted(hint, `write ${words}`),
  },
  'empty-list': { message: ({ key }) => `the list of ${key} is empty`, remedy: () => 'fill it or remove the key' },
  'version-unknown': {
    message: ({ got }) => `version ${got} is not known: this callgate reads versions 1 and 2`,
    remedy: () => 'write `version: 1` or `version: 2`, or use the callgate that wrote the file',
  },
  'program-relative': {
    message: ({ path }) => `${path} is no absolute path`,
    remedy: () => 'write the path of the executable from the root, such as /usr/sbin/inetd',
  },
  'program-glob': {
    message: ({ sign }) => `a policy is for one program, and ${sign} makes this a pattern`,
    remedy: ({ sign }) => `write one path; if the file's name holds this sign, write \\${sign} in single quotes`,
  },
  'program-path': {
    message: ({ path }) => `no program is ever run as ${path}`,
    remedy: ({ instead }) => (instead === '' ? 'write the path of a file' : `write ${instead}`),
  },
  'syscall-name': {
    message: ({ name }) => `${name} is no name of a system call`,
    remedy: ({ hint }) => hinted(hint, 'write names as in syscalls(2), such as openat or accept4'),
  },
  'syscall-group': {
    message: ({ name }) => `${name} is no group of system calls`,
    remedy: ({ hint, names }) => hinted(hint, `write one of ${names}`),
  },
  'syscall-refused': {
    message: ({ name }) => `a refused system call cannot get ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write the name of an error, such as EPERM or ENOSYS, or kill'),
  },
  duration: {
    message: ({ text }) => `${text} is no time to wait`,
    remedy: () => 'write a number and s, m or h: 30s, 5m, 1h (a day at most)',
  },
  'group-name': {
    message: ({ name }) => `${name} is no name of a group of rules`,
    remedy: () => 'write the name of a file in the folder of groups without its .yaml, in small letters',
  },
  'group-version': {
    message: ({ name, operation }) => `the group ${name} is of version 2: it has rules for ${operation}`,
    remedy: () => 'write `version: 2` at the head of the policy too, or take the group out',
  },
  'group-unknown': {
    message: ({ name }) => `there is no group ${name}`,
    remedy: ({ hint, name }) =>
      hinted(
        hint,
        `write one of libc, locale, names, tls, python, perl, ruby, node, java, terminals, x11, or a file ${name}.yaml`,
      ),
  },
  'group-twice': { message: ({ name }) => `the group ${name} is named twice`, remedy: () => 'keep one' },
};
