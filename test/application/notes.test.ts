// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { applicationNotes } from '../../src/application/notes.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around } from '../cases.js';

t.test('notes are those of the files that were asked about', async (t) => {
  const policies = ['x', 'y'].map((name) => {
    const file = `/a/${name}.yaml`;
    const text = [
      'version: 2',
      `program: /usr/bin/${name}`,
      'mode: complain',
      'syscalls: [read]',
      'rules:',
      '  - {permit: connect, address: "tcp:80", if: {owner: self}}',
      '  - {deny: capable, capability: chown, errno: ENOSYS}',
      '',
    ].join('\n');
    return { file, policy: parsePolicy(text, file, around), text };
  });
  const notes = [
    '/a/y.yaml: system calls are told, not refused where /usr/bin/y is started: /usr/bin/y only complains (/a/y.yaml: mode)',
    '/a/y.yaml:7: of a capability that is denied the program sees what the kernel makes of it, EPERM or EACCES, not ENOSYS',
    '/a/y.yaml:6: nobody owns sockets: the rule never holds, leave owner: self out of its if',
  ];
  t.same(applicationNotes({ policies }, ['/a/y.yaml']), notes);
  t.same(applicationNotes({ policies }, ['/link/to/a/y.yaml']), notes, 'by another way to the folder');
  t.same(applicationNotes({ policies }, ['/a/z.yaml']), []);
  t.equal(applicationNotes({ policies }, ['/a/x.yaml', '/a/y.yaml']).length, 6);
});
