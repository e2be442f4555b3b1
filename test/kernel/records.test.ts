// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import t from 'tap';
import { writeNumber } from '../../src/abi/struct.js';
import {
  decodeSession,
  decodeSlot,
  encodeArmedSubject,
  encodeSession,
  encodeSlot,
  IMAGE_PLACES,
  POLICIES_MAX,
  SESSIONS_MAX,
} from '../../src/kernel/records.js';

const header = ['image', 'limits', 'operation', 'slot', 'subject', 'session']
  .map((name) => readFileSync(new URL(`../../../bpf/abi/${name}.h`, import.meta.url), 'utf8'))
  .join('\n');
const constant = (name: string): number => Number(new RegExp(`#define ${name} (\\d+)`).exec(header)?.[1]);
const size = (struct: string): number => {
  const text = new RegExp(`CG_ASSERT\\(sizeof\\(struct ${struct}\\) == ([^,]+),`).exec(header)?.[1] ?? '';
  const numbers = text.replace(/CG_\w+/g, (name) => String(constant(name)));
  return [...numbers.matchAll(/\d+/g)].length === 1 ? Number(numbers) : Function(`return ${numbers}`)();
};

t.test('sizes and limits are the header’s', async (t) => {
  t.equal(encodeSlot(null).length, size('cg_slot'));
  t.equal(encodeArmedSubject(1, 1, 1n, 1, 1n).length, size('cg_subject'));
  t.equal(encodeSession(1n).length, size('cg_session'));
  t.equal(POLICIES_MAX, constant('CG_POLICIES_MAX'));
  t.equal(SESSIONS_MAX, constant('CG_SESSIONS_MAX'));
  t.same(
    IMAGE_PLACES,
    [0, 1, 2, 3].map((number) => constant(`CG_IMAGES${number}`)),
  );
});

t.test('a slot comes back as it was written', async (t) => {
  for (const slot of [
    { image: { class: 3, place: 7 }, mode: 'learn', session: 255, cookie: 0xffffffffffffffffn, program: 12 },
    { image: null, mode: 'complain', session: 1, cookie: 1n, program: 0 },
  ] as const)
    t.same(decodeSlot(encodeSlot(slot)), slot);
  t.equal(decodeSlot(encodeSlot(null)), null);
  t.equal(
    encodeSlot({ image: { class: 3, place: 0 }, mode: 'enforce', session: 1, cookie: 1n, program: 1 }).readUInt32LE(0),
    0x03000001,
  );
});

t.test('a session’s counters', async (t) => {
  t.equal(decodeSession(encodeSession(null)), null);
  const bytes = encodeSession(1n);
  writeNumber(bytes, 'session', 'dropped', 5);
  writeNumber(bytes, 'session', 'floor', 6, 14);
  writeNumber(bytes, 'session', 'denied_by', 7, 18);
  const counters = decodeSession(bytes);
  t.equal(counters?.dropped, 5);
  t.equal(counters?.floor[14], 6);
  t.equal(counters?.deniedBy[18], 7);
});
