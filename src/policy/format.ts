// SPDX-License-Identifier: GPL-2.0-only
/** One way to write a policy: one object a line in block lists, quotes where a sign is YAML's; comments and order stay. */
import { isMap, isPair, isScalar, isSeq, parseDocument, Scalar, visit, type YAMLSeq } from 'yaml';
import { scalar } from './statement.js';

const OBJECT_KEYS: readonly string[] = ['path', 'kind', 'address', 'family'];

/**
 * Formats the text of a policy that parses. Formatting twice is formatting once.
 *
 * @param replacements texts of paths to write in the place of others
 */
export function formatPolicy(text: string, replacements: ReadonlyMap<string, string> = new Map()): string {
  const document = parseDocument(text);
  if (isMap(document.contents)) document.contents.flow = false;
  document.directives.docEnd = false;
  const lists = new Set<unknown>();
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isScalar(key)) return;
      const name = String(key.value);
      if (isSeq(value) && OBJECT_KEYS.includes(name)) value.flow = false;
      else if (isSeq(value) && name === 'rules') blocks(value);
      else if (name === 'syscalls') callLists(value).forEach((list) => void lists.add(list));
      else if (isSeq(value)) value.flow = !lists.has(value);
      else if (isMap(value)) value.flow = true;
    },
    Scalar(key, node, path) {
      const parent = path.at(-1);
      if (typeof node.value !== 'string' || (isPair(parent) && key === 'key')) return;
      const value = replacements.get(node.value) ?? node.value;
      node.value = value;
      node.type = scalar(value) === value ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, indentSeq: true, blockQuote: false });
}

function blocks(rules: YAMLSeq): void {
  // None at all stand in brackets: a block has no way to write that.
  rules.flow = rules.items.length === 0;
  for (const rule of rules.items) if (isMap(rule)) rule.flow = false;
}

/** System calls stand one a line, as objects do. The lists that do. */
function callLists(value: unknown): YAMLSeq[] {
  if (isSeq(value)) {
    value.flow = false;
    return [value];
  }
  if (!isMap(value)) return [];
  value.flow = false;
  return value.items.flatMap(({ value: list }) => {
    if (!isSeq(list)) return [];
    list.flow = false;
    return [list];
  });
}
