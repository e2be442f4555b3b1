// SPDX-License-Identifier: GPL-2.0-only
/** Merging states that nothing can tell apart, for automata of any kind. */

export interface Refinable {
  readonly count: number;
  /** States of different kinds are never merged. */
  readonly kind: (state: number) => number;
  /** All states it leads to, each at least once. */
  readonly successors: (state: number) => Iterable<number>;
  /** What it does, told in blocks instead of states. Two states of one kind are equal when this is. */
  readonly signature: (state: number, blocks: Int32Array) => string;
}

export interface Blocks {
  /** The block of each state; blocks are numbered by their first state. */
  readonly of: Int32Array;
  readonly count: number;
}

/**
 * The coarsest partition in which equal states share a block. Only states whose successors changed their block are
 * looked at again, so a long chain takes no longer than a wide tree.
 */
export function refine({ count, kind, successors, signature }: Refinable): Blocks {
  const before: number[][] = Array.from({ length: count }, () => []);
  for (let state = 0; state < count; state++)
    for (const next of new Set(successors(state))) (before[next] as number[]).push(state);

  const blocks = new Int32Array(count);
  const sizes: number[] = [];
  /** The signature that all members of a block have had since they were last looked at. */
  const signatures: (string | undefined)[] = [];
  const kinds = new Map<number, number>();
  for (let state = 0; state < count; state++) {
    const key = kind(state);
    let block = kinds.get(key);
    if (block === undefined) {
      block = sizes.length;
      kinds.set(key, block);
      sizes.push(0);
      signatures.push(undefined);
    }
    blocks[state] = block;
    sizes[block] = (sizes[block] as number) + 1;
  }

  let dirty: Iterable<number> = Array.from({ length: count }, (_, state) => state);
  for (;;) {
    const touched = new Map<number, Map<string, number[]>>();
    for (const state of dirty) {
      const block = blocks[state] as number;
      const groups = touched.get(block) ?? new Map<string, number[]>();
      touched.set(block, groups);
      const key = signature(state, blocks);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [state]);
      else group.push(state);
    }
    // All signatures of a round are told in the same blocks; only now may they change.
    const moved: number[] = [];
    for (const [block, groups] of touched) {
      let looked = 0;
      let stays: string | undefined;
      let most = 0;
      for (const [key, group] of groups) {
        looked += group.length;
        if (group.length > most) {
          most = group.length;
          stays = key;
        }
      }
      if (looked < (sizes[block] as number)) stays = signatures[block];
      signatures[block] = stays;
      for (const [key, group] of groups) {
        if (key === stays) continue;
        sizes[block] = (sizes[block] as number) - group.length;
        for (const state of group) blocks[state] = sizes.length;
        sizes.push(group.length);
        signatures.push(key);
        moved.push(...group);
      }
    }
    if (moved.length === 0) break;
    const next = new Set<number>();
    for (const state of moved) for (const from of before[state] as number[]) next.add(from);
    dirty = next;
  }
  return renumber(blocks);
}

function renumber(blocks: Int32Array): Blocks {
  const ids = new Map<number, number>();
  const of = blocks.map((block) => {
    const known = ids.get(block);
    if (known !== undefined) return known;
    ids.set(block, ids.size);
    return ids.size - 1;
  });
  return { of, count: ids.size };
}
