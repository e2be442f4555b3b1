// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { missingOwners } from '../../src/application/owners.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

t.test('of what nobody owns no condition on an owner holds', async (t) => {
  const notes = (...rules: string[]): string[] => {
    const text = `version: 2\nprogram: /usr/bin/x\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
    return missingOwners(parsePolicy(text, '/a/x.yaml', around));
  };
  t.same(
    notes(
      '{permit: read, path: /srv, if: {owner: self}}',
      '{permit: connect, address: "tcp:80", if: {owner: self}}',
      '{permit: kernel, kernel: io_uring, unless: {uid: 7, owner: self}}',
    ),
    [
      '/a/x.yaml:5: nobody owns sockets: the rule never holds, leave owner: self out of its if',
      '/a/x.yaml:6: nobody owns the kernel itself: its unless excepts nothing, leave it out',
    ],
  );
  t.same(
    notes(
      '{permit: ipc, ipc: shm, unless: {owner: self}}',
      '{permit: signal, signal: TERM, process: child, if: {owner: self}}',
      '{permit: connect, address: "tcp:80", if: {uid: 7}}',
    ),
    [],
  );
});
