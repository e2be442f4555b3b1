// SPDX-License-Identifier: GPL-2.0-only
/** mmap and mprotect: may what is read be mapped as code? Nothing else of them is judged. */
import { plainName } from './calls.js';
import { comparing } from './compare.js';
import type { Reports } from './remarks.js';
import type { ClassicRule, Comparison } from './syntax.js';
import { holds } from './truth.js';

/** How a loader maps code. */
export const CODE = 'PROT_READ|PROT_EXEC';

export class Code {
  /** What may be read may be mapped as code. */
  readonly mapped: boolean;
  /** The rule by which no file may be; null: none says so, and the default decides. */
  readonly refusal: ClassicRule | null;

  constructor(rules: readonly ClassicRule[], reports: Reports) {
    const maps = rules.filter(({ call }) => plainName(call) === 'mmap');
    const table = maps.filter(({ condition }) => condition === null);
    const ordered = [...table, ...maps.filter((rule) => !table.includes(rule))];
    const decides = ordered.find((rule) => {
      const matches = mapsCode(rule);
      if (matches && rule.action.predicate !== null) reports.add('code-conditional', rule.place, rule.call);
      return matches && rule.action.predicate === null;
    });
    this.mapped = decides?.action.verdict === 'permit' && table.every(({ action }) => action.verdict === 'permit');
    const refusals = [...table.filter(({ action }) => action.verdict !== 'permit'), ...(decides ? [decides] : [])];
    this.refusal = refusals[0]?.action.verdict === 'deny' ? refusals[0] : null;
    for (const rule of rules) {
      const call = plainName(rule.call);
      if (call !== 'mmap' && call !== 'mprotect') continue;
      const { place, action, condition } = rule;
      const plain = condition === null || condition.kind === 'true';
      if (rule === decides && this.mapped) reports.add('code', place, rule.call);
      if (!plain || action.verdict !== 'permit') reports.add('memory', place, rule.call);
      else if (rule !== decides || !this.mapped) reports.add('let-through', place, rule.call);
    }
  }
}

/** Is the rule of `mmap` about a file that is mapped as code? */
export function mapsCode({ condition }: Pick<ClassicRule, 'condition'>): boolean {
  return condition === null || holds(condition, inMaps) === true;
}

function inMaps(test: Comparison): boolean | null {
  return test.name === 'prot' && (test.index ?? 0) === 0 ? comparing(test)(CODE) : false;
}
