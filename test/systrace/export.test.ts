// SPDX-License-Identifier: GPL-2.0-only
/** What is exported and imported again is the same policy. */
import fc from 'fast-check';
import t from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import { decide } from '../../src/decide/decide.js';
import { witnessesOf } from '../../src/difference/difference.js';
import type { Bytes } from '../../src/policy/bytes.js';
import type { ObjectPattern, Policy } from '../../src/policy/model.js';
import { OPERATIONS } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { objectText } from '../../src/policy/statement.js';
import { exportPolicy } from '../../src/systrace/export.js';
import { range } from '../../src/systrace/export-sockets.js';
import { importPolicy } from '../../src/systrace/import.js';
import type { ImportOptions } from '../../src/systrace/options.js';
import { parseClassic } from '../../src/systrace/parse.js';
import type { ClassicPolicy } from '../../src/systrace/syntax.js';
import '../seed.js';
import { attempt, policyText } from './arbitraries.js';

const IDS: Readonly<Record<string, number>> = { root: 0 };
const accounts = { user: (name: string) => IDS[name] ?? null, group: (name: string) => IDS[name] ?? null };
const OPTIONS: ImportOptions = { accounts, widen: false, detached: new Set(), unread: new Set() };
const AROUND = { variable: () => '/home/u', ...accounts, rules: () => null };

function imported(text: Bytes): Policy {
  const { policies, problems } = parseClassic(text, 'test');
  if (problems.length > 0) throw new Error(`${JSON.stringify(problems)}\n${text}`);
  const made = importPolicy(policies[0] as ClassicPolicy, OPTIONS);
  return parsePolicy(made.text ?? '', 'test.yaml', AROUND);
}

/**
 * The tables of a policy, as the kernel would get them. How rules were put together does not count, so each says one operation
 * of one object here.
 */
function tables(policy: Policy): string {
  const seen = new Set<string>();
  const rules = OPERATIONS.flatMap((operation) =>
    policy.rules
      .filter(({ operations }) => operations.includes(operation))
      .flatMap((rule) => rule.objects.map((object) => ({ ...rule, operations: [operation], objects: [object] })))
      .filter(({ verdict, objects, errno, log, if: when, unless }) => {
        const said = JSON.stringify([
          operation,
          verdict,
          objectText(objects[0] as ObjectPattern),
          errno,
          log,
          when,
          unless,
        ]);
        return !seen.has(said) && seen.add(said);
      }),
  ).map((rule, index) => ({ ...rule, number: index + 1 }));
  const image = compilePolicy({ ...policy, rules }, { programs: [policy.program] }, 1n, new Uint8Array(32));
  return Buffer.from(image.bytes).toString('hex');
}

t.setTimeout(240_000);

t.test('an import that is exported and imported again has the same tables', (t) => {
  const seen = { same: 0, alike: 0 };
  fc.assert(
    fc.property(
      policyText,
      fc.array(attempt, { minLength: 60, maxLength: 60 }),
      fc.constantFrom(0, 50, 1000),
      (text, attempts, uid) => {
        const first = imported(text as Bytes);
        const { text: classic } = exportPolicy(first);
        const second = imported(classic);
        if (tables(first) === tables(second)) {
          seen.same++;
          return;
        }
        // `stat` may be said where it was implied before: other rules, the same answers.
        seen.alike++;
        for (const { accesses } of attempts)
          for (const access of accesses) {
            const [one, other] = [first, second].map((policy) => decide(policy, { ...access, uid, gid: 0 }));
            if (one?.verdict !== other?.verdict || one?.errno !== other?.errno)
              throw new Error(
                `${JSON.stringify(access)} uid ${uid}: ${one?.verdict} ${other?.verdict}\n${text}\n${classic}`,
              );
          }
      },
    ),
    { numRuns: 150 },
  );
  t.comment(JSON.stringify(seen));
  t.ok(seen.same > seen.alike * 9, 'nearly all have the same tables to the byte');
  t.end();
});

