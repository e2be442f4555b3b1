// SPDX-License-Identifier: GPL-2.0-only
/** The last stage: the tables as the bytes of one map value. Little endian, as every machine that BPF LSM runs on here. */
import {
  ABI_VERSION,
  ANSWER,
  CONDITION,
  cellBytes,
  DECISION,
  DIGEST_BYTES,
  ENTRY_BYTES,
  HEADER,
  IMAGE_MAGIC,
  LITERAL,
  literalKey,
  offsetsOf,
  RANGE,
  STATE,
  slotOf,
  TABLES,
  VERDICTS,
} from './layout.js';
import type { StateEntry, Tables } from './tables.js';
import { stateBehindProtocol } from './walk.js';

/** A copy of an image with another generation: all else of it says what the policy says. */
export function withGeneration(image: Uint8Array, generation: bigint): Uint8Array {
  const bytes = new Uint8Array(image);
  new DataView(bytes.buffer).setBigUint64(HEADER.generation, generation, true);
  return bytes;
}

/**
 * Writes an image. `generation` counts the replacements of the policy, `digest` is the SHA-256 of its canonical text.
 * Throws RangeError when the digest has another length.
 */
export function encode(tables: Tables, generation: bigint, digest: Uint8Array): Uint8Array {
  if (digest.length !== DIGEST_BYTES)
    throw new RangeError(`a digest has ${DIGEST_BYTES} bytes, this one has ${digest.length}`);
  const offsets = offsetsOf(tables.imageClass);
  const bytes = new Uint8Array(offsets.bytes);
  const view = new DataView(bytes.buffer);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);

  u32(HEADER.magic, IMAGE_MAGIC);
  u32(HEADER.abi, ABI_VERSION);
  u32(HEADER.class_count, tables.classCount);
  u32(HEADER.start_path, tables.starts.path);
  u32(HEADER.start_inet, tables.starts.inet);
  u32(HEADER.start_abstract, tables.starts.abstract);
  u32(HEADER.start_family, tables.starts.family);
  u32(HEADER.start_place, tables.starts.place);
  u32(HEADER.start_head, tables.starts.head);
  u32(HEADER.version, tables.version);
  u32(HEADER.closed, tables.closed);
  u32(HEADER.unnamed, tables.unnamed);
  u32(HEADER.seed, tables.seed.low);
  u32(HEADER.seed + 4, tables.seed.high);
  view.setBigUint64(HEADER.generation, generation, true);
  for (const [kind, answer] of tables.kinds.entries()) u32(HEADER.kinds + 4 * kind, answer);
  bytes.set(digest, HEADER.digest);
  u32(HEADER.owns, tables.ownCount);
  u32(HEADER.folders, tables.folderCount);
  for (const table of TABLES) u32(HEADER[table], tables.used[table]);
  bytes.set(tables.classOf, offsets.classes);

  tables.states.forEach((state, index) => {
    if (state === undefined) return;
    const at = offsets.states + index * ENTRY_BYTES.states;
    const masks = masksOf(state);
    u32(at + STATE.first_mask, masks.firstLow);
    u32(at + STATE.first_mask + 4, masks.firstHigh);
    u32(at + STATE.length_mask, masks.length);
    u32(at + STATE.fallback, state.fallback);
    u32(at + STATE.dfa, state.dfa);
    u32(at + STATE.answer, state.answer);
  });
  tables.literals.forEach((literal, index) => {
    if (literal === undefined) return;
    const at = offsets.literals + index * ENTRY_BYTES.literals;
    for (let byte = 0; byte < literal.name.length; byte++)
      bytes[at + LITERAL.words + byte] = literal.name.charCodeAt(byte);
    u32(at + LITERAL.key, literalKey(literal.state, literal.name.length));
    u32(at + LITERAL.to, literal.to);
  });
  const half = cellBytes(tables.imageClass) / 2;
  tables.cells.forEach((cell, index) => {
    if (cell === undefined) return;
    const at = offsets.cells + 2 * half * index;
    for (const [place, value] of [
      [at, cell.next],
      [at + half, cell.row],
    ] as const)
      if (half === 4) u32(place, value);
      else view.setUint16(place, value, true);
  });
  tables.answers.forEach(({ decisions, program, grants }, index) => {
    const at = offsets.answers + index * ENTRY_BYTES.answers;
    // Of one version's operations or the other's: a state is reached by either, and 0 is the default for all.
    for (const [bit, decision] of decisions.entries())
      if (decision !== 0) view.setUint16(at + ANSWER.decision + 2 * slotOf(bit), decision, true);
    u32(at + ANSWER.program, program);
    u32(at + ANSWER.grants, grants);
  });
  tables.decisions.forEach((decision, index) => {
    const at = offsets.decisions + index * ENTRY_BYTES.decisions;
    bytes[at + DECISION.verdict] = VERDICTS.indexOf(decision.verdict);
    bytes[at + DECISION.transition] = decision.transition;
    view.setUint16(at + DECISION.errnum, decision.errnum, true);
    u32(at + DECISION.flags, decision.flags);
    u32(at + DECISION.rule, decision.rule);
    u32(at + DECISION.only_if, decision.onlyIf);
    u32(at + DECISION.unless, decision.unless);
    u32(at + DECISION.otherwise, decision.otherwise);
  });
  tables.conditions.forEach((condition, index) => {
    const at = offsets.conditions + index * ENTRY_BYTES.conditions;
    u32(at + CONDITION.flags, condition.flags);
    u32(at + CONDITION.uid_first, condition.uidFirst);
    u32(at + CONDITION.uid_count, condition.uidCount);
    u32(at + CONDITION.gid_first, condition.gidFirst);
    u32(at + CONDITION.gid_count, condition.gidCount);
  });
  tables.ranges.forEach(({ first, last }, index) => {
    const at = offsets.ranges + index * ENTRY_BYTES.ranges;
    u32(at + RANGE.first, first);
    u32(at + RANGE.last, last);
  });
  for (const [index, word] of tables.moves.entries()) u32(offsets.moves + 4 * index, word);
  // Last, as they are read out of the tables.
  u32(HEADER.start_tcp, stateBehindProtocol(bytes, 'tcp'));
  u32(HEADER.start_udp, stateBehindProtocol(bytes, 'udp'));
  return bytes;
}

/** What lets the matcher skip the exact table: the lengths of a state's names and their first bytes, modulo 64. */
function masksOf({ names }: StateEntry): { firstLow: number; firstHigh: number; length: number } {
  let firstLow = 0;
  let firstHigh = 0;
  let length = 0;
  for (const name of names) {
    const bit = name.charCodeAt(0) & 63;
    if (bit < 32) firstLow |= 1 << bit;
    else firstHigh |= 1 << (bit - 32);
    length |= 1 << name.length;
  }
  return { firstLow: firstLow >>> 0, firstHigh: firstHigh >>> 0, length: length >>> 0 };
}
