// SPDX-License-Identifier: GPL-2.0-only
/** `, if user != root` as the condition of a rule. */
import type { StatementCondition } from '../policy/statement.js';
import type { Predicate } from './syntax.js';

/** Numbers of accounts; null: there is none of this name. */
export interface Accounts {
  readonly user: (name: string) => number | null;
  readonly group: (name: string) => number | null;
}

export type PredicateCondition =
  | { readonly kind: 'always' | 'never' | 'unknown' }
  | { readonly kind: 'when'; readonly if?: StatementCondition; readonly unless?: StatementCondition };

/** (uid_t)-1 is no id. */
const ID_MAX = 0xfffffffe;

/** What the predicate comes to. Real ids, at each call, as systrace run by root compared them. */
export function conditionOf({ of, sign, id }: Predicate, accounts: Accounts): PredicateCondition {
  const numeric = /^\d+$/.test(id);
  const number = numeric ? Number(id) : (of === 'user' ? accounts.user : accounts.group)(id);
  if (number === null) return { kind: 'unknown' };
  const key = of === 'user' ? 'uid' : 'gid';
  const exactly: StatementCondition = numeric ? { [key]: [number] } : { [of]: [id] };
  switch (sign) {
    case '=':
      return number > ID_MAX ? { kind: 'never' } : { kind: 'when', if: exactly };
    case '!=':
      return number > ID_MAX ? { kind: 'always' } : { kind: 'when', unless: exactly };
    case '<':
      if (number === 0) return { kind: 'never' };
      return number > ID_MAX ? { kind: 'always' } : { kind: 'when', if: { [key]: [`<${number}`] } };
    case '>':
      return number >= ID_MAX ? { kind: 'never' } : { kind: 'when', if: { [key]: [`>${number}`] } };
  }
}
