// SPDX-License-Identifier: GPL-2.0-only
/** Addresses are read as the system reads them: what is one, what is none, and which bytes it has. */
import { isIP } from 'node:net';
import t from 'tap';
import { addressBytes, addressText } from '../../src/policy/ip.js';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261129);
const TEXTS = 200_000;
/** What addresses are made of, right ones and wrong ones. */
const PIECES = [
  '0',
  '1',
  '9',
  '25',
  '255',
  '256',
  '00',
  '01',
  'f',
  'ffff',
  'FFFF',
  '10000',
  'g',
  '.',
  ':',
  '::',
  ':::',
  ' ',
  '%',
  '-',
];
/** Most of them have the form of one. */
const FORMS = [
  '1.2.3.4',
  '192.0.2.1',
  '10.0.0.255',
  '::',
  '::1',
  '1::',
  'fe80::1:2',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:1.2.3.4',
];

t.test('the same as the system, over random texts', async (t) => {
  let seed = SEED;
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % below;
  };
  const one = (): string => {
    const pieces = draw(3) === 0 ? [] : ((FORMS[draw(FORMS.length)] as string).match(/[0-9a-f]+|[.:]+/g) ?? []);
    for (let changes = draw(4); changes > 0; changes--)
      pieces.splice(draw(pieces.length + 1), draw(2), PIECES[draw(PIECES.length)] as string);
    return pieces.join('');
  };
  const counts = [0, 0, 0];
  for (let index = 0; index < TEXTS; index++) {
    const text = one();
    // A zone is the caller's to take off.
    const version = text.includes('%') ? 0 : isIP(text);
    const kind = version === 0 ? 0 : version === 4 ? 1 : 2;
    counts[kind] = (counts[kind] ?? 0) + 1;
    const bytes = addressBytes(text);
    if ((bytes !== null) !== (version !== 0)) t.fail(`${JSON.stringify(text)}: IPv${version} (seed ${SEED})`);
    if (bytes === null) continue;
    const again = addressText(bytes);
    if (addressBytes(again) !== bytes) t.fail(`${text}: ${again} is another`);
    const host = version === 6 ? new URL(`http://[${text}]`).hostname : `[::ffff:${text}]`;
    if (bytes !== addressBytes(host.slice(1, -1))) t.fail(`${text}: not as a URL has it (${host})`);
  }
  t.ok(
    counts.every((count) => count > TEXTS / 50),
    `none, IPv4, IPv6: ${counts.join(', ')}`,
  );
});

t.test('their bytes', async (t) => {
  const hex = (text: string): string | null => {
    const bytes = addressBytes(text);
    return bytes === null ? null : Buffer.from(bytes, 'latin1').toString('hex');
  };
  t.equal(hex('192.0.2.1'), '00000000000000000000ffffc0000201');
  t.equal(hex('::ffff:192.0.2.1'), '00000000000000000000ffffc0000201');
  t.equal(hex('2001:DB8::a:b'), '20010db80000000000000000000a000b');
  t.equal(hex('1:2:3:4:5:6:7::'), '00010002000300040005000600070000');
  for (const none of [
    '',
    '.',
    ':',
    ':::',
    '1.2.3',
    '1.2.3.04',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1%lo',
    '[::1]',
    '1.2.3.4::',
  ])
    t.equal(hex(none), null, none);
});