t.test('a connect that is never reached keeps its sockets', (t) => {
  // What both sides of the `and` have in common has no pattern, so all of it is denied before the permit.
  const classic = `Policy: /bin/test, Emulation: native
\tnative-connect: (sockaddr nsub ":515" or sockaddr match "/tmp/*") and sockaddr match "inet-*" and sockaddr neq "inet-[127.0.0.1]:80" then permit
`;
  const first = imported(classic as Bytes);
  const { text } = exportPolicy(first);
  const socket = (policy: Policy, family: number, kind: number): string =>
    decide(policy, { operations: ['socket'], object: { type: 'family', family, kind, protocol: 0 }, uid: 0, gid: 0 })
      .verdict;
  for (const policy of [first, imported(text)])
    t.same(
      [
        [2, 1],
        [10, 2],
        [2, 3],
        [1, 1],
      ].map(([family, kind]) => socket(policy, family as number, kind as number)),
      ['permit', 'permit', 'deny', 'deny'],
    );
  t.same(
    text.split('\n').filter((line) => line.includes('socket:')),
    ['SOCK_STREAM', 'SOCK_DGRAM'].flatMap((type) =>
      ['AF_INET', 'AF_INET6'].map(
        (family) => `\tnative-socket: sockdom eq "${family}" and socktype eq "${type}" then permit`,
      ),
    ),
  );
  const reached = 'version: 1\nprogram: /usr/bin/x\nrules:\n  - permit: connect\n    address: "tcp:*"\n';
  const { text: plain } = exportPolicy(parsePolicy(reached, 'x.yaml', AROUND));
  t.notOk(plain.includes('socket:'), 'one that is reached brings them by itself');
  t.end();
});

t.test('what only version 2 governs is left out, and the export is wider for it', (t) => {
  const said = (version: number, rules: string): unknown =>
    exportPolicy(
      parsePolicy(`version: ${version}\nprogram: /usr/bin/x\nrules:\n${rules}`, 'x.yaml', AROUND),
    ).reports.map(({ code, kind, places }) => [code, kind, places.map(({ line }) => line)]);
  const read = '  - permit: [read, list, load]\n    path: /x\n';
  const signal = '  - permit: signal\n    signal: HUP\n    process: child\n';
  t.same(said(2, read + signal), [['version', 'wider', [1, 6]]]);
  t.same(said(2, read), [['version', 'wider', [1]]], 'what its default refuses is permitted too');
  t.same(said(1, read), []);
  const { text, reports } = exportPolicy(
    parsePolicy(`version: 2\nprogram: /usr/bin/x\nrules:\n${signal}`, 'x.yaml', AROUND),
  );
  t.ok(text.includes('\tnative-kill: permit\n'));
  t.equal(
    reports[0]?.message,
    'what only version 2 governs is no comparison of a classic line: the rule is left out, and calls that version 1 lets through are permitted whole',
  );
  t.end();
});

t.test('that no file may be mapped as code is a line of mmap, there and back', (t) => {
  const refused = imported(
    'Policy: /bin/test, Emulation: native\n\tnative-fsread: filename eq "/x" then permit\n\tnative-mmap: true then deny[enoent] log\n' as Bytes,
  );
  const { text, reports } = exportPolicy(refused);
  t.same(
    text.split('\n').filter((line) => /mmap|fsread|open/.test(line)),
    [
      '\tnative-fsread: filename eq "/x" then permit',
      '\tnative-mmap: prot eq "PROT_READ|PROT_EXEC" then deny[enoent] log',
      '\tnative-mmap: not prot sub "PROT_EXEC" then permit',
    ],
    'and what may be read is read',
  );
  t.same(
    reports.map(({ code }) => code),
    [],
  );
  t.equal(tables(imported(text)), tables(refused));
  t.end();
});

t.test('ranges of ports as expressions', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }), (one, other) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const expression = new RegExp(`^(${range(first, last)})$`);
      for (const port of [
        0,
        first - 1,
        first,
        first + 1,
        Math.floor((first + last) / 2),
        last - 1,
        last,
        last + 1,
        65535,
      ])
        if (port >= 0 && expression.test(String(port)) !== (port >= first && port <= last))
          throw new Error(`${port} in ${first}-${last}: ${expression}`);
    }),
  );
  t.end();
});

t.test('names with a count, and alternatives by the dozen, are one expression, and the same pattern again', (t) => {
  const library = '/usr/lib/{x86_64,aarch64}-linux-gnu/lib{c,m,mvec,dl,rt,pthread,util,anl}.so.[.0-9]{1-16}';
  const lines = [library, '/srv/[0-9a-f]{32}', '/srv/{a,b?}{c,}/*.d'].map(
    (path) => `  - permit: read\n    path: "${path}"\n`,
  );
  const policy = parsePolicy(`version: 1\nprogram: /usr/bin/x\nrules:\n${lines.join('')}`, 'x.yaml', AROUND);
  const { text } = exportPolicy(policy);
  t.ok(text.includes('lib(c|m|mvec|dl|rt|pthread|util|anl)\\\\.so\\\\.[.0-9]{1,16}$'), text);
  const again = imported(text);
  const lost = witnessesOf(policy, again).filter(({ difference }) => difference.direction !== 'permitted');
  t.same(lost, [], 'nothing is lost');
  t.same(
    again.rules
      .flatMap(({ objects }) => objects.map(objectText))
      .filter((one) => one === objectText(policy.rules[0]?.objects[0] as ObjectPattern)).length,
    1,
    'and the pattern is the one that was written',
  );
  t.end();
});
