// SPDX-License-Identifier: GPL-2.0-only
/** Imported policies against what systrace decided. */
import fc from 'fast-check';
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import type { Bytes } from '../../src/policy/bytes.js';
import type { Outcome, Policy } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { type Imported, importPolicy } from '../../src/systrace/import.js';
import type { ImportOptions } from '../../src/systrace/options.js';
import { parseClassic } from '../../src/systrace/parse.js';
import { isStrict } from '../../src/systrace/remarks.js';
import { comparisonsOf } from '../../src/systrace/sockets.js';
import type { ClassicPolicy, ClassicRule } from '../../src/systrace/syntax.js';
import '../seed.js';
import { type Attempt, attempt, policyText } from './arbitraries.js';
import { type Caller, classicDecide } from './classic.js';

const IDS: Readonly<Record<string, number>> = { root: 0, wheel: 0 };
const accounts = { user: (name: string) => IDS[name] ?? null, group: (name: string) => IDS[name] ?? null };
const OPTIONS: ImportOptions = { accounts, widen: false, detached: new Set(), unread: new Set() };
const AROUND = {
  variable: (name: string) => ({ HOME: '/home/u', USER: 'u', UID: '1000', CWD: '/work' })[name] ?? null,
  ...accounts,
  rules: () => null,
};

function read(text: string): ClassicPolicy {
  const { policies, problems } = parseClassic(text as Bytes, 'test');
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return policies[0] as ClassicPolicy;
}

function imported(
  text: string,
  options: Partial<ImportOptions> = {},
): { classic: ClassicPolicy; made: Imported; policy: Policy } {
  const classic = read(text);
  const made = importPolicy(classic, { ...OPTIONS, ...options });
  return { classic, made, policy: parsePolicy(made.text ?? '', 'test.yaml', AROUND) };
}

const RANK = { deny: 0, ask: 1, permit: 2 } as const;
/** Calls that callgate does not tell from the right they take (docs/systrace.md, "One right"). */
const LESSER = ['mkdir', 'symlink', 'rename', 'link', 'readlink', 'bind'];

/** The verdict of the whole call, and the decision that made it. */
function verdictOf(policy: Policy, { accesses }: Attempt, { uid, gid }: Caller): Outcome & { rules: number[] } {
  const outcomes = accesses.map((access) => decide(policy, { ...access, uid, gid }));
  const least = outcomes.reduce((one, other) => (RANK[other.verdict] < RANK[one.verdict] ? other : one));
  const rules = outcomes.flatMap(({ decisions }) => decisions.map(({ rule }) => rule?.number ?? 0));
  return { ...least, rules };
}

/** May the imported policy permit more than systrace did? Never what a rule denied, unless its line is told to be unenforced. */
function mayBeWider(
  classic: ClassicPolicy,
  { call, accesses }: Attempt,
  outcome: Outcome,
  caller: Caller,
  denied: boolean,
): boolean {
  // Metadata comes with every permit, the socket with connect and bind.
  if (call.call === 'stat') return true;
  if (call.call === 'socket') return outcome.deciding.rule?.operations.includes('socket') === false;
  const other = (
    name: string,
    alias: 'fsread' | 'fswrite' | null,
    args: readonly (readonly [string, string])[],
  ): boolean =>
    RANK[classicDecide(classic, { call: name, alias, arguments: args }, caller).verdict] >= RANK[outcome.verdict];
  if (call.call === 'sendto' || call.call === 'sendmsg')
    return !denied && (other('sendto', null, call.arguments) || other('sendmsg', null, call.arguments));
  if (!LESSER.includes(call.call) || denied) return false;
  return accesses.every(({ operations, object }) =>
    operations.every((operation) => {
      if (object.type !== 'path') return other(call.call, null, call.arguments);
      if (operation === 'create')
        return other('open', 'fswrite', [
          ['filename', object.path],
          ['oflags', 'woc'],
        ]);
      if (operation === 'delete') return other('unlink', 'fswrite', [['filename', object.path]]);
      if (operation === 'read')
        return other('open', 'fsread', [
          ['filename', object.path],
          ['oflags', 'ro'],
        ]);
      return (
        operation === 'link' &&
        other('link', null, [
          ['filename', object.path],
          ['filename', '/nowhere'],
        ])
      );
    }),
  );
}

