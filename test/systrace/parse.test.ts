// SPDX-License-Identifier: GPL-2.0-only
/** Reading and writing the classic language. */
import fc from 'fast-check';
import t from 'tap';
import type { Bytes } from '../../src/policy/bytes.js';
import { importPolicy } from '../../src/systrace/import.js';
import { parseClassic } from '../../src/systrace/parse.js';
import { printExpression, printPolicy } from '../../src/systrace/print.js';
import type { ClassicRule } from '../../src/systrace/syntax.js';
import '../seed.js';
import { policyText } from './arbitraries.js';
import { fnmatch } from './classic.js';

const HEAD = 'Policy: /bin/test, Emulation: native\n';
const accounts = { user: () => 0, group: () => 0 };

function rule(text: string): ClassicRule {
  const { policies, problems } = parseClassic(`${HEAD}\tnative-open: ${text}\n` as Bytes, 'test');
  t.same(problems, [], text);
  return policies[0]?.rules[0] as ClassicRule;
}

/** A condition with all parentheses. */
function whole(text: string): string {
  const show = (expression: ClassicRule['condition']): string => {
    if (expression === null) return 'simple';
    if (expression.kind === 'true') return 'true';
    if (expression.kind === 'test') return expression.name;
    if (expression.kind === 'not') return `not(${show(expression.of)})`;
    return `(${show(expression.left)} ${expression.kind} ${show(expression.right)})`;
  };
  return show(rule(`${text} then permit`).condition);
}

t.test('and, or and not as systrace read them', (t) => {
  const [a, b, c] = ['a eq "1"', 'b eq "1"', 'c eq "1"'];
  t.same(whole(`${a} and ${b} or ${c}`), '(a and (b or c))');
  t.same(whole(`${a} or ${b} and ${c}`), '(a or (b and c))');
  t.same(whole(`not ${a} and ${b}`), 'not((a and b))');
  t.same(whole(`(not ${a}) and ${b}`), '(not(a) and b)');
  t.same(whole(`(${a} and ${b}) or ${c}`), '((a and b) or c)');
  t.same(whole(`${a} and not ${b} or ${c}`), '(a and not((b or c)))');
  t.end();
});

t.test('actions', (t) => {
  const plain = { now: false, errno: null, flag: null, log: false, elevation: null, predicate: null };
  t.same(rule('permit').action, { ...plain, verdict: 'permit' });
  t.same(rule('permit').condition, null);
  t.same(rule('deny[ENOENT]').action, { ...plain, verdict: 'deny', errno: 'ENOENT' });
  t.same(rule('deny[eproclim]').action.errno, 'EPROCLIM');
  t.same(rule('permit-now').action, { ...plain, verdict: 'permit', now: true });
  t.same(rule('permit, if user = root').condition, { kind: 'true' });
  t.same(rule('true -> ask').action, { ...plain, verdict: 'ask' });
  t.same(rule('true then permit[inherit] log as root:wheel, if group != 70').action, {
    verdict: 'permit',
    now: false,
    errno: null,
    flag: 'inherit',
    log: true,
    elevation: { user: 'root', group: 'wheel' },
    predicate: { of: 'group', sign: '!=', id: '70' },
  });
  t.same(rule('true then permit as :kmem').action.elevation, { user: null, group: 'kmem' });
  t.same(rule('filename[1] eq "a\\"b\\\\c\\n#" then permit # a comment').condition, {
    kind: 'test',
    name: 'filename',
    index: 1,
    operator: 'eq',
    value: 'a"b\\c\n#',
  });
  t.end();
});

t.test('what is wrong is told with its place', (t) => {
  const problem = (line: string, text = `${HEAD}${line}\n`): [string, number, number] | null => {
    const [first] = parseClassic(text as Bytes, 'test').problems;
    return first === undefined ? null : [first.code, first.place.line, first.place.column];
  };
  t.same(problem('\tnative-open: permit log'), ['simple-with-more', 2, 22]);
  t.same(problem('\tnative-open: true then permit log'), null);
  t.same(problem('\tnative-open: permit[inherit]'), ['simple-with-more', 2, 21]);
  t.same(problem('\tnative-open: filename is "/x" then permit'), ['operator-unknown', 2, 24]);
  t.same(problem('\tnative-open: filename eq "/x then permit'), ['string-open', 2, 27]);
  t.same(problem('\tnative-open: filename eq "/x"'), ['rule-unfinished', 2, 31]);
  t.same(problem('\tnative-open: (true then permit'), ['word-unexpected', 2, 21]);
  t.same(problem('\tnative-open: deny[enonet2]'), ['errno-unknown', 2, 20]);
  t.same(problem('\tnative-open: true then permit[deny]'), ['flag-unknown', 2, 32]);
  t.same(problem('\tnative-open: filename[12] eq "x" then permit'), ['index-range', 2, 24]);
  t.same(problem('\tlinux-open: permit'), ['emulation-differs', 2, 2]);
  t.same(problem('\tos2-open: permit'), ['emulation-unknown', 2, 2]);
  t.same(problem('\tnonsense'), ['rule-form', 2, 2]);
  t.same(problem(`\tnative-open: ${'x'.repeat(2100)}`), ['line-too-long', 2, 2048]);
  t.same(problem('', 'native-open: permit\n'), ['header-missing', 1, 1]);
  t.same(problem('', 'Policy: bin/x, Emulation: native\n'), ['program-relative', 1, 9]);
  t.same(problem('', 'Policy: */x, Emulation: native\n'), ['program-wildcard', 1, 9]);
  t.same(problem('', 'Policy: /x Emulation: native\n'), ['header-form', 1, 1]);
  t.same(problem('', 'Policy: /x, Emulation: os2\n'), ['emulation-unknown', 1, 24]);
  t.same(problem('\tnative-open: filename eq "${X}" then permit'), ['variable-undefined', 2, 28]);
  t.same(problem('detached\n\tnative-open: permit'), ['detached-with-rules', 3, 2]);
  t.same(problem('\tnative-#224 (unimplemented gettid): permit'), null);
  t.end();
});

