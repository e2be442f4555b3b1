// SPDX-License-Identifier: GPL-2.0-only
/**
 * What systrace decided, rule by rule: a reference that shares nothing with src/systrace but the parsed rules. Written after
 * filter.c, intercept-translate.c and fnmatch(3) of BSD.
 */
import type { ClassicPolicy, ClassicRule, Comparison, Expression } from '../../src/systrace/syntax.js';

/** A call with its printed arguments, in their order. */
export interface Call {
  readonly call: string;
  readonly alias: 'fsread' | 'fswrite' | null;
  readonly arguments: readonly (readonly [name: string, value: string])[];
}

export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly ids: Readonly<Record<string, number>>;
}

export interface Answer {
  readonly verdict: 'permit' | 'deny' | 'ask';
  readonly errno: string;
  /** Null: none matched. */
  readonly rule: ClassicRule | null;
}

/** The verdict under `-a`: what no rule matches is denied. */
export function classicDecide({ rules }: ClassicPolicy, call: Call, caller: Caller): Answer {
  const own = rules.filter((rule) => rule.call === call.call);
  const table = own.filter(({ condition }) => condition === null);
  // The table holds one answer for each call: where rules disagree the denial counts here.
  const first = table.find(({ action }) => action.verdict === 'deny') ?? table[0];
  const conditional = own.filter(({ condition }) => condition !== null);
  const alias = rules.filter((rule) => rule.call === call.alias);
  const [name] = call.arguments;
  const ofAlias = name === undefined ? [] : [name];
  const rule =
    first ??
    conditional.find((one) => applies(one, call.arguments, caller)) ??
    alias.find((one) => applies(one, ofAlias, caller));
  if (rule === undefined) return { verdict: 'deny', errno: 'EPERM', rule: null };
  return { verdict: rule.action.verdict, errno: rule.action.errno ?? 'EPERM', rule };
}

function applies({ condition, action }: ClassicRule, args: Call['arguments'], caller: Caller): boolean {
  if (condition !== null && !holds(condition, args)) return false;
  const { predicate } = action;
  if (predicate === null) return true;
  const own = predicate.of === 'user' ? caller.uid : caller.gid;
  const id = /^\d+$/.test(predicate.id) ? Number(predicate.id) : (caller.ids[predicate.id] as number);
  switch (predicate.sign) {
    case '=':
      return own === id;
    case '!=':
      return own !== id;
    case '<':
      return own < id;
    case '>':
      return own > id;
  }
}

function holds(expression: Expression, args: Call['arguments']): boolean {
  switch (expression.kind) {
    case 'true':
      return true;
    case 'not':
      return !holds(expression.of, args);
    case 'and':
      return holds(expression.left, args) && holds(expression.right, args);
    case 'or':
      return holds(expression.left, args) || holds(expression.right, args);
    case 'test': {
      const found = args.filter(([name]) => name === expression.name)[expression.index ?? 0];
      return found !== undefined && compares(expression, found[1]);
    }
  }
}

function compares({ operator, value }: Comparison, text: string): boolean {
  switch (operator) {
    case 'eq':
      return text.toLowerCase() === value.toLowerCase();
    case 'neq':
      return text.toLowerCase() !== value.toLowerCase();
    case 'sub':
      return text.includes(value);
    case 'nsub':
      return !text.includes(value);
    case 'match':
      return fnmatch(value, text);
    case 're':
      return new RegExp(value).test(text);
    case 'inpath':
      return value === text || (text === '/' ? value.startsWith('/') : value.startsWith(`${text}/`));
  }
}

/** fnmatch(3) with FNM_PATHNAME and FNM_LEADING_DIR, sign by sign as OpenBSD's. */
export function fnmatch(pattern: string, text: string): boolean {
  let [at, place] = [0, 0];
  for (;;) {
    const sign = pattern[at++];
    const next = text[place];
    switch (sign) {
      case undefined:
        return next === undefined || next === '/';
      case '?':
        if (next === undefined || next === '/') return false;
        place++;
        break;
      case '*': {
        while (pattern[at] === '*') at++;
        if (pattern[at] === undefined) return true;
        for (let from = place; ; from++) {
          if (fnmatch(pattern.slice(at), text.slice(from))) return true;
          if (text[from] === undefined || text[from] === '/') return false;
        }
      }
      case '[': {
        if (next === undefined || next === '/') return false;
        const set = /^\[([!^]?)(\]?[^\]]*)\]/.exec(pattern.slice(at - 1));
        if (set === null) throw new Error(`an open set in ${pattern}`);
        const [whole, negated, members = ''] = set;
        let found = false;
        for (let index = 0; index < members.length; index++) {
          const range = members[index + 1] === '-' && members[index + 2] !== undefined;
          const last = range ? (members[index + 2] as string) : (members[index] as string);
          if (next >= (members[index] as string) && next <= last) found = true;
          if (range) index += 2;
        }
        if (found === (negated !== '')) return false;
        at += whole.length - 1;
        place++;
        break;
      }
      default: {
        const literal = sign === '\\' && pattern[at] !== undefined ? pattern[at++] : sign;
        if (next !== literal) return false;
        place++;
      }
    }
  }
}
