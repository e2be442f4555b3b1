// SPDX-License-Identifier: GPL-2.0-only
/** The layout and the hash against bpf/abi/, as the C compiler sees it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import * as layout from '../../src/compile/layout.js';
import { literalMix, literalSlot, nameMix } from '../../src/compile/place.js';
import { KINDS, PROTOCOL_BYTE } from '../../src/policy/model.js';
import { OPERATIONS } from '../../src/policy/operations.js';

const abi = fileURLToPath(new URL('../../../bpf/abi', import.meta.url));

/** Values of integer expressions in C, with all of abi/ included. */
function evaluate(expressions: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-layout-'));
  try {
    const source = join(folder, 'print.c');
    const program = join(folder, 'print');
    const lines = expressions.map((expression) => `printf("%llu\\n", (unsigned long long)(${expression}));`);
    writeFileSync(
      source,
      `#include <stddef.h>\n#include <stdio.h>\n#include "abi.h"\nint main(void)\n{\n${lines.join('\n')}\nreturn 0;\n}\n`,
    );
    execFileSync(process.env.CC ?? 'cc', ['-I', abi, '-o', program, source]);
    return execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compares what TypeScript holds with what C says. */
function compare(t: Test, rows: readonly (readonly [expression: string, ours: number])[]): void {
  const values = evaluate(rows.map(([expression]) => expression));
  for (const [index, [expression, ours]] of rows.entries()) t.equal(ours, values[index], expression);
}

function fields(struct: string, places: Readonly<Record<string, number>>): (readonly [string, number])[] {
  return Object.entries(places).map(([name, at]) => [`offsetof(struct ${struct}, ${name})`, at] as const);
}

t.test('sizes and places', async (t) => {
  compare(t, [
    ['CG_IMAGE_MAGIC', layout.IMAGE_MAGIC],
    ['CG_ABI_VERSION', layout.ABI_VERSION],
    ['CG_LITERAL_BYTES', layout.LITERAL_BYTES],
    ['CG_PROBES', layout.PROBES],
    ['CG_CHAIN_MAX', layout.CHAIN_MAX],
    ['CG_RANGES_MAX', layout.RANGES_MAX],
    ['CG_OPERATION_SLOTS', layout.OPERATION_SLOTS],
    ['CG_KIND_SLOTS', layout.KIND_SLOTS],
    ['CG_IMAGE_CLASS_COUNT', layout.IMAGE_CLASSES.length],
    ['CG_DECISION_LOG', layout.DECISION_LOG],
    ['CG_DECISION_DEFAULT', layout.DECISION_DEFAULT],
    ['CG_CONDITION_OWNER_SELF', layout.CONDITION_OWNER_SELF],
    ['sizeof(struct cg_image_header)', layout.HEADER_BYTES],
    ...fields('cg_image_header', layout.HEADER),
    ...fields('cg_state', layout.STATE),
    ...fields('cg_literal', layout.LITERAL),
    ...fields('cg_answer', layout.ANSWER),
    ...fields('cg_decision', layout.DECISION),
    ...fields('cg_condition', layout.CONDITION),
    ...fields('cg_range', layout.RANGE),
  ]);
});

t.test('size classes', async (t) => {
  for (const imageClass of layout.IMAGE_CLASSES) {
    const { bytes, classes, ...tables } = layout.offsetsOf(imageClass);
    const image = `struct cg_image${imageClass}`;
    compare(t, [
      [`sizeof(${image})`, bytes],
      [`offsetof(${image}, classes)`, classes],
      ...Object.entries(tables).map(([table, at]) => [`offsetof(${image}, ${table})`, at] as const),
      ...layout.TABLES.map(
        (table) => [`CG_${table.toUpperCase()}${imageClass}`, layout.CAPACITY[imageClass][table]] as const,
      ),
      ...layout.TABLES.map((table) => {
        const bytes = table === 'cells' ? layout.cellBytes(imageClass) : layout.ENTRY_BYTES[table];
        return [`sizeof(((${image} *)0)->${table}[0])`, bytes] as const;
      }),
    ]);
    t.equal(layout.classOfSize(bytes), imageClass);
  }
  t.equal(layout.classOfSize(1), undefined);
});

t.test('numbers of words', async (t) => {
  compare(t, [
    ...OPERATIONS.map((operation, bit) => [`CG_${operation.toUpperCase()}`, bit] as const),
    ...layout.VERDICTS.map((verdict, number) => [`CG_${verdict.toUpperCase()}`, number] as const),
    ...layout.TRANSITIONS.map((transition, number) => [`CG_${transition.toUpperCase()}`, number] as const),
    ...KINDS.map((kind) => [`CG_KIND_${kind.toUpperCase()}`, layout.KIND_NUMBER[kind]] as const),
    ...Object.entries(PROTOCOL_BYTE).map(([name, byte]) => [`CG_PROTOCOL_${name.toUpperCase()}`, byte] as const),
  ]);
});

t.test('the hash of a literal', async (t) => {
  const names = ['a', '/', 'hosts', 'libz.so.1', 'ld-linux-x86-64.so.2', 'abcdefghijklmnopqrstuvwx', '\xff\x80\x01'];
  const seeds = [
    { low: 0, high: 0 },
    { low: 0x89abcdef, high: 0x01234567 },
    { low: 0xffffffff, high: 0xffffffff },
  ];
  const states = [0, 1, 255, 131071];
  const word = (name: string, at: number): string =>
    `0x${Buffer.from(name.padEnd(24, '\0'), 'latin1').readBigUInt64LE(at).toString(16)}ull`;
  const rows = names.flatMap((name) =>
    seeds.flatMap(({ low, high }) =>
      states.map((state): readonly [string, number] => {
        const seed = `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}ull`;
        const words = [0, 8, 16].map((at) => word(name, at)).join(', ');
        const mix = literalMix(state, nameMix(name));
        const slot = literalSlot(mix.low ^ low, mix.high ^ high);
        return [`cg_literal_hash(${seed}, CG_LITERAL_KEY(${state}u, ${name.length}u), ${words})`, slot];
      }),
    ),
  );
  compare(t, rows);
});