t.test('templates keep their columns; fragments take a program', (t) => {
  const defines = new Map([['W', '/usr/obj']]);
  const text = '\tnative-fsread: filename match "${W}/*" thn permit\n' as Bytes;
  const { problems } = parseClassic(text, 'test', { program: '/bin/x' as Bytes, defines });
  t.same(
    problems.map(({ code, place }) => [code, place.column]),
    [['word-unexpected', 41]],
  );
  const good = parseClassic('\tlinux-fsread: filename match "@@W@@" then permit\n' as Bytes, 'test', {
    program: '/bin/x' as Bytes,
    defines,
  });
  t.same(
    good.policies.map(({ program, emulation, rules }) => [program, emulation, rules.length]),
    [['/bin/x', 'linux', 1]],
  );
  t.end();
});

t.test('what is printed is read back', (t) => {
  fc.assert(
    fc.property(policyText, (text) => {
      const [policy] = parseClassic(text as Bytes, 'test').policies;
      if (policy === undefined || printPolicy(policy) !== text) throw new Error(text);
    }),
  );
  t.same(printExpression({ kind: 'not', of: { kind: 'true' } }), 'not true');
  t.end();
});

t.test('the reference matches as fnmatch(3) does', (t) => {
  t.ok(fnmatch('/tmp', '/tmp/a/b'));
  t.notOk(fnmatch('/tmp', '/tmpx'));
  t.ok(fnmatch('/tmp/*', '/tmp/a/b'));
  t.notOk(fnmatch('/*/b', '/b'));
  t.ok(fnmatch('/[!a]*', '/bc/d'));
  t.end();
});

t.test('no bytes crash it, and every line is accounted for', (t) => {
  const piece = fc.constantFrom(
    ...[
      'native-',
      'open',
      ': ',
      'permit',
      'deny',
      '[',
      ']',
      ' then ',
      '"',
      '\\',
      'filename',
      ' eq ',
      ' match ',
      ' re ',
      '/',
      '*',
      '(',
      ')',
      ' and ',
      ' not ',
      '#',
      '\n',
      'Policy: /x, Emulation: native',
      ', if user = root',
      'fsread',
      'sockaddr',
      'inet-',
      '$HOME',
      '${X}',
      '\0',
      'ÿ',
      '{9}',
      '|',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 400 }),
    fc.array(piece, { maxLength: 60 }).map((pieces) => `${HEAD}${pieces.join('')}`),
  );
  fc.assert(
    fc.property(text, (bytes) => {
      const { policies, unread } = parseClassic(bytes as Bytes, 'test');
      for (const policy of policies) {
        const made = importPolicy(policy, { accounts, widen: false, detached: new Set(), unread: new Set(unread) });
        if (made.lines.some((line) => !line.imported && line.reports.length === 0)) throw new Error(bytes);
      }
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('33,000 rules', (t) => {
  const makers = [
    (at: number) => `fsread: filename eq "/usr/lib/a${at}" then permit`,
    (at: number) => `fswrite: filename match "/tmp/d${at}/*" then permit`,
    (at: number) => `fsread: filename eq "/secret/x${at}" then deny[enoent]`,
    (at: number) => `connect: sockaddr eq "inet-[10.0.${(at >> 8) & 255}.${at & 255}]:80" then permit`,
    (at: number) => `rename: filename eq "/tmp/a${at}" and filename[1] eq "/tmp/b${at}" then permit`,
    (at: number) => `execve: filename match "/bin/*${at}" then permit`,
  ];
  const rules = Array.from({ length: 33_000 }, (_, at) => `\tnative-${makers[at % makers.length]?.(at)}`);
  const { policies, problems } = parseClassic(`${HEAD}${rules.join('\n')}\n` as Bytes, 'big');
  t.same(problems, []);
  const [policy] = policies;
  if (policy === undefined) return t.end();
  const made = importPolicy(policy, { accounts, widen: false, detached: new Set(), unread: new Set() });
  t.same(made.lines.length, 33_000);
  t.same(
    made.lines.filter((line) => !line.imported && line.reports.length === 0),
    [],
  );
  t.end();
});
