// SPDX-License-Identifier: GPL-2.0-only
/** The table of hooks says which kernels have them. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Test } from 'tap';
import { HOOKS } from '../../src/policy/hooks.js';

const numberOf = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat);
  return major * 1000 + minor;
};

export async function present(t: Test): Promise<void> {
  const symbols = readFileSync('/proc/kallsyms', 'utf8').matchAll(/ bpf_lsm_([a-z_]+)$/gm);
  const there = new Set(Array.from(symbols, ([, name]) => name));
  for (const [name, { since = '6.1' }] of Object.entries(HOOKS))
    if (!name.includes('/'))
      t.equal(there.has(name), numberOf(release()) >= numberOf(since), `${name}, since ${since}, on ${release()}`);
}
