// SPDX-License-Identifier: GPL-2.0-only
/** Rules that are added to classic files. */
import t from 'tap';
import { addRules, type NewRule } from '../../src/classic/write.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { parseClassic } from '../../src/systrace/parse.js';

const CAT = '/bin/cat' as Bytes;

function rules(...lines: string[]): NewRule[] {
  const text = `Policy: ${CAT}, Emulation: native\n${lines.map((line) => `native-${line}\n`).join('')}`;
  return parseClassic(text as Bytes, 'test').policies.flatMap((policy) => policy.rules);
}

const MARK = '\t# written by systrace\n';
const READ = 'fsread: filename eq "/etc/hostname" then permit';

t.test('what is there stays, and each rule stands once', (t) => {
  const cases: { what: string; text: string | null; lines: string[]; wanted: string; added: number }[] = [
    {
      what: 'a new file',
      text: null,
      lines: ['close: permit', READ],
      wanted: `Policy: /bin/cat, Emulation: native\n${MARK}\tnative-close: permit\n\tnative-${READ}\n`,
      added: 2,
    },
    {
      what: 'behind its own, before the comment of the next policy',
      text: `# mine\nPolicy: /bin/cat, Emulation: native\n  native-close: permit # kept\n\n# the next\nPolicy: /bin/other, Emulation: native\n\tnative-close: permit\n`,
      lines: ['close: deny', READ, READ],
      wanted: `# mine\nPolicy: /bin/cat, Emulation: native\n  native-close: permit # kept\n${MARK}\tnative-${READ}\n\n# the next\nPolicy: /bin/other, Emulation: native\n\tnative-close: permit\n`,
      added: 1,
    },
    {
      what: 'a rule that is there, however it is written',
      text: `Policy: /bin/cat, Emulation: native\nnative-fsread:   filename   eq "/etc/hostname"   -> permit\n`,
      lines: [READ],
      wanted: `Policy: /bin/cat, Emulation: native\nnative-fsread:   filename   eq "/etc/hostname"   -> permit\n`,
      added: 0,
    },
    {
      what: 'in the emulation of the policy, and with its end of line',
      text: 'Policy: /bin/cat, Emulation: linux64\n\tlinux64-close: permit',
      lines: [READ],
      wanted: `Policy: /bin/cat, Emulation: linux64\n\tlinux64-close: permit\n${MARK}\tlinux64-${READ}\n`,
      added: 1,
    },
    {
      what: 'before what cannot be read',
      text: `Policy: /bin/cat, Emulation: native\n\tnative-close: permit\n\tnative-nonsense\n\tnative-read: permit\n`,
      lines: [READ],
      wanted: `Policy: /bin/cat, Emulation: native\n\tnative-close: permit\n${MARK}\tnative-${READ}\n\tnative-nonsense\n\tnative-read: permit\n`,
      added: 1,
    },
    {
      what: 'a new policy before one that cannot be read',
      text: `Policy: /bin/a, Emulation: native\n\tnative-close: permit\nPolicy: /bin/b, Emulation: native\n\tnative-nonsense\n`,
      lines: [READ],
      wanted: `Policy: /bin/a, Emulation: native\n\tnative-close: permit\nPolicy: /bin/cat, Emulation: native\n${MARK}\tnative-${READ}\nPolicy: /bin/b, Emulation: native\n\tnative-nonsense\n`,
      added: 1,
    },
    {
      what: 'behind what it wrote before, which needs no second word',
      text: `Policy: /bin/cat, Emulation: native\n${MARK}\tnative-close: permit\n\tnative-open: deny\n`,
      lines: [READ],
      wanted: `Policy: /bin/cat, Emulation: native\n${MARK}\tnative-close: permit\n\tnative-open: deny\n\tnative-${READ}\n`,
      added: 1,
    },
    {
      what: 'the word of another policy of the file says nothing of this one',
      text: `Policy: /bin/a, Emulation: native\n${MARK}\tnative-close: permit\nPolicy: /bin/cat, Emulation: native\n\tnative-close: permit\n`,
      lines: [READ],
      wanted: `Policy: /bin/a, Emulation: native\n${MARK}\tnative-close: permit\nPolicy: /bin/cat, Emulation: native\n\tnative-close: permit\n${MARK}\tnative-${READ}\n`,
      added: 1,
    },
  ];
  for (const { what, text, lines, wanted, added } of cases) {
    const made = addRules(text as Bytes | null, CAT, [], rules(...lines));
    t.same(made, { text: wanted, added, long: 0 }, what);
    const read = parseClassic(made.text, 'test').policies.find(({ program }) => program === CAT);
    t.ok(read, `${what}: is read again`);
    t.same(
      addRules(made.text, CAT, [], rules(...lines)),
      { text: wanted, added: 0, long: 0 },
      `${what}: nothing is added twice`,
    );
  }
  t.end();
});

t.test('a name that fits no line is left out and counted', (t) => {
  const [rule] = rules(READ) as [NewRule];
  const long = { ...rule, condition: { ...rule.condition, value: `/${'x'.repeat(2040)}` } } as NewRule;
  t.same(addRules(null, CAT, [], [long]), { text: 'Policy: /bin/cat, Emulation: native\n', added: 0, long: 1 });
  t.end();
});
