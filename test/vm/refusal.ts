// SPDX-License-Identifier: GPL-2.0-only
/**
 * One refusal, by the kernel, of a program under a compiled policy; and the like permitted, told byte for byte and not by what
 * other checks use. The gate is pinned: who loaded it has let go of it before the program runs.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import { addon } from '../../src/kernel/addon.js';
import { encodeArmedSubject, encodeProgram, encodeSession, encodeSlot, u32 } from '../../src/kernel/records.js';
import { policy, rule } from '../compile/build.js';
import { hasFields } from '../fields.js';
import type { Checks } from './checks.js';
import { DIRECTORY } from './confined.js';

const SESSION = 1;
const POLICY = 1;
const COOKIE = 0x1122334455667788n;

/** `cat` reads what its policy permits and nothing else. */
export async function refusal(t: Test, { confined }: Checks): Promise<void> {
  const native = addon();
  const gate = confined.gate.native;
  t.throws(() => native.load({ directory: DIRECTORY }), { code: 'EEXIST' });
  t.ok(gate.programs().length > 30, 'every hook is pinned');

  mkdirSync('/tmp/refusal');
  writeFileSync('/tmp/refusal/yes', 'permitted\n');
  writeFileSync('/tmp/refusal/no', 'refused\n');
  const compiled = compilePolicy(
    policy([
      rule(['load'], ['/usr/lib/**']),
      rule(['read'], ['/etc/ld.so.cache', '/usr/lib/locale/**', '/tmp/refusal/yes']),
    ]),
    { programs: ['/usr/bin/cat'] },
    1n,
    new Uint8Array(32),
  );
  gate.putImage(compiled.class, 0, compiled.bytes);
  gate.putRing(SESSION, 1 << 20);
  gate.update('sessions', u32(SESSION), encodeSession(COOKIE));
  gate.update(
    'policies',
    u32(POLICY),
    encodeSlot({
      image: { class: compiled.class, place: 0 },
      mode: 'enforce',
      session: SESSION,
      cookie: COOKIE,
      program: 1,
    }),
  );
  gate.update('programs', encodeProgram(SESSION, 1), u32(POLICY));

  const events: Buffer[] = [];
  const ring = gate.openRing(SESSION, (batch) => events.push(Buffer.from(batch)));
  const run = async (file: string): Promise<{ code: number | null; output: string; errors: string }> => {
    const output = openSync('/tmp/refusal/out', 'w');
    const errors = openSync('/tmp/refusal/err', 'w');
    const child = native.hold({
      file: '/usr/bin/cat',
      argv: ['cat', file],
      env: ['LANG=C'],
      cwd: '/',
      stdio: [0, output, errors],
      detached: false,
    });
    native.mark(gate, child.pidfd, encodeArmedSubject(POLICY, SESSION, COOKIE, child.device, child.inode));
    const ended = child.wait();
    await child.release();
    const { code } = await ended;
    closeSync(output);
    closeSync(errors);
    return { code, output: readFileSync('/tmp/refusal/out', 'utf8'), errors: readFileSync('/tmp/refusal/err', 'utf8') };
  };

  t.same(await run('/tmp/refusal/yes'), { code: 0, output: 'permitted\n', errors: '' });
  hasFields(t, await run('/tmp/refusal/no'), { code: 1, output: '', errors: /Operation not permitted/ });
  ring.drain();
  ring.stop();
  t.match(
    events.map((batch) => batch.toString('latin1')).join(''),
    /\/tmp\/refusal\/no/,
    'the refusal is reported with the whole path',
  );
  t.equal(gate.subjects(0).length, 0, 'no subject is left');
}
