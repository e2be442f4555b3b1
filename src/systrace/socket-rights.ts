// SPDX-License-Identifier: GPL-2.0-only
/** The rights on sockets: each kind of address by itself, for a comparison says another thing of each. */

import { isLexical, plainName } from './calls.js';
import { casesOf } from './cases.js';
import { type EngineOptions, type Entry, entriesOf, type Line } from './engine.js';
import type { Inet } from './inet.js';
import type { ItemWriter } from './items.js';
import { linesFor } from './lines.js';
import type { Pattern } from './pattern.js';
import { type RemarkCode, Reports } from './remarks.js';
import { inetOf, pointsOf, SOCKET_RIGHTS, SOCKET_WAYS, unixOf, type Way } from './rights.js';
import { comparisonsOf, familiesOf, protocolsOf, type Socket, socketsOf, unixPoints } from './sockets.js';
import type { Points, Space } from './space.js';
import type { Item } from './statements.js';
import type { ClassicPolicy, ClassicRule } from './syntax.js';

/** Said of a line only where every kind of address says it. */
const OF_ALL: readonly RemarkCode[] = ['never', 'no-object'];

const LOSSES: readonly RemarkCode[] = ['denied-first', 'common', 'tangled'];

/** Statements of what a policy grants on sockets. */
export function importSockets(
  { rules, emulation }: ClassicPolicy,
  writer: ItemWriter,
  reports: Reports,
  options: EngineOptions,
): Item[] {
  const protocols = protocolsOf(rules);
  const items = makingOf(rules, isLexical(emulation), writer, reports, options);
  for (const { operation, ways } of SOCKET_RIGHTS) {
    const found: Reports[] = [];
    const entries = <P>(make: (way: Way) => Space<P>): Entry<P>[] => {
      const said = new Reports();
      found.push(said);
      return entriesOf(linesFor(rules, emulation, ways, null, make), said, options);
    };
    const inet: Entry<Inet>[] = entries(inetOf);
    const unix: Entry<Pattern>[] = entries(unixOf);
    items.push(...writer.inet(operation, inet, protocols), ...writer.unix(operation, unix));
    // An abstract name begins with a NUL, so systrace printed nothing of it, as of a socket without a name.
    const nameless: Entry<Points>[] = entries((way) => pointsOf(way, [{ sockaddr: '' }]));
    items.push(...writer.words(operation, nameless, 'address', () => ['unix:@*', 'unix:']));
    if (operation !== 'listen' && operation !== 'accept') {
      const netlink: Entry<Points>[] = entries((way) => pointsOf(way, [{ sockaddr: 'family(16)' }]));
      items.push(...writer.words(operation, netlink, 'family', () => ['netlink']));
    }
    merge(reports, found.slice(0, 2), rules);
    for (const said of found.slice(2)) lost(reports, said, rules);
  }
  return items;
}

/** What makes a rule narrower for sockets without a name and of other families, though not for addresses. */
function lost(reports: Reports, said: Reports, rules: readonly ClassicRule[]): void {
  for (const { place, call } of rules)
    for (const code of said.of(place.line)) if (LOSSES.includes(code)) reports.add(code, place, call);
}

/** What was said of each line, once. */
function merge(reports: Reports, found: readonly Reports[], rules: readonly ClassicRule[]): void {
  for (const { place, call } of rules) {
    const codes = found.map((said) => said.of(place.line));
    for (const code of new Set(codes.flat()))
      if (!OF_ALL.includes(code) || codes.every((some) => some.some((one) => OF_ALL.includes(one))))
        reports.add(code, place, call);
  }
}

/** The making of sockets. */
function makingOf(
  rules: readonly ClassicRule[],
  numbers: boolean,
  writer: ItemWriter,
  reports: Reports,
  options: EngineOptions,
): Item[] {
  const sockets = socketsOf(rules, numbers);
  const printed = sockets.map((socket) => socket.printed);
  const lines: Line<Points>[] = linesFor(rules, numbers ? 'linux' : 'native', SOCKET_WAYS, null, (way) =>
    pointsOf(way, printed),
  );
  const said = new Reports();
  const entries = entriesOf(lines, said, options);
  merge(reports, [said], rules);
  for (const { rule, space } of lines) told(rule, space, sockets, numbers, reports);
  const items = writer.words('socket', entries, 'family', (points) => familiesOf(points, sockets));
  return [...items, ...pairs(rules, entries, sockets, writer, reports, options)];
}

/** What is to be said of the families of one rule. */
function told(
  rule: ClassicRule,
  space: Space<Points>,
  sockets: readonly Socket[],
  numbers: boolean,
  reports: Reports,
): void {
  const { place, call, action, condition } = rule;
  const tests = comparisonsOf(rule);
  if (!numbers && tests.some(({ value }) => /AF_UNKNOWN/i.test(value))) reports.add('family-number', place, call);
  if (condition !== null && tests.length > 0) {
    const reached = casesOf(condition, space, 'over', new Set()).some(({ holds }) => holds);
    if (!reached) reports.add('never', place, call);
  }
  if (action.verdict !== 'permit') return;
  const cases = condition === null ? [] : casesOf(condition, space, 'under', new Set());
  // A rule that holds for netlink, which it does not name, holds for all families.
  const open =
    condition === null ||
    cases.some(
      ({ set, holds }) =>
        holds &&
        set.length > 0 &&
        unnamed(
          set,
          sockets,
          tests.map(({ value }) => value),
        ),
    );
  if (open) reports.add('families', place, call);
}

function unnamed(set: Points, sockets: readonly Socket[], values: readonly string[]): boolean {
  const netlink = set.some((point) => sockets[point]?.family === 16);
  return netlink && !values.some((value) => /^AF_UNKNOWN\(16\)$/i.test(value));
}

/** socketpair(2) makes sockets of unix, which is the right to make them one by one too. */
function pairs(
  rules: readonly ClassicRule[],
  entries: readonly Entry<Points>[],
  sockets: readonly Socket[],
  writer: ItemWriter,
  reports: Reports,
  options: EngineOptions,
): Item[] {
  const unix = unixPoints(sockets);
  const [socket] = SOCKET_WAYS;
  return rules.flatMap((rule): Item[] => {
    if (plainName(rule.call) !== 'socketpair') return [];
    const { action, place, call, condition } = rule;
    if (action.verdict !== 'permit') {
      reports.add('lesser-denied', place, call);
      return [];
    }
    const plain = (condition === null || condition.kind === 'true') && action.predicate === null;
    const free = unix.every((point) => {
      const first = entries.find(({ sets }) => sets.some((set) => set.includes(point)));
      return first?.verdict === 'permit' && first.line.rule.action.predicate === null;
    });
    if (free) reports.add('covered', place, call);
    else if (!options.widen || !plain || socket === undefined) reports.add('lesser', place, call);
    else {
      reports.add('widened', place, call);
      const line: Line<Points> = { rule, space: pointsOf(socket, []), ways: 1 };
      return writer.words('socket', [{ line, verdict: 'permit', default: false, sets: [unix] }], 'family', (points) =>
        familiesOf(points, sockets),
      );
    }
    return [];
  });
}
