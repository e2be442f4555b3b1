// SPDX-License-Identifier: GPL-2.0-only
// A page of docs/ as roff (man(7)): headings, paragraphs, lists, tables and code, which is all that these pages have.

/** Text as roff takes it: - is a minus, \ itself, and no line begins with a control sign. */
export const plain = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1')
    .replace(/[^\n\t -~]/gu, (sign) => `\\[u${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}]`);

/** Bold, code and links within a line; a link's text stands, where it leads does not. */
export function inline(text) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/);
  const lines = parts
    .map((part) => {
      if (/^`[^`]+`$/.test(part)) return `\\fB${plain(part.slice(1, -1))}\\fR`;
      if (/^\*\*[^*]+\*\*$/.test(part)) return `\\fI${inline(part.slice(2, -2)).replaceAll('\\fR', '\\fI')}\\fR`;
      const link = /^\[([^\]]+)\]\([^)]+\)$/.exec(part);
      return link === null ? plain(part.replaceAll('\\*', '*')) : inline(link[1]);
    })
    .join('');
  return lines.replace(/^(['.])/, '\\&$1');
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

/** A table as a list: the first column with what stands beside it; the heads of further columns are said. */
function table(lines) {
  const [heads, , ...rows] = lines.map(cells);
  return rows.flatMap(([first = '', second = '', ...more]) => [
    '.TP',
    inline(first) || '\\(em',
    [
      inline(second) || '\\(em',
      ...more.flatMap((cell, index) =>
        cell === ''
          ? []
          : [`${plain(heads[index + 2] ?? '').replace(/^./, (sign) => sign.toUpperCase())}: ${inline(cell)}`],
      ),
    ].join('. '),
  ]);
}

/** The sections of a page; what stands before the first heading of the second level is `lead`. */
export function sections(markdown, lead) {
  const out = [`.SH ${lead}`];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    if (/^# /.test(line) || line.trim() === '') at++;
    else if (/^##/.test(line)) {
      out.push(/^### /.test(line) ? `.SS ${plain(line.slice(4))}` : `.SH ${plain(line.slice(3).toUpperCase())}`);
      at++;
    } else if (line.startsWith('```')) {
      out.push('.PP', '.nf', '.RS');
      for (at++; at < lines.length && !lines[at].startsWith('```'); at++) out.push(plain(lines[at]) || '\\&');
      out.push('.RE', '.fi');
      at++;
    } else if (line.startsWith('|')) {
      const from = at;
      while (lines[at]?.startsWith('|')) at++;
      out.push(...table(lines.slice(from, at)));
    } else if (/^- /.test(line)) {
      let item = line.slice(2);
      for (at++; /^ {2}\S/.test(lines[at] ?? ''); at++) item += ` ${lines[at].trim()}`;
      out.push('.IP \\(bu 2', inline(item));
    } else {
      let text = line;
      for (at++; at < lines.length && lines[at].trim() !== '' && !/^(#|\||- |```)/.test(lines[at]); at++)
        text += ` ${lines[at]}`;
      out.push('.PP', inline(text));
    }
  }
  return out;
}
