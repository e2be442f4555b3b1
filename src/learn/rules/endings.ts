// SPDX-License-Identifier: GPL-2.0-only
/** Names of one folder as patterns: by how they end, and by the shape of what is random in them. */
import type { Entry } from './folder.js';

/** Endings that are told apart; of more the folder is one of anything. */
const ENDINGS_MOST = 4;

/** By ending, where all have one and each occurs more than once; else all of them. */
export function endings(entries: readonly Entry[]): { readonly text: string; readonly alike: readonly Entry[] }[] {
  const made = entries.filter(({ name }) => name === null);
  const plain = entries.filter(({ name }) => name !== null);
  return [...byEnding(plain), ...byShape(made)];
}

/** With what is packed on top of it: `.tar.gz`; empty: the name has none. */
export function endingOf({ text }: Entry): string {
  return /.(\.[A-Za-z][A-Za-z0-9_-]{0,15}(?:\.(?:gz|xz|bz2|zst))?)$/.exec(text)?.[1] ?? '';
}

function byEnding(entries: readonly Entry[]): { readonly text: string; readonly alike: readonly Entry[] }[] {
  if (entries.length === 0) return [];
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const ending = endingOf(entry);
    groups.set(ending, [...(groups.get(ending) ?? []), entry]);
  }
  const rare = [...groups.values()].some((group) => group.length < 2);
  if (groups.has('') || groups.size > ENDINGS_MOST || (rare && groups.size > 1)) return [{ text: '*', alike: entries }];
  return [...groups].map(([ending, alike]) => ({ text: `*${ending}`, alike }));
}

/** Made names whose front is a name of the folder's own: the random part behind it keeps its shape. */
function byShape(entries: readonly Entry[]): { readonly text: string; readonly alike: readonly Entry[] }[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const at = entry.text.search(/\[/);
    const front = entry.text.slice(0, at);
    const kept = front.startsWith('.') ? '.' : '';
    const joint = /[^A-Za-z0-9]$/.exec(front)?.[0] ?? '';
    const text = `${kept}*${front.length > 1 ? joint : ''}${entry.text.slice(at)}`;
    groups.set(text, [...(groups.get(text) ?? []), entry]);
  }
  return [...groups].map(([text, alike]) => ({ text, alike }));
}
