// SPDX-License-Identifier: GPL-2.0-only
/** Statements in the order in which they must stand: names, denials of what looks sensitive, patterns. */
import type { PathPattern, Policy } from '../policy/model.js';
import { FILE_OPERATIONS } from '../policy/operations.js';
import { parsePath } from '../policy/path.js';
import type { Statement } from '../policy/statement.js';
import type { LearnInput } from './input.js';
import { Permitted } from './permitted.js';
import { Sensitive } from './sensitive.js';
import { statementsOf } from './statements.js';
import type { Written } from './written.js';

/**
 * The statements in the order in which they must stand: what is named by its name, then the denials of what looks sensitive,
 * then the patterns that these are for. What a pattern permits anyhow is not named.
 */
export function arrange(
  written: readonly Written[],
  uids: ReadonlySet<number>,
  { sensitive, userName }: LearnInput,
  readFresh: (statements: readonly Statement[]) => Policy,
): Statement[] {
  const isWide = (one: Written): boolean => one.rules.length > 0 && patternOfText(one) !== null;
  const wide = withoutCovered(written.filter(isWide));
  const patterns = statementsOf(wide, uids, userName);
  const guards = guardsOf(wide, sensitive);
  const open = readFresh([...guards, ...patterns]);
  const covered = new Permitted({ ...open, rules: open.rules.filter(({ group }) => group === undefined) });
  const narrow = written.filter((one) => !isWide(one) && !(wide.length > 0 && covered.has(one.observation)));
  return [...statementsOf(narrow, uids, userName), ...guards, ...patterns];
}

/** Patterns without those that another covers by all that is below a folder above. */
function withoutCovered(wide: readonly Written[]): Written[] {
  const sayOf = ({ key, which, observation: { operation } }: Written): string => `${key} ${operation} ${which ?? ''}`;
  const deep = new Map<string, Written[]>();
  for (const one of wide) {
    if (!one.text.endsWith('/**')) continue;
    const key = `${sayOf(one)} ${one.text.slice(0, -'/**'.length)}`;
    deep.set(key, [...(deep.get(key) ?? []), one]);
  }
  if (deep.size === 0) return [...wide];
  return wide.filter((one) => {
    const { text, observation } = one;
    for (let end = text.lastIndexOf('/'); end > 0; end = text.lastIndexOf('/', end - 1)) {
      const above = text.slice(0, end);
      const all = deep.get(`${sayOf(one)} ${above}`);
      if (all === undefined || text === `${above}/**`) continue;
      const users = new Set(all.flatMap((other) => [...other.observation.uids]));
      if ([...observation.uids].every((uid) => users.has(uid))) return false;
    }
    return true;
  });
}

/** The pattern of paths that it is written as; null: it names one path, or none. */
function patternOfText({ text }: Written): PathPattern | null {
  const path = text.startsWith('unix:/') ? text.slice('unix:'.length) : text;
  if (!path.startsWith('/')) return null;
  const pattern = parsePath(path, () => null);
  return pattern.self || pattern.components.some(({ kind }) => kind !== 'literal') ? pattern : null;
}

function guardsOf(wide: readonly Written[], sensitive: readonly PathPattern[]): Statement[] {
  const list = new Sensitive(sensitive);
  const met = new Map<string, boolean>();
  const meets = (one: Written): boolean => {
    const known = met.get(one.text) ?? list.guards([patternOfText(one) as PathPattern]).length > 0;
    met.set(one.text, known);
    return known;
  };
  // A socket is connected to under its own name; what it is has no content of its own.
  const files = wide.filter(
    (one) => one.key === 'path' && FILE_OPERATIONS.includes(one.observation.operation) && meets(one),
  );
  const patterns = new Map(files.map((one) => [one.text, patternOfText(one) as PathPattern]));
  const objects = list.guards([...patterns.values()]);
  if (objects.length === 0) return [];
  const operations = new Set(files.map(({ observation }) => observation.operation));
  return [
    {
      ...{ verdict: 'deny', key: 'path', objects },
      operations: FILE_OPERATIONS.filter((operation) => operations.has(operation)),
      comment: ['names that look like keys and passwords: the patterns below are not for them'],
    },
  ];
}
