// SPDX-License-Identifier: GPL-2.0-only
/** Figures as tables, and against older ones. */
import { type Figure, isCounted, partOf, unitOf } from './figure.js';

/** Of what an operation costs altogether: what is told, and what is too much. */
const TOLD = 0.01;
const TOO_MUCH = 0.02;
/** Not the same from boot to boot: where the guest's scheduler has a part in it. */
const UNSTEADY = /^(fork|fork_exec|thread|connect_tcp|accept|run -- true, .*|node -e 0)$/;

/** A table for each kernel and unit of a part: an operation a row, a mechanism a column. */
export function tables(figures: readonly Figure[]): string {
  const each = <T>(of: (figure: Figure) => T, some = figures): T[] => [...new Set(some.map(of))];
  return each(headOf)
    .map((title) => {
      const here = figures.filter((figure) => headOf(figure) === title);
      const mechanisms = each(({ mechanism }) => mechanism, here);
      const rows = each(({ operation }) => operation, here).map((operation) => {
        const row = here.filter((figure) => figure.operation === operation);
        const cells = mechanisms.map((mechanism) => {
          const found = row.find((figure) => figure.mechanism === mechanism);
          return found === undefined ? '-' : `${found.added < 0 ? '' : '+'}${found.added}`;
        });
        return [operation, String(row[0]?.base ?? ''), ...cells];
      });
      const head = [title, 'alone', ...mechanisms];
      const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
      return [line(head), line(['---', ...head.slice(1).map(() => '---:')]), ...rows.map(line), ''].join('\n');
    })
    .join('\n');
}

function headOf(figure: Figure): string {
  const where = figure.kernel === 'host' ? 'this machine' : `Linux ${figure.kernel}`;
  const [part, unit] = [partOf(figure), unitOf(figure)];
  return `${where}${part === 'costs' ? '' : `, ${part}`}${unit === 'instructions' ? '' : `, ${unit}`}`;
}

/**
 * What moved between two runs, a line each; `worse`: one of them by too much. Of `before` only the parts that were measured
 * again are looked at.
 */
export function compared(
  before: readonly Figure[],
  after: readonly Figure[],
): { readonly lines: readonly string[]; readonly worse: boolean } {
  const name = (figure: Figure): string =>
    [figure.kernel, ...(partOf(figure) === 'costs' ? [] : [partOf(figure)]), figure.mechanism, figure.operation].join(
      ', ',
    );
  const parts = new Set(after.map(partOf));
  const old = new Map(before.filter((figure) => parts.has(partOf(figure))).map((figure) => [name(figure), figure]));
  let worse = false;
  const lines = after.flatMap((figure) => {
    const was = old.get(name(figure));
    if (was === undefined || UNSTEADY.test(figure.operation)) return [];
    const moved = (figure.added - was.added) / (was.base + was.added);
    if (Math.abs(moved) <= TOLD) return [];
    // What is timed says nothing within its own spread, and is nobody's fault on a machine that does something else too.
    if (!isCounted(figure) && Math.abs(figure.added - was.added) <= Math.max(figure.spread, was.spread)) return [];
    const tooMuch = isCounted(figure) && moved > TOO_MUCH;
    worse ||= tooMuch;
    return [`${name(figure)}: +${was.added} to +${figure.added}${tooMuch ? ', too much' : ''}`];
  });
  const lost = [...old.values()].filter((figure) => !after.some((one) => name(one) === name(figure)));
  return {
    lines: [...lines, ...lost.map((figure) => `${name(figure)}: not measured any more`)],
    worse: worse || lost.length > 0,
  };
}