/** Does a rule that compares by `eq` or `neq` name an argument of the call in another spelling? */
function isRespelled(rules: readonly ClassicRule[], { call }: Attempt): boolean {
  return rules
    .flatMap(comparisonsOf)
    .some(
      ({ operator, value }) =>
        (operator === 'eq' || operator === 'neq') &&
        call.arguments.some(([, text]) => text !== value && text.toLowerCase() === value.toLowerCase()),
    );
}

/** Lines that a statement says it is of. */
function linesOf(made: Imported, number: number): number[] {
  const [comment = ''] = made.statements[number - 1]?.comment ?? [];
  return (/^lines? ([\d, -]+)/.exec(comment)?.[1] ?? '').split(', ').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

t.setTimeout(240_000);

t.test('an imported policy permits what systrace permitted, and less only where it was told', (t) => {
  const seen = { permit: 0, deny: 0, ask: 0, narrower: 0, wider: 0, errnos: 0, calls: 0 };
  fc.assert(
    fc.property(
      policyText,
      fc.array(attempt, { minLength: 40, maxLength: 40 }),
      fc.constantFrom(0, 50, 1000),
      fc.constantFrom(0, 100),
      (text, attempts, uid, gid) => {
        const { classic, made, policy } = imported(text);
        const caller: Caller = { uid, gid, ids: IDS };
        const strict = new Set(made.reports.filter(isStrict).flatMap(({ lines }) => lines.map(({ line }) => line)));
        const folded = new Set(
          made.reports.filter(({ code }) => code === 'case').flatMap(({ lines }) => lines.map(({ line }) => line)),
        );
        for (const one of attempts) {
          const wanted = classicDecide(classic, one.call, caller);
          const outcome = verdictOf(policy, one, caller);
          seen.calls++;
          seen[wanted.verdict]++;
          const said = `${JSON.stringify(one.call)} uid ${uid} gid ${gid}: systrace ${wanted.verdict}, here ${outcome.verdict}\n${text}${made.text}`;
          const line = wanted.rule?.place.line ?? 0;
          const by = outcome.rules.flatMap((number) => linesOf(made, number));
          const lines = [line, ...by];
          if (RANK[outcome.verdict] > RANK[wanted.verdict]) {
            seen.wider++;
            const denied = wanted.rule !== null && !strict.has(line);
            if (!mayBeWider(classic, one, outcome, caller, denied)) throw new Error(`wider: ${said}`);
          } else if (RANK[outcome.verdict] < RANK[wanted.verdict]) {
            seen.narrower++;
            // What is a note of every `eq` is said of another spelling, and of nothing else.
            const spelled = isRespelled(
              classic.rules.filter(({ place }) => lines.includes(place.line) && folded.has(place.line)),
              one,
            );
            if (!spelled && !lines.some((number) => strict.has(number)))
              throw new Error(`narrower and not told: ${said}`);
          } else if (
            wanted.verdict === 'deny' &&
            one.accesses.length === 1 &&
            one.accesses[0]?.operations.length === 1
          ) {
            const exact = !lines.some((number) => strict.has(number));
            const alone =
              !LESSER.includes(one.call.call) && !['stat', 'sendto', 'sendmsg', 'socket'].includes(one.call.call);
            // Another spelling than the one that is written is denied by what is denied anyway.
            if (
              exact &&
              alone &&
              !isRespelled(classic.rules, one) &&
              wanted.rule !== null &&
              outcome.errno !== wanted.errno
            )
              throw new Error(`another error, ${outcome.errno}: ${said}`);
            if (exact && alone && wanted.rule !== null) seen.errnos++;
          }
        }
      },
    ),
    { numRuns: 600 },
  );
  t.comment(JSON.stringify(seen));
  t.ok(
    seen.permit > 300 && seen.deny > 1000 && seen.ask > 5 && seen.errnos > 100,
    'the calls were not all of one kind',
  );
  t.end();
});

t.test('every line is imported or reported', (t) => {
  fc.assert(
    fc.property(policyText, fc.boolean(), (text, widen) => {
      const { classic, made } = imported(text, { widen });
      const lost = made.lines.filter((line) => !line.imported && line.reports.length === 0);
      if (lost.length > 0 || made.lines.length !== classic.rules.length)
        throw new Error(`${JSON.stringify(lost)}\n${text}`);
    }),
    { numRuns: 400 },
  );
  t.end();
});

t.test('an expression about internet addresses', (t) => {
  const policy = (line: string): string => `Policy: /bin/test, Emulation: native
\tnative-sendto: sockaddr re ${line}
\tnative-sendto: true then permit
`;
  const unix = (made: Imported): string[] =>
    made.statements.flatMap(({ objects }) => objects.filter((one) => one.startsWith('unix:/')));
  const told = (made: Imported): string[] => made.reports.filter(isStrict).map(({ code }) => code);
  const denied = imported(policy('"inet-.*:[1-5][0-9]+$" then deny')).made;
  t.same(unix(denied), ['unix:/**/*inet-*/***', 'unix:/**'], 'a denial is of the paths that hold its beginning alone');
  t.same(told(denied), ['pattern'], 'and that is told');
  const anchored = imported(policy('"^inet-\\\\[127\\\\.0\\\\.0\\\\.1\\\\]:80$" then deny')).made;
  t.same([unix(anchored), told(anchored)], [['unix:/**'], []], 'no path begins with it');
  const permitted = imported(policy('"inet-.*:[1-5][0-9]+$" then permit')).made;
  t.same([unix(permitted), told(permitted)], [['unix:/**'], []], 'no path was meant by a permit');
  t.end();
});

t.test('what one call is denied comes before what permits it to another of the same right', (t) => {
  const policy = (...lines: string[]): string =>
    `Policy: /bin/test, Emulation: native\n${lines.map((line) => `\tnative-${line}\n`).join('')}`;
  const chown = (...lines: string[]) => {
    const { made } = imported(policy(...lines));
    return {
      said: made.statements
        .filter(({ operations }) => operations.includes('chown'))
        .map(({ verdict, objects }) => [verdict, ...objects]),
      told: made.reports.filter(isStrict).map(({ code, lines }) => [code, ...lines.map(({ line }) => line)]),
    };
  };
  const all = 'true then permit';
  t.same(
    chown(`chown: ${all}`, 'lchown: true then deny'),
    { said: [['deny', '/***']], told: [['denied-first', 3]] },
    'behind a permit of everything',
  );
  t.same(
    chown(`chown: ${all}`, 'lchown: filename eq "/a" then deny'),
    {
      said: [
        ['deny', '/[Aa]'],
        ['permit', '/***'],
      ],
      told: [['denied-first', 3]],
    },
    'of one name',
  );
  t.same(
    chown(`chown: ${all}`, 'lchown: filename match "/a" then ask', 'lchown: true then deny'),
    {
      said: [
        ['ask', '/a/***'],
        ['deny', '/***'],
      ],
      told: [['denied-first', 3, 4]],
    },
    'a question too',
  );
  t.same(
    chown(`chown: ${all}`, `lchown: ${all}`),
    { said: [['permit', '/***']], told: [] },
    'what both are permitted is permitted',
  );
  t.same(
    chown(`chown: ${all}`, 'lchown: filename match "/a" then permit', 'lchown: filename match "/a/b" then deny'),
    { said: [['permit', '/***']], told: [] },
    'a denial that is never reached says nothing',
  );
  t.end();
});
