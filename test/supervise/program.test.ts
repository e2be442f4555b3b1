import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ProgramNotFound, Refusal } from '../../src/host/failure.js';
import { findProgram, identityOf } from '../../src/supervise/program.js';
import { hasFields } from '../fields.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-program-')));
t.teardown(() => rmSync(folder, { recursive: true }));
const script = join(folder, 'script');
writeFileSync(script, '#!/bin/sh -e\necho\n', { mode: 0o755 });
symlinkSync(script, join(folder, 'alias'));
writeFileSync(join(folder, 'plain'), 'text', { mode: 0o644 });

t.test('a program is found as the shell would, and named as the kernel does', async (t) => {
  const found = findProgram('alias', `/nowhere:${folder}`, '/');
  hasFields(t, found, {
    path: script,
    file: join(folder, 'alias'),
    name: 'alias',
    interpreter: realpathSync('/bin/sh'),
  });
  t.equal(findProgram('./script', undefined, folder).path, script);
  t.equal(findProgram('cat', '/usr/bin', '/').interpreter, undefined);
});

t.test('what cannot be found is 127, what cannot be run 126', async (t) => {
  t.throws(() => findProgram('no-such-program', folder, '/'), ProgramNotFound);
  t.throws(() => findProgram('/no/such/program', folder, '/'), ProgramNotFound);
  t.throws(() => findProgram(join(folder, 'plain'), folder, '/'), Refusal);
  t.throws(() => findProgram('plain', folder, '/'), ProgramNotFound, 'along PATH only what can be run counts');
  t.throws(() => findProgram(folder, folder, '/'), Refusal);
  chmodSync(join(folder, 'plain'), 0o644);
});

t.test('a user brings groups and an environment', async (t) => {
  const { user, switchTo, env } = identityOf('nobody', { HOME: '/root', LANG: 'C' });
  t.equal(user.name, 'nobody');
  t.equal(switchTo?.uid, user.uid);
  t.ok(switchTo?.groups.includes(user.gid));
  hasFields(t, env, { USER: 'nobody', HOME: user.home, LANG: 'C' });
  t.equal(identityOf(null, { HOME: '/x' }).switchTo, undefined);
  t.throws(() => identityOf('no such user', {}), Refusal);
});
