// SPDX-License-Identifier: GPL-2.0-only
/** Figures as tables, and against older ones. */
import type { Figure } from './mechanisms.js';

/** Of what an operation costs altogether: what is told, and what is too much. */
const TOLD = 0.01;
const TOO_MUCH = 0.02;
/** Not the same from boot to boot: where the guest's scheduler has a part in it. */
const UNSTEADY = /^(fork|fork_exec|thread|connect_tcp|accept)$/;

/** A table for each kernel: an operation a row, a mechanism a column. */
export function tables(figures: readonly Figure[]): string {
  const each = <T>(of: (figure: Figure) => T, some = figures): T[] => [...new Set(some.map(of))];
  return each(({ kernel }) => kernel)
    .map((kernel) => {
      const here = figures.filter((figure) => figure.kernel === kernel);
      const mechanisms = each(({ mechanism }) => mechanism, here);
      const rows = each(({ operation }) => operation, here).map((operation) => {
        const row = here.filter((figure) => figure.operation === operation);
        const cells = mechanisms.map((mechanism) => {
          const found = row.find((figure) => figure.mechanism === mechanism);
          return found === undefined ? '-' : `${found.added < 0 ? '' : '+'}${found.added}`;
        });
        return [operation, String(row[0]?.base ?? ''), ...cells];
      });
      const head = [`Linux ${kernel}`, 'alone', ...mechanisms];
      const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [line(head), line(['---', ...head.slice(1).map(() => '---:')]), ...rows.map(line), ''].join('\n');
    })
    .join('\n');
}

/** What moved between two runs, a line each; `worse`: one of them by too much. */
export function compared(
  before: readonly Figure[],
  after: readonly Figure[],
): { readonly lines: readonly string[]; readonly worse: boolean } {
  const name = ({ kernel, mechanism, operation }: Figure): string => `${kernel}, ${mechanism}, ${operation}`;
  const old = new Map(before.map((figure) => [name(figure), figure]));
  let worse = false;
  const lines = after.flatMap((figure) => {
    const was = old.get(name(figure));
    if (was === undefined || UNSTEADY.test(figure.operation)) return [];
    const moved = (figure.added - was.added) / (was.base + was.added);
    if (Math.abs(moved) <= TOLD) return [];
    worse ||= moved > TOO_MUCH;
    return [`${name(figure)}: +${was.added} to +${figure.added}${moved > TOO_MUCH ? ', too much' : ''}`];
  });
  const lost = [...old.values()].filter((figure) => !after.some((one) => name(one) === name(figure)));
  return {
    lines: [...lines, ...lost.map((figure) => `${name(figure)}: not measured any more`)],
    worse: worse || lost.length > 0,
  };
}
